//! What goes wrong in a use case through nobody's doing: the database, the keys, the log. What a person may do about
//! a refusal is in each use case's own outcome.
use crate::crypto::password::HashFailure;
use crate::crypto::seal::SealError;
use crate::crypto::totp::BadCard;
use crate::store::{AsStoreError, StoreError};

use super::erase_user::EraseError;
use super::record::RecordError;

#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("a sealed value: {0}")]
    Seal(#[from] SealError),
    #[error(transparent)]
    Hash(#[from] HashFailure),
    #[error(transparent)]
    Card(#[from] BadCard),
    #[error(transparent)]
    Erase(#[from] EraseError),
    #[error("the work was interrupted")]
    Interrupted,
}

impl AsStoreError for Fault {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Erase(error) => error.as_store_error(),
            _ => None,
        }
    }
}
