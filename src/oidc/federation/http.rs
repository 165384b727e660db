//! Requests to an identity provider: bounded in time and size, never redirected, never through a proxy taken
//! from the environment.
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::FederationError;

/// For one request, connection and answer together.
pub(super) const TIMEOUT: Duration = Duration::from_secs(6);
/// Larger than any metadata, key set or identity that makes sense.
const LARGEST_ANSWER: usize = 256 * 1024;

#[derive(Clone, Debug)]
pub(super) struct HttpClient(Option<reqwest::Client>);

impl HttpClient {
    /// A client that cannot be made (no TLS roots) is told at the first request, as any fault of configuration.
    pub(super) fn new(timeout: Duration) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .connect_timeout(timeout / 2)
            .no_proxy()
            .dns_resolver(Arc::new(Resolver))
            .build();
        Self(client.ok())
    }

    /// Answers below 500 come back as they are; the rest is a failure of the provider.
    pub(super) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FederationError> {
        let (parts, body) = request.into_parts();
        let url = reqwest::Url::parse(&parts.uri.to_string())
            .map_err(|_| FederationError::Misconfigured("an endpoint is not a URL"))?;
        if !may_be_called(&url) {
            return Err(FederationError::Misconfigured("an endpoint is not https"));
        }
        let client = self.0.as_ref().ok_or(FederationError::Misconfigured("no HTTP client can be made"))?;
        let request = client.request(parts.method, url).headers(parts.headers).body(body);
        let mut answer = request.send().await.map_err(|cause| failure(&cause))?;
        let status = answer.status();
        if status.is_server_error() {
            return Err(FederationError::Failing(status.as_u16()));
        }
        if status.is_redirection() {
            return Err(FederationError::Nonsense("a redirection"));
        }
        let mut taken = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|cause| failure(&cause))? {
            if taken.len() + chunk.len() > LARGEST_ANSWER {
                return Err(FederationError::TooLarge);
            }
            taken.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(taken);
        *response.status_mut() = status;
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = FederationError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FederationError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// https, or plain http on this machine.
fn may_be_called(url: &reqwest::Url) -> bool {
    let local = url.host_str().is_some_and(|host| {
        host == "localhost" || host.ends_with(".localhost") || host == "127.0.0.1" || host == "[::1]"
    });
    url.scheme() == "https" || (url.scheme() == "http" && local)
}

fn failure(cause: &reqwest::Error) -> FederationError {
    if cause.is_timeout() {
        FederationError::Slow
    } else if cause.is_connect() {
        FederationError::Down
    } else if cause.is_builder() {
        FederationError::Misconfigured("an endpoint cannot be called")
    } else {
        FederationError::Nonsense("not an HTTP answer")
    }
}

/// The system's resolver, except that `*.localhost` is this machine (RFC 6761 §6.3), which not every
/// system's resolver knows.
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            if host == "localhost" || host.ends_with(".localhost") {
                let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
                let addresses = loopback.map(|address| SocketAddr::new(address, 0));
                return Ok(Box::new(addresses.into_iter()) as Addrs);
            }
            let found: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
