use super::*;
use uuid::Uuid;

fn structure() -> StructureId {
    StructureId::from_uuid(Uuid::from_u128(1))
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

fn found(signals: &[Signal]) -> Vec<(Detector, usize)> {
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let mut watch = Watch::new(HashMap::from([(structure(), zone)]));
    for signal in signals {
        watch.see(signal);
    }
    watch.findings().into_iter().map(|finding| (finding.detector, finding.count)).collect()
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
fn codes_refused_are_counted_by_day() {
    let codes =
        |count: i64| (0..count).map(|n| signal(monday(10, n), 1, 1, Act::CodeRefused)).collect::<Vec<_>>();
    assert_eq!(found(&codes(5)), [(Detector::FailedCodes, 5)]);
    assert_eq!(found(&codes(4)), []);
    let tomorrow = codes(3).into_iter().map(|one| Signal { at: one.at + Duration::days(1), ..one });
    assert_eq!(found(&codes(3).into_iter().chain(tomorrow).collect::<Vec<_>>()), []);
}

#[test]
fn signatures_tell_what_became_of_them() {
    let one = |used: Option<i64>, revoked: Option<i64>, same_name| Signature {
        at: monday(10, 0),
        structure: structure(),
        actor: vec![1],
        reference: "M-1".to_owned(),
        used_at: used.map(|minutes| monday(10, minutes)),
        revoked_at: revoked.map(|minutes| monday(10, minutes)),
        same_name,
    };
    let told = |signatures: &[Signature], old| {
        let mut watch = Signatures::default();
        for one in signatures {
            watch.see(one, old);
        }
        watch.findings().into_iter().map(|finding| (finding.detector, finding.count)).collect::<Vec<_>>()
    };
    assert_eq!(told(&[one(Some(59), Some(1400), false)], true), [(Detector::UsedAndRevoked, 1)]);
    assert_eq!(told(&[one(Some(61), Some(1400), false)], true), []);
    assert_eq!(told(&[one(Some(5), Some(1441), false)], true), []);
    assert_eq!(told(&[one(Some(5), None, true)], true), [(Detector::SameName, 1)]);
    let unused = [one(None, None, false), one(None, None, false), one(None, Some(10), false)];
    assert_eq!(told(&unused, true), [(Detector::Unused, 3)]);
    assert_eq!(told(&unused[..2], true), []);
    assert_eq!(told(&unused, false), [], "they still have time");
}
