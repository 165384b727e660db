//! Ends: of one grant, of a whole mandate, by somebody or by time alone.
use crate::domain::ids::{EntryId, GrantId, MandateId, StructureId, UserId};
use crate::domain::time::Timestamp;
use crate::store::{Access, StoreError, WriteTx};

/// Why and by whom something ends.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// `expired`, `replaced`, `revoked`, `renounced` or `closed`.
    pub reason: &'static str,
    /// `user`, `user_at_desk`, `structure` or `operator`; absent when it ends by itself.
    pub by: Option<&'static str>,
    pub at: Timestamp,
    /// The entry that says so.
    pub entry: EntryId,
}

const END_GRANT: &str = "
UPDATE mandate_grant SET state = 'ended', ended_at = $2, end_reason = $3, ended_entry_id = $4
WHERE id = $1 AND state = 'live'";

/// Ends one grant; false if it was not live.
pub async fn end_grant(tx: &mut WriteTx, id: GrantId, ending: Ending) -> Result<bool, StoreError> {
    let Ending { reason, at, entry, .. } = ending;
    Ok(changed!(tx, sqlx::query(END_GRANT).bind(id).bind(at).bind(reason).bind(entry))? == 1)
}

const END_WHOLE: &str = "
UPDATE mandate SET state = 'ended', ended_at = $2, end_reason = $3, ended_entry_id = $4, ended_by = $5
WHERE id = $1 AND state IN ('active', 'suspended')";
const END_ALL_GRANTS: &str = "
UPDATE mandate_grant SET state = 'ended', ended_at = $2, end_reason = $3, ended_entry_id = $4
WHERE mandate_id = $1 AND state = 'live'";

/// Ends a mandate and what is left of its grants; false if it had ended before.
pub async fn end_whole(tx: &mut WriteTx, id: MandateId, ending: Ending) -> Result<bool, StoreError> {
    let Ending { reason, by, at, entry } = ending;
    if changed!(tx, sqlx::query(END_WHOLE).bind(id).bind(at).bind(reason).bind(entry).bind(by))? == 0 {
        return Ok(false);
    }
    changed!(tx, sqlx::query(END_ALL_GRANTS).bind(id).bind(at).bind(reason).bind(entry))?;
    Ok(true)
}

const END_EMPTIED: &str = "
UPDATE mandate SET state = 'ended', ended_at = $2, end_reason = $3, ended_entry_id = $4, ended_by = $5
WHERE id = $1 AND state IN ('active', 'suspended')
  AND NOT EXISTS (SELECT 1 FROM mandate_grant WHERE mandate_id = $1 AND state = 'live')";

/// Ends a mandate whose last grant has just ended.
pub async fn end_emptied(tx: &mut WriteTx, id: MandateId, ending: Ending) -> Result<bool, StoreError> {
    let Ending { reason, by, at, entry } = ending;
    Ok(changed!(tx, sqlx::query(END_EMPTIED).bind(id).bind(at).bind(reason).bind(entry).bind(by))? == 1)
}

/// A mandate that time alone has just ended.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Over {
    pub id: MandateId,
    pub structure_id: StructureId,
    pub user_id: Option<UserId>,
    pub at: Timestamp,
}

const DUE_TO_EXPIRE: &str = "
SELECT id, structure_id, user_id, ends_at AS at FROM mandate
WHERE state IN ('active', 'suspended') AND ends_at <= $1 ORDER BY ends_at LIMIT $2";

/// Mandates past their end; they have been refused everywhere since.
pub async fn due_to_expire(
    tx: &mut impl Access,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Over>, StoreError> {
    on!(tx, c => sqlx::query_as(DUE_TO_EXPIRE).bind(now).bind(limit).fetch_all(c).await)
}

/// Writes down that a mandate is over, and what is left of its grants; false if it has ended otherwise meanwhile.
pub async fn expire(tx: &mut WriteTx, over: &Over, entry: EntryId) -> Result<bool, StoreError> {
    end_whole(tx, over.id, Ending { reason: "expired", by: None, at: over.at, entry }).await
}

const DUE_TO_LAPSE: &str = "
SELECT id, structure_id, user_id, activity_at AS at FROM mandate
WHERE state IN ('draft', 'awaiting_consent', 'awaiting_signature') AND (activity_at <= $1 OR ends_at <= $2)
ORDER BY activity_at LIMIT $3";

/// Drafts and consents on which nothing happened since `quiet_since`.
pub async fn due_to_lapse(
    tx: &mut impl Access,
    quiet_since: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Over>, StoreError> {
    on!(tx, c => sqlx::query_as(DUE_TO_LAPSE).bind(quiet_since).bind(now).bind(limit).fetch_all(c).await)
}

const LAPSE: &str = "
UPDATE mandate SET state = 'lapsed' WHERE id = $1 AND (activity_at <= $2 OR ends_at <= $3)
  AND state IN ('draft', 'awaiting_consent', 'awaiting_signature')";

/// Writes down that one has lapsed; false if somebody went on with it meanwhile.
pub async fn lapse(
    tx: &mut WriteTx,
    id: MandateId,
    (quiet_since, now): (Timestamp, Timestamp),
    entry: EntryId,
) -> Result<bool, StoreError> {
    if changed!(tx, sqlx::query(LAPSE).bind(id).bind(quiet_since).bind(now))? == 0 {
        return Ok(false);
    }
    end_proposed(tx, id, "lapsed", now, entry).await?;
    Ok(true)
}

/// The grants of a mandate that was never signed end with it.
pub(super) async fn end_proposed(
    tx: &mut WriteTx,
    id: MandateId,
    reason: &'static str,
    now: Timestamp,
    entry: EntryId,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE mandate_grant SET state = 'ended', ended_at = $2, end_reason = $4, ended_entry_id = $3 \
        WHERE mandate_id = $1 AND state = 'proposed'";
    changed!(tx, sqlx::query(SQL).bind(id).bind(now).bind(entry).bind(reason))?;
    Ok(())
}
