//! PostgreSQL: the application works with a role that cannot change what was written, nor take away what would refuse it.
use entremise::app::erase_user::{self, Reason};
use entremise::store::{Options, Store};
use sqlx::Connection;
use time::Duration;

use super::*;
use crate::flows::mandate_support::{Desk, josette};
use crate::support::{Engine, TestApp, TestDb};

const ROLE: &str = include_str!("../../../docs/postgres-role.sql");

#[tokio::test]
async fn the_role_of_the_application_only_adds_to_the_log() {
    let mut db = TestDb::fresh(Engine::Postgres).await;
    let mut owner = sqlx::PgConnection::connect(&db.url).await.unwrap();
    for _ in 0..2 {
        sqlx::raw_sql(ROLE).execute(&mut owner).await.expect("it may be run again");
    }
    db.url.push_str("?options[role]=entremise_app");
    let url = db.url.clone();

    // The whole scene works with it: a mandate signed and revoked, the log placed and signed, an erasure.
    let desk = Desk::open(TestApp::on(db).await).await;
    let reference = desk.signed(josette(), &["argent"], "31").await;
    desk.post(&format!("/mandates/{reference}/end"), &[("by", "user")]).await.assert_status(303);
    let app = &desk.app;
    let keeper = keeper(app, "a");
    sequence(app, &keeper).await;
    keeper.sign(&app.app).await.unwrap().unwrap();
    let parts = "SELECT COUNT(*) FROM entry_part WHERE part = 'user'";
    assert!(number(&app.app.store, parts).await > 0);
    let user = erase_user::user_of(&app.app, &reference).await.unwrap();
    erase_user::erase(&app.app, user, Reason::Request, None).await.unwrap();
    assert_eq!(number(&app.app.store, parts).await, 0, "the erasure has its owner's rights");
    app.clock.advance(Duration::seconds(20));
    sequence(app, &keeper).await;
    assert_sound(&app.app.store).await;

    // No table whose changes a trigger refuses was forgotten; a mark is taken away when its entry has its place, and a
    // cosignature gives way to a later one of the same head.
    let granted: Vec<(String, bool, bool)> = sqlx::query_as(
        "SELECT DISTINCT c.relname::text, has_table_privilege('entremise_app', c.oid, 'UPDATE'), \
         has_table_privilege('entremise_app', c.oid, 'DELETE') FROM pg_trigger t \
         JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'refuse_change'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(granted.len() >= 8, "{granted:?}");
    for (table, update, delete) in granted {
        assert_eq!((update, delete), (table == "log_cosignature", table == "entry_pending"), "{table}");
    }

    // Whoever steals its password cannot do more.
    let options: Options = url.parse().unwrap();
    let store = Store::open(&options).await.unwrap();
    for table in
        ["entry", "entry_part", "log_leaf", "log_checkpoint", "log_epoch", "log_succession", "erasure"]
    {
        let column = match table {
            "log_leaf" => "leaf_index = leaf_index",
            "log_checkpoint" => "size = size",
            "log_epoch" => "number = number",
            "log_succession" => "position = position",
            "entry" => "id = id",
            _ => "entry_id = entry_id",
        };
        for statement in [
            format!("UPDATE {table} SET {column}"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
            format!("ALTER TABLE {table} DISABLE TRIGGER USER"),
            format!("DROP TABLE {table} CASCADE"),
        ] {
            let refused = force(&store, &statement).await.expect_err(&statement).to_string();
            assert!(
                refused.contains("permission denied") || refused.contains("must be owner"),
                "{statement}: {refused}"
            );
        }
    }
    for statement in [
        "DELETE FROM _sqlx_migrations",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    ] {
        let refused = force(&store, statement).await.expect_err(statement).to_string();
        assert!(
            refused.contains("permission denied") || refused.contains("must be owner"),
            "{statement}: {refused}"
        );
    }
    store.close().await;
    // Nor make the owner's rights delete what no entry says, in tables of its own that bear the names of the true ones.
    let mut thief = sqlx::PgConnection::connect(&url).await.unwrap();
    let erase =
        "INSERT INTO erasure (entry_id, subject) SELECT id, subject FROM entry WHERE kind = 'mandate.signed'";
    for trick in [
        "SELECT 1",
        "CREATE TEMP TABLE entry AS SELECT id, subject, 'mandate.signed' AS kind, 'done' AS outcome FROM public.entry \
          UNION ALL SELECT id, subject, 'data.erased', 'done' FROM public.entry",
    ] {
        sqlx::raw_sql(trick).execute(&mut thief).await.unwrap();
        let refused = sqlx::raw_sql(erase).execute(&mut thief).await.expect_err(trick).to_string();
        assert!(refused.contains("an erasure needs the entry that says it"), "{refused}");
    }
    thief.close().await.unwrap();
    owner.close().await.unwrap();
}
