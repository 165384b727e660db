//! Several mandates of one user, uses that go on for long, and stories told again.
use super::*;

fn other() -> MandateId {
    MandateId::from_uuid(Uuid::from_u128(4))
}

/// So many entries that whatever may still be in another order has been met.
fn meanwhile(log: &mut Log) {
    for _ in 0..1100 {
        log.add(Draft::done(Kind::NoticeSent).by_role(Role::System));
    }
}

/// Another mandate of the same user with the same structure, in the same domains.
fn other_signed(log: &mut Log) -> EntryId {
    let valid_to = log.valid_to();
    let draft = Draft::done(Kind::MandateProposed).by(person(), Role::Aidant).structure(structure());
    let draft = draft.mandate(other()).list("domains", ["argent", "logement"]);
    log.add(draft.fact("valid_to", valid_to));
    log.add(Log::of_mandate(Kind::MandateIdentified).by_role(Role::User).mandate(other()));
    let draft = Log::of_mandate(Kind::MandateConsentGiven).by_role(Role::User).mandate(other());
    let consent = log.add(draft.fact("text", "abc").fact("valid_to", valid_to));
    log.add(log.signature(consent, 200).mandate(other()))
}

fn replaced(log: &mut Log, domain: &str, number: u128) {
    log.add(Log::by_aidant(Kind::GrantReplaced).grant(grant(number)).fact("domain", domain));
}

#[test]
fn one_grant_lives_for_a_user_in_a_domain() {
    let beside = |between: &dyn Fn(&mut Log)| {
        let mut log = Log::new();
        log.signed();
        other_signed(&mut log);
        between(&mut log);
        meanwhile(&mut log);
        let told = meant(&log);
        // The same nearer to the end of the file; at the very end, what replaces may lie beyond it.
        log.told.truncate(log.told.len() - 1000);
        assert_eq!(meant(&log), told);
        log.told.truncate(log.told.len() - 100);
        assert_eq!(meant(&log), []);
        told
    };
    let two = |domain: &str| Wrong::TwoGrants { mandate: other(), other: mandate(), domain: token(domain) };
    assert_eq!(beside(&|_| ()), [two("argent")]);
    assert!(
        two("argent")
            .to_string()
            .contains("had a live grant in the domain «argent», which it did not replace")
    );
    assert_eq!(beside(&|log| replaced(log, "argent", 0)), [two("logement")]);
    // Replaced by entries written with the signature, or over.
    let both = |log: &mut Log| {
        replaced(log, "argent", 0);
        replaced(log, "logement", 1);
        log.add(Log::by_aidant(Kind::MandateReplaced));
    };
    assert_eq!(beside(&both), []);
    assert_eq!(beside(&|log| _ = log.add(Log::revocation())), []);
    // Two nodes: the second signature is placed before the first.
    let mut log = Log::new();
    log.people();
    log.proposed();
    let consent = log.consented();
    let first = log.signature(consent, 100);
    other_signed(&mut log);
    log.add(first);
    both(&mut log);
    assert_eq!(meant(&log), []);
    // Too late to be a replacement.
    let mut log = Log::new();
    log.signed();
    other_signed(&mut log);
    meanwhile(&mut log);
    both(&mut log);
    assert_eq!(meant(&log), [two("argent")]);
}

#[test]
fn a_mandate_past_its_end_leaves_its_domains() {
    let mut log = Log::new();
    log.signed();
    let soon = log.now + Duration::hours(1);
    for told in &mut log.told {
        for fact in told.leaf.facts.iter_mut().filter(|(name, _)| name.as_str() == "valid_to") {
            *fact.1 = soon.into();
        }
    }
    log.now = soon;
    // Nobody has written its end down yet.
    other_signed(&mut log);
    assert_eq!(meant(&log), []);
}

#[test]
fn a_story_is_told_once() {
    let mut log = Log::whole();
    meanwhile(&mut log);
    log.seq.clear();
    log.proposed();
    let consent = log.consented();
    log.add(log.signature(consent, 101));
    let opening = log.add(log.opening(2));
    log.add(Log::redemption(opening, 2));
    assert_eq!(meant(&log), [Wrong::SequenceTwice { mandate: mandate(), seq: 1 }]);
    // At once after its end, too.
    let mut log = Log::whole();
    log.told.pop();
    log.seq.clear();
    log.proposed();
    assert_eq!(meant(&log), [Wrong::SequenceTwice { mandate: mandate(), seq: 1 }]);
}

