//! Configuration.
use url::Url;

/// What the service is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Scheme, host and port under which browsers reach the service; also the issuer of its tokens.
    pub origin: Url,
    /// Name of the deployment in its action log (origin of the checkpoints).
    pub log_origin: String,
    /// Demonstration: virtual cards, mailbox and the page `/demo`.
    pub demonstration: bool,
}
