//! The migrations, embedded: a node needs nothing but its binary.
use std::collections::BTreeSet;

use sqlx::migrate::Migrator;

pub(super) static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
pub(super) static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The numbers of the migrations this program knows.
pub(super) fn known() -> BTreeSet<i64> {
    POSTGRES.iter().map(|migration| migration.version).collect()
}
