//! Durable acts per second, with their log entries, at 1, 8 and 32 writers on both engines, the log being sequenced and
//! signed meanwhile; and the same act without its entry, as a ratio. Started by `benches/run`.
//!
//! | act | what is committed |
//! | --- | --- |
//! | entry | an entry of a mandate, numbered in it, in a commit shared by those who wait (as userinfo does) |
//! | act + entry | a new link for someone: those before are void, the link is kept, the entry, in one transaction |
//! | act alone | the same statements without the entry: no act of the product is written so |
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

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use entremise::app::context::SystemClock;
use entremise::app::create_person::{self, INVITATION, NewPerson};
use entremise::app::set_perimeter::Perimeter;
use entremise::app::{App, record};
use entremise::domain::ids::{EntryId, MandateId, PersonId};
use entremise::domain::person::{Email, PersonName, Role};
use entremise::domain::secret::PlainToken;
use entremise::domain::time::Clock;
use entremise::log::draft::Draft;
use entremise::log::kind::{Kind, Role as LogRole};
use entremise::store::{StoreError, link};

use crate::support::{Engine, TestApp};

const WRITERS: [usize; 3] = [1, 8, 32];
/// Acts of one measurement, and those before it that are not measured.
const ACTS: usize = 6_000;
const WARM: usize = 300;
/// People and mandates the acts are about, in turn: more than writers, so that none waits for another's row.
const ABOUT: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Entry,
    WithEntry,
    Alone,
}

/// What the acts are about.
struct Scene {
    app: App,
    mandates: Vec<MandateId>,
    people: Vec<(Email, PersonId)>,
    /// What an act that writes none names instead.
    entry: EntryId,
}

fn main() {
    println!("durable acts with their log entries, in one process, one run on this machine");
    println!(
        "{:<28} {:>8} {:>10} {:>8} {:>8} {:>11}",
        "act", "writers", "acts/s", "p50 ms", "p99 ms", "with/alone"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for (engine, name) in [(Engine::Sqlite, "sqlite"), (Engine::Postgres, "postgres")] {
        runtime.block_on(async {
            let test = TestApp::fresh(engine).await;
            let scene = Arc::new(scene(&test).await);
            let jobs = entremise::jobs::Jobs::start(&scene.app, None);
            for writers in WRITERS {
                measure(&scene, Act::Entry, writers, &format!("{name} entry"), None).await;
                let alone = measure(&scene, Act::Alone, writers, &format!("{name} act alone"), None).await;
                measure(&scene, Act::WithEntry, writers, &format!("{name} act + entry"), Some(alone)).await;
            }
            jobs.stop().await;
        });
    }
}

async fn scene(test: &TestApp) -> Scene {
    // The present, not the clock of the tests: mandates are written at it too.
    test.clock.set(SystemClock.now());
    let desk = test.desk("Nadia", "35600000012345").await;
    let (mut mandates, mut people) = (Vec::new(), Vec::new());
    for n in 0..ABOUT {
        let user = test.user(&support::services::josette()).await;
        mandates.push(test.mandate(&desk, user, &["argent"], time::Duration::days(31), None).await.id);
        let email = Email::parse(&format!("n{n}@example.fr")).expect("an address");
        let new = NewPerson {
            email: email.clone(),
            name: PersonName::parse("Emma Riou").expect("a name"),
            roles: vec![Role::Auditor],
            structure: None,
            perimeter: Some(Perimeter::All),
            locale: "fr",
        };
        let created = create_person::create(&test.app, &new).await.expect("someone is created");
        people.push((email, created.person_id));
    }
    Scene {
        app: App { clock: Arc::new(SystemClock), ..test.app.clone() },
        mandates,
        people,
        entry: test.entry(Kind::LinkSent).await,
    }
}

/// Prints one line and gives the rate.
async fn measure(scene: &Arc<Scene>, act: Act, writers: usize, name: &str, alone: Option<f64>) -> f64 {
    burst(scene, act, writers, WARM).await;
    // One writer needs no more to be measured as well.
    let acts = if writers == 1 { ACTS / 4 } else { ACTS };
    let begun = Instant::now();
    let mut times = burst(scene, act, writers, acts).await;
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times[place.min(times.len() - 1)].as_secs_f64() * 1_000.0
    };
    let ratio = alone.map_or_else(String::new, |alone| format!("{:.2}", rate / alone));
    println!("{name:<28} {writers:>8} {rate:>10.0} {:>8.2} {:>8.2} {ratio:>11}", at(0.5), at(0.99));
    rate
}

/// The time of each act.
async fn burst(scene: &Arc<Scene>, act: Act, writers: usize, acts: usize) -> Vec<Duration> {
    let next = Arc::new(AtomicUsize::new(0));
    let workers: Vec<_> = (0..writers)
        .map(|_| {
            let (scene, next) = (scene.clone(), next.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= acts {
                        return times;
                    }
                    let begun = Instant::now();
                    perform(&scene, act, place % ABOUT).await;
                    times.push(begun.elapsed());
                }
            })
        })
        .collect();
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await.expect("a writer that ended well"));
    }
    times
}

async fn perform(scene: &Scene, act: Act, place: usize) {
    let app = &scene.app;
    let (email, person) = &scene.people[place];
    match act {
        Act::Entry => {
            let draft =
                Draft::done(Kind::UserinfoGiven).by_role(LogRole::Service).mandate(scene.mandates[place]);
            record::append(app, draft).await.expect("the entry is written");
        }
        Act::WithEntry => _ = create_person::new_link(app, email).await.expect("a link"),
        Act::Alone => {
            let (token, now) = (PlainToken::generate(&*app.entropy), app.now());
            entremise::transact!(app.store, "bench_link", tx => {
                let index = entremise::app::sign_in::email_index(app, email.as_str());
                entremise::store::person::by_email(tx, &index).await?;
                link::cancel_all(tx, *person, now).await?;
                link::insert(tx, &token.hash(), *person, "activate", (now, now + INVITATION), scene.entry).await?;
                Ok::<_, StoreError>(())
            })
            .expect("the link is written");
        }
    }
}
