//! Checks that agree: the first one of its kind is an entry of the log, later ones are counted in the memory of the
//! process and told in a periodic entry. A process that dies loses the counts of one period at most.
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::Duration;

use crate::domain::ids::ServiceId;
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::store::token::{self, Standing};
use crate::store::{AsStoreError, StoreError, check};
use crate::transact;

use super::App;
use super::caller::CHARTER_VERSION;
use super::record::{self, RecordError};
use super::redeem_code::exchange::entry;

/// How often counts become entries.
const PERIOD: Duration = Duration::minutes(5);
/// Counts in one transaction.
const ROUND: usize = 100;

/// What is checked again and again: one use, by one service, for one purpose.
pub(super) struct Check<'a> {
    /// How it was asked: `introspection`, `evaluation`.
    pub via: &'static str,
    /// What tells this check from others of the same use.
    pub what: &'a [u8],
    /// Whose use it is.
    pub service: ServiceId,
    pub asked_by: ServiceId,
    pub standing: &'a Standing,
    /// From then on it can no longer agree.
    pub ends_at: Timestamp,
}

impl Check<'_> {
    fn key(&self) -> HashedToken {
        let (asked_by, service) = (self.asked_by.as_bytes(), self.service.as_bytes());
        let use_id = self.standing.use_id.as_bytes();
        HashedToken::of_parts(&[self.via.as_bytes(), b"\0", asked_by, service, use_id, self.what])
    }

    fn draft(&self, kind: Kind) -> Draft {
        entry(Draft::done(kind), self.standing, self.service)
            .fact("via", self.via)
            .fact("asked_by", self.asked_by.uuid())
    }
}

/// The counts of this process since they were last told.
#[derive(Debug, Default)]
pub struct Counts(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    since: Option<Timestamp>,
    checks: BTreeMap<HashedToken, Many>,
}

#[derive(Clone, Debug)]
struct Many {
    more: i64,
    draft: Draft,
    ends_at: Timestamp,
}

impl Counts {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more of a check this process knows; false if it does not.
    fn again(&self, key: &HashedToken) -> bool {
        self.lock().checks.get_mut(key).map(|many| many.more += 1).is_some()
    }

    fn know(&self, key: HashedToken, check: &Check<'_>, more: i64, now: Timestamp) {
        let draft = check.draft(Kind::ChecksCounted);
        let mut counted = self.lock();
        counted.since.get_or_insert(now);
        let many = counted.checks.entry(key).or_insert(Many { more: 0, draft, ends_at: check.ends_at });
        many.more += more;
    }

    /// What is to be told, with the instant since which it was counted. What was not asked for since is forgotten.
    fn take(&self, now: Timestamp, all: bool) -> Option<(Timestamp, Vec<(HashedToken, Many)>)> {
        let mut counted = self.lock();
        let since = counted.since.filter(|since| all || now.since(*since) >= PERIOD)?;
        counted.since = Some(now);
        counted.checks.retain(|_, many| many.more > 0);
        let told = counted.checks.iter_mut().map(|(key, many)| {
            let one = many.clone();
            many.more = 0;
            (key.clone(), one)
        });
        let told = told.collect();
        counted.checks.retain(|_, many| many.ends_at > now);
        if counted.checks.is_empty() {
            counted.since = None;
        }
        Some((since, told))
    }

    /// What could not be told is told with what comes after.
    fn put_back(&self, since: Timestamp, left: &[(HashedToken, Many)]) {
        let mut counted = self.lock();
        counted.since = Some(counted.since.map_or(since, |later| later.min(since)));
        for (key, one) in left {
            let none = Many { more: 0, ..one.clone() };
            counted.checks.entry(key.clone()).or_insert(none).more += one.more;
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("what was checked has ended meanwhile")]
    Over,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl AsStoreError for CheckError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Over => None,
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
        }
    }
}

/// Writes, or counts, that a check agreed; false if what it stands on ended while that was written.
pub(super) async fn agreed(app: &App, check: &Check<'_>) -> Result<bool, RecordError> {
    let key = check.key();
    let counts = &app.openid.checks;
    if counts.again(&key) {
        return Ok(true);
    }
    let now = app.now();
    let first = transact!(app.store, "first_check", tx => {
        let entry = record::reserve(app);
        if !check::first(tx, &key, check.ends_at, entry).await? {
            return Ok(false);
        }
        // The entry takes a number of the mandate, and so holds it: what ends now is seen here or comes after.
        record::record(app, tx, check.draft(Kind::CheckGiven).named(entry)).await?;
        if token::is_in_force(tx, check.standing.use_id, now, CHARTER_VERSION).await? {
            Ok::<_, CheckError>(true)
        } else {
            Err(CheckError::Over)
        }
    });
    match first {
        Ok(first) => counts.know(key, check, i64::from(!first), now),
        Err(CheckError::Over) => return Ok(false),
        Err(CheckError::Store(error)) => return Err(error.into()),
        Err(CheckError::Record(error)) => return Err(error),
    }
    Ok(true)
}

/// Writes the counts of a period that is over; of whatever was counted when `all` (the process stops).
pub async fn count_checks(app: &App, all: bool) -> Result<(), RecordError> {
    let Some((since, told)) = app.openid.checks.take(app.now(), all) else { return Ok(()) };
    let mut left = told.as_slice();
    while !left.is_empty() {
        let (some, rest) = left.split_at(ROUND.min(left.len()));
        let draft = |(_, many): &(_, Many)| many.draft.clone().fact("count", many.more).fact("from", since);
        let drafts: Vec<_> = some.iter().map(draft).collect();
        let written = transact!(app.store, "count_checks", tx => {
            record::record_all(app, tx, drafts.clone()).await.map(drop)
        });
        if let Err(error) = written {
            app.openid.checks.put_back(since, left);
            return Err(error);
        }
        left = rest;
    }
    Ok(())
}
