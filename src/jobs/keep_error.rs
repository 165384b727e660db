//! Why the log is not continued.
use super::head::HeadError;
use crate::app::record::RecordError;
use crate::app::tree::TreeError;
use crate::store::{AsStoreError, StoreError};

/// All but database faults are alarms for a human.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Head(#[from] HeadError),
    #[error("the database holds {found} lines of the log, but {signed} were signed: it was rolled back")]
    Behind { found: u64, signed: u64 },
    #[error("the first {signed} lines of the log are not those that were signed: the database was rewritten")]
    Rewritten { signed: u64 },
    #[error(
        "the log has signed heads but this node remembers none: `entremise log trust-head` after checking"
    )]
    NoMemory,
    #[error(
        "this node signed in epoch {signed} of the log, but the database is in epoch {found}: it was rolled back"
    )]
    EpochGone { found: u32, signed: u32 },
    #[error(
        "the log was recovered elsewhere and is in epoch {found}, this node remembers epoch {signed}: \
        `entremise log trust-head` after checking"
    )]
    NewEpoch { found: u32, signed: u32 },
    #[error("this node can continue the log: nothing is lost")]
    NothingLost,
    #[error("another node keeps the log just now: try again in some seconds")]
    Busy,
    #[error("there is no log key")]
    NoKey,
    #[error("this node already remembers a head of {0} lines: nothing to trust")]
    Remembers(u64),
    #[error("the database holds no signed head: nothing to trust")]
    NoHead,
    #[error("the latest head of the database is not signed with this log's key")]
    Forged,
    #[error("the log is not continued here: {0}")]
    Witness(String),
    #[error(
        "the log is not continued while an alarm says that this is not the database that was signed: {0}"
    )]
    Contradicted(String),
    #[error(
        "{who} knows of a signed head of {later} entries, this node remembers one of {ours}: run it on the node that \
        remembers most, or put the latest signed head that anybody kept in place of this node's log.head_file"
    )]
    Later { ours: u64, later: u64, who: String },
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl AsStoreError for KeepError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Tree(error) => error.as_store_error(),
            Self::Record(error) => error.as_store_error(),
            _ => None,
        }
    }
}

impl KeepError {
    /// Whether the database is not the one that was signed: nobody continues it until this is settled. Anything else
    /// concerns this node alone.
    pub fn contradicts(&self) -> bool {
        matches!(
            self,
            Self::Behind { .. } | Self::Rewritten { .. } | Self::EpochGone { .. } | Self::Witness(_)
        )
    }
}
