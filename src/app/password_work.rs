//! Argon2 off the request threads, and never more at once than the machine bears: a flood of sign-ins waits, and then
//! is sent away, while everything else goes on.
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::crypto::password::{self, PasswordPhc};
use crate::domain::ids::Entropy;
use crate::domain::secret::Secret;

use super::fault::Fault;

/// 19 MiB each.
static PERMITS: Semaphore = Semaphore::const_new(4);
/// Longer than anybody waits at a desk.
const PATIENCE: Duration = Duration::from_secs(5);

/// The machine is too busy with other passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// See [`password::verify`].
pub async fn verify(password: Secret, stored: Option<PasswordPhc>) -> Result<Result<bool, Busy>, Fault> {
    run(&PERMITS, move || password::verify(&password, stored.as_ref())).await
}

/// See [`password::hash`].
pub async fn hash(password: Secret, entropy: Arc<dyn Entropy>) -> Result<Result<PasswordPhc, Busy>, Fault> {
    match run(&PERMITS, move || password::hash(&password, &*entropy)).await? {
        Ok(done) => Ok(Ok(done?)),
        Err(busy) => Ok(Err(busy)),
    }
}

async fn run<T: Send + 'static>(
    permits: &'static Semaphore,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Result<T, Busy>, Fault> {
    let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, permits.acquire()).await else {
        return Ok(Err(Busy));
    };
    // The permit goes with the work and not with whoever waits for it: a caller who leaves frees no place.
    let work = move || {
        let done = work();
        drop(permit);
        done
    };
    tokio::task::spawn_blocking(work).await.map(Ok).map_err(|_| Fault::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Condvar, Mutex};

    use super::*;

    // Each test has places of its own: those of the program are taken by the other tests of this process.

    #[derive(Default)]
    struct Gate {
        open: Mutex<bool>,
        opened: Condvar,
        inside: AtomicUsize,
        most: AtomicUsize,
    }

    impl Gate {
        fn pass(&self) {
            let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(inside, Ordering::SeqCst);
            // A test that fails never opens: the threads at work must end all the same.
            let open = self.open.lock().unwrap();
            drop(self.opened.wait_timeout_while(open, Duration::from_secs(20), |open| !*open).unwrap());
            self.inside.fetch_sub(1, Ordering::SeqCst);
        }

        async fn fill(&self, places: usize) {
            while self.inside.load(Ordering::SeqCst) < places {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Known failures 12 and 13: however many ask, and whether they wait for the answer or leave, four are at work.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn four_at_once_even_when_callers_leave() {
        static PLACES: Semaphore = Semaphore::const_new(4);
        let gate = Arc::new(Gate::default());
        let start = || {
            let gate = gate.clone();
            tokio::spawn(run(&PLACES, move || gate.pass()))
        };
        let leaving: Vec<_> = (0..20).map(|_| start()).collect();
        tokio::time::timeout(PATIENCE, gate.fill(4)).await.expect("four are at work");
        for one in leaving {
            one.abort();
        }
        let mut patient = start();
        let early = tokio::time::timeout(Duration::from_millis(100), &mut patient).await;
        assert!(early.is_err(), "no place was free");
        assert_eq!(gate.inside.load(Ordering::SeqCst), 4, "those at work are still the first four");
        *gate.open.lock().unwrap() = true;
        gate.opened.notify_all();
        assert_eq!(patient.await.unwrap().unwrap(), Ok(()), "a place came free");
        assert_eq!(gate.most.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn after_five_seconds_one_is_sent_away() {
        static PLACES: Semaphore = Semaphore::const_new(4);
        let gate = Arc::new(Gate::default());
        let waiting = gate.clone();
        let all = PLACES.acquire_many(4).await.unwrap();
        let begun = tokio::time::Instant::now();
        assert_eq!(run(&PLACES, move || waiting.pass()).await.unwrap(), Err(Busy));
        assert!(begun.elapsed() >= PATIENCE);
        assert_eq!(gate.most.load(Ordering::SeqCst), 0, "the work was not begun");
        drop(all);
    }
}
