//! The services' way out: bounded in time and size, no redirects, and `*.localhost` is this machine.
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

const TIMEOUT: Duration = Duration::from_secs(6);
const MOST_BYTES: usize = 256 * 1024;

#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error(transparent)]
    Reqwest(#[from] reqwest::Error),
    #[error("the answer is larger than {MOST_BYTES} bytes")]
    TooLarge,
    #[error("the answer cannot be represented")]
    Answer(#[from] axum::http::Error),
}

/// Resolves `localhost` and every `*.localhost` to 127.0.0.1 (RFC 6761 §6.3); system resolvers may not.
/// Any other name is refused: the demonstration speaks to nobody else.
struct Loopback;

impl Resolve for Loopback {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().trim_end_matches('.').to_ascii_lowercase();
        Box::pin(async move {
            if host != "localhost" && !host.ends_with(".localhost") {
                return Err(format!("{host} is not on this machine").into());
            }
            let addresses: Addrs =
                Box::new(std::iter::once(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)));
            Ok(addresses)
        })
    }
}

/// A client that reaches this machine only.
#[derive(Clone)]
pub(crate) struct Outbound(reqwest::Client);

impl Outbound {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        client().map(Self)
    }
}

pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .dns_resolver(Loopback)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .build()
}

impl<'c> AsyncHttpClient<'c> for Outbound {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(send(&self.0, request))
    }
}

/// One exchange, in the types of the openidconnect crate.
async fn send(client: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut builder = axum::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        builder = builder.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(builder.body(body)?)
}
