//! What anyone may fetch of the log: its signed head and its hashes. Its entries, in the same format, only an
//! auditor of everything.
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::tile::{Tile, WIDTH};
use crate::store::{StoreError, tree};
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::record::{self, RecordError};
use super::search_log::{AuditError, perimeter};
use super::witnessing;

/// Why the public side of the log cannot be read now: the database does not answer.
pub type PublishError = StoreError;

/// The latest signed head, a C2SP checkpoint, with what witnesses said of it; `None` before the first.
pub async fn checkpoint(app: &App) -> Result<Option<String>, PublishError> {
    view!(app.store, tx => {
        match tree::latest_checkpoint(tx).await? {
            Some(head) => Ok::<_, StoreError>(Some(witnessing::note(tx, &head).await?)),
            None => Ok(None),
        }
    })
}

/// The hashes of a tile, full or partial, that a signed head covers; `None` for any other.
pub async fn tile(app: &App, tile: Tile) -> Result<Option<Vec<u8>>, PublishError> {
    let Ok(index) = i64::try_from(tile.index) else { return Ok(None) };
    let level = i64::from(tile.level);
    view!(app.store, tx => {
        let signed = tree::latest_checkpoint(tx).await?.map_or(0, |row| row.size);
        if !tile.is_in(u64::try_from(signed).unwrap_or(0)) {
            return Ok::<_, StoreError>(None);
        }
        let stored = tree::tiles(tx, &[(level, index)]).await?;
        let width = usize::try_from(tile.width * 32).unwrap_or(usize::MAX);
        Ok(stored.into_iter().next().and_then(|row| row.hashes.get(..width).map(<[u8]>::to_vec)))
    })
}

#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A bundle holds the acts of every structure, which this auditor may not see.
    #[error("outside the perimeter")]
    Perimeter,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("leaf {0} is longer than the format of bundles allows")]
    TooLong(u64),
}

/// The leaves under a tile of level 0, as an entry bundle (C2SP tlog-tiles: each behind its length in two bytes);
/// `None` when no signed head covers them. Having been given out is itself an entry.
pub async fn entries(app: &App, who: &SignedIn, tile: Tile) -> Result<Option<Vec<u8>>, BundleError> {
    let (first, last) = (tile.index.saturating_mul(WIDTH), tile.index.saturating_mul(WIDTH) + tile.width);
    let (Ok(from), Ok(until)) = (i64::try_from(first), i64::try_from(last)) else { return Ok(None) };
    let leaves = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        if perimeter_of.is_some() {
            return Err(BundleError::Perimeter);
        }
        let signed = tree::latest_checkpoint(tx).await?.map_or(0, |row| row.size);
        if !tile.is_in(u64::try_from(signed).unwrap_or(0)) {
            return Ok(None);
        }
        Ok(Some(tree::leaves(tx, from, until).await?))
    });
    let read = match &leaves {
        Ok(None) => return leaves.map(|_| None),
        Ok(Some(_)) => Draft::done(Kind::LogExported),
        Err(BundleError::Perimeter) => Draft::refused(Kind::LogExported, "outside_perimeter"),
        Err(_) => return leaves.map(|_| None),
    };
    let read = read.by(who.person_id, Role::Auditor).fact("first", from).fact("after_last", until);
    record::append(app, read).await?;
    let mut bundle = Vec::new();
    for (place, leaf) in (first..).zip(leaves?.unwrap_or_default()) {
        let length = u16::try_from(leaf.len()).map_err(|_| BundleError::TooLong(place))?;
        bundle.extend(length.to_be_bytes());
        bundle.extend(leaf);
    }
    Ok(Some(bundle))
}
