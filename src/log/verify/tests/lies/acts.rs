//! Of uses and what is done under them, of who was at work, and of what an entry leaves unsaid.
use super::*;

fn use_ended(number: u128) -> Draft {
    let draft = Log::of_mandate(Kind::UseEnded).by_role(Role::Service).grant(grant(0));
    draft.service(service()).use_id(use_id(number)).fact("cause", "service")
}

fn reported(opening: EntryId, access: &str) -> Draft {
    let draft = Log::of_mandate(Kind::ActionReported).by_role(Role::Service).grant(grant(0)).on(opening);
    draft.service(service()).use_id(use_id(1)).fact("access", access)
}

#[test]
fn of_uses() {
    told(&[
        ("which was not granted", |log| {
            log.signed();
            log.add(Log::by_aidant(Kind::GrantRevoked).grant(grant(2)).fact("domain", "famille"));
        }),
        ("which had ended", |log| {
            log.signed();
            log.add(Log::by_aidant(Kind::GrantRevoked).grant(grant(0)).fact("domain", "argent"));
            log.add(log.opening(1));
        }),
        ("it names another grant of that domain", |log| {
            opened(log);
            log.add(log.opening(2).grant(grant(1)));
        }),
        ("it claims another end of the mandate", |log| {
            log.signed();
            log.add(log.opening(1).fact("valid_to", later()));
        }),
        ("it was opened before", |log| {
            opened(log);
            log.add(log.opening(1));
        }),
        ("it was never opened, or long over", |log| {
            let opening = opened(log);
            log.add(Log::redemption(opening, 2));
        }),
        ("it was never opened, or ended before", |log| {
            opened(log);
            log.add(use_ended(1));
            log.add(use_ended(1));
        }),
        ("which was not open (it had ended)", |log| {
            let opening = opened(log);
            log.add(use_ended(1));
            log.add(Log::redemption(opening, 1));
        }),
        ("the act names another opening", |log| {
            opened(log);
            log.add(Log::redemption(entry_id(1), 1));
        }),
        ("by another service, or under another grant", |log| {
            let opening = opened(log);
            log.add(Log::redemption(opening, 1).service(ServiceId::from_uuid(Uuid::from_u128(66))));
        }),
        ("a grant for one use was used again", |log| {
            log.signed();
            let opening = log.add(log.opening(1).fact("single_use", true));
            log.add(Log::redemption(opening, 1));
            log.add(Log::redemption(opening, 1));
        }),
        ("its grant is for one use, it claims more", |log| {
            log.signed();
            log.add(log.opening(1).fact("single_use", true));
            log.add(log.opening(2));
        }),
        ("its grant is to consult, it claims to act", |log| {
            log.signed();
            log.add(log.opening(1).fact("access", "consult"));
            log.add(log.opening(2).fact("access", "act"));
        }),
        ("it acts, where the use was to consult", |log| {
            log.signed();
            let opening = log.add(log.opening(1).fact("access", "consult"));
            log.add(reported(opening, "consult"));
            log.add(reported(opening, "act"));
        }),
    ]);
}

#[test]
fn of_what_is_left_unsaid() {
    told(&[
        ("mandate.proposed does not say its valid_to", |log| {
            log.people();
            log.proposed();
            last(log).facts.remove("valid_to");
        }),
        ("mandate.proposed does not say its domains", |log| {
            log.people();
            log.proposed();
            last(log).facts.remove("domains");
        }),
        ("mandate.signed does not say its card and time step", |log| {
            log.signed();
            last(log).facts.remove("step");
        }),
        ("grant.revoked does not say its domain", |log| {
            log.signed();
            log.add(Log::by_aidant(Kind::GrantRevoked).grant(grant(0)));
        }),
        ("grant.revoked does not say its grant", |log| {
            log.signed();
            log.add(Log::by_aidant(Kind::GrantRevoked).fact("domain", "argent"));
        }),
        ("use.opened does not say its use and domain", |log| {
            opened(log);
            last(log).facts.remove("domain");
        }),
        ("use.opened does not say its structure", |log| {
            opened(log);
            last(log).structure = None;
        }),
        ("use.opened does not say its service", |log| {
            opened(log);
            last(log).service = None;
        }),
        ("use.opened does not say its card", |log| {
            opened(log);
            last(log).card = None;
        }),
        ("use.opened does not say its aidant and structure", |log| {
            opened(log);
            last(log).actor.as_mut().unwrap().pseudonym = None;
        }),
        ("code.redeemed does not say its use", |log| {
            let opening = opened(log);
            log.add(Log::redemption(opening, 1));
            last(log).use_id = None;
        }),
    ]);
}

#[test]
fn of_who_was_at_work() {
    told(&[
        ("the log never created them", |log| {
            log.people_but(&[Kind::PersonCreated, Kind::CharterAccepted]);
            log.proposed();
        }),
        ("they were not yet created", |log| {
            log.people_but(&[Kind::PersonCreated]);
            log.proposed();
            log.created(["aidant"]);
        }),
        ("they were suspended", |log| {
            log.people();
            log.add(Draft::done(Kind::PersonSuspended).about(person()));
            log.proposed();
        }),
        ("they were never an aidant there", |log| {
            log.people_but(&[Kind::PersonCreated]);
            log.created(["referent"]);
            log.proposed();
        }),
        ("they were not an aidant there at that time", |log| {
            log.people();
            let left = Draft::done(Kind::RoleWithdrawn).about(person()).structure(structure());
            log.add(left.list("roles", ["aidant"]));
            log.proposed();
        }),
        ("they had not accepted the charter", |log| {
            log.people_but(&[Kind::CharterAccepted]);
            log.proposed();
        }),
        ("it was never habilitated", |log| {
            log.people_but(&[Kind::StructureHabilitated]);
            log.proposed();
        }),
        ("it was not yet habilitated", |log| {
            log.people_but(&[Kind::StructureHabilitated]);
            log.proposed();
            log.habilitated(["argent", "logement"], later());
        }),
        ("it was suspended or closed", |log| {
            log.people();
            log.add(Draft::done(Kind::StructureSuspended).by_role(Role::Operator).structure(structure()));
            log.proposed();
        }),
        ("its agreement had ended", |log| {
            log.people_but(&[Kind::StructureHabilitated]);
            log.habilitated(["argent", "logement"], log.now + Duration::minutes(2));
            log.now = log.now + Duration::minutes(5);
            log.proposed();
        }),
        ("not for these domains", |log| {
            log.people_but(&[Kind::StructureHabilitated]);
            log.habilitated(["argent", "famille"], later());
            log.proposed();
        }),
        ("the log does not know it", |log| {
            log.people_but(&[Kind::CardAssigned, Kind::CardActivated]);
            log.mandate_signed();
        }),
        ("it was not theirs", |log| {
            log.people_but(&[Kind::CardAssigned, Kind::CardActivated]);
            let draft = Draft::done(Kind::CardEnrolled).by(person(), Role::Aidant).card(card());
            log.add_as(draft, &Pseudonym::from_bytes([70; 32]));
            log.mandate_signed();
        }),
        ("it had not been activated", |log| {
            log.people_but(&[Kind::CardActivated]);
            log.mandate_signed();
        }),
        ("it had been ended", |log| {
            log.people();
            log.add(Draft::done(Kind::CardEnded).card(card()).structure(structure()));
            log.mandate_signed();
        }),
    ]);
}
