//! What an operator sees of the services: who they are, how much each is used, what is refused to it, its keys.
use jsonwebtoken::jwk::JwkSet;
use time::Duration;

use crate::domain::ids::{EntryId, ServiceId};
use crate::domain::time::Timestamp;
use crate::log::entry::{Fact, Leaf, Outcome};
use crate::log::kind::Kind;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::policy::ClientKeys;
use crate::store::activity::{self, CountRow, Whose};
pub use crate::store::auditor::DomainRow as Domain;
use crate::store::{StoreError, auditor, client, client_use};
use crate::view;

pub use super::client_keys::{Fetched, KeysFault};
use super::{App, client_keys, openid};

/// Refusals on one page.
pub const REFUSALS: usize = 50;
/// Entries of counted checks that are read: the latest.
const COUNTS_READ: i64 = 5_000;

/// A service among the others.
#[derive(Debug)]
pub struct Listed {
    pub client: Client,
    pub last_use: Option<Timestamp>,
    /// Uses opened in the last seven days, and thirty.
    pub uses: (i64, i64),
    /// Refusals written in the last seven days, and thirty.
    pub refused: (i64, i64),
}

/// What was done at a service in one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    pub start: Timestamp,
    /// Uses opened.
    pub opened: i64,
    /// Codes redeemed and tokens renewed.
    pub tokens: i64,
    pub userinfo: i64,
    /// Introspections and evaluations that agreed, those that were only counted too.
    pub checks: i64,
    /// Actions reported.
    pub actions: i64,
    pub refused: i64,
}

impl Day {
    /// All that was done.
    pub fn done(&self) -> i64 {
        self.opened + self.tokens + self.userinfo + self.checks + self.actions
    }
}

/// Something refused to a service.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub at: Timestamp,
    pub kind: Kind,
    pub reason: String,
}

/// A secret, of which only the age is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretAge {
    pub since: Option<Timestamp>,
    /// Until when the secret before serves too.
    pub previous_until: Option<Timestamp>,
}

/// How a service proves who it is.
#[derive(Debug)]
pub struct Keys {
    pub secret: Option<SecretAge>,
    pub inline: Option<JwkSet>,
    /// Where it publishes them, and what this node last found there.
    pub published: Option<(String, Option<Fetched>)>,
}

/// One service, watched.
#[derive(Debug)]
pub struct Watched {
    pub client: Client,
    pub keys: Keys,
    pub days: Vec<Day>,
    /// The latest first; a page of them.
    pub refusals: Vec<Refusal>,
    /// The last refusal of this page, if older ones follow.
    pub older: Option<EntryId>,
    pub domains: Vec<Domain>,
}

/// Every service, by identifier.
pub async fn list(app: &App) -> Result<Vec<Listed>, StoreError> {
    let now = app.now();
    let (rows, counts) = view!(app.store, tx => {
        let counts = client_use::counts(tx, now - Duration::days(7), now - Duration::days(30)).await?;
        Ok::<_, StoreError>((client::all(tx).await?, counts))
    })?;
    let listed = |row: client::ClientRow| {
        let counted = counts.iter().find(|count| count.id == row.id);
        let pair = |of: fn(&client_use::CountRow) -> (i64, i64)| counted.map_or((0, 0), of);
        Ok(Listed {
            last_use: counted.and_then(|count| count.last_use),
            uses: pair(|count| (count.uses_of_week, count.uses_of_month)),
            refused: pair(|count| (count.refused_of_week, count.refused_of_month)),
            client: openid::client(row)?,
        })
    };
    rows.into_iter().map(listed).collect()
}

/// One service, as registered.
pub async fn find(app: &App, id: ServiceId) -> Result<Option<Client>, StoreError> {
    view!(app.store, tx => { client::by_id(tx, id).await })?.map(openid::client).transpose()
}

/// The domains a service may be registered for.
pub async fn domains(app: &App) -> Result<Vec<Domain>, StoreError> {
    view!(app.store, tx => { auditor::all_domains(tx).await })
}

