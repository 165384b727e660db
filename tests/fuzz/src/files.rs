//! What is handed over in files, or sent to a witness: read by a program that has nothing of the service but a public key. Each
//! target tells whether it took the input, and fails when it took what it must not, or would not take it again.
use entremise::log::checkpoint::Checkpoint;
use entremise::log::entry::Leaf;
use entremise::log::note::{LogSigner, NoteKey};
use entremise::log::policy::Policy;
use entremise::log::receipt;
use entremise::log::story::Checking;
use entremise::log::token::Token;
use entremise::log::verify::{Report, Trust, verify_on};
use entremise::log::witness::Submission;

pub type Target = fn(&[u8]) -> bool;

pub const TARGETS: [(&str, Target); 4] =
    [("bundles", bundles), ("receipts", receipts), ("policies", policies), ("submissions", submissions)];

/// The key of the examples in docs/log-format.md.
fn key() -> NoteKey {
    let name = Token::new("log.example").expect("a name");
    LogSigner::from_seed(name, &[1; 32]).expect("a key").key().clone()
}

fn trust() -> Trust {
    Trust { keys: vec![key()], ..Trust::default() }
}

/// A bundle: the report is the same however many threads read it, and sound only when it covers what its head covers.
fn bundles(data: &[u8]) -> bool {
    let report = |threads| {
        verify_on(threads, data, &trust(), &std::env::temp_dir(), &mut |_, _| ())
            .expect("nothing but memory is read")
    };
    let (one, two) = (report(1), report(2));
    let told =
        |report: &Report| format!("{:?} {} {} {}", report.faults, report.wrong, report.entries, report.size);
    assert_eq!(told(&one), told(&two));
    if one.is_sound() {
        assert_eq!(one.entries, one.size - one.first);
    }
    one.is_sound()
}

/// A receipt, or the receipts of a story. What is proven is in the file to the byte, under a head of our key.
fn receipts(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut story = Checking::default();
    let mut proven = 0;
    for line in text.lines() {
        if let Ok(found) = receipt::verify(line, &trust()) {
            let leaf = String::from_utf8(found.leaf.encode()).expect("a leaf is text");
            assert!(line.contains(&leaf) && found.index < found.head.size);
            assert!(Leaf::decode(leaf.as_bytes()).is_ok());
            proven += 1;
        }
        if story.line(line, &trust()).is_err() {
            return proven == 1 && text.lines().count() == 1;
        }
    }
    match story.finish() {
        Ok((_, entries, _)) => {
            assert_eq!(entries, proven);
            true
        }
        Err(_) => proven == 1 && text.lines().count() == 1,
    }
}

/// A policy: whoever asks for witnesses is not content with none, and is content when all vouch, unless it asks for one that
/// signs in a way not known here.
fn policies(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(policy) = text.parse::<Policy>() else { return false };
    assert_eq!(policy.asks_witnesses(), !policy.is_met(&|_| false));
    let named =
        text.lines().filter(|line| line.split([' ', '\t']).find(|word| !word.is_empty()) == Some("witness"));
    assert!(policy.is_met(&|_| true) || named.count() > policy.witnesses.len());
    true
}

/// What is sent to a witness that saw nothing yet, or saw what the log says it saw: vouched for only under our key, and never
/// a smaller head.
fn submissions(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let Ok(submission) = text.parse::<Submission>() else { return false };
    assert_eq!(submission.to_string().parse().as_ref(), Ok(&submission));
    // The examples' tree of two leaves.
    let root = "CeUlNzB7stw5QL1pP3O9ISdJDFPv+vsDdK+iLrRwrLc=".parse().expect("a hash");
    let seen = Checkpoint { origin: Token::new("log.example").expect("a name"), size: 2, root };
    let mut vouched = false;
    for latest in [None, Some(&seen)] {
        if let Ok(next) = submission.judge(&[key()], latest) {
            assert!(submission.head.check(&key()).is_ok());
            assert!(next.size >= latest.map_or(0, |latest| latest.size));
            assert_eq!(next.to_string(), submission.head.text());
            vouched = true;
        }
    }
    vouched
}
