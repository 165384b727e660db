//! Mandates and their grants. Every step is a compare-and-set on the state: of two that run at once, one wins.
use crate::crypto::seal::Place;
use crate::domain::catalogue::DomainKey;
use crate::domain::ids::{CardId, EntryId, GrantId, MandateId, PersonId, StructureId, UserId};
use crate::domain::mandate::Reference;
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

mod end;
mod list;
mod row;

pub use end::{Ending, due_to_expire, due_to_lapse, end_emptied, end_grant, end_whole, expire, lapse};
pub use list::{ListRow, page};
pub use row::{GrantRow, MandateRow, by_id, by_reference, grants};

/// Where something of a mandate is sealed: `text_sealed`, `attestation_sealed`.
pub fn place<'a>(id: &'a MandateId, column: &'static str) -> Place<'a> {
    Place { table: "mandate", row: id.as_bytes(), column }
}

pub struct NewMandate<'a> {
    pub id: MandateId,
    pub reference: &'a Reference,
    pub structure: StructureId,
    pub proposed_by: PersonId,
    pub term: &'a str,
    pub now: Timestamp,
    pub ends_at: Timestamp,
    pub entry: EntryId,
}

const INSERT: &str = "
INSERT INTO mandate (id, reference, structure_id, proposed_by, state, duration, proposed_at, activity_at, ends_at,
  next_sequence, entry_id)
VALUES ($1, $2, $3, $4, 'draft', $5, $6, $6, $7, 1, $8)
ON CONFLICT DO NOTHING";

/// A draft. False when the id or the reference is taken.
pub async fn insert(tx: &mut WriteTx, new: &NewMandate<'_>) -> Result<bool, StoreError> {
    let done = changed!(
        tx,
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.reference)
            .bind(new.structure)
            .bind(new.proposed_by)
            .bind(new.term)
            .bind(new.now)
            .bind(new.ends_at)
            .bind(new.entry)
    )?;
    Ok(done == 1)
}

const INSERT_GRANT: &str = "
INSERT INTO mandate_grant (id, mandate_id, structure_id, domain, access, state)
VALUES ($1, $2, $3, $4, 'act', 'proposed')";

pub async fn insert_grant(
    tx: &mut WriteTx,
    id: GrantId,
    mandate: MandateId,
    structure: StructureId,
    domain: &DomainKey,
) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(INSERT_GRANT).bind(id).bind(mandate).bind(structure).bind(domain))?;
    Ok(())
}

const TOUCH: &str = "
UPDATE mandate SET activity_at = $2 WHERE id = $1 AND state IN ('draft', 'awaiting_consent')";

/// Somebody is at work on a draft.
pub async fn touch(tx: &mut WriteTx, id: MandateId, now: Timestamp) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(TOUCH).bind(id).bind(now))?;
    Ok(())
}

const IDENTIFIED: &str = "
UPDATE mandate SET state = 'awaiting_consent', user_id = $2, text_version = $3, text_sealed = $4, text_hash = $5,
  activity_at = $6
WHERE id = $1 AND state IN ('draft', 'awaiting_consent') AND activity_at > $7 AND ends_at > $6";

/// The text as it was written for the user who has just been identified.
pub struct Text<'a> {
    pub version: &'a str,
    pub sealed: &'a [u8],
    pub hash: &'a [u8],
}

/// The user and their text; `alive_since` is the instant before which activity is too old.
pub async fn identified(
    tx: &mut WriteTx,
    id: MandateId,
    user: UserId,
    text: &Text<'_>,
    now: Timestamp,
    alive_since: Timestamp,
) -> Result<bool, StoreError> {
    let done = changed!(
        tx,
        sqlx::query(IDENTIFIED)
            .bind(id)
            .bind(user)
            .bind(text.version)
            .bind(text.sealed)
            .bind(text.hash)
            .bind(now)
            .bind(alive_since)
    )?;
    Ok(done == 1)
}

const CONSENTED: &str = "
UPDATE mandate SET state = 'awaiting_signature', consent_means = 'screen', consented_at = $4, acr = $5, activity_at = $4,
  consent_entry_id = $7
WHERE id = $1 AND user_id = $2 AND text_hash = $3 AND state = 'awaiting_consent' AND activity_at > $6 AND ends_at > $4";

/// The user's agreement to the text with this hash.
pub async fn consented(
    tx: &mut WriteTx,
    id: MandateId,
    user: UserId,
    text_hash: &[u8],
    (now, alive_since): (Timestamp, Timestamp),
    (acr, entry): (Option<&str>, EntryId),
) -> Result<bool, StoreError> {
    let done = changed!(
        tx,
        sqlx::query(CONSENTED)
            .bind(id)
            .bind(user)
            .bind(text_hash)
            .bind(now)
            .bind(acr)
            .bind(alive_since)
            .bind(entry)
    )?;
    Ok(done == 1)
}

const REFUSED: &str = "
UPDATE mandate SET state = 'refused', activity_at = $3
WHERE id = $1 AND user_id = $2 AND state IN ('awaiting_consent', 'awaiting_signature')";

/// The user says no: the mandate ends before it began.
pub async fn refused(
    tx: &mut WriteTx,
    id: MandateId,
    user: UserId,
    now: Timestamp,
    entry: EntryId,
) -> Result<bool, StoreError> {
    let done = changed!(tx, sqlx::query(REFUSED).bind(id).bind(user).bind(now))?;
    if done == 1 {
        end::end_proposed(tx, id, "refused", now, entry).await?;
    }
    Ok(done == 1)
}

