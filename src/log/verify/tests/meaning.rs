//! A log that was always placed, signed and witnessed correctly, by a service that did what it must not do: the
//! tree is right, the meaning is wrong.
use super::*;

/// The wrongs of one entry added to a log in which a mandate was signed and a use opened.
fn after(prepare: impl FnOnce(&mut Log, EntryId)) -> Vec<Wrong> {
    let mut log = Log::new();
    log.signed();
    let opening = log.add(log.opening(1));
    prepare(&mut log, opening);
    meant(&log)
}

fn m() -> MandateId {
    mandate()
}

#[test]
fn uses_are_within_live_grants() {
    assert_eq!(after(|log, opening| _ = log.add(Log::redemption(opening, 1))), []);
    // A domain that was not granted.
    let other = after(|log, _| {
        let draft = log.opening(2).fact("domain", "famille");
        log.add(draft);
    });
    let kind = Kind::UseOpened;
    assert_eq!(other[0], Wrong::NotGranted { mandate: m(), kind, domain: token("famille") });
    // After one domain was revoked, and after the whole mandate was.
    let revoked = |log: &mut Log| {
        let draft = Log::by_aidant(Kind::GrantRevoked).grant(grant(0)).fact("domain", "argent");
        log.add(draft)
    };
    let over = after(|log, _| {
        revoked(log);
        log.add(log.opening(2));
    });
    assert_eq!(over, [Wrong::GrantOver { mandate: m(), kind, grant: grant(0) }]);
    let redeemed = after(|log, opening| {
        revoked(log);
        log.add(Log::redemption(opening, 1));
    });
    assert_eq!(redeemed, [Wrong::GrantOver { mandate: m(), kind: Kind::CodeRedeemed, grant: grant(0) }]);
    let ended = after(|log, _| {
        log.add(Log::revocation());
        log.add(log.opening(2));
    });
    assert_eq!(ended, [Wrong::AfterMandate { mandate: m(), kind }]);
    // After its last day, whether or not anybody wrote its end down.
    let late = after(|log, opening| {
        log.now = log.valid_to();
        log.add(Log::redemption(opening, 1));
    });
    assert!(matches!(late[..], [Wrong::Validity { kind: Kind::CodeRedeemed, .. }]), "{late:?}");
    // For somebody else; under a grant that is another domain's.
    let other_user = after(|log, opening| {
        log.add(Log::redemption(opening, 1));
        let last = log.told.len() - 1;
        log.told[last].leaf.user = Some(Pseudonym::from_bytes([9; 32]));
    });
    assert_eq!(other_user, [Wrong::OtherUser { mandate: m(), kind: Kind::CodeRedeemed }]);
    let other_grant = after(|log, _| _ = log.add(log.opening(2).grant(grant(1))));
    assert!(matches!(other_grant[..], [Wrong::Order { why: "it names another grant of that domain", .. }]));
    let suspended = after(|log, opening| {
        log.add(Log::of_mandate(Kind::MandateSuspended).by_role(Role::Operator));
        log.add(Log::redemption(opening, 1));
    });
    assert!(matches!(suspended[..], [Wrong::Order { why: "it was suspended", .. }]));
}

#[test]
fn acts_of_a_service_are_under_an_open_use() {
    let refused = |prepare: &dyn Fn(&mut Log, EntryId)| match &after(prepare)[..] {
        [Wrong::UseOver { why, .. }] => *why,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(&|log, opening| _ = log.add(Log::redemption(opening, 2))),
        "it was never opened, or long over"
    );
    let ended = |log: &mut Log| {
        log.add(Log::of_mandate(Kind::UseEnded).grant(grant(0)).service(service()).use_id(use_id(1)))
    };
    assert_eq!(
        refused(&|log, opening| {
            ended(log);
            log.add(Log::redemption(opening, 1));
        }),
        "it had ended"
    );
    assert_eq!(
        refused(&|log, _| {
            ended(log);
            ended(log);
        }),
        "it was never opened, or ended before"
    );
    assert_eq!(
        refused(&|log, _| _ = log.add(Log::redemption(entry_id(1), 1))),
        "the act names another opening"
    );
    assert_eq!(
        refused(&|log, opening| {
            let other = ServiceId::from_uuid(Uuid::from_u128(66));
            log.add(Log::redemption(opening, 1).service(other));
        }),
        "by another service, or under another grant"
    );
    // A grant for one use.
    let twice = after(|log, _| {
        for number in [2, 3] {
            let opening = log.add(log.opening(number).fact("single_use", true));
            log.add(Log::redemption(opening, number));
        }
    });
    assert_eq!(twice, [Wrong::SingleUse { mandate: m() }, Wrong::SingleUse { mandate: m() }]);
}

