//! Calls to addresses that services registered (their keys, their logout): https only, to public addresses only, never
//! redirected, bounded in time and size. A service must not be able to make us knock at doors inside (SSRF).
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// For one call, connection and answer together. A service that is told of a revocation hears of it in under five
/// seconds, even behind one that hangs.
const TIMEOUT: Duration = Duration::from_millis(2_500);
/// Larger than any set of keys that makes sense.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Why a call gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("the address may not be called")]
    Forbidden,
    #[error("no answer")]
    NoAnswer,
    #[error("the answer is of status {0}")]
    Status(u16),
    #[error("the answer is too large")]
    TooLarge,
}

/// The client of such calls.
#[derive(Clone, Debug)]
pub struct Outbound {
    client: Option<reqwest::Client>,
    local: bool,
}

impl Outbound {
    /// `local`: this very service runs on one machine for demonstration, where services do too; their loopback
    /// addresses may then be called, without TLS.
    pub fn new(local: bool) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT / 2)
            .no_proxy()
            .dns_resolver(Arc::new(Resolver { local }))
            .build();
        Self { client: client.ok(), local }
    }

    /// The body found at an address, if it is answered with 200.
    pub async fn get(&self, address: &str) -> Result<Vec<u8>, OutboundError> {
        let (client, url) = self.allowed(address)?;
        let mut answer = client.get(url).send().await.map_err(|error| failure(&error))?;
        if answer.status().as_u16() != 200 {
            return Err(OutboundError::Status(answer.status().as_u16()));
        }
        let mut taken = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
            if taken.len() + chunk.len() > LARGEST_ANSWER {
                return Err(OutboundError::TooLarge);
            }
            taken.extend_from_slice(&chunk);
        }
        Ok(taken)
    }

    /// Posts a form; the status of the answer, whose body is not read.
    pub async fn post(&self, address: &str, fields: &[(&str, &str)]) -> Result<u16, OutboundError> {
        let (client, url) = self.allowed(address)?;
        let answer = client.post(url).form(fields).send().await.map_err(|error| failure(&error))?;
        Ok(answer.status().as_u16())
    }

    /// An address that may be called. Names are judged by what they resolve to, in [`Resolver`].
    fn allowed(&self, address: &str) -> Result<(&reqwest::Client, Url), OutboundError> {
        let url = Url::parse(address).map_err(|_| OutboundError::Forbidden)?;
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(_)) => None,
            None => return Err(OutboundError::Forbidden),
        };
        let here = self.local
            && (literal.is_some_and(|ip| ip.is_loopback()) || url.domain().is_some_and(is_localhost));
        let safe = here || (url.scheme() == "https" && literal.is_none_or(is_public));
        let web = matches!(url.scheme(), "https" | "http");
        let client = self.client.as_ref().filter(|_| safe && web).ok_or(OutboundError::Forbidden)?;
        Ok((client, url))
    }
}

fn failure(error: &reqwest::Error) -> OutboundError {
    let forbidden = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
        .any(<dyn std::error::Error>::is::<NotPublic>);
    if forbidden { OutboundError::Forbidden } else { OutboundError::NoAnswer }
}

fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether an address is one of the public internet: none of the ranges that IANA keeps for something else.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (b == 18 || b == 19);
    let protocols = a == 192 && b == 0 && c == 0;
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || a == 0
        || a >= 224
        || shared
        || benchmark
        || protocols)
}

/// Global unicast alone (2000::/3), without the ranges in it that carry an IPv4 address or document something.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let tunnel = a == 0x2002 || (a == 0x2001 && b < 0x0200);
    let documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    a & 0xe000 == 0x2000 && !tunnel && !documentation
}

/// A name stands for an address that is not public.
#[derive(Debug, thiserror::Error)]
#[error("the name stands for an address that is not public")]
struct NotPublic;

/// The system's resolver, which tells no address that is not public: what is checked is what is called, so that a
/// name cannot change its meaning in between.
struct Resolver {
    local: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let local = self.local;
        Box::pin(async move {
            let host = name.as_str();
            if local && is_localhost(host) {
                let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
                return Ok(Box::new(loopback.map(|ip| SocketAddr::new(ip, 0)).into_iter()) as Addrs);
            }
            let found: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
            if found.iter().any(|address| !is_public(address.ip())) {
                return Err(NotPublic.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for public in ["8.8.8.8", "100.63.0.1", "172.32.0.1", "2a01:cb00::1", "2606:4700::1111"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
            "100::1",
            "3fff::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }

    #[tokio::test]
    async fn nothing_inside_is_called() {
        let outside = Outbound::new(false);
        for address in [
            "http://rp.example/jwks",
            "ftp://rp.example/",
            "file:///etc/passwd",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://localhost/",
            "http://localhost/",
            "https://[::ffff:127.0.0.1]/",
            "nonsense",
            "",
        ] {
            assert_eq!(outside.get(address).await, Err(OutboundError::Forbidden), "{address}");
            assert_eq!(outside.post(address, &[]).await, Err(OutboundError::Forbidden), "{address}");
        }
        let local = Outbound::new(true);
        for address in ["https://10.0.0.1/", "http://10.0.0.1/", "http://rp.example/", "file:///etc/passwd"] {
            assert_eq!(local.get(address).await, Err(OutboundError::Forbidden), "{address}");
        }
    }
}
