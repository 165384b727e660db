//! Parts that are missing, and the entries that must say why.
use super::*;

/// What is wrong with a log of which parts were erased after the whole life of a mandate.
fn after(prepare: impl FnOnce(&mut Log)) -> Vec<Wrong> {
    let mut log = Log::whole();
    prepare(&mut log);
    meant(&log)
}

fn erasure(parts: &[&str]) -> Draft {
    let draft =
        Draft::done(Kind::DataErased).by_role(Role::Operator).user(UserId::from_uuid(Uuid::from_u128(9)));
    draft.fact("reason", "request").list("parts", parts.iter().copied())
}

fn held_by(kind: Kind) -> Draft {
    Draft::done(kind).by_role(Role::Operator).user(UserId::from_uuid(Uuid::from_u128(9)))
}

/// Takes the parts of one kind out of every entry so far.
fn forget(log: &mut Log, kind: PartKind) {
    for told in &mut log.told {
        told.parts.retain(|(part, ..)| *part != kind);
    }
}

#[test]
fn each_missing_part_has_its_erasure() {
    assert_eq!(after(|_| ()), []);
    let hidden = after(|log| forget(log, PartKind::User));
    assert_eq!(hidden, [Wrong::Unjustified(PartKind::User)]);
    let erased = after(|log| {
        forget(log, PartKind::User);
        log.add(erasure(&["user", "details", "technical"]));
    });
    assert_eq!(erased, []);
    // The erasure of one person says nothing of another; an earlier one says nothing of what came later.
    let other = after(|log| {
        forget(log, PartKind::User);
        log.add(erasure(&["user"]));
        let last = log.told.len() - 1;
        log.told[last].leaf.user = Some(Pseudonym::from_bytes([9; 32]));
    });
    assert_eq!(other, [Wrong::Unjustified(PartKind::User)]);
    let mut early = Log::new();
    early.people();
    early.add(erasure(&["user"]));
    early.proposed();
    early.consented();
    forget(&mut early, PartKind::User);
    assert_eq!(meant(&early), [Wrong::Unjustified(PartKind::User)]);
    // What was erased is said kind by kind.
    let others = after(|log| {
        forget(log, PartKind::User);
        log.add(erasure(&["technical", "details"]));
    });
    assert_eq!(others, [Wrong::Unjustified(PartKind::User)]);
    // Nothing takes the evidence about the aidant away.
    let aidant = after(|log| {
        forget(log, PartKind::Actor);
        log.add(erasure(&["user", "actor"]));
    });
    assert!(aidant.contains(&Wrong::Unjustified(PartKind::Actor)), "{aidant:?}");
}

#[test]
fn addresses_go_with_age_only() {
    let old = |before: Duration, later: Duration| {
        after(|log| {
            forget(log, PartKind::Technical);
            let before = log.now + before;
            log.now = before + later;
            log.add(round(before));
        })
    };
    let year = Duration::days(365);
    assert_eq!(old(Duration::ZERO, year), []);
    assert_eq!(old(-Duration::hours(2), year), [Wrong::Unjustified(PartKind::Technical)]);
    // Neither what is to come nor what is younger than a year.
    for later in [-Duration::hours(2), year - Duration::minutes(2)] {
        let found = old(Duration::ZERO, later);
        assert!(matches!(found[0], Wrong::ErasedYoung { .. }), "{found:?}");
        assert_eq!(found[1], Wrong::Unjustified(PartKind::Technical));
        assert!(found[0].to_string().ends_with("less than 365 days after"), "{}", found[0]);
    }
}

/// The erasure of addresses and browsers of all entries before an instant.
fn round(before: Timestamp) -> Draft {
    let draft = Draft::done(Kind::DataErased).by_role(Role::System).fact("reason", "retention");
    draft.list("parts", ["technical"]).fact("before", before)
}

#[test]
fn a_hold_keeps_addresses_too() {
    let gone = |held: &dyn Fn(&mut Log), rounds: usize| {
        after(|log| {
            forget(log, PartKind::Technical);
            let before = log.now;
            held(log);
            log.now = log.now + Duration::days(366);
            for _ in 0..rounds {
                log.add(round(before));
                log.add(held_by(Kind::HoldLifted));
            }
        })
    };
    assert_eq!(gone(&|_| (), 1), []);
    let placed = |log: &mut Log| _ = log.add(held_by(Kind::HoldPlaced));
    assert_eq!(gone(&placed, 1), [Wrong::ErasedUnderHold]);
    // Lifted, and the next round takes what the hold kept.
    assert_eq!(gone(&placed, 2), []);
    let lifted = |log: &mut Log| {
        placed(log);
        log.add(held_by(Kind::HoldLifted));
    };
    assert_eq!(gone(&lifted, 1), []);
}

/// Memory and report are bounded, whatever a forged bundle holds.
#[test]
fn faults_beyond_those_told_are_counted() {
    let mut log = Log::whole();
    let forged = 2 * TOLD_FAULTS + 10;
    for _ in 0..forged {
        log.add(erasure(&["user"]));
    }
    let report = report(&log.bundle(), &trust());
    assert_eq!((report.wrong, report.faults.len()), (forged as u64, TOLD_FAULTS));
    assert_eq!(report.faults[0].place.at, Some(14), "the first of them are told");
    assert!(report.faults.is_sorted_by_key(|fault| fault.place));
}

#[test]
fn a_forged_erasure_is_named() {
    let kind = Kind::DataErased;
    let shown = after(|log| _ = log.add(erasure(&["user"])));
    assert_eq!(shown, [Wrong::ErasedAndShown(PartKind::User)]);
    let unreasoned = after(|log| {
        forget(log, PartKind::User);
        log.add(held_by(kind).list("parts", ["user"]));
    });
    assert_eq!(unreasoned[0], Wrong::Incomplete { kind, missing: "reason and parts" });
    assert_eq!(unreasoned[1], Wrong::Unjustified(PartKind::User));
    let whim = after(|log| {
        forget(log, PartKind::User);
        log.add(held_by(kind).list("parts", ["user"]).fact("reason", "space"));
    });
    assert_eq!(whim, [Wrong::ErasureReason(token("space")), Wrong::Unjustified(PartKind::User)]);
    let under_hold = after(|log| {
        forget(log, PartKind::User);
        log.add(held_by(Kind::HoldPlaced));
        log.add(erasure(&["user"]));
    });
    assert_eq!(under_hold, [Wrong::ErasedUnderHold]);
    let lifted = after(|log| {
        forget(log, PartKind::User);
        log.add(held_by(Kind::HoldPlaced));
        log.add(held_by(Kind::HoldLifted));
        log.add(erasure(&["user"]));
    });
    assert_eq!(lifted, []);
}
