//! Token + userinfo per authorization code, and introspection, over loopback: Entremise on SQLite and on PostgreSQL,
//! everything durable and logged, against npm `oidc-provider` in memory, in one run. Started by `benches/run`.
//!
//! Each server is a process of its own with its codes issued beforehand; this process is the load: raw HTTP/1.1 over
//! kept connections, one thread, so that it costs the servers little.
#![expect(
    clippy::print_stdout,
    clippy::pedantic,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::large_enum_variant,
    clippy::indexing_slicing,
    reason = "a bench prints its figures, and stops at the first fault"
)]
#![expect(
    unreachable_pub,
    dead_code,
    unused_imports,
    unused_macros,
    reason = "shares the support of the tests"
)]
#[macro_use]
#[path = "../tests/it/support/mod.rs"]
mod support;
#[path = "provider/fapi.rs"]
mod fapi;
#[path = "provider/load.rs"]
mod load;
#[path = "provider/server.rs"]
mod server;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Connections of the two measurements.
const CONNECTIONS: [usize; 2] = [8, 32];
/// Flows of one measurement: some seconds each, so that no cache or pool is measured alone.
const FLOWS: usize = 12_000;
const FLOWS_OF_NODE: usize = 4_000;
/// Of the longer flow; half as many of node.
const FAPI_FLOWS: usize = 4_000;
/// Introspections of one measurement, and the live tokens they are asked of.
const INTROSPECTIONS: usize = 40_000;
const LIVE: usize = 200;
/// What can be measured: flows are token + userinfo per authorization code; fapi is the same under FAPI 2.0, with the
/// pushed request before it (PAR, DPoP, private_key_jwt); documents are the discovery document and the keys.
const WORKS: [&str; 4] = ["flows", "fapi", "introspection", "documents"];
/// Readings of the discovery document and of the keys in one measurement, each with its own figures.
const READINGS: usize = 40_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [verb, engine, codes, file] = arguments.as_slice()
        && verb == "serve"
    {
        server::run(engine, codes.parse().expect("a number of codes"), file);
        return;
    }
    // `cargo bench --bench provider -- sqlite` measures that server only; `-- introspection` that work only.
    let works: Vec<&str> =
        WORKS.into_iter().filter(|work| arguments.iter().any(|part| part == work)).collect();
    let works = if works.is_empty() { WORKS.to_vec() } else { works };
    let parts: Vec<&String> = arguments.iter().filter(|part| !WORKS.contains(&part.as_str())).collect();
    let servers = ["oidc-provider (memory)", "entremise sqlite", "entremise postgres"];
    let wanted = |name: &&str| parts.is_empty() || parts.iter().any(|part| name.contains(part.as_str()));
    println!("over loopback, one run on this machine");
    for work in works {
        if work == "documents" {
            for name in servers.into_iter().filter(|name| !name.starts_with("oidc")).filter(wanted) {
                documents(name);
            }
            continue;
        }
        println!(
            "{work:<28} {:>11} {:>10} {:>8} {:>8} {:>9}",
            "connections", "per s", "p50 ms", "p99 ms", "RSS MB"
        );
        let mut yardsticks = Vec::new();
        for name in servers.into_iter().filter(wanted) {
            for (place, connections) in CONNECTIONS.into_iter().enumerate() {
                let (measured, rss) = one(name, work, connections);
                println!(
                    "{name:<28} {connections:>11} {:>10.0} {:>8.2} {:>8.2} {rss:>9.0}",
                    measured.per_second, measured.p50, measured.p99
                );
                if name.starts_with("oidc") {
                    yardsticks.push(measured.per_second);
                } else if let Some(yardstick) = yardsticks.get(place) {
                    let ratio = measured.per_second / yardstick;
                    println!("{:<28} {connections:>11} {ratio:>9.2}x", "  ratio to oidc-provider");
                }
            }
        }
    }
}

/// The discovery document and the keys, which FranceConnect reads five times at each sign-in: alone, then by eight.
fn documents(name: &str) {
    println!("{:<40} {:>11} {:>10} {:>8} {:>8}", "documents", "connections", "per s", "p50 ms", "p99 ms");
    let served = Served::start(name, 1, None);
    for path in ["/.well-known/openid-configuration", "/jwks"] {
        for connections in [1, 8] {
            let work = load::Work::Document(path);
            let measured = load::run(&served.target, &work, connections, 500, READINGS);
            println!(
                "{:<40} {connections:>11} {:>10.0} {:>8.3} {:>8.3}",
                format!("{} {path}", name.trim_start_matches("entremise ")),
                measured.per_second,
                measured.p50,
                measured.p99
            );
        }
    }
}

/// One measurement on a fresh server: what was measured, and its resident memory in MB.
fn one(name: &str, work: &str, connections: usize) -> (load::Measured, f64) {
    let of_node = name.starts_with("oidc");
    if work == "flows" {
        let flows = if of_node { FLOWS_OF_NODE } else { FLOWS };
        let served = Served::start(name, flows + 500, None);
        (load::run(&served.target, &load::Work::Flows, connections, 500, flows), served.resident())
    } else if work == "fapi" {
        let flows = if of_node { FAPI_FLOWS / 2 } else { FAPI_FLOWS };
        let holder = fapi::Holder::fresh();
        let served = Served::start(name, flows + 200, Some(&holder));
        (load::run(&served.target, &load::Work::Fapi(holder), connections, 200, flows), served.resident())
    } else {
        let asked = if of_node { INTROSPECTIONS / 4 } else { INTROSPECTIONS };
        let served = Served::start(name, LIVE, None);
        let work = load::Work::introspections(&served.target, LIVE);
        (load::run(&served.target, &work, connections, LIVE, asked), served.resident())
    }
}

/// A server in a process of its own, stopped when dropped.
struct Served {
    child: Child,
    target: load::Target,
    _folder: support::TempFolder,
}

impl Served {
    fn start(name: &str, codes: usize, holder: Option<&fapi::Holder>) -> Self {
        let folder = support::TempFolder::new();
        let file = folder.0.join("codes");
        let mut command = match name {
            "oidc-provider (memory)" => {
                let mut node = Command::new("node");
                node.env("NODE_ENV", "production")
                    .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/node/server.mjs"));
                node
            }
            name => {
                let mut own = Command::new(std::env::current_exe().expect("this very program"));
                own.args(["serve", name.split(' ').nth(1).expect("an engine")]);
                own
            }
        };
        if let Some(holder) = holder {
            command.env(fapi::KEY, serde_json::to_string(&holder.public).expect("a public key"));
        }
        command
            .arg(codes.to_string())
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("the server starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        while !line.starts_with("READY ") {
            line.clear();
            assert!(output.read_line(&mut line).expect("the server speaks") > 0, "the server ended");
        }
        let target = load::Target::read(&line, &std::fs::read_to_string(&file).expect("the codes"));
        Self { child, target, _folder: folder }
    }

    /// Resident memory in MB, its own and not the database's.
    fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