#[test]
fn a_signature_rests_on_the_consent_to_the_same_text() {
    let signing = |change: &dyn Fn(&mut Log, EntryId)| {
        let mut log = Log::new();
        log.people();
        log.proposed();
        let consent = log.consented();
        change(&mut log, consent);
        meant(&log)
    };
    let why = |change: &dyn Fn(&mut Log, EntryId)| match &signing(change)[..] {
        [Wrong::Consent { why, .. }] => *why,
        other => panic!("{other:?}"),
    };
    assert_eq!(signing(&|log, consent| _ = log.add(log.signature(consent, 1))), []);
    assert_eq!(
        why(&|log, _| _ = log.add(log.signature(entry_id(2), 1))),
        "it names another entry as its consent"
    );
    assert_eq!(
        why(&|log, consent| _ = log.add(log.signature(consent, 1).fact("text", "def"))),
        "another text was signed than the one consented to"
    );
    assert_eq!(
        why(&|log, consent| _ = log.add(log.signature(consent, 1).list("domains", ["argent"]))),
        "other domains were signed than those proposed"
    );
    let later = Timestamp::from_unix(1_795_344_000).unwrap() + Duration::days(90);
    assert_eq!(
        why(&|log, consent| _ = log.add(log.signature(consent, 1).fact("valid_to", later))),
        "another end was signed than the one proposed"
    );
    assert_eq!(
        why(&|log, consent| {
            log.add(log.signature(consent, 1));
            log.add(log.signature(consent, 2));
        }),
        "it was signed already, or over"
    );
    let mut without = Log::new();
    without.people();
    without.proposed();
    without.add(without.signature(entry_id(3), 1));
    assert!(meant(&without).contains(&Wrong::Consent { mandate: m(), why: "the user had not consented" }));
    // The same code of a card, twice.
    let reused = signing(&|log, consent| {
        log.add(log.signature(consent, 7));
        let draft = Draft::done(Kind::SignInCompleted).by(person(), Role::Aidant).card(card());
        log.add(draft.fact("step", 7_i64));
    });
    assert!(matches!(reused[..], [Wrong::CodeTwice { step: 7, .. }]), "{reused:?}");
    // Whatever the two acts were; one written before sign-ins said their step is no second use.
    let other = |step: Option<i64>| {
        signing(&|log, consent| {
            log.add(log.signature(consent, 7));
            for (kind, step) in [(Kind::CardCodeGiven, Some(8)), (Kind::SignInCompleted, step)] {
                log.add(Draft::done(kind).by(person(), Role::Aidant).card(card()).fact_if("step", step));
            }
        })
    };
    let reused = other(Some(8));
    assert!(matches!(reused[..], [Wrong::CodeTwice { step: 8, .. }]), "{reused:?}");
    assert_eq!((other(None), other(Some(9))), (vec![], vec![]));
}

#[test]
fn a_mandates_own_numbers_have_no_gap() {
    // The service never wrote an entry down, or dropped it before it was placed: the tree cannot tell.
    let mut log = Log::whole();
    log.told.remove(9);
    assert!(meant(&log).contains(&Wrong::Gap { mandate: m(), missing: 5 }), "{:?}", meant(&log));
    let mut doubled = Log::whole();
    let last = doubled.told.len() - 1;
    doubled.told[last].leaf.seq = Some(8);
    assert_eq!(meant(&doubled), [Wrong::SequenceTwice { mandate: m(), seq: 8 }]);
    let mut copied = Log::whole();
    copied.told.push(copied.told[12].clone());
    assert!(meant(&copied).iter().any(|wrong| matches!(wrong, Wrong::Twice { .. })), "{:?}", meant(&copied));
    let mut beginning = Log::whole();
    beginning.told.remove(5);
    assert!(meant(&beginning).contains(&Wrong::Gap { mandate: m(), missing: 1 }));
    // The order of the log is not that of the mandate, within what one batch of two nodes can mix.
    let mut mixed = Log::whole();
    mixed.told.swap(9, 10);
    mixed.told.swap(5, 7);
    assert_eq!(meant(&mixed), []);
}

