//! Days of a structure, counted by lines of the log: what the counts say is what the log shows, or it is told.
use super::*;

const DAY: i64 = 86_400;
/// Lines of the structure on the first day.
const LINES: i64 = 9;

/// The count of one day of UTC, which said so many of each.
fn count(day: i64, entries: i64, refused: i64, uses: i64, signed: i64) -> Draft {
    let from = Timestamp::from_unix(day * DAY).unwrap();
    Draft::done(Kind::ActivityCounted)
        .by_role(Role::System)
        .structure(structure())
        .fact("day", &from.to_string()[..10])
        .fact("from", from)
        .fact("until", from + Duration::days(1))
        .fact("entries", entries)
        .fact("refused", refused)
        .fact("uses", uses)
        .fact("signed", signed)
}

fn day_of(log: &Log) -> i64 {
    log.now.unix().div_euclid(DAY)
}

/// A structure's first day, with one line refused, then counts as `say` makes them: of that day, of an empty
/// one, of a third that has the lines of the counts before it.
fn counted(say: impl Fn(i64) -> Vec<Draft>) -> Log {
    let mut log = Log::new();
    log.signed();
    log.add(log.opening(1));
    log.add(Draft::refused(Kind::UseRefused, "not_granted").structure(structure()));
    let first = day_of(&log);
    log.now = Timestamp::from_unix((first + 2) * DAY).unwrap() + Duration::minutes(20);
    for draft in say(first) {
        log.add(draft);
        log.now = log.now + Duration::minutes(1);
    }
    log
}

fn days(log: &Log) -> (Vec<Wrong>, u64) {
    let report = report(&log.bundle(), &trust());
    (report.faults.into_iter().map(|fault| fault.what).collect(), report.days)
}

#[test]
fn a_day_is_what_it_was_counted_to_be() {
    let lines = counted(|first| vec![count(first, LINES, 1, 1, 1)])
        .told
        .iter()
        .filter(|told| told.leaf.structure.is_some() && told.leaf.kind != Kind::ActivityCounted)
        .count();
    assert_eq!(i64::try_from(lines).unwrap(), LINES, "those of the structure, not of people and cards alone");
    let log = counted(|first| vec![count(first, LINES, 1, 1, 1), count(first + 1, 0, 0, 0, 0)]);
    assert_eq!(days(&log), (vec![], 2));
    // The counts are lines of the day on which they are written.
    let mut log = log;
    let today = day_of(&log);
    log.now = Timestamp::from_unix((today + 1) * DAY).unwrap() + Duration::minutes(20);
    log.add(count(today, 2, 0, 0, 0));
    assert_eq!(days(&log), (vec![], 3));
}

#[test]
fn a_wrong_count_is_told() {
    for (numbers, what, counted_as, found) in [
        ((LINES + 1, 1, 1, 1), "entries", LINES + 1, LINES),
        ((LINES, 0, 1, 1), "refused", 0, 1),
        ((LINES, 1, 2, 1), "uses", 2, 1),
        ((LINES, 1, 1, 0), "signed", 0, 1),
    ] {
        let (entries, refused, uses, signed) = numbers;
        let log = counted(|first| vec![count(first, entries, refused, uses, signed)]);
        let (wrong, _) = days(&log);
        assert!(
            matches!(&wrong[..], [Wrong::Count { what: told, counted, found: shown, .. }]
                if (*told, *counted, *shown) == (what, counted_as, found)),
            "{wrong:?}"
        );
        assert!(
            wrong[0]
                .to_string()
                .contains(&format!("was counted with {what} = {counted_as}, but the log shows {found}"))
        );
    }
}

#[test]
fn a_day_without_its_count_is_told() {
    let log = counted(|first| vec![count(first, LINES, 1, 1, 1), count(first + 3, 0, 0, 0, 0)]);
    let (wrong, compared) = days(&log);
    assert!(
        matches!(&wrong[..], [Wrong::CountMissing { from, until, .. }] if from.next_day() == Some(*until)),
        "{wrong:?}"
    );
    assert_eq!(compared, 1);
    let log = counted(|first| vec![count(first, LINES, 1, 1, 1), count(first, LINES, 1, 1, 1)]);
    assert!(matches!(&days(&log).0[..], [Wrong::CountTwice { .. }]));
    let nothing = Draft::done(Kind::ActivityCounted).by_role(Role::System).structure(structure());
    let log = counted(|_| vec![nothing.clone()]);
    assert!(matches!(&days(&log).0[..], [Wrong::Incomplete { .. }]));
}

