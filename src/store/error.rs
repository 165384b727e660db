//! What can go wrong between us and the database.

/// A fault of the database. Pages never show it: they show an operation id, the log shows the cause.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("database: {0}")]
    Database(sqlx::Error),
    /// A limit kept by the database refused the write: `constraint` names it when the engine tells.
    #[error("refused by the database: {constraint}")]
    Constraint { constraint: String },
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored value does not have the shape the program wrote.
    #[error("stored value not understood: {0}")]
    Corrupt(String),
    #[error("{0}")]
    Options(String),
    /// What the transaction stands on changed between its look and its lock; looking again tells what it is now.
    #[error("overtaken by another transaction")]
    Overtaken,
    /// The work shared with others ended without an answer; its cause was told to the journal.
    #[error("the database gave no answer")]
    Shared,
}

impl StoreError {
    /// Whether the same transaction may succeed if run again from its beginning.
    pub(super) fn is_transient(&self) -> bool {
        if matches!(self, Self::Overtaken) {
            return true;
        }
        let Self::Database(sqlx::Error::Database(cause)) = self else { return false };
        // PostgreSQL: serialization failure, deadlock. SQLite: BUSY, LOCKED and their extended codes.
        matches!(cause.code().as_deref(), Some("40001" | "40P01" | "5" | "6" | "261" | "517"))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(cause) = &error
            && (cause.is_unique_violation() || cause.is_foreign_key_violation() || cause.is_check_violation())
        {
            let constraint = cause.constraint().map_or_else(|| cause.message().to_owned(), str::to_owned);
            return Self::Constraint { constraint };
        }
        Self::Database(error)
    }
}
