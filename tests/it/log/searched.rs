//! Search in a log longer than what one page looks through: whatever is asked for, the pages together hold exactly the
//! lines that meet the criteria, newest first, and no page is given up before it is full or has looked far.
use entremise::domain::ids::{Entropy, EntryId, PersonId, ServiceId, StructureId};
use entremise::domain::time::Timestamp;
use entremise::store::search::{Criteria, Page, search};
use time::Duration;
use uuid::Uuid;

use super::room::literal;
use super::*;
use crate::support::Roles;

/// More than a page looks through (5 000), and more of each kind than a rare criterion has (5 000).
const LINES: usize = 36_000;
const SIZE: usize = 500;

#[derive(Clone, Debug)]
struct Line {
    id: EntryId,
    at: Timestamp,
    structure: StructureId,
    service: ServiceId,
    kind: &'static str,
    refused: bool,
}

struct Long {
    app: TestApp,
    structures: Vec<StructureId>,
    services: [ServiceId; 2],
    /// Newest first.
    lines: Vec<Line>,
    /// Of the first three structures only.
    auditor: PersonId,
    begun: Timestamp,
}

impl Long {
    /// Two services; all lines of the second kind are of the first service, but for the oldest line of all; the newest of
    /// the fourth structure is a third of the way back.
    async fn told(app: TestApp) -> Self {
        let mut structures = Vec::new();
        for at in 0..4 {
            structures.push(app.structure(&format!("Structure {at}"), &format!("{at:014}")).await);
        }
        let services = [1, 2].map(|at| ServiceId::from_uuid(Uuid::from_u128(at)));
        let begun = app.app.now();
        let mut lines: Vec<Line> = (0..LINES)
            .map(|at| {
                let time = begun + Duration::milliseconds(i64::try_from(at).unwrap() * 10);
                let (service, kind) = match at {
                    0 => (1, "code.redeemed"),
                    _ if at % 3 == 0 => (0, "code.redeemed"),
                    _ if at % 2 == 0 => (0, "userinfo.given"),
                    _ => (1, "userinfo.given"),
                };
                let structure = if at < LINES / 3 * 2 && at % 100 == 0 { 3 } else { at % 3 };
                Line {
                    id: EntryId::new(time, &Numbered(at)),
                    at: time,
                    structure: structures[structure],
                    service: services[service],
                    kind,
                    refused: at % 2_000 == 1_000,
                }
            })
            .collect();
        insert(&app, &lines).await;
        lines.reverse();
        let auditor = app.person("Rose", "Abgrall", Roles { operator: false, auditor: true }).await;
        let id = literal(&app, auditor.uuid().as_bytes());
        force(&app.app.store, &format!("UPDATE person SET perimeter = 'listed' WHERE id = {id}"))
            .await
            .unwrap();
        for structure in &structures[..3] {
            let structure = literal(&app, structure.uuid().as_bytes());
            let listed =
                format!("INSERT INTO auditor_structure (person_id, structure_id) VALUES ({id}, {structure})");
            force(&app.app.store, &listed).await.unwrap();
        }
        Self { app, structures, services, lines, auditor, begun }
    }

    fn meant(&self, wanted: &Criteria) -> Vec<EntryId> {
        let meets = |line: &&Line| {
            wanted.from.is_none_or(|from| line.at >= from)
                && wanted.until.is_none_or(|until| line.at < until)
                && wanted.structure_id.is_none_or(|id| line.structure == id)
                && wanted.service_id.is_none_or(|id| line.service == id)
                && wanted.kind.is_none_or(|kind| line.kind == kind)
                && wanted.refused.is_none_or(|refused| line.refused == refused)
                && (wanted.perimeter_of.is_none() || line.structure != self.structures[3])
        };
        self.lines.iter().filter(meets).map(|line| line.id).collect()
    }
}

/// Every page, from the newest on.
async fn pages(app: &TestApp, wanted: &Criteria) -> Vec<Page> {
    let mut wanted = wanted.clone();
    let mut pages = Vec::new();
    loop {
        let page = entremise::view!(app.app.store, tx => { search(tx, &wanted, SIZE).await }).unwrap();
        let next = page.next;
        pages.push(page);
        assert!(pages.len() < LINES / SIZE, "it comes to an end");
        match next {
            Some(next) => wanted.before = Some(next),
            None => return pages,
        }
    }
}

/// Randomness that tells lines of one millisecond apart.
struct Numbered(usize);

impl Entropy for Numbered {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.iter_mut().zip(self.0.to_be_bytes()).for_each(|(byte, number)| *byte = number);
    }
}

/// As rows; what they hold is of no concern here.
async fn insert(app: &TestApp, lines: &[Line]) {
    for some in lines.chunks(500) {
        let values = some.iter().map(|line| {
            let id = |id: Uuid| {
                let literal = literal(app, id.as_bytes());
                if literal.starts_with('X') { literal } else { format!("{literal}::uuid") }
            };
            let outcome = if line.refused { "refused" } else { "done" };
            let bytes = if app.db.url.starts_with("sqlite") {
                "zeroblob(32)"
            } else {
                "decode(repeat('00', 32), 'hex')"
            };
            format!(
                "({}, '{}', '{}', '{outcome}', {}, {}, {bytes}, {bytes})",
                id(line.id.uuid()),
                line.at,
                line.kind,
                id(line.structure.uuid()),
                id(line.service.uuid())
            )
        });
        let sql = format!(
            "INSERT INTO entry (id, at, kind, outcome, structure_id, service_id, leaf, leaf_hash) VALUES {}",
            values.collect::<Vec<_>>().join(", ")
        );
        force(&app.app.store, &sql).await.unwrap();
    }
}

