//! The clock of a demonstration: the machine's, moved on by what the visitor asked for. Everything in the process
//! shares it: product, identity provider, services, cards.
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};

use time::Duration;

use crate::app::context::SystemClock;
use crate::domain::time::{Clock, Timestamp};

/// Time only passes: nothing in the product has to stand a clock that goes back.
pub struct DemoClock {
    machine: SystemClock,
    /// Seconds ahead of the machine.
    ahead: AtomicI64,
    file: PathBuf,
}

impl DemoClock {
    /// Reads how far ahead an earlier run had gone.
    pub fn open(file: PathBuf) -> io::Result<Self> {
        let ahead = match std::fs::read_to_string(&file) {
            Ok(text) => text.trim().parse().unwrap_or(0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { machine: SystemClock, ahead: AtomicI64::new(ahead), file })
    }

    /// Lets `time` pass at once, for good.
    pub fn pass(&self, time: Duration) -> io::Result<()> {
        let seconds = time.whole_seconds().max(0);
        let ahead = self.ahead.fetch_add(seconds, Ordering::SeqCst) + seconds;
        std::fs::write(&self.file, ahead.to_string())
    }

    /// How far ahead of the machine's clock.
    pub fn ahead(&self) -> Duration {
        Duration::seconds(self.ahead.load(Ordering::SeqCst))
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        self.machine.now() + self.ahead()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_where_it_was() {
        let file = std::env::temp_dir().join(format!("entremise-demo-clock-{}", std::process::id()));
        let _ = std::fs::remove_file(&file);
        let clock = DemoClock::open(file.clone()).unwrap();
        clock.pass(Duration::days(31)).unwrap();
        clock.pass(Duration::seconds(-5)).unwrap();
        let again = DemoClock::open(file.clone()).unwrap();
        assert_eq!(again.ahead(), Duration::days(31));
        assert!(again.now() > SystemClock.now() + Duration::days(30));
        std::fs::remove_file(&file).unwrap();
    }
}
