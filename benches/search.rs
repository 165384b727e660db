//! An auditor's search in a small log and in a large one, on both engines: how long a page takes, by what is asked for.
//! Started by `benches/run`. The rows are written by the engine itself: a few real entries, copied into the stories of
//! as many mandates as the size asks for, told between 200 structures, 1 000 aidants and 20 services.
#![expect(
    clippy::print_stdout,
    clippy::pedantic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
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
#[path = "search/world.rs"]
mod world;

use std::time::{Duration, Instant};

use entremise::app::caller::{self, Caller, SignedIn};
use entremise::app::search_log::{self, Wanted};
use entremise::domain::secret::PlainToken;
use entremise::log::kind::Kind;

use crate::support::people::Roles;
use crate::support::{Engine, TestApp};
use crate::world::{SMALL, World};

/// Searches of each kind at each size, over the first pages again and again; each page once before, not measured.
const TIMES: usize = 200;
const PAGES: usize = 20;

fn main() {
    let large = std::env::var("BENCH_ENTRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("an auditor's page of 50 lines, its own entry in the log included, one run on this machine");
    for (engine, name) in [(Engine::Sqlite, "sqlite"), (Engine::Postgres, "postgres")] {
        let others = ["sqlite", "postgres"].iter().any(|other| arguments.iter().any(|word| word == other));
        if !others || arguments.iter().any(|word| word == name) {
            runtime.block_on(measure(engine, name, large));
        }
    }
}

async fn measure(engine: Engine, name: &str, large: i64) {
    let world = World::new(engine).await;
    let person = world.test.person("Alice", "Audit", Roles { auditor: true, ..Roles::default() }).await;
    let session = PlainToken::presented(&*world.test.session(person, None).await);
    let Ok(Caller::SignedIn(auditor)) = caller::resolve(&world.test.app, &session).await else {
        unreachable!("the auditor is signed in")
    };
    println!(
        "{name:<9} {:<32} {:>6} {:>9} {:>9} {:>6} {:>9} {:>9} {:>7}",
        "", "lines", "p50 ms", "p95 ms", "lines", "p50 ms", "p95 ms", "p95"
    );
    println!("{:<9} {:<32} {:>26} {:>26} {:>7}", "", "entries", SMALL, large, "ratio");
    let mut small = Vec::new();
    for size in [SMALL, large] {
        let begun = Instant::now();
        world.fill(size).await;
        eprintln!("{name}: {size} entries written in {:.0} s", begun.elapsed().as_secs_f64());
        for (at, (what, wanted)) in questions(&world, size).await.into_iter().enumerate() {
            let (lines, p50, p95) = timed(&world.test, &auditor, &wanted).await;
            if size == SMALL {
                small.push((lines, p50, p95));
            } else {
                let (less, small50, small95) = small[at];
                println!(
                    "{name:<9} {what:<32} {less:>6} {small50:>9.1} {small95:>9.1} {lines:>6} {p50:>9.1} {p95:>9.1} {:>6.1}x",
                    p95 / small95
                );
            }
        }
    }
}

/// What auditors ask for; each question is asked of the whole perimeter.
async fn questions(world: &World, size: i64) -> Vec<(&'static str, Wanted)> {
    let any = Wanted::default;
    let structure = Some(world.structures[7]);
    let day = time::Duration::days(1);
    let middle = world.at(size / 2);
    let mandate = Some(world.mandate(size / 40).await);
    vec![
        ("nothing: the latest lines", any()),
        ("a deep page", Wanted { before: Some(world.entry(size / 3).await), ..any() }),
        ("a period", Wanted { from: Some(middle - day), until: Some(middle), ..any() }),
        ("a structure", Wanted { structure_id: structure, ..any() }),
        ("a structure, in a period", Wanted { structure_id: structure, until: Some(middle), ..any() }),
        ("a mandate", Wanted { mandate, ..any() }),
        (
            "an aidant, by the short form",
            Wanted { aidant: Some(world.pseudonym("actor", 77).await), ..any() },
        ),
        ("a user, by the short form", Wanted { user: Some(world.pseudonym("subject", 5).await), ..any() }),
        ("a service", Wanted { service_id: Some(world.services[3]), ..any() }),
        ("a kind, common", Wanted { kind: Some(Kind::UserinfoGiven), ..any() }),
        ("a kind, one line in 10 007", Wanted { kind: Some(Kind::LogExported), ..any() }),
        ("a domain, common", Wanted { domain: Some("argent".to_owned()), ..any() }),
        ("a domain, one mandate in 5 000", Wanted { domain: Some("justice".to_owned()), ..any() }),
        ("refusals", Wanted { refused: Some(true), ..any() }),
        ("refusals of a structure", Wanted { refused: Some(true), structure_id: structure, ..any() }),
        (
            "a structure and a kind, rare",
            Wanted { structure_id: structure, kind: Some(Kind::LogExported), ..any() },
        ),
        (
            "a structure, a service, a kind",
            Wanted {
                structure_id: structure,
                service_id: Some(world.services[7]),
                kind: Some(Kind::CodeRedeemed),
                ..any()
            },
        ),
    ]
}

/// Lines on the first page, and the milliseconds of that page and of those after it, in turn.
async fn timed(test: &TestApp, auditor: &SignedIn, wanted: &Wanted) -> (usize, f64, f64) {
    let mut times: Vec<Duration> = Vec::with_capacity(TIMES);
    let mut lines = 0;
    let mut wanted = wanted.clone();
    let first = wanted.before;
    for turn in 0..TIMES + PAGES {
        let begun = Instant::now();
        let found = search_log::search(&test.app, auditor, &wanted).await.expect("a page");
        if turn >= PAGES {
            times.push(begun.elapsed());
        }
        if turn == 0 {
            lines = found.lines.len();
        }
        assert!(found.unclear.is_empty(), "{wanted:?}: {:?}", found.unclear);
        wanted.before = if turn % PAGES == PAGES - 1 { first } else { found.next.or(first) };
    }
    times.sort_unstable();
    let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1_000.0;
    (lines, at(0.5), at(0.95))
}
