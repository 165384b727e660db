//! The action log on both engines: entries, sequencing, heads, floods, and what an auditor is told.
mod acts;
mod clocks;
mod codes;
mod complete;
mod elsewhere;
mod epochs;
mod erasing;
mod erasing_held;
mod erasing_replayed;
mod forgotten;
mod housekeeping;
mod keeping;
mod nodes;
mod own;
mod published;
mod recording;
mod recovering;
mod resumed;
mod roles;
mod room;
mod room_activity;
mod room_alerts;
mod room_export;
mod room_perimeter;
mod rotation;
mod searched;
mod story;
mod story_told;
mod taken_away;
mod witnesses;

pub(crate) use taken_away::latest as latest_user;

use entremise::app::App;
use entremise::app::export_log::{Taker, Wanted, plan};
use entremise::app::record;
use entremise::jobs::head::HeadFile;
use entremise::jobs::keeper::Keeper;
use entremise::log::draft::Draft;
use entremise::log::kind::{Kind, Role};
use entremise::log::merkle::{Hash, root_of};
use entremise::log::verify::{Report, Trust, verify};
use entremise::store::{Store, StoreError};

use crate::support::{Engine, TestApp};

/// A keeper that remembers its head where the configuration says.
fn keeper(app: &TestApp, name: &str) -> Keeper {
    Keeper::new(name, HeadFile::new(&app.app.config.log.head_file))
}

/// A keeper of another node, with a memory of its own.
fn other_keeper(app: &TestApp, name: &str) -> Keeper {
    Keeper::new(name, HeadFile::new(app.app.config.log.head_file.with_file_name(format!("head-{name}"))))
}

async fn write(app: &App, count: usize) {
    for _ in 0..count {
        let draft = Draft::done(Kind::NoticeSent).by_role(Role::System);
        record::append(app, draft).await.expect("an entry is written");
    }
}

/// Trusting the key of the log alone.
fn trust(app: &App) -> Trust {
    Trust { keys: vec![app.log.signers()[0].key().clone()], ..Trust::default() }
}

/// A bundle, line by line.
async fn lines(app: &App, wanted: &Wanted) -> Vec<String> {
    let export = plan(app, Taker::CommandLine, wanted).await.expect("an export");
    let mut lines = Vec::new();
    let mut sink = |line: &str| {
        lines.push(line.to_owned());
        Ok(())
    };
    export.write(app, &mut sink).await.expect("the export is written");
    lines
}

/// Verified as if it came from elsewhere.
fn check(lines: &[String], trust: &Trust) -> Report {
    let text = lines.join("\n") + "\n";
    verify(text.as_bytes(), trust, &std::env::temp_dir(), &mut |_, _| ()).unwrap()
}

/// Places everything that waits.
async fn sequence(app: &TestApp, keeper: &Keeper) {
    while keeper.sequence(&app.app).await.expect("the log is kept") > 0 {}
}

/// (place, leaf hash) of every line, in order of place.
pub(crate) async fn placed(store: &Store) -> Vec<(i64, Vec<u8>)> {
    rows(
        store,
        "SELECT l.leaf_index, e.leaf_hash FROM log_leaf l JOIN entry e ON e.id = l.entry_id ORDER BY 1",
    )
    .await
}

pub(crate) async fn rows(store: &Store, sql: &'static str) -> Vec<(i64, Vec<u8>)> {
    entremise::view!(store, tx => {
        Ok::<_, StoreError>(match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query_as(sql).fetch_all(&mut **c).await?,
            entremise::store::Tx::Lite(c) => sqlx::query_as(sql).fetch_all(&mut **c).await?,
        })
    })
    .expect("the database answers")
}

pub(crate) async fn number(store: &Store, sql: &'static str) -> i64 {
    entremise::view!(store, tx => {
        Ok::<_, StoreError>(match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query_scalar(sql).fetch_one(&mut **c).await?,
            entremise::store::Tx::Lite(c) => sqlx::query_scalar(sql).fetch_one(&mut **c).await?,
        })
    })
    .expect("the database answers")
}

/// Runs a statement as someone who owns the database would.
pub(crate) async fn force(store: &Store, sql: &str) -> Result<u64, StoreError> {
    let sql = sql.to_owned();
    entremise::transact!(store, "test_force", tx => {
        Ok::<_, StoreError>(match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => {
                sqlx::query(sqlx::AssertSqlSafe(sql.clone())).execute(&mut **c).await?.rows_affected()
            }
            entremise::store::Tx::Lite(c) => {
                sqlx::query(sqlx::AssertSqlSafe(sql.clone())).execute(&mut **c).await?.rows_affected()
            }
        })
    })
}

/// The database refuses lines of this kind from now on.
pub(crate) async fn refuse_lines(app: &TestApp, kind: &str) {
    let sql = if app.db.engine == Engine::Sqlite {
        format!(
            "CREATE TRIGGER test_refuses BEFORE INSERT ON entry WHEN NEW.kind = '{kind}' \
             BEGIN SELECT RAISE(ABORT, 'refused by a test'); END"
        )
    } else {
        format!(
            "CREATE TRIGGER test_refuses BEFORE INSERT ON entry FOR EACH ROW WHEN (NEW.kind = '{kind}') \
             EXECUTE FUNCTION refuse_change()"
        )
    };
    force(&app.app.store, &sql).await.unwrap();
}

/// And takes them again.
pub(crate) async fn take_lines(app: &TestApp) {
    let on = if app.db.engine == Engine::Sqlite { "" } else { " ON entry" };
    force(&app.app.store, &format!("DROP TRIGGER test_refuses{on}")).await.unwrap();
}

/// Places are 0, 1, 2 … without gap, nothing waits, and every stored tile is what the leaves make it.
pub(crate) async fn assert_sound(store: &Store) -> Hash {
    let lines = placed(store).await;
    for (wanted, (place, _)) in lines.iter().enumerate() {
        assert_eq!(usize::try_from(*place).unwrap(), wanted, "places are gapless");
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM entry_pending").await, 0, "nothing waits");
    assert_eq!(number(store, "SELECT COUNT(*) FROM entry").await, i64::try_from(lines.len()).unwrap());
    let leaves: Vec<Hash> = lines.iter().map(|(_, hash)| Hash::from_slice(hash).unwrap()).collect();
    let stored = entremise::view!(store, tx => { entremise::app::tree::root(tx, leaves.len() as u64).await });
    assert_eq!(stored.expect("the tree is whole"), root_of(&leaves), "the stored tree is that of the leaves");
    root_of(&leaves)
}
