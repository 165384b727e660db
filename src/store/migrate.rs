//! The migrations, embedded: a node needs nothing but its binary.
use sqlx::migrate::Migrator;

pub(super) static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
pub(super) static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The newest migration this program knows.
pub(super) fn newest() -> i64 {
    POSTGRES.iter().map(|migration| migration.version).max().unwrap_or(0)
}
