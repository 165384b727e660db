//! What a demonstration site remembers for a while, in memory: interactions, codes, tokens, sessions.
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::Duration;

use crate::domain::time::Timestamp;

/// More than any demonstration needs; beyond it new things are not remembered (and the page says to start again).
const MOST: usize = 10_000;

/// Values by random key, each with an end.
pub(crate) struct Expiring<V> {
    entries: Mutex<HashMap<String, (Timestamp, V)>>,
}

impl<V: Clone> Expiring<V> {
    pub(crate) fn new() -> Self {
        Self { entries: Mutex::new(HashMap::new()) }
    }

    pub(crate) fn put(&self, key: &str, value: V, now: Timestamp, lifetime: Duration) {
        let mut entries = self.lock();
        entries.retain(|_, (end, _)| *end > now);
        if entries.len() < MOST {
            entries.insert(key.to_owned(), (now + lifetime, value));
        }
    }

    pub(crate) fn get(&self, key: &str, now: Timestamp) -> Option<V> {
        self.change(key, now, |value| value.clone())
    }

    /// Removes and returns: what is single-use is taken, never got.
    pub(crate) fn take(&self, key: &str, now: Timestamp) -> Option<V> {
        self.lock().remove(key).filter(|(end, _)| *end > now).map(|(_, value)| value)
    }

    /// Reads and changes in one step.
    pub(crate) fn change<R>(&self, key: &str, now: Timestamp, edit: impl FnOnce(&mut V) -> R) -> Option<R> {
        let mut entries = self.lock();
        let (_, value) = entries.get_mut(key).filter(|(end, _)| *end > now)?;
        Some(edit(value))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Timestamp, V)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_at_the_end_and_gives_once() {
        let now = Timestamp::from_unix(1_795_344_127).unwrap();
        let kept = Expiring::new();
        kept.put("a", 1, now, Duration::seconds(30));
        kept.change("a", now, |value| *value += 1);
        assert_eq!(kept.get("a", now + Duration::seconds(29)), Some(2));
        assert_eq!(kept.get("a", now + Duration::seconds(30)), None);
        assert_eq!(kept.take("a", now), Some(2));
        assert_eq!(kept.take("a", now), None);
    }
}
