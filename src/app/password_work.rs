//! Argon2 off the request threads, and never more at once than the machine bears: a flood of sign-ins waits, and then
//! is sent away, while everything else goes on.
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::crypto::password::{self, PasswordPhc};
use crate::domain::ids::Entropy;
use crate::domain::secret::Secret;

use super::fault::Fault;

/// 19 MiB each.
static PERMITS: Semaphore = Semaphore::const_new(4);
/// Longer than anybody waits at a desk.
const PATIENCE: Duration = Duration::from_secs(5);

/// The machine is too busy with other passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// See [`password::verify`].
pub async fn verify(password: Secret, stored: Option<PasswordPhc>) -> Result<Result<bool, Busy>, Fault> {
    run(move || password::verify(&password, stored.as_ref())).await
}

/// See [`password::hash`].
pub async fn hash(password: Secret, entropy: Arc<dyn Entropy>) -> Result<Result<PasswordPhc, Busy>, Fault> {
    match run(move || password::hash(&password, &*entropy)).await? {
        Ok(done) => Ok(Ok(done?)),
        Err(busy) => Ok(Err(busy)),
    }
}

async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<Result<T, Busy>, Fault> {
    let Ok(Ok(_permit)) = tokio::time::timeout(PATIENCE, PERMITS.acquire()).await else {
        return Ok(Err(Busy));
    };
    tokio::task::spawn_blocking(work).await.map(Ok).map_err(|_| Fault::Interrupted)
}
