//! What anyone may fetch of the log: its signed head and its hashes, never its entries.
use crate::log::tile::Tile;
use crate::store::{StoreError, tree};
use crate::view;

use super::App;

/// Why the public side of the log cannot be read now: the database does not answer.
pub type PublishError = StoreError;

/// The latest signed head, a C2SP checkpoint; `None` before the first.
pub async fn checkpoint(app: &App) -> Result<Option<String>, PublishError> {
    view!(app.store, tx => { Ok::<_, StoreError>(tree::latest_checkpoint(tx).await?.map(|row| row.note)) })
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
