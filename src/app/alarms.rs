//! What operators must see until it is put right.
pub use crate::store::tree::Alarm;
use crate::store::{StoreError, tree};
use crate::view;

use super::App;

/// The alarms that stand, oldest first.
pub async fn standing(app: &App) -> Result<Vec<Alarm>, StoreError> {
    view!(app.store, tx => { tree::alarms(tx).await })
}
