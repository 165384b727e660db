//! Clocks that differ, clocks that go back, and what changed before and after an act.
use super::*;

fn later(log: &mut Log, kind: Kind, by: Duration) {
    let told = log.told.iter_mut().find(|told| told.leaf.kind == kind).unwrap();
    told.leaf.time = told.leaf.time + by;
}

/// Nodes' clocks may be an hour apart: what one of them wrote before serves an act on another.
#[test]
fn an_hour_between_two_clocks_accuses_nobody() {
    for kind in [
        Kind::StructureHabilitated,
        Kind::PersonCreated,
        Kind::CharterAccepted,
        Kind::CardAssigned,
        Kind::CardActivated,
    ] {
        let mut log = Log::whole();
        later(&mut log, kind, Duration::hours(1));
        assert_eq!(meant(&log), [], "{kind}");
    }
    // An end by a clock that runs ahead is not held against what that clock says was before.
    let mut log = Log::new();
    log.signed();
    log.add(Draft::done(Kind::CardEnded).card(card()).structure(structure()));
    later(&mut log, Kind::CardEnded, Duration::hours(1));
    log.add(log.opening(1));
    assert_eq!(meant(&log), []);
}

#[test]
fn what_changes_later_excuses_and_accuses_nothing() {
    let acting = |before: &dyn Fn(&mut Log), after: &dyn Fn(&mut Log)| {
        let mut log = Log::new();
        before(&mut log);
        log.proposed();
        after(&mut log);
        meant(&log)
    };
    let domains = |log: &mut Log, domains: &[&str]| {
        let draft = Draft::done(Kind::StructureDomainsChanged).by_role(Role::Operator).structure(structure());
        log.add(draft.list("domains", domains.iter().copied()));
    };
    let narrowed = |log: &mut Log| domains(log, &["logement"]);
    let widened = |log: &mut Log| domains(log, &["argent", "logement"]);
    let why = |wrong: Vec<Wrong>| match wrong[..] {
        [Wrong::NotHabilitated { why, .. }] => why,
        _ => panic!("{wrong:?}"),
    };
    assert_eq!(acting(&Log::people, &narrowed), []);
    let before = |log: &mut Log| {
        log.people();
        narrowed(log);
    };
    assert_eq!(why(acting(&before, &widened)), "not for these domains");
    // An agreement that ends, and another made after the act.
    let ending = |log: &mut Log| {
        log.people_but(&[Kind::StructureHabilitated]);
        log.habilitated(["argent", "logement"], log.now + Duration::minutes(2));
        log.now = log.now + Duration::minutes(5);
    };
    let renewed = |log: &mut Log| log.habilitated(["argent", "logement"], log.now + Duration::days(90));
    assert_eq!(why(acting(&ending, &renewed)), "its agreement had ended");
    let in_time = |log: &mut Log| {
        ending(log);
        renewed(log);
    };
    assert_eq!(acting(&in_time, &|_| ()), []);
}

#[test]
fn a_card_given_later_was_not_theirs_before() {
    let enrolled = |log: &mut Log, who: Pseudonym| {
        log.add_as(Draft::done(Kind::CardEnrolled).by(person(), Role::Aidant).card(card()), &who);
    };
    let signing = |first: Pseudonym, then: Pseudonym| {
        let mut log = Log::new();
        log.people_but(&[Kind::CardAssigned, Kind::CardActivated]);
        enrolled(&mut log, first);
        log.add(Draft::done(Kind::CardActivated).by_role(Role::Nobody).card(card()));
        log.mandate_signed();
        enrolled(&mut log, then);
        meant(&log)
    };
    let stranger = || Pseudonym::from_bytes([70; 32]);
    assert_eq!(signing(aidant(), stranger()), []);
    let wrong = signing(stranger(), aidant());
    assert!(matches!(wrong[..], [Wrong::Card { why: "it was not theirs", .. }]), "{wrong:?}");
}

#[test]
fn an_entry_dated_back_is_told() {
    let dated = |back: Duration| {
        let mut log = Log::whole();
        for at in [11, 12] {
            log.told[at].leaf.time = log.told[at].leaf.time - back;
        }
        report(&log.bundle(), &trust())
    };
    // What two nodes may differ by, and what commits late.
    let report = dated(Duration::minutes(110));
    assert_eq!((report.backwards.len(), report.dated_back, report.wrong), (0, 0, 0));
    let report = dated(Duration::hours(3));
    assert_eq!(report.dated_back, 2);
    let [row] = &report.backwards[..] else { panic!("{:?}", report.backwards) };
    assert_eq!((row.place.at, row.entries, row.last, row.after), (Some(11), 2, 12, 10));
    let said = row.to_string();
    assert!(said.starts_with("line 14 (entry 11): its time 2026-"), "{said}");
    assert!(said.contains("is more than 2 hours before that of entry 10, "), "{said}");
    assert!(said.ends_with("a clock ran ahead and was set back, or entries were dated back"), "{said}");
    // A clock that ran ahead for a while is not a lie: it is told once, and the log is sound.
    let mut ahead = Log::whole();
    ahead.told[10].leaf.time = ahead.told[10].leaf.time + Duration::days(2);
    let report = super::report(&ahead.bundle(), &trust());
    assert_eq!((report.backwards.len(), report.dated_back, report.wrong), (1, 3, 0), "{report:?}");
}

/// Dating an act back does not undo what had ended before it.
#[test]
fn an_act_dated_back_finds_what_had_ended() {
    let dated = |back: Duration| {
        let mut log = Log::new();
        log.signed();
        log.now = log.now + Duration::hours(1);
        log.add(Draft::done(Kind::CardEnded).card(card()).structure(structure()));
        log.now = log.now + Duration::hours(5);
        log.add(Draft::done(Kind::NoticeSent).by_role(Role::System));
        log.add(log.opening(1));
        let last = log.told.len() - 1;
        log.told[last].leaf.time = log.told[last].leaf.time - back;
        meant(&log)
    };
    let ended = [Wrong::Card { kind: Kind::UseOpened, card: card(), why: "it had been ended" }];
    assert_eq!(dated(Duration::ZERO), ended);
    assert_eq!(dated(Duration::hours(6)), ended);
}
