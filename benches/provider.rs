//! Token + userinfo per authorization code over loopback: Entremise on SQLite and on PostgreSQL, everything durable and
//! logged, against npm `oidc-provider` in memory, in one run. Started by `benches/run`.
//!
//! Each server is a process of its own with its codes issued beforehand; this process is the load: raw HTTP/1.1 over
//! kept connections, one thread, so that it costs the servers little.
#![expect(
    clippy::print_stdout,
    clippy::pedantic,
    clippy::expect_used,
    clippy::panic,
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

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [verb, engine, codes, file] = arguments.as_slice()
        && verb == "serve"
    {
        server::run(engine, codes.parse().expect("a number of codes"), file);
        return;
    }
    println!("token + userinfo per authorization code, over loopback, one run on this machine");
    println!(
        "{:<28} {:>11} {:>10} {:>8} {:>8} {:>9}",
        "server", "connections", "flows/s", "p50 ms", "p99 ms", "RSS MB"
    );
    let mut node = Vec::new();
    // `cargo bench --bench provider -- sqlite` measures that server only.
    let wanted =
        |name: &str| arguments.is_empty() || arguments.iter().any(|part| name.contains(part.as_str()));
    let servers = ["oidc-provider (memory)", "entremise sqlite", "entremise postgres"];
    for name in servers.into_iter().filter(|name| wanted(name)) {
        for (place, connections) in CONNECTIONS.into_iter().enumerate() {
            let flows = if name.starts_with("oidc") { FLOWS_OF_NODE } else { FLOWS };
            let served = Served::start(name, flows + 500);
            let measured = load::run(&served.target, connections, 500, flows);
            let rss = served.resident();
            println!(
                "{name:<28} {connections:>11} {:>10.0} {:>8.2} {:>8.2} {rss:>9.0}",
                measured.per_second, measured.p50, measured.p99
            );
            if name.starts_with("oidc") {
                node.push(measured.per_second);
            } else if let Some(yardstick) = node.get(place) {
                println!(
                    "{:<28} {:>11} {:>9.2}x",
                    "  ratio to oidc-provider",
                    connections,
                    measured.per_second / yardstick
                );
            }
        }
    }
}

/// A server in a process of its own, stopped when dropped.
struct Served {
    child: Child,
    target: load::Target,
    _folder: support::TempFolder,
}

impl Served {
    fn start(name: &str, codes: usize) -> Self {
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
