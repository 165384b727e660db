//! Opening the database, and its named transactions.
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::tx::{ReadTx, Tx, WriteTx};
use super::watch::{Told, Watch};
use super::{StoreError, migrate};

/// How often a transaction is run again after a deadlock or a busy database before its caller is told.
const ATTEMPTS: u32 = 5;

/// A connection idle for longer is asked whether it still answers before it is used.
const RESTED: Duration = Duration::from_secs(1);

/// Statements each connection keeps prepared: every text of the program, those over several rows in all their widths.
const STATEMENTS: usize = 600;

/// Where the data lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Options {
    /// One file, for one machine.
    Sqlite { file: PathBuf },
    /// A connection URL (`postgres://…`), for one or many nodes. Holds a password: never printed.
    Postgres { url: PostgresUrl, connections: u32 },
}

/// A PostgreSQL URL, silent when printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl std::fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostgresUrl(…)")
    }
}

impl FromStr for Options {
    type Err = StoreError;

    /// `sqlite:PATH` or `postgres://…`.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite { file: PathBuf::from(path.trim_start_matches("//")) });
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres { url: PostgresUrl(text.to_owned()), connections: 16 });
        }
        Err(StoreError::Options("a database is `sqlite:PATH` or `postgres://user@host/name`".to_owned()))
    }
}

/// Which engine is behind the store; only `doctor` and the sequencer's alarms need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The database, open. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store(Pools);

#[derive(Clone, Debug)]
enum Pools {
    Pg(PgPool),
    /// SQLite has one writer at a time: one connection that writes, several that read the last commit (WAL).
    Lite {
        writer: SqlitePool,
        readers: SqlitePool,
        watch: Option<Watch>,
    },
}

impl Store {
    /// Opens the database; does not migrate it.
    pub async fn open(options: &Options) -> Result<Self, StoreError> {
        Self::open_with(options, None).await
    }

    /// The same, and tells what each transaction changed. PostgreSQL does not tell.
    pub async fn watched(options: &Options, told: Told) -> Result<Self, StoreError> {
        Self::open_with(options, Some(Watch::new(told))).await
    }

    async fn open_with(options: &Options, watch: Option<Watch>) -> Result<Self, StoreError> {
        match options {
            Options::Postgres { url, connections } => {
                // Every text comparison and instant is UTC and byte order, whatever the server's defaults.
                let options = PgConnectOptions::from_str(&url.0)?
                    // One plan per statement: planning the joins of a check anew cost more than running it.
                    .options([
                        ("timezone", "UTC"),
                        ("statement_timeout", "30s"),
                        ("plan_cache_mode", "force_generic_plan"),
                    ])
                    .statement_cache_capacity(STATEMENTS);
                let pool = PgPoolOptions::new()
                    .max_connections(*connections)
                    .acquire_timeout(Duration::from_secs(10))
                    // A connection that rested may have lost its server; one at work is not asked at every turn.
                    .test_before_acquire(false)
                    .before_acquire(|connection, resting| {
                        Box::pin(
                            async move { Ok(resting.idle_for < RESTED || connection.ping().await.is_ok()) },
                        )
                    })
                    .connect_with(options)
                    .await?;
                Ok(Self(Pools::Pg(pool)))
            }
            Options::Sqlite { file } => {
                let writing = SqliteConnectOptions::new()
                    .filename(file)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    // INSERT OR REPLACE deletes without asking the triggers otherwise.
                    .pragma("recursive_triggers", "ON")
                    // What is deleted is overwritten: nothing erased is left to read in the free pages of the file.
                    .pragma("secure_delete", "ON")
                    .busy_timeout(Duration::from_secs(10))
                    // A statement over several rows keeps its undo journal in memory, not in a file of its own.
                    .pragma("temp_store", "MEMORY")
                    // Kibibytes of pages kept at hand, and pages between two copies of the log into the file.
                    .pragma("cache_size", "-16384")
                    .pragma("wal_autocheckpoint", "4000")
                    .statement_cache_capacity(STATEMENTS);
                // The file does not go away as a server may: asking each time whether it still answers is a wait
                // for nothing.
                let follows = watch.clone();
                let writer = SqlitePoolOptions::new()
                    .after_connect(move |connection, _| {
                        let follows = follows.clone();
                        Box::pin(async move {
                            match follows {
                                Some(watch) => watch.follow(connection).await,
                                None => Ok(()),
                            }
                        })
                    })
                    .test_before_acquire(false)
                    .max_connections(1)
                    .acquire_timeout(Duration::from_secs(30))
                    .connect_with(writing.clone())
                    .await?;
                let reading = writing.create_if_missing(false).pragma("query_only", "ON");
                let readers = SqlitePoolOptions::new()
                    .test_before_acquire(false)
                    .max_connections(4)
                    .acquire_timeout(Duration::from_secs(10))
                    .connect_with(reading)
                    .await?;
                Ok(Self(Pools::Lite { writer, readers, watch }))
            }
        }
    }

