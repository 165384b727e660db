//! Every act and every refusal is an entry: each kind of entry is written by some use case, each use case that changes
//! something writes one, and a request denied at the door is told too.
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use entremise::log::entry::{Fact, Leaf, Outcome};

use super::*;
use crate::support::{Roles, TestApp};

/// Kinds that have their name already, for acts the product does not have yet. When one is written, it leaves this list.
const NOT_YET: &[Kind] = &[
    Kind::PersonErased,
    Kind::RoleWithdrawn,
    Kind::StructureCreated,
    Kind::StructureClosed,
    Kind::StructureDomainsChanged,
    Kind::MandateAbandoned,
    Kind::MandateSuspended,
    Kind::MandateResumed,
    Kind::MandateClosed,
    Kind::UseRefused,
    Kind::ClientEnded,
    Kind::LogOpened,
    Kind::LogVerified,
];

/// What changes rows and is no act of anybody, with the reason.
const NO_ACT: &[(&str, &str)] = &[
    ("count_alerts.rs", "counts again what the log already says, for the bar of the pages"),
    (
        "close_provider_session.rs",
        "forgets a hint once it was used; the refusal it notes is written by identify_user",
    ),
    ("professional/close.rs", "forgets a hint once it was used"),
    ("notices.rs", "sends what an act has put into the outbox"),
    ("stash.rs", "keeps a form typed before its session ended"),
];

fn use_cases() -> Vec<(String, String)> {
    fn read(folder: &Path, prefix: &str, into: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                read(&path, &format!("{name}/"), into);
            } else {
                into.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut all = Vec::new();
    for part in ["app", "jobs"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(part);
        read(&folder, if part == "app" { "" } else { "jobs/" }, &mut all);
    }
    all
}

#[test]
fn every_kind_of_entry_is_written_by_a_use_case() {
    let text: String = use_cases().into_iter().map(|(_, text)| text).collect();
    let named = |kind: &Kind| {
        let name = format!("Kind::{kind:?}");
        text.match_indices(&name)
            .any(|(at, _)| !text[at + name.len()..].starts_with(|next: char| next.is_alphanumeric()))
    };
    let unwritten: BTreeSet<_> =
        Kind::ALL.iter().filter(|kind| !named(kind)).map(|kind| kind.token()).collect();
    let not_yet: BTreeSet<_> = NOT_YET.iter().map(|kind| kind.token()).collect();
    assert_eq!(unwritten, not_yet, "kinds that no use case writes, and those said not to be written yet");
}

#[test]
fn every_use_case_that_changes_something_writes_an_entry() {
    let writes = ["record::", "record_all(", "record(", "end_use::"];
    let mut silent = BTreeSet::new();
    let mut changing = 0;
    for (name, text) in use_cases() {
        if !text.contains("transact!(") || name.starts_with("jobs/") {
            continue;
        }
        changing += 1;
        if !writes.iter().any(|call| text.contains(call)) {
            silent.insert(name);
        }
    }
    let known: BTreeSet<_> = NO_ACT.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(silent, known, "use cases that change rows and write no entry, and those that need none");
    assert!(changing > 20, "{changing} use cases were read");
}

on_both_engines! {
    async fn whoever_is_denied_at_the_door_is_told_in_the_log(app: TestApp) {
        let aidant = app.person("Nadia", "Benali", Roles::default()).await;
        let structure = app.structure("CCAS", "35600000012345").await;
        app.member(aidant, structure, true, false).await;
        let session = app.session(aidant, Some(structure)).await;
        app.get("/log").session(&session).send().await.assert_status(403);
        app.get("/log/mandates/M-7Q4K-92HD").session(&session).send().await.assert_status(403);
        app.post("/sign-out").session(&session).header("sec-fetch-site", "cross-site").send().await.assert_status(403);
        app.post("/sign-in").header("sec-fetch-site", "cross-site").send().await.assert_status(403);
        // Someone not signed in is led to the sign-in page: nothing was denied.
        app.get("/log").send().await.assert_status(303);
        const DENIED: &str =
            "SELECT CAST(0 AS BIGINT), leaf FROM entry WHERE kind = 'access.denied' ORDER BY at, id";
        let told: BTreeSet<_> = rows(&app.app.store, DENIED).await.iter().map(|(_, leaf)| told(leaf)).collect();
        let somebody = |reason: &str, route: &str| (reason.to_owned(), route.to_owned(), true);
        assert_eq!(told, BTreeSet::from([
            somebody("other_role", "/log"),
            somebody("other_role", "/log/mandates/:reference"),
            somebody("cross_site", "/sign-out"),
            ("cross_site".to_owned(), "/sign-in".to_owned(), false),
        ]));
    }
}

/// Why, where, and whether it says who.
fn told(leaf: &[u8]) -> (String, String, bool) {
    let leaf = Leaf::decode(leaf).expect("a leaf");
    let Outcome::Refused(reason) = &leaf.outcome else { panic!("{:?}", leaf.outcome) };
    let route = match leaf.facts.get("route") {
        Some(Fact::Token(route)) => route.to_string(),
        other => panic!("{other:?}"),
    };
    (reason.to_string(), route, leaf.actor.is_some_and(|actor| actor.pseudonym.is_some()))
}
