//! `[server]`: where we listen and under which name browsers reach us.
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use url::{Host, Url};

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Scheme, host and port under which browsers reach the service; also the issuer of its tokens.
    pub origin: Url,
    /// PEM chain; with `tls_key_file` the service speaks TLS itself.
    #[serde(default)]
    pub tls_certificate_file: Option<PathBuf>,
    #[serde(default)]
    pub tls_key_file: Option<PathBuf>,
    /// Addresses whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<IpAddr>,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

impl Server {
    /// The origin without a trailing slash: the issuer, exactly (OpenID Connect Discovery § 3).
    pub fn issuer(&self) -> String {
        self.origin.origin().ascii_serialization()
    }

    /// Whether an issuer is this very service, however its address is written. As the identity provider of its own
    /// users it would let an aidant with a mandate consent in the user's place.
    pub fn is_ourselves(&self, issuer: &str) -> bool {
        Url::parse(issuer)
            .is_ok_and(|url| url.host() == self.origin.host() && url.port() == self.origin.port())
    }

    pub(super) fn check(&self, faults: &mut Vec<String>) {
        if self.origin.scheme() != "https" && !plain_http_is_local(&self.origin) {
            faults.push("server.origin must be https (plain http is for localhost only)".to_owned());
        }
        if self.origin.path() != "/" || self.origin.query().is_some() || self.origin.fragment().is_some() {
            faults.push("server.origin is a scheme, a host and a port, without a path".to_owned());
        }
        if self.tls_certificate_file.is_some() != self.tls_key_file.is_some() {
            faults.push("server.tls_certificate_file and server.tls_key_file go together".to_owned());
        }
    }
}

/// Whether an address may go without TLS: the machine itself, by loopback address or `*.localhost` (RFC 6761 § 6.3).
pub fn plain_http_is_local(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
}
