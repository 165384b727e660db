//! From the commit of an entry to its place in the tree, at 2 000 entries a second, on both engines. Started by `benches/run`.
#![expect(
    clippy::print_stdout,
    clippy::pedantic,
    clippy::expect_used,
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

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use entremise::app::context::SystemClock;
use entremise::app::{App, record};
use entremise::domain::ids::EntryId;
use entremise::log::draft::Draft;
use entremise::log::kind::{Kind, Role};
use entremise::store::export;

use crate::support::{Engine, TestApp};

const PER_SECOND: u64 = 2_000;
const SECONDS: u64 = 15;
/// Entries handed over at once: what arrives in five milliseconds.
const AT_ONCE: u64 = 10;

type Committed = Arc<Mutex<HashMap<EntryId, Instant>>>;

fn main() {
    println!(
        "commit to place in the tree at {PER_SECOND} entries a second, for {SECONDS} s, one run on this machine"
    );
    println!(
        "{:<12} {:>10} {:>12} {:>9} {:>9} {:>9}",
        "engine", "entries", "entries/s", "p50 ms", "p99 ms", "max ms"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for (engine, name) in [(Engine::Sqlite, "sqlite"), (Engine::Postgres, "postgres")] {
        runtime.block_on(measure(engine, name));
    }
}

async fn measure(engine: Engine, name: &str) {
    let test = TestApp::fresh(engine).await;
    let app = App { clock: Arc::new(SystemClock), ..test.app.clone() };
    let jobs = entremise::jobs::Jobs::start(&app, None);
    let committed: Committed = Arc::default();
    let total = PER_SECOND * SECONDS;
    let watching = tokio::spawn(watch(app.clone(), committed.clone(), total));
    let begun = Instant::now();
    let mut writers = Vec::new();
    for batch in 0..total / AT_ONCE {
        let due = Duration::from_micros(batch * AT_ONCE * 1_000_000 / PER_SECOND);
        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
        for _ in 0..AT_ONCE {
            let (app, committed) = (app.clone(), committed.clone());
            writers.push(tokio::spawn(async move {
                let draft = Draft::done(Kind::UserinfoGiven).by_role(Role::Service);
                let written = record::append(&app, draft).await.expect("an entry");
                committed.lock().expect("nobody stopped").insert(written.id, Instant::now());
            }));
        }
    }
    for writer in writers {
        writer.await.expect("a writer");
    }
    let rate = total as f64 / begun.elapsed().as_secs_f64();
    let mut times = watching.await.expect("every entry is placed");
    times.sort_unstable();
    let at = |share: f64| {
        times[((times.len() as f64 * share) as usize).min(times.len() - 1)].as_secs_f64() * 1_000.0
    };
    println!(
        "{name:<12} {:>10} {rate:>12.0} {:>9.0} {:>9.0} {:>9.0}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    jobs.stop().await;
}

/// Looks every ten milliseconds which entries have a place.
async fn watch(app: App, committed: Committed, total: u64) -> Vec<Duration> {
    let (mut times, mut next, mut early) = (Vec::new(), 0_i64, Vec::new());
    let begun = Instant::now();
    while (times.len() as u64) < total {
        assert!(begun.elapsed() < Duration::from_secs(SECONDS * 8), "{} placed", times.len());
        let rows = entremise::view!(app.store, tx => { export::range(tx, next, next + 5_000).await })
            .expect("places");
        let now = Instant::now();
        next += rows.len() as i64;
        early.extend(rows.into_iter().map(|row| (row.id, now)));
        {
            let committed = committed.lock().expect("nobody stopped");
            // Seen in its place before its writer was told: no time at all.
            early.retain(|(id, seen)| match committed.get(id) {
                Some(at) => {
                    times.push(seen.saturating_duration_since(*at));
                    false
                }
                None => true,
            });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    times
}
