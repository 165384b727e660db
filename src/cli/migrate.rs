//! `migrate`.
use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::config::Config;
use crate::store::{Options, Store};

use super::{Failure, say, start};

pub(super) fn run(file: Option<&Path>) -> Result<(), Failure> {
    start::block_on(async {
        let config = Config::load(file)?;
        let options = start::options(&config)?;
        if let Options::Sqlite { file } = &options {
            make_private(file)?;
        }
        let store = Store::open(&options).await?;
        store.migrate().await?;
        store.close().await;
        say("The database is of this program's version.");
        Ok(())
    })
}

/// A new SQLite file, and a folder made for it, are their owner's alone, whatever the umask; SQLite gives its
/// side files the mode of the first. What exists is left as it is.
fn make_private(file: &Path) -> Result<(), Failure> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}
