//! Attempts of users to identify and decide. Each belongs to one browser and is answered once.
use crate::crypto::seal::Place;
use crate::domain::ids::{EntryId, MandateId, RowId, SessionId, UserId};
use crate::domain::mandate::Reference;
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

/// Where what must match the provider's answer is sealed, and where its ID token is, until the session there is closed.
pub fn place<'a>(id: &'a RowId, column: &'static str) -> Place<'a> {
    Place { table: "consent_request", row: id.as_bytes(), column }
}

pub struct NewRequest<'a> {
    pub id: RowId,
    pub mandate: MandateId,
    pub browser: &'a HashedToken,
    pub provider: &'a str,
    pub state: &'a HashedToken,
    pub nonce_sealed: &'a [u8],
    pub verifier_sealed: Option<&'a [u8]>,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

const INSERT: &str = "
INSERT INTO consent_request (id, mandate_id, browser_hash, provider, state_hash, nonce_sealed, verifier_sealed,
  created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub async fn insert(tx: &mut WriteTx, new: &NewRequest<'_>) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.mandate)
            .bind(new.browser)
            .bind(new.provider)
            .bind(new.state)
            .bind(new.nonce_sealed)
            .bind(new.verifier_sealed)
            .bind(new.now)
            .bind(new.expires_at)
    )?;
    Ok(())
}

/// A request whose answer was just taken.
#[derive(sqlx::FromRow)]
pub struct TakenRow {
    pub id: RowId,
    pub mandate_id: MandateId,
    pub nonce_sealed: Vec<u8>,
    pub verifier_sealed: Option<Vec<u8>>,
}

const TAKE: &str = "
UPDATE consent_request SET answered_at = $3
WHERE state_hash = $1 AND browser_hash = $2 AND answered_at IS NULL AND expires_at > $3
RETURNING id, mandate_id, nonce_sealed, verifier_sealed";

/// Takes the answer to a request: once, in the browser that made it, in time.
pub async fn take(
    tx: &mut WriteTx,
    state: &HashedToken,
    browser: &HashedToken,
    now: Timestamp,
) -> Result<Option<TakenRow>, StoreError> {
    on!(tx, c => {
        sqlx::query_as::<_, TakenRow>(TAKE).bind(state).bind(browser).bind(now).fetch_optional(c).await
    })
}

const IDENTIFIED: &str = "
UPDATE consent_request SET user_id = $2, acr = $3, auth_time = $4, logout_hint_sealed = $5, expires_at = $6
WHERE id = $1 AND user_id IS NULL";

/// Notes who answered, and how long they may take to decide.
pub async fn identified(
    tx: &mut WriteTx,
    id: RowId,
    user: UserId,
    (acr, auth_time): (&str, Option<Timestamp>),
    logout_hint_sealed: &[u8],
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(IDENTIFIED)
            .bind(id)
            .bind(user)
            .bind(acr)
            .bind(auth_time)
            .bind(logout_hint_sealed)
            .bind(expires_at)
    )?;
    Ok(())
}

const REFUSED: &str = "UPDATE consent_request SET refused = $2 WHERE id = $1 AND user_id IS NULL";

/// Notes why an answer was refused, for the page to which the browser comes back.
pub async fn refused(tx: &mut WriteTx, id: RowId, code: &'static str) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(REFUSED).bind(id).bind(code))?;
    Ok(())
}

/// A refusal: of which mandate's identification, and why.
#[derive(Debug, sqlx::FromRow)]
pub struct RefusedRow {
    pub reference: Reference,
    pub refused: String,
}

const WHY_REFUSED: &str = "
SELECT m.reference, r.refused FROM consent_request r JOIN mandate m ON m.id = r.mandate_id
WHERE r.id = $1 AND r.browser_hash = $2 AND r.refused IS NOT NULL";

/// Why the answer to this request of this browser was refused, if it was.
pub async fn why_refused(
    tx: &mut impl Access,
    id: RowId,
    browser: &HashedToken,
) -> Result<Option<RefusedRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, RefusedRow>(WHY_REFUSED).bind(id).bind(browser).fetch_optional(c).await)
}

/// The request of a browser in which somebody is identified.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OpenRow {
    pub id: RowId,
    pub mandate_id: MandateId,
    pub user_id: UserId,
    pub acr: Option<String>,
    pub decision: Option<String>,
}

const OF_BROWSER: &str = "
SELECT id, mandate_id, user_id, acr, decision FROM consent_request
WHERE browser_hash = $1 AND user_id IS NOT NULL AND expires_at > $2
ORDER BY id DESC LIMIT 1";

/// The latest request of this browser in which somebody is identified and may still decide.
pub async fn of_browser(
    tx: &mut impl Access,
    browser: &HashedToken,
    now: Timestamp,
) -> Result<Option<OpenRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, OpenRow>(OF_BROWSER).bind(browser).bind(now).fetch_optional(c).await)
}

const DECIDE: &str = "
UPDATE consent_request SET decided_at = $2, decision = $3, decided_entry_id = $4 WHERE id = $1 AND decided_at IS NULL";

/// Writes the decision down, as `entry` says it; false if one was written before.
pub async fn decide(
    tx: &mut WriteTx,
    id: RowId,
    now: Timestamp,
    decision: &'static str,
    entry: EntryId,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(DECIDE).bind(id).bind(now).bind(decision).bind(entry))? == 1)
}

const FORGET_HINT: &str = "UPDATE consent_request SET logout_hint_sealed = NULL WHERE id = $1";
const HINT: &str = "SELECT logout_hint_sealed FROM consent_request WHERE id = $1";

/// Takes the sealed ID token out, to close the session at the provider with it.
pub async fn take_logout_hint(tx: &mut WriteTx, id: RowId) -> Result<Option<Vec<u8>>, StoreError> {
    let hint = on!(tx, c => sqlx::query_scalar::<_, Option<Vec<u8>>>(HINT).bind(id).fetch_optional(c).await)?;
    changed!(tx, sqlx::query(FORGET_HINT).bind(id))?;
    Ok(hint.flatten())
}

// A hub that asked us to end the use has closed its own session; otherwise its session may live on for a while.
const HUB_ANSWERED_FOR: &str = "
SELECT EXISTS (SELECT 1 FROM use_session u JOIN client k ON k.id = u.client_id
  WHERE k.is_hub AND u.user_id = $1
    AND (u.ended_at IS NULL OR (u.end_cause <> 'service' AND u.ended_at > $2)))";
const HUB_ANSWERED_IN: &str = "
SELECT EXISTS (SELECT 1 FROM use_session u JOIN client k ON k.id = u.client_id
  WHERE k.is_hub AND (u.session_id = $1 OR u.browser_hash = $3)
    AND (u.ended_at IS NULL OR (u.end_cause <> 'service' AND u.ended_at > $2)))";

/// Whether an identity hub was answered for this user and its session may still be open.
pub async fn hub_answered_for(
    tx: &mut impl Access,
    user: UserId,
    since: Timestamp,
) -> Result<bool, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, bool>(HUB_ANSWERED_FOR).bind(user).bind(since).fetch_one(c).await)
}

/// Whether an identity hub was answered in this desk session or browser and its session may still be open.
pub async fn hub_answered_in(
    tx: &mut impl Access,
    session: SessionId,
    browser: Option<&HashedToken>,
    since: Timestamp,
) -> Result<bool, StoreError> {
    on!(tx, c => {
        sqlx::query_scalar::<_, bool>(HUB_ANSWERED_IN).bind(session).bind(since).bind(browser).fetch_one(c).await
    })
}