#[test]
fn who_acts_is_at_work_with_their_own_card() {
    let acting = |change: &dyn Fn(&mut Log)| {
        let mut log = Log::new();
        log.signed();
        change(&mut log);
        log.add(log.opening(1));
        meant(&log)
    };
    let ended = acting(&|log| _ = log.add(Draft::done(Kind::CardEnded).card(card()).structure(structure())));
    let kind = Kind::UseOpened;
    assert_eq!(ended, [Wrong::Card { kind, card: card(), why: "it had been ended" }]);
    let suspended = acting(&|log| _ = log.add(Draft::done(Kind::PersonSuspended).about(person())));
    assert_eq!(suspended, [Wrong::NotAtWork { kind, structure: structure(), why: "they were suspended" }]);
    let left = acting(&|log| {
        let draft = Draft::done(Kind::RoleWithdrawn).about(person()).structure(structure());
        log.add(draft.list("roles", ["aidant"]));
    });
    let why = "they were not an aidant there at that time";
    assert_eq!(left, [Wrong::NotAtWork { kind, structure: structure(), why }]);
    let closed = acting(&|log| _ = log.add(Draft::done(Kind::StructureSuspended).structure(structure())));
    let why = "it was suspended or closed";
    assert_eq!(closed, [Wrong::NotHabilitated { kind, structure: structure(), why }]);
    let restored = acting(&|log| {
        log.add(Draft::done(Kind::StructureSuspended).structure(structure()));
        log.add(Draft::done(Kind::StructureRestored).structure(structure()));
    });
    assert_eq!(restored, []);
    // Somebody else's card; somebody the log never saw.
    let mut stranger = Log::new();
    stranger.signed();
    stranger.add_as(stranger.opening(1), &Pseudonym::from_bytes([77; 32]));
    let found = meant(&stranger);
    assert_eq!(
        found[0],
        Wrong::NotAtWork { kind, structure: structure(), why: "the log never created them" }
    );
    assert_eq!(found[1], Wrong::Card { kind, card: card(), why: "it was not theirs" });
    // Two nodes whose clocks differ: an act placed after the end of its card, but before it by its own clock, is
    // not blamed.
    let mut skewed = Log::new();
    skewed.signed();
    skewed.add(skewed.opening(1));
    skewed.add(Draft::done(Kind::CardEnded).card(card()).structure(structure()));
    let last = skewed.told.len();
    skewed.told.swap(last - 1, last - 2);
    assert_eq!(meant(&skewed), []);
}

#[test]
fn what_comes_after_a_forgotten_mandate_is_still_held_against_it() {
    let filled = |after: &dyn Fn(&mut Log)| {
        let mut log = Log::whole();
        // Long after: more entries than the verifier waits for.
        for _ in 0..1100 {
            log.add(Draft::done(Kind::NoticeSent).by_role(Role::System));
        }
        after(&mut log);
        meant(&log)
    };
    assert_eq!(filled(&|log| _ = log.add(Log::by_aidant(Kind::MandatePrinted))), []);
    assert_eq!(
        filled(&|log| _ = log.add(Log::redemption(entry_id(9), 1))),
        [Wrong::AfterMandate { mandate: m(), kind: Kind::CodeRedeemed }]
    );
    let gap = filled(&|log| {
        *log.seq.get_mut(&m()).unwrap() += 1;
        log.add(Log::by_aidant(Kind::MandatePrinted));
    });
    assert_eq!(gap, [Wrong::Gap { mandate: m(), missing: 10 }]);
}
