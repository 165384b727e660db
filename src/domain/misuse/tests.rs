use std::collections::HashMap;

use jiff::tz::TimeZone;
use uuid::Uuid;

use super::*;

fn structure() -> StructureId {
    structure_number(1)
}

fn structure_number(number: u128) -> StructureId {
    StructureId::from_uuid(Uuid::from_u128(number))
}

fn zones() -> HashMap<StructureId, TimeZone> {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    let reunion = TimeZone::get("Indian/Reunion").unwrap();
    HashMap::from([(structure(), paris), (structure_number(2), reunion)])
}

/// Monday 2 November 2026 at this hour and minute, in Paris.
fn monday(hour: i64, minute: i64) -> Timestamp {
    Timestamp::from_unix(1_793_606_400 - 9 * 3600 + hour * 3600 + minute * 60).unwrap()
}

fn signal(at: Timestamp, aidant: u8, user: u8, act: Act) -> Signal {
    Signal { at, structure: structure(), actor: vec![aidant], subject: Some(vec![user]), act }
}

fn opened(at: Timestamp, aidant: u8, user: u8, number: u128) -> Signal {
    signal(at, aidant, user, Act::Opened { use_id: UseId::from_uuid(Uuid::from_u128(number)) })
}

fn findings(signals: &[Signal]) -> Vec<Finding> {
    let mut watch = Watch::new(zones());
    for signal in signals {
        watch.see(signal);
    }
    watch.findings()
}

fn found(signals: &[Signal]) -> Vec<(Detector, usize)> {
    findings(signals).into_iter().map(|finding| (finding.detector, finding.count)).collect()
}

/// `count` services for one person, a minute apart.
fn openings(count: u8, every: i64) -> Vec<Signal> {
    (0..count).map(|n| opened(monday(10, i64::from(n) * every), 1, 1, n.into())).collect()
}

#[test]
fn a_burst_is_many_services_in_ten_minutes() {
    assert_eq!(found(&openings(10, 1)), [(Detector::Burst, 10)]);
    assert_eq!(found(&openings(9, 1)), [], "nine are not");
    assert_eq!(found(&openings(30, 2)), [], "nor ten in twenty minutes");
    assert_eq!(found(&openings(25, 1)), [(Detector::Burst, 11)], "one finding a day, with its worst");
}

#[test]
fn hours_are_those_of_the_structure() {
    let at = |hours: [i64; 3]| hours.map(|hour| signal(monday(hour, 30), 1, 1, Act::Signed)).to_vec();
    assert_eq!(found(&at([20, 21, 22])), [(Detector::OutOfHours, 3)]);
    assert_eq!(found(&at([19, 21, 22])), [], "two are not told");
    assert_eq!(found(&at([7, 12, 19])), []);
    let sunday = at([34, 35, 36]).into_iter().map(|one| Signal { at: one.at - Duration::days(2), ..one });
    assert_eq!(found(&sunday.collect::<Vec<_>>()), [(Detector::OutOfHours, 3)], "noon, on a Sunday");
}

#[test]
fn many_people_are_many_beside_the_others() {
    let day = |aidant: u8, people: u8| {
        (0..people).flat_map(move |user| {
            let use_id = UseId::from_uuid(Uuid::from_u128(u128::from(aidant) * 1000 + u128::from(user)));
            let at = monday(9, 0) + Duration::minutes(11 * i64::from(user));
            [
                signal(at, aidant, user, Act::Opened { use_id }),
                signal(at + Duration::minutes(5), aidant, user, Act::Ended { use_id }),
            ]
        })
    };
    let alone: Vec<_> = day(1, 15).collect();
    assert_eq!(found(&alone), [(Detector::ManyUsers, 15)]);
    let few: Vec<_> = day(1, 14).collect();
    assert_eq!(found(&few), []);
    let among_busy: Vec<_> = day(1, 18).chain(day(2, 10)).chain(day(3, 10)).collect();
    assert_eq!(found(&among_busy), [], "less than three times what the others do");
    let among_calm: Vec<_> = day(1, 18).chain(day(2, 5)).chain(day(3, 6)).collect();
    assert_eq!(found(&among_calm), [(Detector::ManyUsers, 18)]);
    // What is done elsewhere changes nothing: whoever sees only this structure finds the same.
    let elsewhere = day(2, 10).chain(day(3, 10)).map(|one| Signal { structure: structure_number(2), ..one });
    let mut beside: Vec<_> = day(1, 18).chain(elsewhere).collect();
    beside.sort_by_key(|one| one.at);
    assert_eq!(found(&beside), [(Detector::ManyUsers, 18)]);
    // Each day is settled by itself.
    let tomorrow = day(1, 16).map(|one| Signal { at: one.at + Duration::days(1), ..one });
    let two: Vec<_> = day(1, 15).chain(tomorrow).collect();
    assert_eq!(found(&two), [(Detector::ManyUsers, 15), (Detector::ManyUsers, 16)]);
}

