//! Two witnesses, real processes reached over HTTP, and a log that they watch.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use entremise::app::export_log::Wanted;
use entremise::app::witnessing::{self, LOG_WITNESS, WITNESS_CONTRADICTS};
use entremise::app::{App, alarms, give_receipt, publish_log};
use entremise::domain::ids::EntryId;
use entremise::domain::time::Clock;
use entremise::jobs::takeover::Takeover;
use entremise::jobs::witnesses::Witnesses;
use entremise::log::cosignature::WitnessKey;
use entremise::log::note::SignedNote;
use entremise::log::policy::Policy;
use entremise::log::receipt;
use entremise::log::verify::{Trust, Wrong};
use entremise::log::witness::Submission;
use time::Duration;

use super::*;
use crate::support::clock::TestClock;
use crate::support::{TempFolder, TestApp, TestDb};

/// A witness, with its state in a folder; killed with its owner.
pub(super) struct Running {
    process: Child,
    pub url: String,
    pub key: WitnessKey,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(super) fn started(folder: &TempFolder, name: &str, listen: &str, log: &str) -> Running {
    let file = name.replace('/', "-");
    let mut process = Command::new(env!("CARGO_BIN_EXE_entremise"))
        .args(["log", "witness", "--name", name, "--listen", listen, "--log", log, "--key"])
        .arg(folder.0.join(format!("{file}.key")))
        .arg("--state")
        .arg(folder.0.join(format!("{file}.state")))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the witness starts");
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut said = |prefix: &str| lines.next().unwrap().unwrap().strip_prefix(prefix).unwrap().to_owned();
    let key = said("witness ").parse().unwrap();
    let url = said("listening on ");
    Running { process, url, key }
}

/// Status, content type and body.
fn post(url: &str, body: &str) -> (u16, String, String) {
    let mut socket = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    write!(
        socket,
        "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
    (head[9..12].parse().unwrap(), kind.to_owned(), body.to_owned())
}

pub(super) fn policy_text(witnesses: &[&Running]) -> String {
    let mut text = String::new();
    for (place, witness) in witnesses.iter().enumerate() {
        text.push_str(&format!("witness w{place} {} {}\n", witness.key, witness.url));
    }
    text.push_str("group both all w0 w1\nquorum both\n");
    text
}

pub(super) fn policy(witnesses: &[&Running]) -> Policy {
    policy_text(witnesses).parse().unwrap()
}

async fn settle(app: &TestApp, on: &App, keeper: &Keeper) -> u64 {
    app.clock.advance(Duration::seconds(60));
    while keeper.sequence(on).await.expect("the log is kept") > 0 {}
    keeper.sign(on).await.unwrap().expect("something new").size
}

async fn appended(app: &App) -> EntryId {
    record::append(app, Draft::done(Kind::NoticeSent).by_role(Role::System)).await.unwrap().id
}

async fn alarm(app: &App, name: &str) -> Option<String> {
    let alarms = alarms::standing(app).await.unwrap();
    alarms.into_iter().find(|alarm| alarm.name == name).map(|alarm| alarm.detail)
}

/// An hour later.
fn later(app: &TestApp) -> TestClock {
    let clock = TestClock::new();
    clock.set(app.clock.now() + Duration::hours(1));
    clock
}

on_both_engines! {
    async fn two_witnesses_vouch_for_heads_over_http(app: TestApp) {
        let (node, folder) = (keeper(&app, "a"), TempFolder::new());
        let log = app.app.log.signers()[0].key().to_string();
        let first = started(&folder, "one.example", "127.0.0.1:0", &log);
        let second = started(&folder, "two.example/w", "127.0.0.1:0", &log);
        let policy = policy(&[&first, &second]);
        let mut asking = Witnesses::new("a", policy.clone()).unwrap();
        assert_eq!(asking.round(&app.app).await.unwrap(), 0, "no head yet");
        write(&app.app, 300).await;
        settle(&app, &app.app, &node).await;
        let before = witnessing::standing(&app.app, &policy).await.unwrap();
        assert!(!before.enough && before.witnesses.iter().all(|witness| witness.seen.is_none()));
        let since = witnessing::lacking_since(&app.app, &policy).await.unwrap();
        assert_eq!(since, before.head.map(|(_, at)| at), "nobody vouches for the first head");
        assert_eq!(asking.round(&app.app).await.unwrap(), 2);
        assert_eq!(asking.round(&app.app).await.unwrap(), 0, "each is asked once for a head");
        write(&app.app, 7).await;
        let size = settle(&app, &app.app, &node).await;
        assert_eq!(asking.round(&app.app).await.unwrap(), 2, "with a proof from the head before");

        // Published, exported and held against the policy.
        let public: SignedNote = publish_log::checkpoint(&app.app).await.unwrap().unwrap().parse().unwrap();
        assert!(first.key.check(&public).is_ok() && second.key.check(&public).is_ok());
        let now = witnessing::standing(&app.app, &policy).await.unwrap();
        assert!(now.enough && now.witnesses.iter().all(|witness| witness.seen.unwrap().0 == size), "{now:?}");
        assert_eq!(witnessing::lacking_since(&app.app, &policy).await.unwrap(), None);
        let bundle = lines(&app.app, &Wanted::default()).await;
        let trusting = Trust {
            witnesses: policy.witnesses.iter().map(|witness| witness.key.clone()).collect(),
            policy: Some(policy.clone()),
            ..trust(&app.app)
        };
        let report = check(&bundle, &trusting);
        assert_eq!((report.faults.len(), report.witnessed.len()), (0, 2));

        // What no code of ours reads: the tlog-proof out of a receipt, and the witnesses' lines under its head.
        let late = appended(&app.app).await;
        let size = settle(&app, &app.app, &node).await;
        assert_eq!(asking.round(&app.app).await.unwrap(), 2);
        let receipt = give_receipt::for_command_line(&app.app, late, &[]).await.unwrap();
        elsewhere::assert_reads(&receipt, &log, &[first.key.to_string(), second.key.to_string()]);
        let public: SignedNote = publish_log::checkpoint(&app.app).await.unwrap().unwrap().parse().unwrap();

        // What a hostile log is answered.
        let note: SignedNote = app.app.log.sign_checkpoint(&app.app.log.open_checkpoint(&public).unwrap()).unwrap();
        let submission = |old, head: &SignedNote| Submission { old, proof: vec![], head: head.clone() }.to_string();
        assert_eq!(post(&first.url, &submission(3, &note)), (409, "text/x.tlog.size".into(), format!("{size}\n")));
        let mut other = app.app.log.open_checkpoint(&public).unwrap();
        other.root = entremise::log::merkle::leaf_hash(b"another history");
        let fork = app.app.log.sign_checkpoint(&other).unwrap();
        assert_eq!(post(&first.url, &submission(size, &fork)), (409, "text/x.tlog.size".into(), format!("{size}\n")));
        other.size += 1;
        let longer = app.app.log.sign_checkpoint(&other).unwrap();
        assert_eq!(post(&first.url, &submission(size, &longer)).0, 422);
        let stranger = TestApp::fresh(app.db.engine).await;
        assert_eq!(post(&first.url, &submission(size, &stranger.app.log.sign_checkpoint(&other).unwrap())).0, 403);
        other.origin = app.app.log.origin_of(2).unwrap();
        assert_eq!(post(&first.url, &submission(0, &app.app.log.sign_checkpoint(&other).unwrap())).0, 404);
        assert_eq!(post(&first.url, "old 1\n").0, 400);
        assert_eq!(post(&first.url, &submission(size, &note)).0, 200, "the same head again");

        // Restarted, it remembers: another history of the log is not vouched for, and operators are told.
        let listen = first.url.trim_start_matches("http://").to_owned();
        drop(first);
        let first = started(&folder, "one.example", &listen, &log);
        assert_eq!(first.url, format!("http://{listen}"));
        let other_db = TestDb::fresh(app.db.engine).await;
        let rewritten = App { store: other_db.store().await, ..app.app.clone() };
        let forger = other_keeper(&app, "forger");
        write(&rewritten, 20).await;
        settle(&app, &rewritten, &forger).await;
        let mut asking_for_it = Witnesses::new("forger", policy.clone()).unwrap();
        assert_eq!(asking_for_it.round(&rewritten).await.unwrap(), 0);
        assert!(alarm(&rewritten, WITNESS_CONTRADICTS).await.unwrap().contains(&format!("it saw a head of {size} entries, this log has 20")));
        // Another node of that database, which never signed: the witness tells it what is missing.
        app.clock.advance(Duration::minutes(1));
        let mut takeover = Takeover::new(Some(policy.clone())).unwrap();
        let newcomer = other_keeper(&app, "newcomer");
        let refused = takeover.ask(&rewritten, &newcomer).await.unwrap_err().to_string();
        assert!(refused.contains(&format!("it saw a head of {size} entries, this log has 20")), "{refused}");
        assert!(takeover.ask(&rewritten, &forger).await.is_ok(), "who led last takes nothing over");
        // A clock set back: the lease lasts longer than any would, so it is taken, and the witness is asked all the same.
        app.clock.advance(-Duration::hours(2));
        let mut early = Takeover::new(Some(policy.clone())).unwrap();
        let refused = early.ask(&rewritten, &newcomer).await.unwrap_err().to_string();
        assert!(refused.contains("it saw a head of"), "{refused}");
        app.clock.advance(Duration::hours(2));
        // What a witness says stops whoever would sign, and new mandates after a while.
        appended(&rewritten).await;
        let opposed = forger.sequence(&rewritten).await.unwrap_err().to_string();
        assert!(opposed.contains("while an alarm says") && opposed.contains("the witness one.example"), "{opposed}");
        assert!(alarms::is_log_stopped(&App { clock: std::sync::Arc::new(later(&app)), ..rewritten.clone() }).await.unwrap());
        // So does the service itself: it neither continues the log nor signs, and tells its operators.
        let file = folder.0.join("policy");
        std::fs::write(&file, policy_text(&[&first, &second])).unwrap();
        let mut config = (*rewritten.config).clone();
        config.log.policy_file = Some(file);
        config.log.head_file = config.log.head_file.with_file_name("head-served");
        let served = App { config: std::sync::Arc::new(config), ..rewritten.clone() };
        let jobs = entremise::jobs::Jobs::start(&served, None);
        let told = tokio::time::timeout(std::time::Duration::from_secs(60), async {
            loop {
                let alarms = alarms::standing(&served).await.unwrap();
                let own = |name: &str| name.starts_with(alarms::LOG_CONTRADICTED) && name != WITNESS_CONTRADICTS;
                if let Some(alarm) = alarms.into_iter().find(|alarm| own(&alarm.name)) {
                    break alarm.detail;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        });
        let told = told.await.expect("operators are told");
        assert!(told.contains("the log is not continued here: the witness"), "{told}");
        jobs.stop().await;
        assert_eq!(number(&served.store, "SELECT COUNT(*) FROM log_leaf").await, 20, "nothing was placed");
        app.clock.advance(Duration::minutes(1));
        // A database that went on, and a witness that saw less: it is asked to see the rest, and the log is taken over.
        let mut fair = Takeover::new(Some(policy.clone())).unwrap();
        let early = appended(&app.app).await;
        let witnessed = settle(&app, &app.app, &node).await;
        app.clock.advance(Duration::minutes(1));
        fair.ask(&app.app, &newcomer).await.unwrap();

        // A receipt carries the newest head that the policy is content with; where none covers the entry yet, one that
        // nobody vouches for, and whoever checks it sees that.
        let late = appended(&app.app).await;
        let newest = settle(&app, &app.app, &node).await;
        assert!(newest > witnessed);
        let asked = App { config: served.config.clone(), ..app.app.clone() };
        let receipt_of = async |app: &App, id| give_receipt::for_command_line(app, id, &[]).await.unwrap();
        let proven = receipt::verify(&receipt_of(&asked, early).await, &trusting).unwrap();
        assert_eq!((proven.head.size, proven.witnessed.len()), (witnessed, 2));
        let alone = receipt_of(&asked, late).await;
        assert_eq!(receipt::verify(&alone, &trusting).unwrap_err(), Wrong::Policy);
        let proven = receipt::verify(&alone, &trust(&app.app)).unwrap();
        assert_eq!((proven.head.size, proven.witnessed.len()), (newest, 0));
        // Without a policy the newest head is as good as any.
        let proven = receipt::verify(&receipt_of(&app.app, early).await, &trust(&app.app)).unwrap();
        assert_eq!(proven.head.size, newest);
        // Its operators say that both alarms are wrong; the witness says it again.
        app.clock.advance(Duration::minutes(2));
        for alarm in alarms::standing(&rewritten).await.unwrap() {
            alarms::dismiss(&rewritten, &alarm.name).await.unwrap();
        }
        write(&rewritten, 600).await;
        settle(&app, &rewritten, &forger).await;
        app.clock.advance(Duration::minutes(30));
        assert_eq!(asking_for_it.round(&rewritten).await.unwrap(), 0);
        assert!(alarm(&rewritten, WITNESS_CONTRADICTS).await.unwrap().contains("does not extend the one it saw before"));
    }

    async fn a_silent_witness_is_asked_again_later_and_shown(app: TestApp) {
        let (node, folder) = (keeper(&app, "a"), TempFolder::new());
        let log = app.app.log.signers()[0].key().to_string();
        let first = started(&folder, "one.example", "127.0.0.1:0", &log);
        let second = started(&folder, "two.example", "127.0.0.1:0", &log);
        let policy = policy(&[&first, &second]);
        let listen = second.url.trim_start_matches("http://").to_owned();
        drop(second);
        let mut asking = Witnesses::new("a", policy.clone()).unwrap();
        write(&app.app, 3).await;
        settle(&app, &app.app, &node).await;
        assert_eq!(asking.round(&app.app).await.unwrap(), 1);
        let standing = witnessing::standing(&app.app, &policy).await.unwrap();
        assert!(!standing.enough && standing.witnesses[0].seen.is_some() && standing.witnesses[1].seen.is_none());
        assert_eq!(alarm(&app.app, LOG_WITNESS).await, None, "not at once");
        app.clock.advance(Duration::minutes(16));
        // The log is at work: its latest head is a moment old, and as little witnessed as those before.
        assert_eq!(asking.round(&app.app).await.unwrap(), 0);
        assert!(alarm(&app.app, LOG_WITNESS).await.unwrap().starts_with("not witnessed: the head of 3 entries, since "));
        let second = started(&folder, "two.example", &listen, &log);
        assert_eq!(asking.round(&app.app).await.unwrap(), 0, "not before its time");
        app.clock.advance(Duration::minutes(1));
        assert_eq!(asking.round(&app.app).await.unwrap(), 1);
        assert_eq!(alarm(&app.app, LOG_WITNESS).await, None);
        assert!(witnessing::standing(&app.app, &policy).await.unwrap().enough);
        drop(second);
    }
}

/// A witness whose key was used and whose memory is gone would vouch for a log rewritten since.
#[tokio::test]
async fn a_witness_that_lost_its_memory_does_not_begin_by_itself() {
    let app = TestApp::fresh(crate::support::Engine::Sqlite).await;
    let folder = TempFolder::new();
    let log = app.app.log.signers()[0].key().to_string();
    let key = started(&folder, "one.example", "127.0.0.1:0", &log).key.to_string();
    let again = started(&folder, "one.example", "127.0.0.1:0", &log);
    assert_eq!(again.key.to_string(), key, "with its memory, empty as it is, it goes on");
    drop(again);
    std::fs::remove_file(folder.0.join("one.example.state")).unwrap();
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_entremise"));
        command.args([
            "log",
            "witness",
            "--name",
            "one.example",
            "--listen",
            "127.0.0.1:0",
            "--log",
            &log,
            "--key",
        ]);
        command.arg(folder.0.join("one.example.key")).arg("--state").arg(folder.0.join("one.example.state"));
        command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let refused = run(&[]).wait_with_output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("--begin-anew"), "{said}");
    let mut anew = run(&["--begin-anew"]);
    let first = BufReader::new(anew.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    anew.kill().unwrap();
    anew.wait().unwrap();
    assert_eq!(first, format!("witness {key}"));
}
