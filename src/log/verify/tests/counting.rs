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
        parts: false,
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
