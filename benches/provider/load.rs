//! The load: each connection redeems a code and asks userinfo, or asks what a token is worth, or reads a document, again
//! and again, over raw HTTP/1.1.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fapi;

/// What the load needs to know of a server.
#[derive(Clone)]
pub struct Target {
    pub address: String,
    basic: String,
    pub redirect_uri: String,
    pub token: String,
    pub userinfo: String,
    introspect: String,
    pub par: String,
    /// What assertions are addressed to, and what proofs say was called.
    pub issuer: String,
    pub base: String,
    codes: Arc<Vec<String>>,
}

impl Target {
    /// Reads `READY address basic redirect-uri token-path userinfo-path introspection-path par-path issuer base` and the
    /// codes, one per line.
    pub fn read(ready: &str, codes: &str) -> Self {
        let mut words = ready.split_whitespace().skip(1).map(str::to_owned);
        let mut next = || words.next().expect("a whole READY line");
        let (address, basic, redirect_uri) = (next(), next(), next());
        let (token, userinfo, introspect) = (next(), next(), next());
        let (par, issuer, base) = (next(), next(), next());
        let redirect_uri = form_urlencoded::byte_serialize(redirect_uri.as_bytes()).collect();
        let codes = Arc::new(codes.lines().map(str::to_owned).collect());
        Self { address, basic, redirect_uri, token, userinfo, introspect, par, issuer, base, codes }
    }
}

/// What is asked again and again.
#[derive(Clone)]
pub enum Work {
    /// Redemption of a code of its own, then userinfo.
    Flows,
    /// The flow of FAPI 2.0, by the holder of this key.
    Fapi(fapi::Holder),
    /// Introspection of these tokens in turn.
    Introspections(Arc<Vec<String>>),
    /// A public document of this address.
    Document(&'static str),
}

impl Work {
    /// Introspection of as many live tokens.
    pub fn introspections(target: &Target, tokens: usize) -> Self {
        let live = runtime().block_on(async {
            let mut connection = TcpStream::connect(&target.address).await.expect("a connection");
            let mut live = Vec::with_capacity(tokens);
            for code in target.codes.iter().take(tokens) {
                live.push(flow(target, &mut connection, code).await);
            }
            live
        });
        Self::Introspections(Arc::new(live))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

pub struct Measured {
    pub per_second: f64,
    /// Milliseconds of one piece of work; of a flow, both requests together.
    pub p50: f64,
    pub p99: f64,
}

/// Does it `warm` times unmeasured, then `times` measured, over `connections`.
pub fn run(target: &Target, work: &Work, connections: usize, warm: usize, times: usize) -> Measured {
    runtime().block_on(async {
        let next = Arc::new(AtomicUsize::new(0));
        burst(target, work, connections, &next, warm).await;
        let begun = Instant::now();
        let mut times = burst(target, work, connections, &next, warm + times).await;
        let elapsed = begun.elapsed();
        times.sort_unstable();
        let at = |share: f64| {
            let place = (times.len() as f64 * share) as usize;
            times.get(place.min(times.len() - 1)).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
        };
        Measured { per_second: times.len() as f64 / elapsed.as_secs_f64(), p50: at(0.5), p99: at(0.99) }
    })
}

/// Does it up to the `until`-th time; gives what each took.
async fn burst(
    target: &Target,
    work: &Work,
    connections: usize,
    next: &Arc<AtomicUsize>,
    until: usize,
) -> Vec<Duration> {
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (target, work, next) = (target.clone(), work.clone(), Arc::clone(next));
            tokio::spawn(async move {
                let mut connection = TcpStream::connect(&target.address).await.expect("a connection");
                connection.set_nodelay(true).expect("no delay");
                let mut times = Vec::new();
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= until {
                        next.fetch_sub(1, Ordering::Relaxed);
                        return times;
                    }
                    let begun = Instant::now();
                    match &work {
                        Work::Flows => drop(flow(&target, &mut connection, &target.codes[place]).await),
                        Work::Fapi(holder) => {
                            fapi::flow(&target, holder, &mut connection, &target.codes[place]).await;
                        }
                        Work::Introspections(live) => {
                            introspect(&target, &mut connection, &live[place % live.len()]).await;
                        }
                        Work::Document(path) => document(&target, &mut connection, path).await,
                    }
                    times.push(begun.elapsed());
                }
            })
        })
        .collect();
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await.expect("a worker that ended well"));
    }
    times
}

/// A form posted with the service's credentials, and the JSON that answers it.
async fn post(target: &Target, connection: &mut TcpStream, path: &str, body: &str) -> serde_json::Value {
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        target.address,
        target.basic,
        body.len()
    );
    serde_json::from_slice(&call(connection, &request).await).expect("JSON")
}

async fn introspect(target: &Target, connection: &mut TcpStream, token: &str) {
    let answer = post(target, connection, &target.introspect, &format!("token={token}")).await;
    assert_eq!(answer["active"], true, "{answer}");
}

async fn document(target: &Target, connection: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", target.address);
    let answer: serde_json::Value =
        serde_json::from_slice(&call(connection, &request).await).expect("a document");
    assert!(answer["issuer"].is_string() || answer["keys"].is_array(), "{answer}");
}

/// Gives the access token.
async fn flow(target: &Target, connection: &mut TcpStream, code: &str) -> String {
    let body = format!("grant_type=authorization_code&code={code}&redirect_uri={}", target.redirect_uri);
    let answer = post(target, connection, &target.token, &body).await;
    let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned();
    assert!(answer["id_token"].is_string());
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
        target.userinfo, target.address
    );
    let answer: serde_json::Value =
        serde_json::from_slice(&call(connection, &request).await).expect("an identity");
    assert_eq!(answer["family_name"], "Martin", "{answer}");
    token
}

/// One request and the body of its answer.
pub async fn call(connection: &mut TcpStream, request: &str) -> Vec<u8> {
    connection.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut answer = Vec::with_capacity(4096);
    loop {
        let read = connection.read_buf(&mut answer).await.expect("the answer is read");
        assert!(read > 0, "the server hung up");
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length");
        let length: usize = length.trim().parse().expect("a number");
        if answer.len() >= end + 4 + length {
            return answer.split_off(end + 4);
        }
    }
}
