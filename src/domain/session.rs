//! How long a desk session lives, how long a code stays fresh, and how failures slow the next attempt.
use time::Duration;

use super::time::Timestamp;

/// Lengths of a session's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRules {
    /// Without any request for this long, the session is over.
    pub idle: Duration,
    /// Whatever happens, the session ends this long after sign-in.
    pub absolute: Duration,
    /// Without any request for this long, an act asks for a code again.
    pub fresh: Duration,
    /// Between the right password and the code.
    pub awaiting_code: Duration,
}

impl Default for SessionRules {
    fn default() -> Self {
        Self {
            idle: Duration::minutes(60),
            absolute: Duration::hours(10),
            fresh: Duration::minutes(15),
            awaiting_code: Duration::minutes(10),
        }
    }
}

/// How far a sign-in has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The password was right; nothing is open yet.
    AwaitingCode,
    /// Password and code: the desk is open.
    Full,
}

/// The instants that decide whether a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimes {
    pub seen_at: Timestamp,
    /// The absolute end, fixed when the session began.
    pub ends_at: Timestamp,
    /// Until when an act needs no new code.
    pub fresh_until: Timestamp,
}

impl SessionRules {
    /// A session as it begins: after the password (nothing is fresh), or after the code.
    pub fn begin(&self, stage: Stage, now: Timestamp) -> SessionTimes {
        match stage {
            Stage::AwaitingCode => {
                SessionTimes { seen_at: now, ends_at: now + self.awaiting_code, fresh_until: now }
            }
            Stage::Full => {
                SessionTimes { seen_at: now, ends_at: now + self.absolute, fresh_until: now + self.fresh }
            }
        }
    }

    pub fn is_alive(&self, times: &SessionTimes, now: Timestamp) -> bool {
        now < times.ends_at && now < times.seen_at + self.idle
    }

    /// May an act be done without a new code?
    pub fn is_fresh(&self, times: &SessionTimes, now: Timestamp) -> bool {
        now < times.fresh_until
    }

    /// After a request: the session was seen; freshness goes on if it had not lapsed, and never comes back by itself.
    #[must_use]
    pub fn touched(&self, times: &SessionTimes, now: Timestamp) -> SessionTimes {
        let fresh_until = if self.is_fresh(times, now) { now + self.fresh } else { times.fresh_until };
        SessionTimes { seen_at: now.max(times.seen_at), fresh_until, ..*times }
    }

    /// After a valid code in the session.
    #[must_use]
    pub fn refreshed(&self, times: &SessionTimes, now: Timestamp) -> SessionTimes {
        SessionTimes { seen_at: now, fresh_until: now + self.fresh, ..*times }
    }

    /// When the session ends if nothing more is asked of it.
    pub fn dies_at(&self, times: &SessionTimes) -> Timestamp {
        times.ends_at.min(times.seen_at + self.idle)
    }
}

/// Failures in a row before a wait is imposed.
pub const FREE_FAILURES: u32 = 4;
/// No wait is longer, so that nobody is shut out for good: 24 tries a day at three codes in a million.
pub const LONGEST_WAIT: Duration = Duration::minutes(60);
/// Failures older than this are forgotten.
pub const FAILURES_FORGOTTEN: Duration = Duration::hours(24);

/// How long to wait after this many failures in a row: nothing for the first four, then one minute at the fifth,
/// doubling up to an hour.
pub fn wait_after(failures: u32) -> Option<Duration> {
    let over = failures.checked_sub(FREE_FAILURES + 1)?;
    let minutes = 1_i64.checked_shl(over.min(16)).unwrap_or(i64::MAX);
    Some(Duration::minutes(minutes).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_unix(1_795_000_000 + minutes * 60).unwrap()
    }

    #[test]
    fn ends_when_idle_and_ends_anyway() {
        let rules = SessionRules::default();
        let mut times = rules.begin(Stage::Full, at(0));
        assert!(rules.is_alive(&times, at(59)));
        assert!(!rules.is_alive(&times, at(60)));
        for minute in (0..600).step_by(10) {
            assert!(rules.is_alive(&times, at(minute)), "{minute}");
            times = rules.touched(&times, at(minute));
        }
        assert!(!rules.is_alive(&times, at(600)));
        assert_eq!(rules.dies_at(&times), at(600));
    }

    #[test]
    fn awaits_the_code_ten_minutes_and_is_never_fresh_meanwhile() {
        let rules = SessionRules::default();
        let times = rules.begin(Stage::AwaitingCode, at(0));
        assert!(!rules.is_fresh(&times, at(0)));
        assert!(rules.is_alive(&times, at(9)));
        let times = rules.touched(&times, at(9));
        assert!(!rules.is_fresh(&times, at(9)) && !rules.is_alive(&times, at(10)));
    }

    #[test]
    fn a_code_stays_fresh_with_activity_and_lapses_without() {
        let rules = SessionRules::default();
        let mut times = rules.begin(Stage::Full, at(0));
        for minute in [14, 28, 42] {
            assert!(rules.is_fresh(&times, at(minute)));
            times = rules.touched(&times, at(minute));
        }
        assert!(!rules.is_fresh(&times, at(57)));
        times = rules.touched(&times, at(57));
        assert!(!rules.is_fresh(&times, at(58)), "activity alone does not bring it back");
        times = rules.refreshed(&times, at(58));
        assert!(rules.is_fresh(&times, at(72)));
    }

    #[test]
    fn a_clock_that_steps_back_does_not_lengthen_anything() {
        let rules = SessionRules::default();
        let times = rules.begin(Stage::Full, at(10));
        assert_eq!(rules.touched(&times, at(5)).seen_at, at(10));
    }

    #[test]
    fn waits_grow_and_are_capped() {
        let minutes: Vec<_> =
            (0..14).map(|n| wait_after(n).map_or(0, time::Duration::whole_minutes)).collect();
        assert_eq!(minutes, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(wait_after(u32::MAX), Some(LONGEST_WAIT));
    }
}
