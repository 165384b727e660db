//! `migrate`.
use std::path::Path;

use crate::config::Config;
use crate::store::Store;

use super::{Failure, say, start};

pub(super) fn run(file: Option<&Path>) -> Result<(), Failure> {
    start::block_on(async {
        let config = Config::load(file)?;
        let store = Store::open(&start::options(&config)?).await?;
        store.migrate().await?;
        store.close().await;
        say("The database is of this program's version.");
        Ok(())
    })
}
