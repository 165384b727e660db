//! No act without its entry: what every transaction of the product changes, in every test that runs on SQLite, is held
//! against what it wrote in the log.
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use entremise::store::Told;

/// What transactions may change without an entry in the same commit: their name, the tables, and why that is no act.
pub const NO_ACT: &[(&str, &[&str], &str)] = &[
    // What a browser carries between two steps, until the step that is an act.
    ("take_logout_hint", &["consent_request"], "a hint is forgotten once it was given to the browser"),
    (
        "refuse_identification",
        &["consent_request"],
        "for the page after; the refusal itself is told right after",
    ),
    ("take_identification", &["consent_request"], "a state is used up; what comes of the answer is told"),
    (
        "ask_professional",
        &["professional_request", "throttle"],
        "a browser leaves for the provider; what it comes back with is told",
    ),
    ("take_professional", &["professional_request"], "a state is used up; what comes of the answer is told"),
    ("keep_professional_hint", &["professional_request"], "a hint is kept for the end of the session there"),
    ("leave_professional", &["professional_request"], "a hint is forgotten once it was given to the browser"),
    ("bind_request", &["authorization_request"], "the browser that brought a request is remembered"),
    ("visit_request", &["authorization_request"], "the browser that brought a request arrives"),
    ("keep_form", &["stash"], "a form typed before its session ended"),
    ("touch_session", &["session"], "moves the end of a session at work"),
    ("end_uses", &["session"], "with no use left the session acts for nobody; each end was told"),
    (
        "sign_out_half",
        &["session", "professional_request"],
        "a sign-in never completed gave nothing that could be ended",
    ),
    // Attempts are counted before they are looked at; what was refused is told in a commit of its own.
    ("sign_in_attempt", &["throttle"], "an attempt is counted; what comes of it is told"),
    ("sign_in_code", &["throttle"], "an attempt is counted; its refusal is told right after"),
    ("code_again", &["throttle"], "an attempt is counted; its refusal is told right after"),
    ("validate_card", &["throttle"], "an attempt is counted; its refusal is told right after"),
    ("activate_card", &["throttle"], "an attempt is counted; its refusal is told right after"),
    ("recover_card", &["throttle"], "an attempt is counted; its refusal is told right after"),
    ("resynchronise_card", &["throttle"], "an attempt is counted; its refusal is told right after"),
    (
        "sign_mandate",
        &["throttle", "mandate"],
        "an attempt is counted, and keeps the draft alive; its refusal is told right after",
    ),
    (
        "acts_together",
        &["refusal_count", "authorization_request", "spent_proof"],
        "refusals of a flood are counted; a request waits for its answer, which is told; what is shown once is spent",
    ),
    (
        "report_action",
        &["spent_proof"],
        "what is shown once is spent; why the report is refused is told right after",
    ),
    // What only time has ended, and what goes out.
    (
        "forget_over",
        &["stash", "check_given", "spent_proof", "professional_request", "throttle"],
        "nothing of it means anything any more",
    ),
    ("count_refusals", &["refusal_count"], "minutes in which nothing was left out"),
    (
        "forget_expired",
        &[
            "authorization_request",
            "consent_request",
            "one_time_link",
            "unmasking",
            "access_token",
            "refresh_token",
            "authorization_code",
            "logout_message",
            "use_session",
            "device",
            "outbox",
            "mandate",
            "app_user",
        ],
        "what has served, and whom a draft that lapsed was for, goes after its time; that it served or lapsed is told",
    ),
    (
        "forget_note",
        &["alert_review"],
        "what was written at a mark goes after its time; that it was made is told",
    ),
    (
        "erase_technical",
        &["lease", "app_user"],
        "nothing was old enough; whom a hold protects is known by their pseudonym",
    ),
    ("claim_mail", &["outbox"], "a mail that an act has put there is about to be sent"),
    ("mail_sent", &["outbox"], "a mail that an act has put there is sent"),
    ("mail_failed", &["outbox"], "a mail that an act has put there will be tried again"),
    ("claim_logout", &["logout_message"], "a service is about to be told; that it was is an entry"),
    // Jobs: who does them, and what the log itself is made of.
    ("count_alerts", &["open_alert"], "counts again what the log already says, for the bar of the pages"),
    ("sequence", &["lease", "log_leaf", "log_tile", "entry_pending"], "the log takes in what was written"),
    ("read_head", &["lease"], "one node at a time signs"),
    ("publish_head", &["lease", "log_checkpoint"], "the log is signed"),
    ("hold_witnesses", &["lease"], "one node at a time asks"),
    ("hold_alerts", &["lease"], "one node at a time counts"),
    ("hold_house", &["lease"], "one node at a time keeps the house"),
    ("recover_log", &["lease"], "a recovery that was interrupted is finished: it was told when it began"),
    ("keep_cosignature", &["log_cosignature"], "a witness has signed"),
    ("raise_alarm", &["alarm"], "what operators see until it is put right"),
    ("clear_alarm", &["alarm"], "what operators saw is put right"),
    ("raise_late", &["alarm"], "what operators see until it is put right"),
    ("clear_late", &["alarm"], "what operators saw is put right"),
    ("raise_witness", &["alarm"], "what operators see until it is put right"),
    ("clear_witness", &["alarm"], "what operators saw is put right"),
    ("raise_house", &["alarm"], "what operators see until it is put right"),
    ("clear_house", &["alarm"], "what operators saw is put right"),
    ("raise_idle", &["alarm"], "what operators see until it is put right"),
    ("raise_clock", &["alarm"], "what operators see until it is put right"),
    ("clear_clock", &["alarm"], "what operators saw is put right"),
];

/// What was committed without its entry in one test. Told when the test is over.
#[derive(Debug, Default)]
pub struct Silent(Arc<Mutex<BTreeSet<String>>>);

impl Silent {
    /// For the store that is to be watched.
    pub fn told(&self) -> Told {
        let silent = Arc::clone(&self.0);
        Arc::new(move |name, changed| {
            if let Some(fault) = judge(name, changed) {
                silent.lock().expect("nothing panics while it is held").insert(fault);
            }
        })
    }

    /// For another handle on the same database.
    pub fn shared(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        let silent = self.0.lock().map(|silent| silent.clone()).unwrap_or_default();
        assert!(silent.is_empty() || std::thread::panicking(), "committed without an entry: {silent:#?}");
    }
}

/// What a commit changed beyond what it may without an entry. Tests write rows of their own, in transactions named so.
pub fn judge(name: &str, changed: &BTreeSet<String>) -> Option<String> {
    if changed.contains("entry") || name.starts_with("test_") || name.starts_with("fuzz_") {
        return None;
    }
    let may = |table: &str| NO_ACT.iter().any(|(one, tables, _)| *one == name && tables.contains(&table));
    let more: Vec<_> = changed.iter().filter(|table| !may(table)).map(String::as_str).collect();
    (!more.is_empty()).then(|| format!("{name}: {}", more.join(", ")))
}
