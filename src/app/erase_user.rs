//! Erasure: by decision, or because the time of keeping is over. What is personal goes, with the key of the pseudonym; the
//! leaves, the tree and every proof stay. A legal hold stops it.
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::Duration;

use crate::domain::ids::{EntryId, UserId, first_id, time_of};
use crate::domain::time::Timestamp;
use crate::domain::user::{Birthdate, CivilIdentity};
use crate::log::draft::Draft;
use crate::log::entry::{Fact, Leaf};
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::log::verify::KEPT_DAYS;
use crate::store::erasure::{self, Nobody, Technical};
use crate::store::user::{SealedIdentity, identity_place};
use crate::store::{AsStoreError, StoreError, WriteTx};
use crate::{transact, view};

use super::App;
use super::forget_over::AFTER_DRAFT;
use super::notices;
use super::record::{self, RecordError, Who};
use super::remember_erasures;

/// Evidence of a mandate is kept this long after its end: three years at hand, three in restricted archive.
const EVIDENCE: Duration = Duration::days(6 * 365 + 2);
/// Addresses and browsers are kept this long.
const TECHNICAL: Duration = Duration::days(KEPT_DAYS);
/// Users forgotten in one round.
const ROUND: i64 = 20;
/// Entries whose address and browser go at once, and how often that is done in one round.
const SLICE: i64 = 5_000;
const SLICES: usize = 20;

/// Why somebody's data go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// They asked, and it was decided.
    Request,
    /// A court or the data protection authority ordered it.
    Order,
    /// The time of keeping is over.
    Retention,
}