#[test]
fn a_service_for_another_person_while_one_is_open_is_a_mix_up() {
    let first = UseId::from_uuid(Uuid::from_u128(1));
    let mixed = [opened(monday(10, 0), 1, 1, 1), opened(monday(10, 5), 1, 2, 2)];
    assert_eq!(found(&mixed), [(Detector::MixUp, 2)]);
    let ended = [
        opened(monday(10, 0), 1, 1, 1),
        signal(monday(10, 4), 1, 1, Act::Ended { use_id: first }),
        opened(monday(10, 5), 1, 2, 2),
    ];
    assert_eq!(found(&ended), []);
    let two_services_for_one = [opened(monday(10, 0), 1, 1, 1), opened(monday(10, 5), 1, 1, 2)];
    assert_eq!(found(&two_services_for_one), []);
    let two_aidants = [opened(monday(10, 0), 1, 1, 1), opened(monday(10, 5), 2, 2, 2)];
    assert_eq!(found(&two_aidants), []);
}

#[test]
fn two_people_at_once_may_be_in_two_structures() {
    let elsewhere = |one: Signal| Signal { structure: structure_number(2), ..one };
    let told = findings(&[opened(monday(10, 0), 1, 1, 1), elsewhere(opened(monday(10, 5), 1, 2, 2))]);
    assert_eq!(told.len(), 1);
    let mixed = told.first().unwrap();
    assert_eq!((mixed.structure, mixed.also, mixed.count), (structure_number(2), Some(structure()), 2));
    let ended = [
        opened(monday(10, 0), 1, 1, 1),
        // Whoever ended it, and in whatever structure.
        elsewhere(signal(monday(10, 4), 9, 1, Act::Ended { use_id: UseId::from_uuid(Uuid::from_u128(1)) })),
        elsewhere(opened(monday(10, 5), 1, 2, 2)),
    ];
    assert_eq!(findings(&ended), []);
}

#[test]
fn a_forgotten_use_is_told_once_and_is_over_by_itself() {
    // Nobody ended the first one; each of the others was ended before the next.
    let later = |n: i64| {
        let use_id = UseId::from_uuid(Uuid::from_u128(100 + u128::try_from(n).unwrap()));
        let (at, user) = (monday(10, 10 * n), u8::try_from(n + 2).unwrap());
        [
            signal(at, 1, user, Act::Opened { use_id }),
            signal(at + Duration::minutes(5), 1, user, Act::Ended { use_id }),
        ]
    };
    let day: Vec<_> = [opened(monday(9, 0), 1, 1, 1)].into_iter().chain((0..8).flat_map(later)).collect();
    let told = findings(&day);
    assert_eq!(told.iter().map(|one| (one.detector, one.count)).collect::<Vec<_>>(), [(Detector::MixUp, 9)]);
    assert_eq!((told[0].since, told[0].until), (monday(10, 0), monday(11, 10)));
    // No desk is open ten hours later.
    assert_eq!(
        found(&[opened(monday(7, 0), 1, 1, 1), opened(monday(17, 0), 1, 2, 2)]),
        [(Detector::MixUp, 2)]
    );
    assert_eq!(found(&[opened(monday(7, 0), 1, 1, 1), opened(monday(17, 1), 1, 2, 2)]), []);
}

