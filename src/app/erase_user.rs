//! Erasure: by decision, or because the time of keeping is over. What is personal goes, with the key of the pseudonym; the
//! leaves, the tree and every proof stay. A legal hold stops it.
use serde_json::json;
use time::Duration;

use crate::domain::ids::{Entropy, EntryId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::user::{Birthdate, CivilIdentity};
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::store::erasure::{self, Nobody};
use crate::store::user::{SealedIdentity, identity_place};
use crate::store::{AsStoreError, StoreError, WriteTx};
use crate::{transact, view};

use super::App;
use super::notices;
use super::record::{self, RecordError, Who};

/// Evidence of a mandate is kept this long after its end: three years at hand, three in restricted archive.
const EVIDENCE: Duration = Duration::days(6 * 365 + 2);
/// Addresses and browsers are kept this long.
const TECHNICAL: Duration = Duration::days(365);
/// Users forgotten in one round.
const ROUND: i64 = 20;

/// Why somebody's data go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    if let Err(error) = &outcome
        && reason != Reason::Retention
    {
        refuse(app, Kind::DataErased, id, error).await?;
    }
    outcome
}

/// What stands in the way of a decision is told; that the time of keeping is not over yet is not.
async fn refuse(app: &App, kind: Kind, id: UserId, error: &EraseError) -> Result<(), EraseError> {
    let reason = match error {
        EraseError::Live => "live",
        EraseError::Held => "held",
        EraseError::Erased => "erased",
        EraseError::NotHeld => "not_held",
        EraseError::Unknown | EraseError::Store(_) | EraseError::Record(_) => return Ok(()),
    };
    let draft = Draft::refused(kind, reason).by_role(Role::Operator).user(id);
    record::refuse(app, draft, "command line").await?;
    Ok(())
}

async fn erase_in(
    app: &App,
    tx: &mut WriteTx,
    id: UserId,
    reason: Reason,
    details: Option<&str>,
) -> Result<EntryId, EraseError> {
    let pseudonym = record::pseudonym(app, tx, Who::User(id)).await?;
    let mut index = [0; 32];
    app.entropy.fill(&mut index);
    let sealed = app.sealer.seal_json(identity_place(&id), &nobody()).map_err(RecordError::from)?;
    let forgotten =
        Nobody { id, index: &index, identity_sealed: &sealed, pseudonym: pseudonym.bytes(), now: app.now() };
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
    let now = app.now();
    let kind = if placed { Kind::HoldPlaced } else { Kind::HoldLifted };
    let outcome = transact!(app.store, "hold", tx => {
        if !erasure::hold(tx, id, placed.then_some(now)).await? {
            return Err(match (why_not(tx, id).await?, placed) {
                (EraseError::Live, false) => EraseError::NotHeld,
                (other, _) => other,
            });
        }
        let draft = Draft::done(kind).by_role(Role::Operator).user(id);
        let draft = draft.part(PartKind::Actor, json!({ "decision": details }));
        Ok::<_, EraseError>(record::record(app, tx, draft).await?.id)
    });
    if let Err(error) = &outcome {
        refuse(app, kind, id, error).await?;
    }
    outcome
}

/// What the time of keeping has run out for. Gives how many users were forgotten.
pub async fn keep_retention(app: &App) -> Result<usize, EraseError> {
    let now = app.now();
    let due = view!(app.store, tx => { erasure::due(tx, now - EVIDENCE, ROUND).await })?;
    let mut forgotten = 0;
    for id in due {
        match erase(app, id, Reason::Retention, None).await {
            Ok(_) => forgotten += 1,
            // Since it was looked: a mandate, a hold, another node.
            Err(EraseError::Live | EraseError::Held | EraseError::Erased) => {}
            Err(other) => return Err(other),
        }
    }
    erase_technical(app, day(now - TECHNICAL)).await?;
    Ok(forgotten)
}

/// The smallest id of an instant.
struct Zeroes;

impl Entropy for Zeroes {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

/// The first instant of the day.
fn day(at: Timestamp) -> Timestamp {
    at - Duration::microseconds(at.unix_micros().rem_euclid(86_400_000_000))
}

async fn erase_technical(app: &App, before: Timestamp) -> Result<(), EraseError> {
    // The first id that an entry of that instant could have.
    let first = EntryId::new(before, &Zeroes);
    if !view!(app.store, tx => { erasure::has_technical(tx, first).await })? {
        return Ok(());
    }
    transact!(app.store, "erase_technical", tx => {
        let draft = Draft::done(Kind::DataErased)
            .by_role(Role::System)
            .fact("reason", Reason::Retention.token())
            .fact("before", before)
            .list("parts", [PartKind::Technical.token()]);
        let entry = record::record(app, tx, draft).await?.id;
        Ok::<_, EraseError>(erasure::erase_technical(tx, entry, first).await?)
    })
}