/// A count says of which instants it is: another span than that day would leave lines in no day, or in two.
#[test]
fn a_count_is_of_the_day_it_names() {
    let hours = Duration::hours;
    let at = |day: i64| Timestamp::from_unix(day * DAY).unwrap();
    let spans = |one: (Duration, Duration), two: (Duration, Duration)| {
        let log = counted(|first| {
            let span = |day: i64, (from, until): (Duration, Duration), lines| {
                let draft = count(day, lines, lines.min(1), lines.min(1), lines.min(1));
                draft.fact("from", at(day) + from).fact("until", at(day) + until)
            };
            vec![span(first, one, LINES), span(first + 1, two, 0)]
        });
        let wrong = days(&log).0;
        wrong
            .into_iter()
            .map(|wrong| match wrong {
                Wrong::CountSpan { structure: of, why, .. } if of == structure() => why,
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    // In any time zone, across a change of its clocks.
    let all = (hours(0), hours(24));
    for (one, two) in [
        (all, all),
        ((hours(-1), hours(24)), all),
        ((hours(0), hours(22)), (hours(-2), hours(24))),
        ((hours(-12), hours(12)), (hours(-12), hours(12))),
        ((hours(-1), hours(23)), (hours(-1), hours(22))),
    ] {
        assert_eq!(spans(one, two), Vec::<&str>::new(), "{one:?} {two:?}");
    }
    assert_eq!(spans(all, (hours(0), hours(12))), ["it does not last a day"]);
    assert_eq!(spans(all, (hours(0), hours(48))), ["it does not last a day"]);
    assert_eq!(spans(all, (hours(1), hours(25))), ["it does not begin where the day before ended"]);
    assert_eq!(spans(all, (hours(24), hours(48))), ["it begins on another day"]);
}

/// Of a day that began before the range, only a part is shown.
#[test]
fn a_day_that_began_before_the_range_is_not_compared() {
    let log = counted(|first| vec![count(first, LINES + 5, 1, 1, 1)]);
    let (hashes, size, first) = (log.hashes(), log.told.len(), 4);
    let header = Header {
        origin: token(ORIGIN),
        first: first as u64,
        edge: vec![root_of(&hashes[..4])],
        head: log.head(size, &signer(ORIGIN, 1)),
        perimeter: None,
        keys: vec![],
        parts: true,
    };
    let mut lines = vec![header.write()];
    lines.extend((first..size).map(|at| log.line(at, None)));
    lines.push(write_end(size as u64));
    let report = report(&lines, &trust());
    assert_eq!(report.days, 0);
    assert!(
        !report.faults.iter().any(|fault| matches!(fault.what, Wrong::Count { .. })),
        "{:?}",
        report.faults
    );
}

/// Another structure than the one that is counted, active from `first` on.
fn uncounted(first: i64, close: Option<i64>) -> Log {
    let mut log = Log::new();
    let other = StructureId::from_uuid(Uuid::from_u128(77));
    log.now = Timestamp::from_unix(first * DAY).unwrap() + Duration::hours(9);
    log.add(Draft::done(Kind::StructureHabilitated).by_role(Role::Operator).structure(structure()));
    log.add(Draft::done(Kind::StructureHabilitated).by_role(Role::Operator).structure(other));
    for day in first..first + 6 {
        log.now = Timestamp::from_unix((day + 1) * DAY).unwrap() + Duration::minutes(20);
        // On the first day its habilitation, then the count of the day before.
        log.add(count(day, 1, 0, 0, 0));
        if close == Some(day + 1) {
            log.add(Draft::done(Kind::StructureClosed).by_role(Role::Operator).structure(other));
        }
    }
    log
}

#[test]
fn a_structure_that_nobody_ever_counted_is_told() {
    const FIRST: i64 = 20_800;
    let date = |day: i64| Timestamp::from_unix(day * DAY).unwrap().date_time().date();
    let log = uncounted(FIRST, None);
    let report = report(&log.bundle(), &trust());
    let other = StructureId::from_uuid(Uuid::from_u128(77));
    // Its first whole day, whatever its time zone, up to the last that no time zone still waits for.
    let missing = Wrong::CountMissing { structure: other, from: date(FIRST + 1), until: date(FIRST + 3) };
    assert_eq!(report.faults, [Fault { place: Place::default(), what: missing }]);
    assert!(report.faults[0].to_string().starts_with("the file: structure"));
    // Nobody counts what is closed; its days before had to be.
    assert_eq!(days(&uncounted(FIRST, Some(FIRST + 2))).0, []);
    let late = days(&uncounted(FIRST, Some(FIRST + 4))).0;
    assert!(matches!(late[..], [Wrong::CountMissing { until, .. }] if until == date(FIRST + 2)), "{late:?}");
}

#[test]
fn a_structure_whose_counts_stop_is_told() {
    const FIRST: i64 = 20_800;
    let mut log = uncounted(FIRST, Some(FIRST + 1));
    let third = StructureId::from_uuid(Uuid::from_u128(78));
    for day in FIRST + 6..FIRST + 12 {
        log.now = Timestamp::from_unix((day + 1) * DAY).unwrap() + Duration::minutes(20);
        log.add(count(day, i64::from(day > FIRST + 6), 0, 0, 0).structure(third));
    }
    let (wrong, _) = days(&log);
    assert!(
        matches!(&wrong[..], [Wrong::CountMissing { structure: of, from, until }]
            if *of == structure() && until.to_julian_day() - from.to_julian_day() == 3),
        "{wrong:?}"
    );
}

/// A log in which counting has just begun: the others' turn comes.
#[test]
fn a_structure_whose_turn_comes_is_not_told() {
    const FIRST: i64 = 20_800;
    let mut log = Log::new();
    let other = StructureId::from_uuid(Uuid::from_u128(77));
    log.now = Timestamp::from_unix(FIRST * DAY).unwrap() + Duration::hours(9);
    log.add(Draft::done(Kind::StructureHabilitated).by_role(Role::Operator).structure(structure()));
    log.add(Draft::done(Kind::StructureHabilitated).by_role(Role::Operator).structure(other));
    log.now = Timestamp::from_unix((FIRST + 9) * DAY).unwrap();
    for day in 0..8 {
        log.add(count(FIRST + day, i64::from(day == 0), 0, 0, 0));
    }
    assert_eq!(days(&log).0, []);
}
