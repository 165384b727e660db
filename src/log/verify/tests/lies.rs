//! Every sentence by which a mandate, its uses and who was at work are refused, each with the lie that it tells: nothing
//! else is said of that lie, and no two lies share a sentence.
use super::*;

mod acts;

type Lie = (&'static str, fn(&mut Log));

/// Tells each lie, and holds what is said of it against its sentence.
fn told(lies: &[Lie]) {
    let mut said = Vec::new();
    for (sentence, lie) in lies {
        let mut log = Log::new();
        lie(&mut log);
        let wrong: Vec<String> = meant(&log).iter().map(ToString::to_string).collect();
        assert!(matches!(&wrong[..], [one] if one.contains(sentence)), "{sentence}: {wrong:#?}");
        for (other, _) in lies.iter().filter(|(other, _)| other != sentence) {
            assert!(!wrong[0].contains(other), "{other}: {wrong:?}");
        }
        said.push(sentence);
    }
    let count = said.len();
    said.sort_unstable();
    said.dedup();
    assert_eq!(said.len(), count);
}

fn later() -> Timestamp {
    Timestamp::from_unix(1_795_344_000).unwrap() + Duration::days(90)
}

fn other_structure() -> StructureId {
    StructureId::from_uuid(Uuid::from_u128(99))
}

/// A use open under a mandate signed.
fn opened(log: &mut Log) -> EntryId {
    log.signed();
    log.add(log.opening(1))
}

fn last(log: &mut Log) -> &mut Leaf {
    &mut log.told.last_mut().unwrap().leaf
}

/// The last entry was done in another quality.
fn by(log: &mut Log, role: Role) {
    last(log).actor.as_mut().unwrap().role = role;
}

#[test]
fn of_the_order_in_a_mandate() {
    told(&[
        ("a mandate begins by being proposed", |log| {
            let draft = Log::by_aidant(Kind::MandatePrinted).list("domains", ["argent"]);
            log.add(draft.fact("valid_to", log.valid_to()));
        }),
        ("it belongs to another structure", |log| {
            log.signed();
            log.add(Log::by_aidant(Kind::MandatePrinted).structure(other_structure()));
        }),
        ("the user identifies before consenting", |log| {
            log.signed();
            log.add(Log::of_mandate(Kind::MandateIdentified).by_role(Role::User));
        }),
        ("consent is given once, by a user who identified", |log| {
            log.people();
            log.proposed();
            log.consented();
            let draft = Log::of_mandate(Kind::MandateConsentGiven).by_role(Role::User);
            log.add(draft.fact("text", "abc").fact("valid_to", log.valid_to()));
        }),
        ("it had been signed, or was over", |log| {
            log.signed();
            log.add(Log::of_mandate(Kind::MandateLapsed).by_role(Role::System));
        }),
        ("it was never signed", |log| {
            log.people();
            log.proposed();
            log.add(Log::revocation());
        }),
        ("its end had not come", |log| {
            log.signed();
            log.add(Log::of_mandate(Kind::MandateExpired).by_role(Role::System));
        }),
        ("it was suspended", |log| {
            let opening = opened(log);
            log.add(Log::of_mandate(Kind::MandateSuspended).by_role(Role::Operator));
            log.add(Log::redemption(opening, 1));
        }),
        ("mandate.revoked after its end", |log| {
            log.signed();
            log.add(Log::revocation());
            log.add(Log::revocation());
        }),
        ("outside its validity", |log| {
            log.people();
            let draft = Draft::done(Kind::MandateProposed).by(person(), Role::Aidant).structure(structure());
            let draft = draft.mandate(mandate()).list("domains", ["argent"]);
            log.add(draft.fact("valid_to", log.now + Duration::days(400)));
        }),
        ("for another person than the one who granted it", |log| {
            let opening = opened(log);
            log.add(Log::redemption(opening, 1));
            last(log).user = Some(Pseudonym::from_bytes([9; 32]));
        }),
        ("of its own sequence is missing", |log| {
            log.signed();
            *log.seq.get_mut(&mandate()).unwrap() += 1;
            log.add(Log::by_aidant(Kind::MandatePrinted));
        }),
        ("of its own sequence comes twice", |log| {
            log.signed();
            *log.seq.get_mut(&mandate()).unwrap() -= 1;
            log.add(Log::by_aidant(Kind::MandatePrinted));
        }),
    ]);
}

#[test]
fn of_consent() {
    fn signing(log: &mut Log, change: fn(Draft) -> Draft) {
        log.people();
        log.proposed();
        let consent = log.consented();
        log.add(change(log.signature(consent, 1)));
    }
    told(&[
        ("consent was to another end", |log| {
            log.people();
            log.proposed();
            log.add(Log::of_mandate(Kind::MandateIdentified).by_role(Role::User));
            let draft = Log::of_mandate(Kind::MandateConsentGiven).by_role(Role::User);
            log.add(draft.fact("text", "abc").fact("valid_to", later()));
        }),
        ("it names another entry as its consent", |log| {
            log.people();
            log.proposed();
            log.consented();
            log.add(log.signature(entry_id(2), 1));
        }),
        ("another text was signed than the one consented to", |log| {
            signing(log, |draft| draft.fact("text", "def"));
        }),
        ("the user had not consented", |log| {
            log.people();
            log.proposed();
            log.add(Log::of_mandate(Kind::MandateIdentified).by_role(Role::User));
            log.add(log.signature(entry_id(6), 1));
        }),
        ("it was signed already, or over", |log| {
            log.people();
            log.proposed();
            let consent = log.consented();
            log.add(log.signature(consent, 1));
            log.add(log.signature(consent, 2));
        }),
        ("other domains were signed than those proposed", |log| {
            signing(log, |draft| draft.list("domains", ["argent"]));
        }),
        ("another end was signed than the one proposed", |log| {
            signing(log, |draft| draft.fact("valid_to", later()));
        }),
    ]);
}

#[test]
fn of_who_alone_can() {
    told(&[
        ("mandate.proposed was not done by the aidant, who alone can", |log| {
            log.people();
            log.proposed();
            by(log, Role::Referent);
        }),
        ("mandate.identified was not done by the user, who alone can", |log| {
            log.people();
            log.proposed();
            log.add(Log::by_aidant(Kind::MandateIdentified));
        }),
        ("mandate.consent_given was not done by the user, who alone can", |log| {
            log.people();
            log.proposed();
            log.consented();
            by(log, Role::Aidant);
        }),
        ("mandate.consent_refused was not done by the user, who alone can", |log| {
            log.people();
            log.proposed();
            log.add(Log::by_aidant(Kind::MandateConsentRefused));
        }),
        ("mandate.signed was not done by the aidant, who alone can", |log| {
            log.signed();
            by(log, Role::System);
        }),
        ("use.opened was not done by the aidant, who alone can", |log| {
            opened(log);
            by(log, Role::Referent);
        }),
        ("code.redeemed was not done by the service, who alone can", |log| {
            let opening = opened(log);
            log.add(Log::redemption(opening, 1).by(person(), Role::Aidant));
        }),
    ]);
}
