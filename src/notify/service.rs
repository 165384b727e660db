//! Calls to the servers of services: only where they are registered, never redirected, never into our own network,
//! never longer than a moment.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// For one call, connection and answer together. A service that is told of a revocation hears of it in under five
/// seconds, even behind one that hangs.
const TIMEOUT: Duration = Duration::from_millis(2_500);

#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the address is not one that may be called")]
    Address,
    #[error("no answer in time")]
    Slow,
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it answered {0}")]
    Answered(u16),
}

/// Calls services.
#[derive(Clone, Debug)]
pub struct ServiceCaller {
    client: Option<reqwest::Client>,
    local: bool,
}

impl ServiceCaller {
    /// `local`: services on this very machine may be called too (development, demonstration, tests).
    pub fn new(local: bool) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .no_proxy()
            .dns_resolver(Arc::new(Resolver { local }))
            .build();
        Self { client: client.ok(), local }
    }

    /// Posts a form. Anything but 200 and 204 is a failure; the body of the answer is not read.
    pub async fn post(&self, address: &str, form: &[(&str, &str)]) -> Result<(), CallError> {
        let url = Url::parse(address).ok().filter(|url| self.may_call(url)).ok_or(CallError::Address)?;
        let client = self.client.as_ref().ok_or(CallError::Unreachable)?;
        let answer = client
            .post(url)
            .form(form)
            .send()
            .await
            .map_err(|cause| if cause.is_timeout() { CallError::Slow } else { CallError::Unreachable })?;
        match answer.status().as_u16() {
            200 | 204 => Ok(()),
            other => Err(CallError::Answered(other)),
        }
    }

    /// https; plain http only on this machine. A name is judged again by what it resolves to.
    fn may_call(&self, url: &Url) -> bool {
        let here = match url.host() {
            Some(Host::Domain(name)) if is_here(name) => true,
            Some(Host::Domain(_)) => false,
            Some(Host::Ipv4(address)) if address.is_loopback() => true,
            Some(Host::Ipv6(address)) if address.is_loopback() => true,
            Some(Host::Ipv4(address)) if is_public(address.into()) => false,
            Some(Host::Ipv6(address)) if is_public(address.into()) => false,
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => return false,
        };
        if here { self.local && matches!(url.scheme(), "http" | "https") } else { url.scheme() == "https" }
    }
}

fn is_here(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether an address is on the public network. What is not could be a machine that only we can reach.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmark = a == 198 && (b == 18 || b == 19);
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_documentation()
                || shared
                || benchmark
                || a == 0
                || a >= 224
                || (a, b, c) == (192, 0, 0))
        }
        IpAddr::V6(address) => match address.to_ipv4() {
            Some(inside) => is_public(inside.into()),
            // 2000::/3 is all that is given out; of it, Teredo and 6to4 carry IPv4 addresses inside.
            None => {
                let [first, second, ..] = address.segments();
                let carries = (first, second) == (0x2001, 0) || first == 0x2002;
                let documentation = (first, second) == (0x2001, 0xdb8);
                (0x2000..0x4000).contains(&first) && !carries && !documentation
            }
        },
    }
}

/// The system's resolver, less the addresses that may not be called; `*.localhost` is this machine (RFC 6761 §6.3).
struct Resolver {
    local: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let local = self.local;
        Box::pin(async move {
            let host = name.as_str();
            if local && is_here(host) {
                let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
                let addresses = loopback.map(|address| SocketAddr::new(address, 0));
                return Ok(Box::new(addresses.into_iter()) as Addrs);
            }
            let found = tokio::net::lookup_host((host, 0)).await?;
            let found: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_network_is_public() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "2002:7f00:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "64:ff9b::a00:1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn only_https_and_this_machine_only_where_allowed() {
        let may = |local, address: &str| ServiceCaller::new(local).may_call(&Url::parse(address).unwrap());
        for always in ["https://service.example/out", "https://service.example:8443/", "https://1.1.1.1/"] {
            assert!(may(false, always) && may(true, always), "{always}");
        }
        for here in
            ["http://localhost:9/x", "http://impots.localhost/x", "http://127.0.0.1:9/", "https://[::1]/"]
        {
            assert!(may(true, here) && !may(false, here), "{here}");
        }
        for never in [
            "http://service.example/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest",
            "http://192.168.0.1/",
            "https://[fd00::1]/",
            "file:///etc/passwd",
            "ftp://service.example/",
            "https://[::ffff:10.0.0.1]/",
            "https://0x7f.1/",
            "https://2130706433/",
            "ftp://localhost/",
        ] {
            assert!(!may(false, never), "{never}");
        }
        assert!(!may(true, "ftp://localhost/") && !may(true, "https://10.0.0.1/"));
    }

    #[tokio::test]
    async fn a_name_of_ours_resolves_to_nothing_when_it_may_not_be_called() {
        let refused = ServiceCaller::new(false).post("https://localhost:1/x", &[]).await;
        assert!(matches!(refused, Err(CallError::Address)));
        let name: Name = "localhost".parse().unwrap();
        let found = Resolver { local: false }.resolve(name).await.map(Iterator::count);
        assert_eq!(found.unwrap_or(0), 0, "whatever the system's resolver says of it");
    }
}