    pub fn engine(&self) -> Engine {
        match self.0 {
            Pools::Pg(_) => Engine::Postgres,
            Pools::Lite { .. } => Engine::Sqlite,
        }
    }

    /// Brings the schema to this program's version.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match &self.0 {
            Pools::Pg(pool) => {
                // A new index of a large table takes longer than a request may.
                let mut connection = pool.acquire().await?;
                sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await?;
                migrate::POSTGRES.run(&mut *connection).await?;
                sqlx::query("RESET statement_timeout").execute(&mut *connection).await?;
            }
            Pools::Lite { writer, .. } => {
                // The lines of a long log are sorted on disk when an index of them is made.
                let mut connection = writer.acquire().await?;
                sqlx::query("PRAGMA temp_store = FILE").execute(&mut *connection).await?;
                migrate::SQLITE.run(&mut *connection).await?;
                sqlx::query("PRAGMA temp_store = MEMORY").execute(&mut *connection).await?;
            }
        }
        Ok(())
    }

    /// Refuses a database that another version of the program has made or left behind.
    pub async fn check_version(&self) -> Result<(), StoreError> {
        const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success";
        let found: Result<Vec<i64>, _> = match &self.0 {
            Pools::Pg(pool) => sqlx::query_scalar(APPLIED).fetch_all(pool).await,
            Pools::Lite { readers, .. } => sqlx::query_scalar(APPLIED).fetch_all(readers).await,
        };
        // A database that was never migrated has not even the table.
        let found: BTreeSet<i64> = found.unwrap_or_default().into_iter().collect();
        // Each number counts, not only the highest: one may land after a higher one.
        let known = migrate::known();
        if !found.is_subset(&known) {
            return Err(StoreError::Options(
                "the database is newer than this program: run its newer version".to_owned(),
            ));
        }
        if found != known {
            return Err(StoreError::Options(
                "the database is older than this program: run `entremise migrate`".to_owned(),
            ));
        }
        Ok(())
    }

    /// Opens a writing transaction; used through `transact!`. Dropped without commit it rolls back.
    pub async fn begin_write(&self) -> Result<WriteTx, StoreError> {
        Ok(match &self.0 {
            Pools::Pg(pool) => WriteTx(Tx::Pg(pool.begin().await?), None),
            // IMMEDIATE: a transaction that first reads and then writes must not fail half-way.
            Pools::Lite { writer, watch, .. } => {
                let tx = writer.begin_with("BEGIN IMMEDIATE").await?;
                // What was rolled back before counts for nothing.
                watch.as_ref().map(Watch::take);
                WriteTx(Tx::Lite(tx), watch.clone())
            }
        })
    }

    /// Opens one consistent view of the data; used through `view!`. Writing is refused by the engine.
    pub async fn begin_read(&self) -> Result<ReadTx, StoreError> {
        let tx = match &self.0 {
            Pools::Pg(pool) => {
                Tx::Pg(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
            Pools::Lite { readers, .. } => Tx::Lite(readers.begin().await?),
        };
        Ok(ReadTx(tx))
    }

    /// Closes every connection, so that SQLite checkpoints its file.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Pg(pool) => pool.close().await,
            Pools::Lite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

/// Ends one attempt of `transact!`: commits what succeeded. `None` asks for another attempt, after a
/// deadlock or a busy database, at most `ATTEMPTS` times.
pub async fn finish<T, E>(
    name: &'static str,
    attempt: u32,
    tx: WriteTx,
    outcome: Result<T, E>,
) -> Option<Result<T, E>>
where
    E: From<StoreError> + AsStoreError,
{
    let outcome = match outcome {
        Ok(value) => commit(name, tx).await.map(|()| value).map_err(E::from),
        Err(error) => Err(error),
    };
    match outcome {
        Err(error) if attempt < ATTEMPTS && error.as_store_error().is_some_and(StoreError::is_transient) => {
            tracing::debug!(transaction = name, attempt, "run again");
            None
        }
        outcome => Some(outcome),
    }
}

async fn commit(name: &'static str, WriteTx(tx, watch): WriteTx) -> Result<(), StoreError> {
    // Asked before the connection is somebody else's.
    let changed = watch.as_ref().map(Watch::take);
    tx.commit().await?;
    if let (Some(watch), Some(changed)) = (watch, changed) {
        watch.committed(name, &changed);
    }
    Ok(())
}

/// Lets [`finish`] see whether a use case's error came from the database.
pub trait AsStoreError {
    fn as_store_error(&self) -> Option<&StoreError>;
}

impl AsStoreError for StoreError {
    fn as_store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}
