//! The load: each connection redeems a code and asks userinfo, again and again, over raw HTTP/1.1.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the load needs to know of a server.
#[derive(Clone)]
pub struct Target {
    address: String,
    basic: String,
    redirect_uri: String,
    token: String,
    userinfo: String,
    codes: Arc<Vec<String>>,
}

impl Target {
    /// Reads `READY address basic redirect-uri token-path userinfo-path` and the codes, one per line.
    pub fn read(ready: &str, codes: &str) -> Self {
        let mut words = ready.split_whitespace().skip(1).map(str::to_owned);
        let mut next = || words.next().expect("a whole READY line");
        let (address, basic, redirect_uri, token, userinfo) = (next(), next(), next(), next(), next());
        let redirect_uri = form_urlencoded::byte_serialize(redirect_uri.as_bytes()).collect();
        let codes = Arc::new(codes.lines().map(str::to_owned).collect());
        Self { address, basic, redirect_uri, token, userinfo, codes }
    }
}

pub struct Measured {
    pub per_second: f64,
    /// Milliseconds of one flow, both requests together.
    pub p50: f64,
    pub p99: f64,
}

/// Runs `warm` flows unmeasured, then `flows` measured ones, over `connections`.
pub fn run(target: &Target, connections: usize, warm: usize, flows: usize) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let next = Arc::new(AtomicUsize::new(0));
        burst(target, connections, &next, warm).await;
        let begun = Instant::now();
        let mut times = burst(target, connections, &next, warm + flows).await;
        let elapsed = begun.elapsed();
        times.sort_unstable();
        let at = |share: f64| {
            let place = (times.len() as f64 * share) as usize;
            times.get(place.min(times.len() - 1)).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
        };
        Measured { per_second: times.len() as f64 / elapsed.as_secs_f64(), p50: at(0.5), p99: at(0.99) }
    })
}

/// Takes codes up to the `until`-th; gives the time of each flow.
async fn burst(target: &Target, connections: usize, next: &Arc<AtomicUsize>, until: usize) -> Vec<Duration> {
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (target, next) = (target.clone(), Arc::clone(next));
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
                    flow(&target, &mut connection, &target.codes[place]).await;
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

async fn flow(target: &Target, connection: &mut TcpStream, code: &str) {
    let body = format!("grant_type=authorization_code&code={code}&redirect_uri={}", target.redirect_uri);
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        target.token,
        target.address,
        target.basic,
        body.len()
    );
    let answer: serde_json::Value =
        serde_json::from_slice(&call(connection, &request).await).expect("tokens");
    let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}"));
    assert!(answer["id_token"].is_string());
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
        target.userinfo, target.address
    );
    let answer: serde_json::Value =
        serde_json::from_slice(&call(connection, &request).await).expect("an identity");
    assert_eq!(answer["family_name"], "Martin", "{answer}");
}

/// One request and the body of its answer.
async fn call(connection: &mut TcpStream, request: &str) -> Vec<u8> {
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
