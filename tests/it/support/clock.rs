//! Time that only moves when a test says so.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use entremise::domain::time::{Clock, Timestamp};
use time::Duration;

/// A clock that stands still until moved. Clones show the same time.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// Monday 2 November 2026, 09:00 in Paris: a desk opens.
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_793_606_400_000_000)))
    }

    /// Moves forward (or back, as a machine's clock may).
    pub fn advance(&self, by: Duration) {
        let micros =
            i64::try_from(by.whole_microseconds()).expect("a test moves the clock by less than an age");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    pub fn set(&self, to: Timestamp) {
        self.0.store(to.unix_micros(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let micros = self.0.load(Ordering::SeqCst);
        let seconds = Timestamp::from_unix(micros.div_euclid(1_000_000)).expect("within the calendar");
        seconds + Duration::microseconds(micros.rem_euclid(1_000_000))
    }
}

#[test]
fn stands_still_and_moves_to_the_microsecond() {
    let clock = TestClock::new();
    let before = clock.now();
    assert_eq!(before.to_string(), "2026-11-02T08:00:00.000000Z");
    clock.clone().advance(Duration::days(1) + Duration::microseconds(7));
    assert_eq!(clock.now().to_string(), "2026-11-03T08:00:00.000007Z");
    clock.set(before);
    assert_eq!(clock.now(), before);
}
