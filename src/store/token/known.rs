//! Tokens of either kind, as those who ask what one is worth see them.
use std::collections::BTreeSet;

use super::refresh::{self, RefreshRow};
use super::{Standing, TokenRow};
use crate::domain::ids::ServiceId;
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;
use crate::store::{Access, StoreError};

/// An access token or a refresh token.
#[derive(Clone, Debug)]
pub struct Known {
    pub hash: HashedToken,
    /// Its family.
    pub code_hash: HashedToken,
    /// Whose it is.
    pub service: ServiceId,
    /// The public identifier of that service.
    pub issued_to: String,
    pub scope: String,
    /// The scopes that service may ask for today.
    pub allowed: String,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// Neither revoked, replaced nor expired, and all it stands on in force.
    pub alive: bool,
    /// Whether it refreshes and opens nothing itself.
    pub refreshes: bool,
    /// Thumbprint of the key it is bound to.
    pub dpop_jkt: Option<String>,
    pub standing: Standing,
}

impl From<TokenRow> for Known {
    fn from(row: TokenRow) -> Self {
        Self {
            hash: row.token_hash,
            code_hash: row.code_hash,
            service: row.client_id,
            issued_to: row.issued_to,
            scope: row.scope,
            allowed: row.allowed,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            alive: row.alive,
            refreshes: false,
            dpop_jkt: row.dpop_jkt,
            standing: row.standing,
        }
    }
}

impl From<RefreshRow> for Known {
    fn from(row: RefreshRow) -> Self {
        Self {
            hash: row.token_hash,
            code_hash: row.code_hash,
            service: row.client_id,
            issued_to: row.issued_to,
            scope: row.scope,
            allowed: row.allowed,
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            alive: row.alive,
            refreshes: true,
            dpop_jkt: None,
            standing: row.standing,
        }
    }
}

/// Tokens, alive or not; an unknown one is missing.
pub async fn find(
    tx: &mut impl Access,
    hashes: &[&HashedToken],
    now: Timestamp,
    charter: i64,
) -> Result<Vec<Known>, StoreError> {
    let access = super::find(tx, hashes, now, charter).await?;
    let found: BTreeSet<_> = access.iter().map(|row| row.token_hash.clone()).collect();
    let others: Vec<_> = hashes.iter().copied().filter(|hash| !found.contains(*hash)).collect();
    let others = refresh::find(tx, &others, now, charter).await?;
    Ok(access.into_iter().map(Known::from).chain(others.into_iter().map(Known::from)).collect())
}
