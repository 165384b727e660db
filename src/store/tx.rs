//! The open transaction. Reading and writing are different types, so that a page that only shows
//! something cannot change anything.
use sqlx::{Postgres, Sqlite, Transaction};

use super::StoreError;
use super::watch::Watch;

/// The engine behind an open transaction; queries reach it through `on!` only.
pub enum Tx {
    Pg(Transaction<'static, Postgres>),
    Lite(Transaction<'static, Sqlite>),
}

/// A transaction that may write: lives inside `Store::write`, which commits or rolls back.
pub struct WriteTx(pub(super) Tx, pub(super) Option<Watch>);

/// A transaction that only reads: lives inside `Store::read`, on a connection that refuses writes.
pub struct ReadTx(pub(super) Tx);

/// What a query that only reads runs in. A query that writes asks for [`WriteTx`] by name.
pub trait Access: Send {
    fn tx(&mut self) -> &mut Tx;
}

impl Access for WriteTx {
    fn tx(&mut self) -> &mut Tx {
        &mut self.0
    }
}

impl Access for ReadTx {
    fn tx(&mut self) -> &mut Tx {
        &mut self.0
    }
}

impl Tx {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Pg(tx) => tx.commit().await?,
            Self::Lite(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// Runs one expression on whichever engine is behind the transaction: the text and the binds are written
/// once, so the two engines cannot drift apart.
///
/// `on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await)?`
macro_rules! on {
    ($access:expr, $connection:ident => $body:expr) => {
        match $crate::store::Access::tx($access) {
            $crate::store::Tx::Pg(transaction) => {
                let $connection = &mut **transaction;
                $body.map_err($crate::store::StoreError::from)
            }
            $crate::store::Tx::Lite(transaction) => {
                let $connection = &mut **transaction;
                $body.map_err($crate::store::StoreError::from)
            }
        }
    };
}

/// As `on!` for statements that return no row: the number of rows changed.
macro_rules! changed {
    ($access:expr, $query:expr) => {
        match $crate::store::Access::tx($access) {
            $crate::store::Tx::Pg(transaction) => {
                $query.execute(&mut **transaction).await.map(|done| done.rows_affected())
            }
            $crate::store::Tx::Lite(transaction) => {
                $query.execute(&mut **transaction).await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::store::StoreError::from)
    };
}

/// Runs a block in one writing transaction: `transact!(store, "sign_mandate", tx => { …; Ok::<_, E>(value) })`.
/// Commits if the block gives `Ok`. After a deadlock or a busy database the block is run again from its
/// beginning, so it must do nothing outside the transaction. (A macro and not a closure: the compiler cannot
/// yet show that the future of an async closure is `Send`.)
#[macro_export]
macro_rules! transact {
    ($store:expr, $name:literal, $tx:ident => $work:block) => {{
        let mut attempt = 1;
        loop {
            let outcome = match $store.begin_write().await {
                Err(error) => Some(Err(error.into())),
                Ok(mut transaction) => {
                    let outcome = async {
                        let $tx = &mut transaction;
                        $work
                    }
                    .await;
                    $crate::store::finish($name, attempt, transaction, outcome).await
                }
            };
            match outcome {
                Some(outcome) => break outcome,
                None => attempt += 1,
            }
        }
    }};
}

/// Runs a block on one consistent view of the data: `view!(store, tx => { …; Ok::<_, E>(value) })`.
#[macro_export]
macro_rules! view {
    ($store:expr, $tx:ident => $work:block) => {{
        match $store.begin_read().await {
            Err(error) => Err(error.into()),
            Ok(mut transaction) => {
                async {
                    let $tx = &mut transaction;
                    $work
                }
                .await
            }
        }
    }};
}
