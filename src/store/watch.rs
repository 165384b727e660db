//! Which tables a transaction changed. SQLite tells it, and only tests ask: they hold that whatever changes a row writes
//! its entry in the same commit.
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::SqliteConnection;

/// Told of a commit: the name of its transaction, and the tables of which it changed a row.
pub type Told = Arc<dyn Fn(&'static str, &BTreeSet<String>) + Send + Sync>;

/// Follows the one connection that writes.
#[derive(Clone)]
pub(super) struct Watch {
    changed: Arc<Mutex<BTreeSet<String>>>,
    told: Told,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch(…)")
    }
}

impl Watch {
    pub(super) fn new(told: Told) -> Self {
        Self { changed: Arc::default(), told }
    }

    pub(super) async fn follow(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let watch = self.clone();
        connection.lock_handle().await?.set_update_hook(move |change| {
            watch.changed().insert(change.table.to_owned());
        });
        Ok(())
    }

    /// What has been changed since it was last asked: at the end of a transaction, by that transaction.
    pub(super) fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.changed())
    }

    pub(super) fn committed(&self, name: &'static str, changed: &BTreeSet<String>) {
        (self.told)(name, changed);
    }

    fn changed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