impl Reason {
    pub const fn token(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Order => "order",
            Self::Retention => "retention",
        }
    }

    /// That of an entry.
    pub(super) fn of(leaf: &Leaf) -> Option<Self> {
        let Some(Fact::Token(reason)) = leaf.facts.get("reason") else { return None };
        [Self::Request, Self::Order, Self::Retention]
            .into_iter()
            .find(|known| known.token() == reason.as_str())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    #[error("no mandate of this reference has a user")]
    Unknown,
    #[error("a mandate of this person is not over: it must be revoked first")]
    Live,
    #[error("a legal hold stands: it must be lifted first")]
    Held,
    #[error("this person's data were erased before")]
    Erased,
    #[error("no hold stands")]
    NotHeld,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl AsStoreError for EraseError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// The user of the mandate of this reference.
pub async fn user_of(app: &App, reference: &str) -> Result<UserId, EraseError> {
    view!(app.store, tx => { erasure::user_of(tx, reference).await })?.ok_or(EraseError::Unknown)
}

/// Erases a user. `details`: the decision in words, kept as a part of the entry.
pub async fn erase(
    app: &App,
    id: UserId,
    reason: Reason,
    details: Option<&str>,
) -> Result<EntryId, EraseError> {
    let outcome = transact!(app.store, "erase_user", tx => { erase_in(app, tx, id, reason, details).await });
    if reason == Reason::Retention {
        return outcome;
    }
    decided(app, Kind::DataErased, id, outcome).await
}

/// A decision that was carried out is remembered outside the database too; what stands in the way of one is told.
async fn decided(
    app: &App,
    kind: Kind,
    id: UserId,
    outcome: Result<EntryId, EraseError>,
) -> Result<EntryId, EraseError> {
    let reason = match &outcome {
        Ok(_) => {
            remember_erasures::remember_now(app).await;
            return outcome;
        }
        Err(EraseError::Live) => "live",
        Err(EraseError::Held) => "held",
        Err(EraseError::Erased) => "erased",
        Err(EraseError::NotHeld) => "not_held",
        Err(EraseError::Unknown | EraseError::Store(_) | EraseError::Record(_)) => return outcome,
    };
    let draft = Draft::refused(kind, reason).by_role(Role::Operator).user(id);
    record::refuse(app, draft, "command line").await?;
    outcome
}

async fn erase_in(
    app: &App,
    tx: &mut WriteTx,
    id: UserId,
    reason: Reason,
    details: Option<&str>,
) -> Result<EntryId, EraseError> {
    let updated_at = erasure::user(tx, id).await?.ok_or(EraseError::Unknown)?.updated_at;
    let pseudonym = record::pseudonym(app, tx, Who::User(id)).await?;
    let mut index = [0; 32];
    app.entropy.fill(&mut index);
    let sealed = app.sealer.seal_json(identity_place(&id), &nobody()).map_err(RecordError::from)?;
    let (pseudonym_bytes, now) = (pseudonym.bytes(), app.now());
    let forgotten =
        Nobody { id, index: &index, identity_sealed: &sealed, pseudonym: pseudonym_bytes, updated_at, now };
    if !erasure::forget(tx, &forgotten).await? {
        return Err(why_not(tx, id).await?);
    }
    // A mail to them says their address, and with whom they signed what; one that waits is not sent any more.
    for mandate in erasure::mandates(tx, id).await? {
        notices::forget(tx, mandate).await?;
    }
    let role = if reason == Reason::Retention { Role::System } else { Role::Operator };
    let draft = Draft::done(Kind::DataErased)
        .by_role(role)
        .user(id)
        .fact("reason", reason.token())
        .list("parts", [PartKind::Details, PartKind::Technical, PartKind::User].map(PartKind::token));
    let draft = match details {
        // Under no user's name: it must outlive what it erases.
        Some(words) => draft.part(PartKind::Actor, json!({ "decision": words })),
        None => draft,
    };
    let entry = record::record(app, tx, draft).await?.id;
    erasure::erase_user(tx, entry, pseudonym.bytes()).await?;
    Ok(entry)
}

async fn why_not(tx: &mut WriteTx, id: UserId) -> Result<EraseError, EraseError> {
    Ok(match erasure::user(tx, id).await? {
        None => EraseError::Unknown,
        Some(user) if user.erased_at.is_some() => EraseError::Erased,
        Some(user) if user.held_at.is_some() => EraseError::Held,
        Some(_) => EraseError::Live,
    })
}

/// What pages show in the place of somebody erased.
fn nobody() -> SealedIdentity {
    let none = || "—".to_owned();
    SealedIdentity {
        issuer: String::new(),
        subject: String::new(),
        identity: CivilIdentity {
            given_name: none(),
            family_name: none(),
            birthdate: Birthdate::unknown(),
            gender: None,
            birthplace: None,
            birthcountry: None,
            preferred_username: None,
            email: None,
        },
    }
}

/// Places a legal hold, or lifts it: an entry either way.
pub async fn hold(app: &App, id: UserId, placed: bool, details: &str) -> Result<EntryId, EraseError> {
    let kind = if placed { Kind::HoldPlaced } else { Kind::HoldLifted };
    let outcome = transact!(app.store, "hold", tx => {
        erasure::take_turns(tx, app.now()).await?;
        let pseudonym = record::pseudonym(app, tx, Who::User(id)).await?;
        let entry = record::reserve(app);
        if !erasure::hold(tx, id, placed, pseudonym.bytes(), app.now(), entry).await? {
            return Err(match (why_not(tx, id).await?, placed) {
                (EraseError::Live, false) => EraseError::NotHeld,
                (other, _) => other,
            });
        }
        let draft = Draft::done(kind).named(entry).by_role(Role::Operator).user(id);
        let draft = draft.part(PartKind::Actor, json!({ "decision": details }));
        Ok::<_, EraseError>(record::record(app, tx, draft).await?.id)
    });
    decided(app, kind, id, outcome).await
}

/// What the time of keeping has run out for. Gives how many users were forgotten.
pub async fn keep_retention(app: &App) -> Result<usize, EraseError> {
    let now = app.now();
    let due = view!(app.store, tx => {
        let mut due = erasure::due(tx, now - EVIDENCE, ROUND).await?;
        due.extend(erasure::unsigned(tx, now - AFTER_DRAFT, ROUND).await?);
        Ok::<_, StoreError>(due)
    })?;
    let mut forgotten = 0;
    for id in due {
        match erase(app, id, Reason::Retention, None).await {
            Ok(_) => forgotten += 1,
            // Since it was looked: a mandate, a hold, another node.
            Err(EraseError::Live | EraseError::Held | EraseError::Erased) => {}
            Err(other) => return Err(other),
        }
    }
    erase_technical(app, day(now - TECHNICAL), SLICE).await?;
    Ok(forgotten)
}

/// The first instant of the day.
fn day(at: Timestamp) -> Timestamp {
    at - Duration::microseconds(at.unix_micros().rem_euclid(86_400_000_000))
}

/// Erases addresses and browsers of what is older than an instant, but those of people held: slice by slice, each by an
/// entry of its own, so that no act waits long for any of them.
pub async fn erase_technical(app: &App, before: Timestamp, slice: i64) -> Result<(), EraseError> {
    for _ in 0..SLICES {
        let done =
            transact!(app.store, "erase_technical", tx => { erase_slice(app, tx, before, slice).await });
        if done? {
            break;
        }
    }
    Ok(())
}

/// True when nothing is left.
async fn erase_slice(app: &App, tx: &mut WriteTx, before: Timestamp, slice: i64) -> Result<bool, EraseError> {
    erasure::take_turns(tx, app.now()).await?;
    for id in erasure::held_unnamed(tx).await? {
        let pseudonym = record::pseudonym(app, tx, Who::User(id)).await?;
        erasure::name_held(tx, id, pseudonym.bytes()).await?;
    }
    let (before, last) = match erasure::technical(tx, first(before), slice).await? {
        Technical::None => return Ok(true),
        Technical::Rest => (before, true),
        Technical::Slice(from, next) => {
            // A slice ends between two milliseconds, as ids do.
            let end = time_of(next.uuid()).unwrap_or(before);
            let end = if first(end) > from { end } else { end + Duration::milliseconds(1) };
            (end.min(before), end >= before)
        }
    };
    let draft = Draft::done(Kind::DataErased)
        .by_role(Role::System)
        .fact("reason", Reason::Retention.token())
        .fact("before", before)
        .list("parts", [PartKind::Technical.token()]);
    let entry = record::record(app, tx, draft).await?.id;
    erasure::erase_technical(tx, entry, first(before)).await?;
    if last {
        erasure::released_settled(tx).await?;
    }
    Ok(last)
}

/// The first id that an entry of an instant could have.
fn first(at: Timestamp) -> EntryId {
    EntryId::from_uuid(first_id(at))
}
