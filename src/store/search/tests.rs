//! Which index SQLite follows, for every combination of criteria: a wrong one reads the whole log.
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};
use uuid::Uuid;

use super::*;
use crate::store::migrate;

/// Every combination of criteria, of a perimeter too wide for ways of its own.
fn combinations() -> impl Iterator<Item = Criteria> {
    let id = Uuid::from_u128(7);
    (0..1_u32 << 7).flat_map(move |set| {
        let has = move |bit: u32| (set >> bit & 1 == 1).then_some(());
        let some = Criteria {
            mandate_id: has(0).map(|()| MandateId::from_uuid(id)),
            subject: has(1).map(|()| vec![1; 32]),
            actor: has(2).map(|()| vec![1; 32]),
            structure_id: has(3).map(|()| StructureId::from_uuid(id)),
            service_id: has(4).map(|()| ServiceId::from_uuid(id)),
            domain: has(5).map(|()| "argent".to_owned()),
            kind: has(6).map(|()| "use.opened"),
            ..Criteria::default()
        };
        let outcomes = [None, Some(true), Some(false)];
        outcomes.into_iter().flat_map(move |refused| {
            let some = some.clone();
            (0..4).map(move |more| Criteria {
                refused,
                from: (more & 1 == 1).then(|| Timestamp::from_unix(1_800_000_000).unwrap()),
                until: (more & 1 == 1).then(|| Timestamp::from_unix(1_800_090_000).unwrap()),
                perimeter_of: (more & 2 == 2).then(|| PersonId::from_uuid(id)),
                ..some.clone()
            })
        })
    })
}

/// The index of a way, and whether it alone should be read.
fn meant(wanted: &Criteria, way: &Way, leads: bool) -> (String, bool) {
    let refused = if refusals(wanted, way).is_empty() { "" } else { "refused_" };
    match way.leader() {
        None if refused.is_empty() => ("sqlite_autoindex_entry_1".to_owned(), false),
        None => ("entry_refused".to_owned(), false),
        Some(leader) => {
            let name = leader.column().trim_end_matches("_id");
            let covers = !matches!(leader, Leader::Mandate | Leader::Subject);
            (format!("entry_{refused}{name}"), covers && leads)
        }
    }
}

#[tokio::test]
async fn each_way_follows_its_own_index() {
    let mut lite = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    migrate::SQLITE.run(&mut lite).await.unwrap();
    let mut seen = 0;
    for wanted in combinations() {
        let present = Leader::present(&wanted);
        let mut ways: Vec<Way> = present.into_iter().map(|(leader, value)| Way::Led(leader, value)).collect();
        // Another criterion leads only where the first does not end before.
        if ways.first().is_none_or(Way::is_short) {
            ways.truncate(1);
        }
        if ways.is_empty() {
            ways.push(Way::All);
        }
        for (place, way) in ways.iter().enumerate() {
            let sql = statement_of(&wanted, std::slice::from_ref(way), 5_000, 51);
            let text = format!("EXPLAIN QUERY PLAN {}", sql.text);
            let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(&mut lite).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get::<String, _>("detail")).collect();
            let (index, covers) = meant(&wanted, way, place == 0);
            let uses: Vec<&str> = plan
                .iter()
                .filter(|step| step.contains(" e USING ") || step.starts_with("SCAN e"))
                .filter_map(|step| step.split_once(" INDEX ")?.1.split(' ').next())
                .collect();
            assert_eq!(uses, [index.as_str()], "{wanted:?} by {way:?}: {plan:?}");
            let covering = plan.iter().any(|step| step.contains(&format!("COVERING INDEX {index}")));
            assert!(covering || !covers, "{wanted:?} by {way:?}: {plan:?}");
            assert!(way.is_short() || !plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
            seen += 1;
        }
    }
    assert!(seen > 1_536, "{seen}");
}
