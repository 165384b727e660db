//! The private PostgreSQL cluster of one test run, started by the first test that asks.
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// `tests/postgres` stops when its standard input closes, which the kernel does however this process ends.
struct Cluster {
    url: String,
    _guard: Child,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// The cluster's URL, to which a database's name is appended. Without PostgreSQL the test fails, never skips.
pub fn cluster_url() -> &'static str {
    &CLUSTER.get_or_init(start).url
}

fn start() -> Cluster {
    // The benches measure what is durable; tests need not wait for the disk.
    let durable = std::env::var_os("TESTS_DURABLE").map(|_| "--durable");
    let mut guard = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres"))
        .args(durable)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("tests/postgres can be run");
    let mut url = String::new();
    BufReader::new(guard.stdout.take().expect("piped")).read_line(&mut url).expect("tests/postgres speaks");
    assert!(
        url.starts_with("postgres://"),
        "PostgreSQL did not start (see above). If it is missing: apt-get install -y postgresql"
    );
    Cluster { url: url.trim_end().to_owned(), _guard: guard }
}
