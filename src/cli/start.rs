//! What several verbs begin with: journal, runtime, configuration, keys, database.
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::app::context::SystemClock;
use crate::app::signing_keys;
use crate::config::Config;
use crate::crypto::keyring::Keyring;
use crate::demo::folder::Folder;
use crate::demo::stage;
use crate::store::{Options, Store};

use super::Failure;

/// The journal of the service: one JSON line per event on standard error (`docs/operations.md` gives the fields).
pub(super) fn journal() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn"));
    let _ = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

/// Runs a verb on the multi-threaded runtime.
pub(super) fn block_on<F: Future<Output = Result<(), Failure>>>(work: F) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

pub(super) fn options(config: &Config) -> Result<Options, Failure> {
    let mut options: Options = config.database.url.reveal().parse()?;
    if let Options::Postgres { connections, .. } = &mut options {
        *connections = config.database.connections;
    }
    Ok(options)
}

/// The database of the configuration, which must exist: a wrong path must not become an empty database.
pub(super) async fn store(config: &Config) -> Result<Store, Failure> {
    let options = options(config)?;
    if let Options::Sqlite { file } = &options
        && !file.exists()
    {
        return Err(Failure::Refused(format!(
            "there is no database {}: make it with `entremise migrate`",
            file.display()
        )));
    }
    let store = Store::open(&options).await?;
    store.check_version().await?;
    Ok(store)
}

/// Configuration, keys and database of a production start. The database must be of this program's version.
/// A folder instead of a file is that of a demonstration, running or not.
pub(super) async fn app(file: Option<&Path>) -> Result<App, Failure> {
    if let Some(folder) = file.filter(|path| path.is_dir()) {
        return demonstration(folder).await;
    }
    let config = Config::load(file)?;
    let keyring = Keyring::load(&config.keys.folder)?;
    let store = store(&config).await?;
    let app = App::new(store, Arc::new(SystemClock), keyring, config)
        .map_err(|error| Failure::Refused(error.to_string()))?;
    signing_keys::ensure(&app).await.map_err(|error| Failure::Refused(error.to_string()))?;
    Ok(app)
}

async fn demonstration(folder: &Path) -> Result<App, Failure> {
    let refused = |error: &dyn std::error::Error| Failure::Refused(error.to_string());
    let folder = Folder::existing(folder).map_err(|error| refused(&error))?;
    stage::app(&folder).await.map_err(|error| refused(&error))
}