#[test]
fn codes_refused_are_counted_by_day() {
    let codes =
        |count: i64| (0..count).map(|n| signal(monday(10, n), 1, 1, Act::CodeRefused)).collect::<Vec<_>>();
    assert_eq!(found(&codes(5)), [(Detector::FailedCodes, 5)]);
    assert_eq!(found(&codes(4)), []);
    let tomorrow = codes(3).into_iter().map(|one| Signal { at: one.at + Duration::days(1), ..one });
    assert_eq!(found(&codes(3).into_iter().chain(tomorrow).collect::<Vec<_>>()), []);
}

fn signed(at: Timestamp, used: Option<Timestamp>, ended: Option<Timestamp>) -> Signature {
    Signature {
        at,
        structure: structure(),
        actor: vec![1],
        reference: "M-1".to_owned(),
        used_at: used,
        ended_at: ended,
        same_name: false,
    }
}

#[test]
fn signatures_tell_what_became_of_them() {
    let one = |used: i64, ended: Option<i64>| {
        let ended = ended.map(|minutes| monday(10, minutes));
        told(&signed(monday(10, 0), Some(monday(10, used)), ended))
    };
    let detectors = |found: Vec<Finding>| found.into_iter().map(|one| one.detector).collect::<Vec<_>>();
    assert_eq!(detectors(one(59, Some(1400))), [Detector::UsedAndRevoked]);
    assert_eq!(detectors(one(61, Some(1400))), []);
    assert_eq!(detectors(one(5, Some(1441))), []);
    assert_eq!(detectors(one(5, None)), []);
    let cousin = Signature { same_name: true, ..signed(monday(10, 0), None, None) };
    assert_eq!(detectors(told(&cousin)), [Detector::SameName]);
}

/// How many mandates of one month were not used in their time, as known `days` after Monday, looking at the week before.
fn unused(signatures: &[Signature], days: i64) -> Vec<(String, usize)> {
    let now = monday(12, 0) + Duration::days(days);
    let mut watch = Unused::new(zones(), now - Duration::days(7), now);
    for one in signatures {
        watch.see((one.structure, one.actor.clone()), one.at, one.used_at);
    }
    watch.findings().into_iter().map(|told| (told.key, told.count)).collect()
}

#[test]
fn mandates_of_a_month_are_counted_together_whatever_days_are_looked_at() {
    let on = |day: i64, used: Option<i64>| {
        let at = monday(10, 0) + Duration::days(day);
        signed(at, used.map(|days| at + Duration::days(days)), None)
    };
    // Two a week: no week has three, the month has.
    let month: Vec<_> = [0, 2, 7, 9, 14, 16].map(|day| on(day, None)).to_vec();
    assert_eq!(unused(&month, 33), [], "two have had their time");
    assert_eq!(unused(&month, 37), [("2026-11".to_owned(), 3)]);
    assert_eq!(unused(&month, 46), [("2026-11".to_owned(), 6)]);
    assert_eq!(unused(&month, 60), [], "told in its time");
    let late = [on(0, Some(45)), on(1, None), on(2, None)];
    assert_eq!(unused(&late, 35), [("2026-11".to_owned(), 3)], "a use after its time takes nothing back");
    assert_eq!(unused(&[on(0, Some(30)), on(1, None), on(2, None)], 35), []);
    // The month is that of the structure: the last evening of November in Paris is December in La Réunion.
    let evening = |day: i64| Signature { at: monday(22, 0) + Duration::days(day), ..on(day, None) };
    let there = |one: Signature| Signature { structure: structure_number(2), ..one };
    let last = [evening(26), evening(27), evening(28)];
    assert_eq!(unused(&last, 60), [("2026-11".to_owned(), 3)]);
    assert_eq!(unused(&last.map(there), 60), [], "two in November, one in December");
}
