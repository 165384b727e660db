//! `doctor`: looks at everything a start needs and says all that is wrong, with what to do.
use std::path::Path;

use crate::config::Config;
use crate::crypto::keyring::Keyring;
use crate::store::Store;

use super::{Failure, say, start};

pub(super) fn run(file: Option<&Path>) -> Result<(), Failure> {
    start::block_on(async {
        let mut faults = 0_u32;
        let mut report = |what: &str, outcome: Result<(), String>| match outcome {
            Ok(()) => say(&format!("ok    {what}")),
            Err(fault) => {
                faults += 1;
                say(&format!("FAULT {what}: {fault}"));
            }
        };
        let config = Config::load(file)?;
        report("configuration", Ok(()));
        report("keys", Keyring::load(&config.keys.folder).map(drop).map_err(|error| error.to_string()));
        match Store::open(&start::options(&config)?).await {
            Err(error) => report("database", Err(error.to_string())),
            Ok(store) => {
                report("database", store.check_version().await.map_err(|error| error.to_string()));
                store.close().await;
            }
        }
        if faults == 0 { Ok(()) } else { Err(Failure::Refused(format!("{faults} fault(s) found"))) }
    })
}
