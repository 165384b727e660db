//! Ends: of one grant, of a whole mandate, by somebody or by time alone.
use crate::domain::ids::{GrantId, MandateId, StructureId, UserId};
use crate::domain::time::Timestamp;
use crate::store::{StoreError, WriteTx};

/// Why and by whom something ends.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// `expired`, `replaced`, `revoked`, `renounced` or `closed`.
    pub reason: &'static str,
    /// `user`, `user_at_desk`, `structure` or `operator`; absent when it ends by itself.
    pub by: Option<&'static str>,
    pub at: Timestamp,
}

const END_GRANT: &str = "
UPDATE mandate_grant SET state = 'ended', ended_at = $2, end_reason = $3 WHERE id = $1 AND state = 'live'";

/// Ends one grant; false if it was not live.
pub async fn end_grant(tx: &mut WriteTx, id: GrantId, ending: Ending) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(END_GRANT).bind(id).bind(ending.at).bind(ending.reason))? == 1)
}

const END_WHOLE: &str = "
UPDATE mandate SET state = 'ended', ended_at = $2, end_reason = $3, ended_by = $4
WHERE id = $1 AND state IN ('active', 'suspended')";
const END_ALL_GRANTS: &str = "
UPDATE mandate_grant SET state = 'ended', ended_at = $2, end_reason = $3 WHERE mandate_id = $1 AND state = 'live'";

/// Ends a mandate and what is left of its grants; false if it had ended before.
pub async fn end_whole(tx: &mut WriteTx, id: MandateId, ending: Ending) -> Result<bool, StoreError> {
    if changed!(tx, sqlx::query(END_WHOLE).bind(id).bind(ending.at).bind(ending.reason).bind(ending.by))? == 0
    {
        return Ok(false);
    }
    changed!(tx, sqlx::query(END_ALL_GRANTS).bind(id).bind(ending.at).bind(ending.reason))?;
    Ok(true)
}

const END_EMPTIED: &str = "
UPDATE mandate SET state = 'ended', ended_at = $2, end_reason = $3, ended_by = $4
WHERE id = $1 AND state IN ('active', 'suspended')
  AND NOT EXISTS (SELECT 1 FROM mandate_grant WHERE mandate_id = $1 AND state = 'live')";

/// Ends a mandate whose last grant has just ended.
pub async fn end_emptied(tx: &mut WriteTx, id: MandateId, ending: Ending) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(END_EMPTIED).bind(id).bind(ending.at).bind(ending.reason).bind(ending.by))?
        == 1)
}

/// A mandate that time alone has just ended.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Over {
    pub id: MandateId,
    pub structure_id: StructureId,
    pub user_id: Option<UserId>,
    pub at: Timestamp,
}

const EXPIRE: &str = "
UPDATE mandate SET state = 'ended', ended_at = ends_at, end_reason = 'expired'
WHERE id IN (SELECT id FROM mandate WHERE state IN ('active', 'suspended') AND ends_at <= $1 ORDER BY ends_at LIMIT $2)
  AND state IN ('active', 'suspended')
RETURNING id, structure_id, user_id, ends_at AS at";

/// Writes down that mandates are over; they have been refused everywhere since their end.
pub async fn expire_due(tx: &mut WriteTx, now: Timestamp, limit: i64) -> Result<Vec<Over>, StoreError> {
    let over = on!(tx, c => {
        sqlx::query_as::<_, Over>(EXPIRE).bind(now).bind(limit).fetch_all(c).await
    })?;
    for mandate in &over {
        changed!(tx, sqlx::query(END_ALL_GRANTS).bind(mandate.id).bind(mandate.at).bind("expired"))?;
    }
    Ok(over)
}

const LAPSE: &str = "
UPDATE mandate SET state = 'lapsed'
WHERE id IN (SELECT id FROM mandate
    WHERE state IN ('draft', 'awaiting_consent', 'awaiting_signature') AND (activity_at <= $1 OR ends_at <= $2)
    ORDER BY activity_at LIMIT $3)
  AND state IN ('draft', 'awaiting_consent', 'awaiting_signature')
RETURNING id, structure_id, user_id, activity_at AS at";
const LAPSE_GRANTS: &str = "
UPDATE mandate_grant SET state = 'ended', ended_at = $2, end_reason = 'lapsed'
WHERE mandate_id = $1 AND state = 'proposed'";

/// Writes down that drafts and consents have lapsed: nothing happened since `quiet_since`.
pub async fn lapse_due(
    tx: &mut WriteTx,
    quiet_since: Timestamp,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Over>, StoreError> {
    let over = on!(tx, c => {
        sqlx::query_as::<_, Over>(LAPSE).bind(quiet_since).bind(now).bind(limit).fetch_all(c).await
    })?;
    for mandate in &over {
        changed!(tx, sqlx::query(LAPSE_GRANTS).bind(mandate.id).bind(now))?;
    }
    Ok(over)
}