const TAKE_FOR_SIGNATURE: &str = "
UPDATE mandate SET activity_at = $2
WHERE id = $1 AND state = 'awaiting_signature' AND activity_at > $3 AND ends_at > $2";

/// Holds the mandate for the rest of the transaction; false if it is not waiting for its signature.
pub async fn take_for_signature(
    tx: &mut WriteTx,
    id: MandateId,
    now: Timestamp,
    alive_since: Timestamp,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(TAKE_FOR_SIGNATURE).bind(id).bind(now).bind(alive_since))? == 1)
}

/// A live grant of another mandate that covers a domain of this one.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OlderGrant {
    pub id: GrantId,
    pub mandate_id: MandateId,
    pub reference: String,
    pub domain: DomainKey,
}

const OLDER: &str = "
SELECT g.id, g.mandate_id, m.reference, g.domain
FROM mandate_grant g JOIN mandate m ON m.id = g.mandate_id
WHERE g.structure_id = $1 AND g.user_id = $2 AND g.state = 'live' AND m.state IN ('active', 'suspended')
  AND m.ends_at > $4 AND m.id <> $3
  AND g.domain IN (SELECT domain FROM mandate_grant WHERE mandate_id = $3)
ORDER BY g.domain";

/// What the signature of this mandate would replace.
pub async fn older_grants(
    tx: &mut impl Access,
    structure: StructureId,
    user: UserId,
    mandate: MandateId,
    now: Timestamp,
) -> Result<Vec<OlderGrant>, StoreError> {
    on!(tx, c => {
        sqlx::query_as::<_, OlderGrant>(OLDER)
            .bind(structure)
            .bind(user)
            .bind(mandate)
            .bind(now)
            .fetch_all(c)
            .await
    })
}

// Also those whose mandate is over and which no job has ended yet.
const MAKE_ROOM: &str = "
UPDATE mandate_grant SET state = 'ended', ended_at = $4, end_reason = 'expired', ended_entry_id = $5
WHERE structure_id = $1 AND user_id = $2 AND state = 'live' AND ends_at <= $4
  AND domain IN (SELECT domain FROM mandate_grant WHERE mandate_id = $3)";
const PROMOTE: &str = "
UPDATE mandate_grant SET state = 'live', user_id = $2, ends_at = $3
WHERE mandate_id = $1 AND state = 'proposed'";

/// Makes the grants of a mandate live. The database refuses a second live grant for a structure, user and domain.
pub async fn make_grants_live(
    tx: &mut WriteTx,
    mandate: MandateId,
    structure: StructureId,
    user: UserId,
    (now, ends_at): (Timestamp, Timestamp),
    signed: EntryId,
) -> Result<u64, StoreError> {
    changed!(tx, sqlx::query(MAKE_ROOM).bind(structure).bind(user).bind(mandate).bind(now).bind(signed))?;
    changed!(tx, sqlx::query(PROMOTE).bind(mandate).bind(user).bind(ends_at))
}

/// Whether the database refused a second live grant for a structure, user and domain: another mandate took the domain.
/// PostgreSQL names the index, SQLite its columns.
pub fn is_live_elsewhere(error: &StoreError) -> bool {
    const COLUMNS: &str = "mandate_grant.structure_id, mandate_grant.user_id, mandate_grant.domain";
    matches!(error, StoreError::Constraint { constraint }
        if constraint == "mandate_grant_one_live" || constraint.ends_with(COLUMNS))
}

pub struct Signature<'a> {
    pub by: PersonId,
    pub card: CardId,
    pub step: i64,
    pub now: Timestamp,
    pub attestation_sealed: &'a [u8],
    pub entry: EntryId,
}

const SIGN: &str = "
UPDATE mandate SET state = 'active', signed_at = $2, signed_by = $3, signed_card = $4, signed_step = $5,
  attestation_sealed = $6, signed_entry_id = $7, activity_at = $2
WHERE id = $1 AND state = 'awaiting_signature'";
// Whoever never signed is forgotten after a day.
const EVIDENCE: &str = "
UPDATE app_user SET evidence = TRUE WHERE NOT evidence AND id = (SELECT user_id FROM mandate WHERE id = $1)";

pub async fn sign(tx: &mut WriteTx, id: MandateId, signature: &Signature<'_>) -> Result<bool, StoreError> {
    let done = changed!(
        tx,
        sqlx::query(SIGN)
            .bind(id)
            .bind(signature.now)
            .bind(signature.by)
            .bind(signature.card)
            .bind(signature.step)
            .bind(signature.attestation_sealed)
            .bind(signature.entry)
    )?;
    if done == 1 {
        changed!(tx, sqlx::query(EVIDENCE).bind(id))?;
    }
    Ok(done == 1)
}

const CONSENT_ENTRY: &str = "
SELECT id FROM entry WHERE mandate_id = $1 AND kind = 'mandate.consent_given' AND outcome = 'done'
ORDER BY mandate_sequence DESC LIMIT 1";

/// The log entry of the user's agreement, on which the signature rests.
pub async fn consent_entry(tx: &mut impl Access, id: MandateId) -> Result<Option<EntryId>, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, EntryId>(CONSENT_ENTRY).bind(id).fetch_optional(c).await)
}
