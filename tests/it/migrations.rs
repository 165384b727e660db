//! The two migration trees are one schema, and what has landed never changes.
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sqlx::{Connection, Row};

use crate::support::{Engine, TestDb};

/// Statements that differ between the engines for a reason, by the words they begin with.
const ONE_ENGINE_ONLY: &[&str] = &[
    "DROP TRIGGER",
    "ALTER TABLE entry DISABLE TRIGGER",
    "ALTER TABLE entry ENABLE TRIGGER",
    "ALTER TABLE entry SET (autovacuum",
    "CREATE TRIGGER",
    "CREATE FUNCTION",
    "CREATE OR REPLACE FUNCTION",
    "ALTER FUNCTION",
];
/// The engines write this bound differently: PostgreSQL has an interval, SQLite compares Julian days.
const TRANSLATED_CHECKS: &[(&str, &str)] =
    &[("ends_at < signed_at + interval '367 days'", "julianday(ends_at) - julianday(signed_at) < 367")];

fn tree(engine: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine)
}

fn names(engine: &str) -> BTreeSet<String> {
    let names: BTreeSet<String> = fs::read_dir(tree(engine))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!names.is_empty(), "no migration for {engine}");
    names
}

#[test]
fn both_trees_have_the_same_names() {
    assert_eq!(names("sqlite"), names("postgres"));
    let mut numbers = BTreeSet::new();
    for name in names("sqlite") {
        let number = name.split('_').next().unwrap();
        assert!(number.len() == 4 && number.parse::<u16>().is_ok(), "{name}: four digits");
        assert!(numbers.insert(number.to_owned()), "{name}: a number is used once");
    }
}

/// Every table, column, default, check, key and index, text against text, once the words for types are the same.
#[test]
fn both_trees_say_the_same() {
    for name in names("sqlite") {
        let lite = statements(&fs::read_to_string(tree("sqlite").join(&name)).unwrap());
        let pg = statements(&fs::read_to_string(tree("postgres").join(&name)).unwrap());
        let pg: Vec<String> = pg.iter().map(|statement| in_sqlite_words(statement)).collect();
        let lite: Vec<String> = lite.iter().map(|statement| statement.replace(") STRICT", ")")).collect();
        for (lite, pg) in lite.iter().zip(&pg) {
            assert_eq!(lite, pg, "migrations/*/{name}");
        }
        assert_eq!(lite.len(), pg.len(), "migrations/*/{name}: one engine has statements the other lacks");
    }
}

/// Where a row names an entry that comes after it, SQLite looks for such rows in the whole table each time an entry comes,
/// unless it has an index.
#[test]
fn rows_that_come_before_their_entry_have_an_index() {
    let texts: Vec<String> =
        names("sqlite").iter().map(|name| fs::read_to_string(tree("sqlite").join(name)).unwrap()).collect();
    let text = texts.concat();
    let deferred = text.lines().filter(|line| line.contains("DEFERRABLE INITIALLY DEFERRED"));
    let mut seen = 0;
    for line in deferred {
        let mut words = line.strip_prefix("ALTER TABLE ").expect(line).split(' ');
        let (table, column) = (words.next().unwrap(), words.nth(2).unwrap());
        assert!(text.contains(&format!(" ON {table} ({column}")), "{table}.{column} has no index");
        seen += 1;
    }
    assert!(seen >= 13, "{seen}");
}

/// Splits at `;` outside quotes and bodies, without comments and extra spaces, without what is one engine's alone.
fn statements(sql: &str) -> Vec<String> {
    let text: String = sql.lines().map(without_comment).collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while !rest.trim().is_empty() {
        let start = rest.trim_start();
        let body = start.find("BEGIN").is_some_and(|begin| start.find(';').is_none_or(|end| begin < end));
        let end = if start.starts_with("CREATE TRIGGER") && body {
            start.find("END;").map_or(start.len(), |at| at + 3)
        } else if start.starts_with("CREATE FUNCTION") || start.starts_with("CREATE OR REPLACE FUNCTION") {
            start.find("$$;").map_or(start.len(), |at| at + 2)
        } else {
            semicolon(start)
        };
        found.push(start[..end].trim().to_owned());
        rest = start.get(end + 1..).unwrap_or("");
    }
    found.retain(|statement| !ONE_ENGINE_ONLY.iter().any(|words| statement.starts_with(words)));
    found
}

fn semicolon(sql: &str) -> usize {
    let mut quoted = false;
    for (at, c) in sql.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            ';' if !quoted => return at,
            _ => {}
        }
    }
    sql.len()
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '-' if !quoted && line[at..].starts_with("--") => return &line[..at],
            _ => {}
        }
    }
    line
}

fn in_sqlite_words(statement: &str) -> String {
    let mut statement = statement.replace(" COLLATE \"C\"", "");
    for (pg, lite) in TRANSLATED_CHECKS {
        statement = statement.replace(pg, lite);
    }
    if !["CREATE TABLE", "ALTER TABLE"].iter().any(|words| statement.starts_with(words)) {
        return statement;
    }
    for (pg, lite) in [
        ("uuid", "BLOB"),
        ("bytea", "BLOB"),
        ("timestamptz", "TEXT"),
        ("text", "TEXT"),
        ("bigint", "INTEGER"),
    ] {
        statement = as_type(&statement, pg, lite);
    }
    as_type(&statement, "boolean", "INTEGER")
}

/// Replaces a type's name where a type stands: after a column's name.
fn as_type(statement: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut previous = "";
    for word in statement.split(' ') {
        let bare = word.trim_end_matches([',', ')']);
        let column_before =
            !previous.is_empty() && previous.chars().all(|c| c.is_lowercase() || c == '_' || c == '(');
        if bare == from && column_before {
            out.push_str(to);
            out.push_str(&word[bare.len()..]);
        } else {
            out.push_str(word);
        }
        out.push(' ');
        previous = word;
    }
    out.trim_end().to_owned()
}

