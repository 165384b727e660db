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
use entremise::domain::ids::EntryId;
use entremise::domain::secret::PlainToken;
use entremise::log::kind::Kind;

use crate::support::Engine;
use crate::support::people::Roles;
use crate::world::{SMALL, World};

/// Searches of each kind in each log, over the first pages again and again; each page once before, not measured.
const TIMES: usize = 400;
const PAGES: usize = 20;
/// Structures of the perimeter of an auditor who has one.
const LISTED: usize = 20;

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

/// A log of some size, an auditor of everything, and one of a quarter of the structures.
struct Room {
    world: World,
    size: i64,
    auditor: Box<SignedIn>,
    listed: Box<SignedIn>,
}

impl Room {
    async fn new(engine: Engine, size: i64) -> Self {
        let world = World::new(engine).await;
        let begun = Instant::now();
        world.fill(size).await;
        eprintln!("{engine:?}: {size} entries written in {:.0} s", begun.elapsed().as_secs_f64());
        let auditor = Self::auditor(&world, "Alice").await;
        let listed = Self::auditor(&world, "Luc").await;
        world.list(listed.person_id, LISTED).await;
        Self { world, size, auditor, listed }
    }

    async fn auditor(world: &World, name: &str) -> Box<SignedIn> {
        let person = world.test.person(name, "Audit", Roles { auditor: true, ..Roles::default() }).await;
        let session = PlainToken::presented(&*world.test.session(person, None).await);
        let Ok(Caller::SignedIn(auditor)) = caller::resolve(&world.test.app, &session).await else {
            unreachable!("the auditor is signed in")
        };
        auditor
    }
}

/// Each question is asked of the small log and of the large one in turn, so that whatever else the machine does is met
/// by both.
async fn measure(engine: Engine, name: &str, large: i64) {
    let (small, large) = (Room::new(engine, SMALL).await, Room::new(engine, large).await);
    println!(
        "{name:<9} {:<32} {:>6} {:>8} {:>8} {:>6} {:>8} {:>8} {:>7} {:>7}",
        "", "lines", "p50 ms", "p95 ms", "lines", "p50 ms", "p95 ms", "p50", "p95"
    );
    println!("{name:<9} {:<32} {:>24} {:>24} {:>15}", "entries", small.size, large.size, "ratio");
    let asked =
        questions(&small.world, small.size).await.into_iter().zip(questions(&large.world, large.size).await);
    for ((what, of_small), (_, of_large)) in asked {
        let listed = what.ends_with("perimeter");
        let (mut less, mut more) =
            (Asking::new(&small, of_small, listed), Asking::new(&large, of_large, listed));
        for turn in 0..TIMES + PAGES {
            for asking in if turn % 2 == 0 { [&mut less, &mut more] } else { [&mut more, &mut less] } {
                asking.ask(turn).await;
            }
        }
        let ((small50, small95), (large50, large95)) = (less.figures(), more.figures());
        // A page that the small log does not fill costs less for that alone.
        let short = if less.lines < more.lines { " short" } else { "" };
        println!(
            "{name:<9} {what:<32} {:>6} {small50:>8.1} {small95:>8.1} {:>6} {large50:>8.1} {large95:>8.1} {:>6.1}x {:>6.1}x{short}",
            less.lines,
            more.lines,
            large50 / small50,
            large95 / small95
        );
    }
}

/// What auditors ask for: of everything, but where a perimeter is named.
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
        ("a kind, one line in 1 009", Wanted { kind: Some(Kind::CardEnded), ..any() }),
        ("a kind, one line in 10 007", Wanted { kind: Some(Kind::LogExported), ..any() }),
        ("a domain, common", Wanted { domain: Some("argent".to_owned()), ..any() }),
        ("a domain, one mandate in 1 000", Wanted { domain: Some("justice".to_owned()), ..any() }),
        ("refusals", Wanted { refused: Some(true), ..any() }),
        ("refusals of a structure", Wanted { refused: Some(true), structure_id: structure, ..any() }),
        (
            "a structure and a kind, common",
            Wanted { structure_id: structure, kind: Some(Kind::MandateSigned), ..any() },
        ),
        (
            "a structure and a kind, rare",
            Wanted { structure_id: structure, kind: Some(Kind::CardEnded), ..any() },
        ),
        (
            "a structure and a kind, very rare",
            Wanted { structure_id: structure, kind: Some(Kind::LogExported), ..any() },
        ),
        (
            "a service and a kind that never meet",
            Wanted { service_id: Some(world.services[3]), kind: Some(Kind::MandateSigned), ..any() },
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
        ("everything in a perimeter", any()),
        ("a kind in a perimeter", Wanted { kind: Some(Kind::MandateSigned), ..any() }),
        (
            "a service and a kind, a perimeter",
            Wanted { service_id: Some(world.services[7]), kind: Some(Kind::CodeRefused), ..any() },
        ),
    ]
}

/// A question asked again and again: its first page, those after it, in turn.
struct Asking<'a> {
    room: &'a Room,
    who: &'a SignedIn,
    wanted: Wanted,
    first: Option<EntryId>,
    /// Of the first page.
    lines: usize,
    times: Vec<Duration>,
}

impl<'a> Asking<'a> {
    fn new(room: &'a Room, wanted: Wanted, listed: bool) -> Self {
        let (first, who) = (wanted.before, if listed { &room.listed } else { &room.auditor });
        Self { room, who, wanted, first, lines: 0, times: Vec::with_capacity(TIMES) }
    }

    async fn ask(&mut self, turn: usize) {
        let wanted = &mut self.wanted;
        let begun = Instant::now();
        let found = search_log::search(&self.room.world.test.app, self.who, wanted).await.expect("a page");
        let took = begun.elapsed();
        assert!(found.unclear.is_empty(), "{wanted:?}: {:?}", found.unclear);
        if turn >= PAGES {
            self.times.push(took);
        }
        if turn == 0 {
            self.lines = found.lines.len();
        }
        wanted.before = if turn % PAGES == PAGES - 1 { self.first } else { found.next.or(self.first) };
    }

    /// Milliseconds: p50 and p95.
    fn figures(&mut self) -> (f64, f64) {
        self.times.sort_unstable();
        let at = |share: f64| self.times[(self.times.len() as f64 * share) as usize].as_secs_f64() * 1_000.0;
        (at(0.5), at(0.95))
    }
}