#[test]
fn a_use_goes_on_until_it_is_ended() {
    let ended = |log: &mut Log, number| {
        let draft = Log::of_mandate(Kind::UseEnded).by_role(Role::System).grant(grant(0)).service(service());
        log.add(draft.use_id(use_id(number)).fact("cause", "revoked"));
    };
    let mut log = Log::new();
    log.signed();
    let first = log.add(log.opening(1));
    for number in 2..100 {
        log.now = log.now + Duration::hours(4);
        let opening = log.add(log.opening(number));
        log.add(Log::redemption(opening, number));
        ended(&mut log, number);
    }
    log.add(Log::redemption(first, 1));
    ended(&mut log, 1);
    assert_eq!(meant(&log), []);
    // What had ended long before is still not open.
    log.add(Log::redemption(first, 2));
    let wrong = meant(&log);
    assert!(matches!(wrong[..], [Wrong::UseOver { .. }]), "{wrong:?}");
}

#[test]
fn every_act_under_a_mandate_needs_it_and_whoever_opened_the_use() {
    let kinds = [
        Kind::UseContinued,
        Kind::CodeRedeemed,
        Kind::TokenRefreshed,
        Kind::UserinfoGiven,
        Kind::CheckGiven,
        Kind::ActionReported,
    ];
    let done = |kind, opening: EntryId| {
        let draft = Log::of_mandate(kind).grant(grant(0)).on(opening).service(service()).use_id(use_id(1));
        match kind {
            Kind::UseContinued => draft.by(person(), Role::Aidant),
            _ => draft.by_role(Role::Service),
        }
    };
    for kind in kinds {
        let acting = |change: &dyn Fn(&mut Log)| {
            let mut log = Log::new();
            log.signed();
            let opening = log.add(log.opening(1));
            change(&mut log);
            log.add(done(kind, opening));
            meant(&log)
        };
        assert_eq!(acting(&|_| ()), []);
        let wrong = acting(&|log| _ = log.add(Draft::done(Kind::PersonSuspended).about(person())));
        assert!(
            matches!(wrong[..], [Wrong::NotAtWork { why: "they were suspended", .. }]),
            "{kind}: {wrong:?}"
        );
        let wrong = acting(&|log| _ = log.add(Draft::done(Kind::CardEnded).card(card())));
        assert!(matches!(wrong[..], [Wrong::Card { why: "it had been ended", .. }]), "{kind}: {wrong:?}");
        let wrong = acting(&|log| {
            log.add(Draft::done(Kind::StructureClosed).by_role(Role::Operator).structure(structure()));
        });
        assert!(
            matches!(wrong[..], [Wrong::NotHabilitated { why: "it was suspended or closed", .. }]),
            "{kind}: {wrong:?}"
        );
        // Long after the end, when the mandate is remembered no more.
        let mut log = Log::whole();
        meanwhile(&mut log);
        log.add(done(kind, entry_id(9)));
        assert_eq!(meant(&log), [Wrong::AfterMandate { mandate: mandate(), kind }]);
    }
    let mut log = Log::whole();
    meanwhile(&mut log);
    for kind in [Kind::MandateSuspended, Kind::MandateResumed, Kind::MandateExpired] {
        log.add(Log::of_mandate(kind).by_role(Role::System));
    }
    let wrong = meant(&log);
    assert!(wrong.iter().all(|wrong| matches!(wrong, Wrong::AfterMandate { .. })), "{wrong:?}");
    assert_eq!(wrong.len(), 3);
}

/// What the signature says of its grants holds for every use.
#[test]
fn uses_are_no_wider_than_what_was_signed() {
    let used = |signed: &dyn Fn(Draft) -> Draft, used: &dyn Fn(Draft) -> Draft| {
        let mut log = Log::new();
        log.people();
        log.proposed();
        let consent = log.consented();
        log.add(signed(log.signature(consent, 1)));
        log.add(used(log.opening(1)));
        meant(&log)
    };
    let consult = |draft: Draft| draft.fact("access", "consult");
    let act = |draft: Draft| draft.fact("access", "act");
    let once = |draft: Draft| draft.fact("single_use", true);
    let same = |draft: Draft| draft;
    let beyond = |why| Wrong::Beyond { mandate: mandate(), kind: Kind::UseOpened, use_id: use_id(1), why };
    assert_eq!(used(&act, &act), []);
    assert_eq!(used(&act, &consult), []);
    assert_eq!(used(&consult, &consult), []);
    assert_eq!(used(&consult, &act), [beyond("its grant is to consult, it claims to act")]);
    assert_eq!(used(&once, &once), []);
    assert_eq!(used(&once, &same), [beyond("its grant is for one use, it claims more")]);
    // Signatures from before they said it.
    assert_eq!(used(&same, &act), []);
    assert_eq!(used(&same, &once), []);
}

/// However much is wrong, what is kept of it is bounded.
#[test]
fn all_faults_are_counted_and_the_first_are_told() {
    let mut log = Log::new();
    log.people();
    for _ in 0..1500 {
        let draft = Draft::done(Kind::SignInCompleted).by(person(), Role::Aidant).card(card());
        log.add(draft.fact("step", 7_i64));
    }
    let report = report(&log.bundle(), &trust());
    assert_eq!((report.wrong, report.faults.len()), (1499, TOLD_FAULTS));
}