on_both_engines! {
    /// The service opens what the tests prepared, and migrating twice changes nothing.
    async fn migrating_again_changes_nothing(db: TestDb) {
        let store = db.store().await;
        assert_eq!(format!("{:?}", store.engine()), format!("{:?}", db.engine));
        store.migrate().await.unwrap();
        store.close().await;
    }

    /// A migration that landed after one of a higher number is missed as any other, and one we do not know is told.
    async fn every_migration_counts_not_only_the_newest(db: TestDb) {
        let store = db.store().await;
        store.check_version().await.unwrap();
        for (change, told) in [
            ("UPDATE _sqlx_migrations SET version = -version WHERE version = 26", "newer"),
            ("DELETE FROM _sqlx_migrations WHERE version = -26", "older"),
        ] {
            crate::log::force(&store, change).await.unwrap();
            let refused = store.check_version().await.unwrap_err().to_string();
            assert!(refused.contains(told), "{change}: {refused}");
        }
        store.close().await;
    }
}

/// What each engine says of itself once migrated: tables, columns in order, what may be null, unique and
/// partial indexes, foreign keys.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    Column { table: String, name: String, nullable: bool },
    Index { table: String, columns: Vec<String>, unique: bool, partial: bool },
    ForeignKey { table: String, column: String, to: String },
}

#[tokio::test]
async fn both_engines_hold_the_same_schema() {
    let lite = sqlite_facts(&TestDb::fresh(Engine::Sqlite).await).await;
    let pg = postgres_facts(&TestDb::fresh(Engine::Postgres).await).await;
    assert!(lite.len() > 100, "the schema was not read");
    let only_lite: Vec<_> = lite.difference(&pg).collect();
    let only_pg: Vec<_> = pg.difference(&lite).collect();
    assert!(
        only_lite.is_empty() && only_pg.is_empty(),
        "only SQLite: {only_lite:#?}\nonly PostgreSQL: {only_pg:#?}"
    );
}

async fn sqlite_facts(db: &TestDb) -> BTreeSet<Fact> {
    let mut c = sqlx::SqliteConnection::connect(&db.url).await.unwrap();
    let mut facts = BTreeSet::new();
    let columns = sqlx::query(
        "SELECT m.name AS t, c.name AS n, c.\"notnull\" = 0 AND c.pk = 0 AS nullable
         FROM sqlite_schema m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> '_sqlx_migrations'",
    );
    for row in columns.fetch_all(&mut c).await.unwrap() {
        facts.insert(Fact::Column {
            table: row.get("t"),
            name: row.get("n"),
            nullable: row.get::<i64, _>("nullable") == 1,
        });
    }
    let indexes = sqlx::query(
        "SELECT m.name AS t, i.\"unique\" = 1 AS u, i.partial AS p, group_concat(x.name) AS columns FROM sqlite_schema m
         JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) x
         WHERE m.type = 'table' AND m.name <> '_sqlx_migrations' AND i.origin <> 'pk' GROUP BY m.name, i.name",
    );
    for row in indexes.fetch_all(&mut c).await.unwrap() {
        facts.insert(Fact::Index {
            table: row.get("t"),
            columns: row.get::<String, _>("columns").split(',').map(str::to_owned).collect(),
            unique: row.get::<i64, _>("u") == 1,
            partial: row.get::<i64, _>("p") == 1,
        });
    }
    let keys = sqlx::query(
        "SELECT m.name AS t, f.\"from\" AS c, f.\"table\" || '.' || coalesce(f.\"to\", '') AS target
         FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
    );
    for row in keys.fetch_all(&mut c).await.unwrap() {
        facts.insert(Fact::ForeignKey { table: row.get("t"), column: row.get("c"), to: row.get("target") });
    }
    facts
}

async fn postgres_facts(db: &TestDb) -> BTreeSet<Fact> {
    let mut c = sqlx::PgConnection::connect(&db.url).await.unwrap();
    let mut facts = BTreeSet::new();
    let columns = sqlx::query(
        "SELECT table_name::text AS t, column_name::text AS n, is_nullable = 'YES' AS nullable
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
    );
    for row in columns.fetch_all(&mut c).await.unwrap() {
        facts.insert(Fact::Column { table: row.get("t"), name: row.get("n"), nullable: row.get("nullable") });
    }
    let indexes = sqlx::query(
        "SELECT t.relname::text AS t, i.indisunique AS u, i.indpred IS NOT NULL AS p,
           (SELECT string_agg(a.attname::text, ',' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY AS k (att, n)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att) AS columns
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace
         WHERE s.nspname = 'public' AND t.relname <> '_sqlx_migrations' AND NOT i.indisprimary",
    );
    for row in indexes.fetch_all(&mut c).await.unwrap() {
        facts.insert(Fact::Index {
            table: row.get("t"),
            columns: row.get::<String, _>("columns").split(',').map(str::to_owned).collect(),
            unique: row.get("u"),
            partial: row.get("p"),
        });
    }
    let keys = sqlx::query(
        "SELECT t.relname::text AS t, a.attname::text AS c, r.relname::text || '.' || b.attname::text AS target
         FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1]
         JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = k.confkey[1]
         WHERE k.contype = 'f' AND array_length(k.conkey, 1) = 1",
    );
    for row in keys.fetch_all(&mut c).await.unwrap() {
        facts.insert(Fact::ForeignKey { table: row.get("t"), column: row.get("c"), to: row.get("target") });
    }
    facts
}
