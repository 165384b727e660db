//! Parts that are missing, and the entries that must say why.
use super::*;

/// A bundle whose parts were asked for.
fn opened(log: &Log) -> Vec<String> {
    let mut lines = log.bundle();
    lines[0] = lines[0].replace("\"opened\":false", "\"opened\":true");
    lines
}

/// What is wrong with a log of which parts were erased after the whole life of a mandate.
fn after(prepare: impl FnOnce(&mut Log)) -> Vec<Wrong> {
    let mut log = Log::whole();
    prepare(&mut log);
    wrongs(&opened(&log))
}

fn erasure(parts: &[&str]) -> Draft {
    let draft =
        Draft::done(Kind::DataErased).by_role(Role::Operator).user(UserId::from_uuid(Uuid::from_u128(9)));
    draft.fact("reason", "request").list("parts", parts.iter().copied())
}

fn held(kind: Kind) -> Draft {
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
    assert_eq!(wrongs(&opened(&early)), [Wrong::Unjustified(PartKind::User)]);
    // Nothing takes the evidence about the aidant away.
    let aidant = after(|log| {
        forget(log, PartKind::Actor);
        log.add(erasure(&["user", "actor"]));
    });
    assert!(aidant.contains(&Wrong::Unjustified(PartKind::Actor)), "{aidant:?}");
}

#[test]
fn addresses_go_with_age_only() {
    let old = |before: Duration| {
        after(|log| {
            forget(log, PartKind::Technical);
            let before = log.now + before;
            let draft = Draft::done(Kind::DataErased).by_role(Role::System).fact("reason", "retention");
            log.add(draft.list("parts", ["technical"]).fact("before", before));
        })
    };
    assert_eq!(old(Duration::ZERO), []);
    assert_eq!(old(-Duration::hours(2)), [Wrong::Unjustified(PartKind::Technical)]);
    // What is to come cannot be erased beforehand.
    let kind = Kind::DataErased;
    assert!(old(Duration::hours(2)).contains(&Wrong::Incomplete { kind, missing: "user" }));
}

#[test]
fn a_forged_erasure_is_named() {
    let kind = Kind::DataErased;
    let shown = after(|log| _ = log.add(erasure(&["user"])));
    assert_eq!(shown, [Wrong::ErasedAndShown(PartKind::User)]);
    let unreasoned = after(|log| {
        forget(log, PartKind::User);
        log.add(held(kind).list("parts", ["user"]));
    });
    assert_eq!(unreasoned[0], Wrong::Incomplete { kind, missing: "reason and parts" });
    assert_eq!(unreasoned[1], Wrong::Unjustified(PartKind::User));
    let under_hold = after(|log| {
        forget(log, PartKind::User);
        log.add(held(Kind::HoldPlaced));
        log.add(erasure(&["user"]));
    });
    assert_eq!(under_hold, [Wrong::ErasedUnderHold]);
    let lifted = after(|log| {
        forget(log, PartKind::User);
        log.add(held(Kind::HoldPlaced));
        log.add(held(Kind::HoldLifted));
        log.add(erasure(&["user"]));
    });
    assert_eq!(lifted, []);
}
