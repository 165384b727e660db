//! What every use case works with.
use std::sync::Arc;

use time::OffsetDateTime;

use crate::config::Config;
use crate::crypto::keyring::Keyring;
use crate::crypto::random::SystemEntropy;
use crate::crypto::seal::Sealer;
use crate::domain::ids::Entropy;
use crate::domain::time::{Clock, Timestamp};
use crate::log::note::NoteError;
use crate::oidc::federation::Federation;
use crate::store::Store;

use super::identity_provider::{of_professionals, provider};
use super::openid::OpenId;
use super::record::Recorder;
use super::together::Together;

/// The service, assembled: one per process, shared by every request and job.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub sealer: Arc<Sealer>,
    pub config: Arc<Config>,
    /// Writes the action log.
    pub log: Arc<Recorder>,
    /// What many callers wait for, done together.
    pub together: Arc<Together>,
    /// The OpenID provider's keys and pairwise identifiers.
    pub openid: Arc<OpenId>,
    /// The identity provider with which users identify.
    pub federation: Arc<Federation>,
    /// The identity provider with which professionals may enter, where there is one.
    pub professionals: Option<Arc<Federation>>,
}

impl App {
    /// Fails when the deployment's name cannot be the name of a log.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        keyring: Keyring,
        config: Config,
    ) -> Result<Self, NoteError> {
        let log = Recorder::new(&config.log.origin, keyring.log_seeds())?;
        let openid = OpenId::new(&keyring.sealer, &config.server);
        let federation = Federation::new(provider(&config.identity));
        let professionals = config.professionals.as_ref().map(of_professionals).map(Federation::new);
        Ok(Self {
            store,
            clock,
            entropy: Arc::new(SystemEntropy),
            sealer: Arc::new(keyring.sealer),
            config: Arc::new(config),
            log: Arc::new(log),
            together: Arc::default(),
            openid: Arc::new(openid),
            federation: Arc::new(federation),
            professionals: professionals.map(Arc::new),
        })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The clock of the machine; the only place that reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one home of the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::new(OffsetDateTime::now_utc())
    }
}