/// One service with what it did. `days`: the first instant of each day, and the end of the last one. `before`: the
/// refusal after which the page of refusals begins, going back in time; none for the latest.
pub async fn watch(
    app: &App,
    id: ServiceId,
    days: &[Timestamp],
    before: Option<EntryId>,
) -> Result<Option<Watched>, StoreError> {
    let (Some(from), Some(until)) = (days.first().copied(), days.last().copied()) else { return Ok(None) };
    let whose = Whose::Service(id);
    let found = view!(app.store, tx => {
        let Some(row) = client::by_id(tx, id).await? else { return Ok::<_, StoreError>(None) };
        let mut counted = Vec::with_capacity(days.len());
        for (start, end) in days.iter().zip(days.iter().skip(1)) {
            counted.push(day(*start, &activity::counts(tx, &whose, (*start, *end)).await?));
        }
        let refused = activity::refusals(tx, &whose, (from, until), before, REFUSALS + 1).await?;
        let checks = client_use::checks_counted(tx, id, (from, until), COUNTS_READ).await?;
        Ok(Some((row, counted, refused, checks, auditor::all_domains(tx).await?)))
    })?;
    let Some((row, mut days, refused, checks, domains)) = found else { return Ok(None) };
    for leaf in checks.iter().filter_map(|bytes| Leaf::decode(bytes).ok()) {
        // Days are in order: the one of a leaf is the last that began before it.
        if let Some(day) = days.iter_mut().rev().find(|day| day.start <= leaf.time) {
            day.checks += count(&leaf);
        }
    }
    let secret = row.secret_hash.is_some().then(|| SecretAge {
        since: row.secret_since,
        previous_until: row.previous_secret_ends_at.filter(|end| *end > app.now()),
    });
    let client = openid::client(row)?;
    let (inline, published) = match &client.policy.keys {
        ClientKeys::None => (None, None),
        ClientKeys::Inline(keys) => (Some(keys.clone()), None),
        ClientKeys::Uri(uri) => (None, Some((uri.clone(), client_keys::last(app, &client)))),
    };
    let keys = Keys { secret, inline, published };
    let more = refused.len() > REFUSALS;
    let refused: Vec<_> =
        refused.iter().take(REFUSALS).filter_map(|bytes| Leaf::decode(bytes).ok()).collect();
    let older = refused.last().map(|leaf| leaf.id).filter(|_| more);
    let refusals = refused.iter().filter_map(refusal).collect();
    Ok(Some(Watched { client, keys, days, refusals, older, domains }))
}

fn day(start: Timestamp, rows: &[CountRow]) -> Day {
    let of = |kinds: &[Kind]| {
        let done = rows.iter().filter(|row| row.outcome == "done");
        done.filter(|row| kinds.iter().any(|kind| kind.token() == row.kind)).map(|row| row.lines).sum()
    };
    Day {
        start,
        opened: of(&[Kind::UseOpened]),
        tokens: of(&[Kind::CodeRedeemed, Kind::TokenRefreshed]),
        userinfo: of(&[Kind::UserinfoGiven]),
        checks: of(&[Kind::CheckGiven]),
        actions: of(&[Kind::ActionReported]),
        refused: rows.iter().filter(|row| row.outcome == "refused").map(|row| row.lines).sum(),
    }
}

/// How many checks an entry of counts stands for.
fn count(leaf: &Leaf) -> i64 {
    let counted = leaf.facts.iter().find(|(name, _)| name.as_str() == "count");
    if let Some((_, Fact::Integer(more))) = counted { *more } else { 0 }
}

fn refusal(leaf: &Leaf) -> Option<Refusal> {
    match &leaf.outcome {
        Outcome::Refused(reason) => {
            Some(Refusal { at: leaf.time, kind: leaf.kind, reason: reason.to_string() })
        }
        Outcome::Done => None,
    }
}