on_both_engines! {
    async fn pages_of_a_long_log_hold_what_meets_the_criteria_and_no_more(app: TestApp) {
        let long = Long::told(app).await;
        let any = Criteria::default;
        let service = |at: usize| Some(long.services[at]);
        let hour = Duration::seconds(60);
        let questions = [
            ("a service", Criteria { service_id: service(0), ..any() }),
            ("a service and a kind that meet in one old line", Criteria { service_id: service(1), kind: Some("code.redeemed"), ..any() }),
            ("a service and a kind that never meet", Criteria { service_id: service(1), kind: Some("use.opened"), ..any() }),
            ("a service and a kind, often", Criteria { service_id: service(0), kind: Some("code.redeemed"), ..any() }),
            ("a structure and a kind", Criteria { structure_id: Some(long.structures[3]), kind: Some("code.redeemed"), ..any() }),
            ("refusals of a service", Criteria { service_id: service(1), refused: Some(true), ..any() }),
            ("refusals of a service, of a kind", Criteria { service_id: service(1), kind: Some("code.redeemed"), refused: Some(true), ..any() }),
            ("a kind that was done", Criteria { kind: Some("userinfo.given"), refused: Some(false), ..any() }),
            ("a period of a service", Criteria { service_id: service(1), from: Some(long.begun + hour), until: Some(long.begun + hour * 2), ..any() }),
            ("a kind, in a perimeter", Criteria { kind: Some("code.redeemed"), perimeter_of: Some(long.auditor), ..any() }),
            ("a service and a kind, in a perimeter", Criteria { service_id: service(1), kind: Some("code.redeemed"), perimeter_of: Some(long.auditor), ..any() }),
            ("refusals of a kind, in a perimeter", Criteria { kind: Some("userinfo.given"), refused: Some(true), perimeter_of: Some(long.auditor), ..any() }),
            ("a structure outside the perimeter", Criteria { structure_id: Some(long.structures[3]), perimeter_of: Some(long.auditor), ..any() }),
        ];
        for (what, wanted) in &questions {
            let pages = pages(&long.app, wanted).await;
            let found: Vec<EntryId> = pages.iter().flat_map(|page| page.ids.clone()).collect();
            assert!(found == long.meant(wanted), "{what}: {} lines, not {}", found.len(), long.meant(wanted).len());
            let (last, before) = pages.split_last().unwrap();
            assert!(last.next.is_none() && !last.stopped, "{what}");
            for page in before {
                assert_eq!(page.stopped, page.ids.len() < SIZE, "{what}: {page:?}");
            }
        }
        // Where nothing is met, a page looks through five thousand lines: three pages for these twelve thousand, not one.
        assert_eq!(pages(&long.app, &questions[1].1).await.iter().map(|page| page.ids.len()).collect::<Vec<_>>(), [0, 0, 1]);
    }
    /// The ids of a period's lines begin a little outside it: what is met there in vain takes the place of no line.
    async fn a_period_of_many_structures_loses_no_line(app: TestApp) {
        const STRUCTURES: usize = 100;
        let mut structures = Vec::new();
        for at in 0..STRUCTURES {
            structures.push(app.structure(&format!("Structure {at}"), &format!("{at:014}")).await);
        }
        let auditor = app.person("Rose", "Abgrall", Roles { operator: false, auditor: true }).await;
        let id = literal(&app, auditor.uuid().as_bytes());
        force(&app.app.store, &format!("UPDATE person SET perimeter = 'listed' WHERE id = {id}")).await.unwrap();
        let listed = format!("INSERT INTO auditor_structure (person_id, structure_id) SELECT {id}, id FROM structure");
        force(&app.app.store, &listed).await.unwrap();
        let begun = app.app.now();
        // The lines of one structure fill more than a page, and go on after the period; the others have one each.
        let busy = 1_105;
        let lines: Vec<Line> = (0..busy + STRUCTURES)
            .map(|at| {
                let at_ms = if at < busy { at } else { at - busy };
                let time = begun + Duration::milliseconds(i64::try_from(at_ms).unwrap() * 10);
                Line {
                    id: EntryId::new(time, &Numbered(at)),
                    at: time,
                    structure: structures[at.saturating_sub(busy)],
                    service: ServiceId::from_uuid(Uuid::from_u128(1)),
                    kind: "code.redeemed",
                    refused: false,
                }
            })
            .collect();
        insert(&app, &lines).await;
        let until = begun + Duration::milliseconds(11_000);
        let wanted = Criteria { until: Some(until), perimeter_of: Some(auditor), ..Criteria::default() };
        let mut meant: Vec<EntryId> = lines.iter().filter(|line| line.at < until).map(|line| line.id).collect();
        meant.sort_unstable_by(|a, b| b.cmp(a));
        let mut found: Vec<EntryId> = pages(&app, &wanted).await.into_iter().flat_map(|page| page.ids).collect();
        // The structures themselves have lines too.
        found.retain(|id| lines.iter().any(|line| line.id == *id));
        assert_eq!(found.len(), meant.len());
        assert!(found == meant);
    }
}
