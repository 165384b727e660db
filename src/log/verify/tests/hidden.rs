//! What a server hides without changing anything: an entry behind its hash, another history of the same epoch, a part in the
//! place of another, what a recovery gave up.
use super::*;

/// One line of a full export replaced by its hash: the tree holds, and what the entry says is gone.
#[test]
fn no_entry_of_a_full_export_stands_behind_its_hash() {
    let mut log = Log::new();
    log.signed();
    log.add(Draft::done(Kind::PersonSuspended).about(person()));
    log.add(log.opening(1));
    assert!(matches!(meant(&log)[..], [Wrong::NotAtWork { .. }]), "{:?}", meant(&log));
    let mut lines = log.bundle();
    let hidden = lines.iter().position(|line| line.contains("person.suspended")).unwrap();
    let at =
        lines[hidden].split_once(",\"leaf\"").unwrap().0.strip_prefix("{\"at\":").unwrap().parse().unwrap();
    lines[hidden] = write_hash(at, &log.hashes()[usize::try_from(at).unwrap()]);
    assert_eq!(wrongs(&lines), [Wrong::Hidden]);
    assert_eq!(
        report(&lines, &trust()).faults[0].to_string(),
        format!(
            "line {} (entry {at}): the entry stands behind its hash in a bundle that names no perimeter: what it says is hidden",
            hidden + 1
        )
    );
    // Within a perimeter hashes are what is to be expected: what is limited by it is said.
    lines[0] = within(&lines[0], structure());
    let limited = report(&lines, &trust());
    assert_eq!((limited.wrong, limited.perimeter), (0, Some([structure()].into())));
}

fn recovered(log: &Log, epoch: i64, kept: i64, last: &Checkpoint) -> Draft {
    let at = i64::try_from(log.told.len()).unwrap();
    Draft::done(Kind::LogRecovered)
        .by_role(Role::Operator)
        .fact("epoch", epoch)
        .fact("kept", at + kept)
        .fact("last_epoch", 1_i64)
        .fact("last_size", i64::try_from(last.size).unwrap())
        .fact("last_root", last.root.hex().as_str())
        .fact("state", "behind")
}

/// The bundle of a log that is in an epoch after its first.
fn in_epoch(log: &Log, epoch: u32) -> Vec<String> {
    let named = signer(&format!("{ORIGIN}/epoch-{epoch}"), 1);
    let mut lines = log.bundle_of(&named);
    lines[0] =
        lines[0].replace(&format!("\"origin\":\"{}\"", named.origin()), &format!("\"origin\":\"{ORIGIN}\""));
    // The head at 5 is of the first epoch.
    let five = lines.iter().position(|line| line.contains("/epoch-") && line.contains("\\n5\\n")).unwrap();
    lines[five] = write_checkpoint(&log.head(5, &signer(ORIGIN, 1)).to_string());
    lines
}

/// Two histories of one epoch, each signed with the log's own key: the head of one is nowhere in the other.
#[test]
fn a_head_that_is_nowhere_is_no_continuation() {
    let last = Log::whole().checkpoint(14, &signer(ORIGIN, 1));
    let second = signer(&format!("{ORIGIN}/epoch-2"), 1);
    // One epoch 2 begins at 6, the other at 8: the second keeps what the first gave up.
    let one = {
        let mut log = Log::new();
        log.people();
        log.proposed();
        log.add(recovered(&log, 2, 0, &last));
        log
    };
    let mut other = Log::new();
    other.people();
    other.proposed();
    other.consented();
    other.add(recovered(&other, 2, 0, &last));
    let lines = in_epoch(&other, 2);
    assert_eq!(wrongs(&lines), []);
    let held = Trust { seen: Some(one.checkpoint(7, &second)), ..trust() };
    let found = report(&lines, &held);
    assert_eq!(found.faults.iter().map(|fault| &fault.what).collect::<Vec<_>>(), [&Wrong::Forked(7)]);
    assert_eq!((found.continues, found.seen_lost), (None, false));
    // A head of the second epoch, held by who is shown the first again.
    let back = Trust { seen: Some(other.checkpoint(9, &second)), ..trust() };
    let older = report(&Log::whole().bundle(), &back);
    assert_eq!(older.faults[0].what, Wrong::OlderEpoch { found: 1, seen: 2 });
}

#[test]
fn a_recovery_must_say_what_it_gave_up() {
    let last = Log::whole().checkpoint(14, &signer(ORIGIN, 1));
    let with = |draft: &dyn Fn(&Log) -> Draft| {
        let mut log = Log::new();
        log.people();
        log.proposed();
        let draft = draft(&log);
        log.add(draft);
        wrongs(&in_epoch(&log, 2)).remove(0)
    };
    let recovery = |why: &'static str| Wrong::Recovery(why);
    assert_eq!(
        with(&|_| Draft::done(Kind::LogRecovered).by_role(Role::Operator).fact("epoch", 2_i64)),
        recovery("it does not say its epoch and the last head of before")
    );
    assert_eq!(
        with(&|log| recovered(log, 1, 0, &last)),
        recovery("its epoch does not follow the one before")
    );
    assert_eq!(
        with(&|log| recovered(log, 2, -1, &last)),
        recovery("it claims another number of entries kept than there are before it")
    );
}

/// A part of one entry shown under another that has one of the same kind.
#[test]
fn parts_do_not_change_places() {
    let mut log = Log::whole();
    log.add(log.opening(2));
    let lines = log.bundle();
    let technical: Vec<usize> =
        (0..lines.len()).filter(|line| lines[*line].contains("\"technical\":{\"nonce")).collect();
    let [first, second] = technical[..] else { panic!("{technical:?}") };
    let mut exchanged = lines.clone();
    let cut = |line: &str| {
        line.split_once(",\"parts\":{\"technical\":{").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap()
    };
    let ((one, its), (other, others)) = (cut(&lines[first]), cut(&lines[second]));
    exchanged[first] = format!("{one},\"parts\":{{\"technical\":{{{others}");
    exchanged[second] = format!("{other},\"parts\":{{\"technical\":{{{its}");
    let found = wrongs(&exchanged);
    let moved = found.iter().filter(|wrong| **wrong == Wrong::Part(PartKind::Technical)).count();
    assert_eq!(moved, 2, "{found:?}");
}
