//! Erasure and legal hold. Parts of entries are deleted by a trigger on the row that names the entry of their erasure.
use sqlx::AssertSqlSafe;

use super::many::{list, padded};
use super::{Access, StoreError, WriteTx};
use crate::domain::ids::{EntryId, MandateId, UserId};
use crate::domain::time::Timestamp;

/// A user as their erasure sees them.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UserRow {
    pub id: UserId,
    pub erased_at: Option<Timestamp>,
    pub held_at: Option<Timestamp>,
    /// When they identified last.
    pub updated_at: Timestamp,
    /// Mandates that are not over.
    pub live: i64,
}

const USER: &str = "SELECT u.id, u.erased_at, u.held_at, u.updated_at, \
    (SELECT COUNT(*) FROM mandate m WHERE m.user_id = u.id \
     AND m.state IN ('draft', 'awaiting_consent', 'awaiting_signature', 'active', 'suspended')) AS live \
    FROM app_user u WHERE u.id = $1";

pub async fn user(tx: &mut impl Access, id: UserId) -> Result<Option<UserRow>, StoreError> {
    on!(tx, c => sqlx::query_as(USER).bind(id).fetch_optional(c).await)
}

/// The user of the mandate of this reference.
pub async fn user_of(tx: &mut impl Access, reference: &str) -> Result<Option<UserId>, StoreError> {
    const SQL: &str = "SELECT user_id FROM mandate WHERE reference = $1 AND user_id IS NOT NULL";
    on!(tx, c => sqlx::query_scalar(SQL).bind(reference.to_owned()).fetch_optional(c).await)
}

/// Holds, and erasures of a range, wait for each other to the end of their transactions: none misses another.
pub async fn take_turns(tx: &mut WriteTx, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO lease (name, holder, held_until) VALUES ('erasure', '', $1) \
        ON CONFLICT (name) DO UPDATE SET held_until = excluded.held_until";
    changed!(tx, sqlx::query(SQL).bind(now))?;
    Ok(())
}

/// Places a hold, or lifts it; false when it stands so already, or when the user was erased. The pseudonym is kept from
/// then on: by it the database knows which parts of the log the hold protects.
pub async fn hold(
    tx: &mut WriteTx,
    id: UserId,
    placed: bool,
    pseudonym: &[u8],
    now: Timestamp,
    entry: EntryId,
) -> Result<bool, StoreError> {
    const PLACE: &str = "UPDATE app_user SET held_at = $3, released_at = NULL, pseudonym = $2, hold_entry_id = $4 \
        WHERE id = $1 AND erased_at IS NULL AND held_at IS NULL";
    const LIFT: &str = "UPDATE app_user SET held_at = NULL, released_at = $3, pseudonym = $2, hold_entry_id = $4 \
        WHERE id = $1 AND erased_at IS NULL AND held_at IS NOT NULL";
    let sql = if placed { PLACE } else { LIFT };
    Ok(changed!(tx, sqlx::query(sql).bind(id).bind(pseudonym).bind(now).bind(entry))? == 1)
}

/// Those held since before holds kept the pseudonym.
pub async fn held_unnamed(tx: &mut impl Access) -> Result<Vec<UserId>, StoreError> {
    const SQL: &str = "SELECT id FROM app_user WHERE held_at IS NOT NULL AND pseudonym IS NULL";
    on!(tx, c => sqlx::query_scalar(SQL).fetch_all(c).await)
}

/// Keeps the pseudonym of one of them.
pub async fn name_held(tx: &mut WriteTx, id: UserId, pseudonym: &[u8]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE app_user SET pseudonym = $2 WHERE id = $1 AND held_at IS NOT NULL";
    changed!(tx, sqlx::query(SQL).bind(id).bind(pseudonym))?;
    Ok(())
}

/// What stands in the place of somebody erased.
#[derive(Debug)]
pub struct Nobody<'a> {
    pub id: UserId,
    /// Random: the same person, identified again, is a new user.
    pub index: &'a [u8],
    pub identity_sealed: &'a [u8],
    /// Stored from now on: the key it was made with is destroyed.
    pub pseudonym: &'a [u8],
    /// When they identified last, as it was read: somebody at work on a new mandate at this instant is not forgotten.
    pub updated_at: Timestamp,
    pub now: Timestamp,
}

/// Forgets a user whose mandates are over and who is not held; false otherwise.
pub async fn forget(tx: &mut WriteTx, nobody: &Nobody<'_>) -> Result<bool, StoreError> {
    const USER: &str = "UPDATE app_user SET subject_index = $2, identity_index = $2, identity_sealed = $3, \
        pseudonym = $4, pseudonym_key_sealed = $5, erased_at = $6 \
        WHERE id = $1 AND erased_at IS NULL AND held_at IS NULL AND updated_at = $7 AND NOT EXISTS (SELECT 1 FROM mandate m \
          WHERE m.user_id = $1 AND m.state IN ('draft', 'awaiting_consent', 'awaiting_signature', 'active', 'suspended'))";
    const MANDATES: &str = "UPDATE mandate SET text_sealed = CASE WHEN text_sealed IS NULL THEN NULL ELSE $2 END, \
        attestation_sealed = CASE WHEN attestation_sealed IS NULL THEN NULL ELSE $2 END WHERE user_id = $1";
    const REQUESTS: &str = "DELETE FROM consent_request WHERE user_id = $1";
    // What services said they did can be guessed from its hash; its words are a part of its entry.
    const REPORTS: &str =
        "DELETE FROM reported_action WHERE use_id IN (SELECT id FROM use_session WHERE user_id = $1)";
    const USES: &str =
        "UPDATE use_session SET declared_service = NULL, subject_hash = NULL WHERE user_id = $1";
    let none: &[u8] = &[];
    let done = changed!(
        tx,
        sqlx::query(USER)
            .bind(nobody.id)
            .bind(nobody.index)
            .bind(nobody.identity_sealed)
            .bind(nobody.pseudonym)
            .bind(none)
            .bind(nobody.now)
            .bind(nobody.updated_at)
    )?;
    if done == 1 {
        changed!(tx, sqlx::query(MANDATES).bind(nobody.id).bind(none))?;
        for sql in [REQUESTS, REPORTS, USES] {
            changed!(tx, sqlx::query(sql).bind(nobody.id))?;
        }
    }
    Ok(done == 1)
}

/// Every mandate that names a user.
pub async fn mandates(tx: &mut impl Access, id: UserId) -> Result<Vec<MandateId>, StoreError> {
    const SQL: &str = "SELECT id FROM mandate WHERE user_id = $1 ORDER BY id";
    on!(tx, c => sqlx::query_scalar(SQL).bind(id).fetch_all(c).await)
}

/// Deletes what is personal of a user in the log, by the entry that says so.
pub async fn erase_user(tx: &mut WriteTx, entry: EntryId, pseudonym: &[u8]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO erasure (entry_id, subject) VALUES ($1, $2)";
    changed!(tx, sqlx::query(SQL).bind(entry).bind(pseudonym))?;
    Ok(())
}

/// Deletes addresses and browsers of all entries before this one, by the entry that says so.
pub async fn erase_technical(tx: &mut WriteTx, entry: EntryId, before: EntryId) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO erasure (entry_id, before_id) VALUES ($1, $2)";
    changed!(tx, sqlx::query(SQL).bind(entry).bind(before))?;
    Ok(())
}

/// What of addresses and browsers is to be erased next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Technical {
    None,
    /// All that is left before the instant asked for.
    Rest,
    /// More than a slice: the first entry of it, and the first after it.
    Slice(EntryId, EntryId),
}

/// At most `slice` entries older than `before` that an earlier round did not reach, or that a hold kept from it.
pub async fn technical(tx: &mut impl Access, before: EntryId, slice: i64) -> Result<Technical, StoreError> {
    const NEXT: &str = "SELECT entry_id FROM entry_part WHERE part = 'technical' AND entry_id < $1 \
        AND entry_id >= COALESCE((SELECT before_id FROM erasure WHERE before_id IS NOT NULL \
          ORDER BY before_id DESC LIMIT 1), $2) ORDER BY entry_id LIMIT 1 OFFSET $3";
    const KEPT: &str = "SELECT EXISTS (SELECT 1 FROM app_user u JOIN entry e ON e.subject = u.pseudonym \
        JOIN entry_part p ON p.entry_id = e.id WHERE u.released_at IS NOT NULL AND u.held_at IS NULL \
        AND p.part = 'technical' AND e.id < $1)";
    let zero = EntryId::from_uuid(uuid::Uuid::nil());
    let mut ends = [None, None];
    for (end, offset) in ends.iter_mut().zip([0, slice]) {
        *end = on!(tx, c => {
            sqlx::query_scalar::<_, EntryId>(NEXT).bind(before).bind(zero).bind(offset).fetch_optional(c).await
        })?;
    }
    Ok(match ends {
        [Some(first), Some(next)] => Technical::Slice(first, next),
        [Some(_), None] => Technical::Rest,
        _ if on!(tx, c => sqlx::query_scalar::<_, bool>(KEPT).bind(before).fetch_one(c).await)? => {
            Technical::Rest
        }
        _ => Technical::None,
    })
}

/// Nothing is left of what holds kept too long.
pub async fn released_settled(tx: &mut WriteTx) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE app_user SET released_at = NULL WHERE released_at IS NOT NULL";
    changed!(tx, sqlx::query(SQL))?;
    Ok(())
}

/// Users all of whose mandates were over before an instant, who have had one, and who are not held; at most `limit`.
pub async fn due(tx: &mut impl Access, over: Timestamp, limit: i64) -> Result<Vec<UserId>, StoreError> {
    const SQL: &str = "SELECT u.id FROM app_user u WHERE u.erased_at IS NULL AND u.held_at IS NULL \
        AND u.created_at < $1 \
        AND NOT EXISTS (SELECT 1 FROM mandate m WHERE m.user_id = u.id AND (m.state IN ('draft', 'awaiting_consent', \
          'awaiting_signature', 'active', 'suspended') OR COALESCE(m.ended_at, m.activity_at) >= $1)) \
        ORDER BY u.id LIMIT $2";
    on!(tx, c => sqlx::query_scalar(SQL).bind(over).bind(limit).fetch_all(c).await)
}

/// The entries that erased something of these users.
pub async fn of_users(tx: &mut impl Access, users: &[Vec<u8>]) -> Result<Vec<EntryId>, StoreError> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT entry_id FROM erasure WHERE subject IN ({})", list(1, users.len()));
    on!(tx, c => {
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql));
        for one in padded(users) {
            query = query.bind(one.clone());
        }
        query.fetch_all(c).await
    })
}

/// Of each of these entries, the first that erased addresses and browsers of its time: there is one more each day.
pub async fn of_technical(tx: &mut impl Access, entries: &[EntryId]) -> Result<Vec<EntryId>, StoreError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT DISTINCT x.entry_id FROM entry e JOIN erasure x ON x.before_id = (SELECT y.before_id FROM erasure y \
        WHERE y.before_id > e.id ORDER BY y.before_id LIMIT 1) WHERE e.id IN ({})",
        list(1, entries.len())
    );
    on!(tx, c => {
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql));
        for id in padded(entries) {
            query = query.bind(*id);
        }
        query.fetch_all(c).await
    })
}

/// Users who identified for nothing: no mandate of theirs was ever signed, none is under way, and nothing happened since an
/// instant; at most `limit`.
pub async fn unsigned(tx: &mut impl Access, since: Timestamp, limit: i64) -> Result<Vec<UserId>, StoreError> {
    const SQL: &str = "SELECT u.id FROM app_user u WHERE NOT u.evidence AND u.erased_at IS NULL AND u.held_at IS NULL \
        AND u.updated_at < $1 AND NOT EXISTS (SELECT 1 FROM mandate m WHERE m.user_id = u.id \
          AND (m.signed_at IS NOT NULL OR m.activity_at >= $1 OR m.state NOT IN ('refused', 'lapsed'))) \
        ORDER BY u.updated_at LIMIT $2";
    on!(tx, c => sqlx::query_scalar(SQL).bind(since).bind(limit).fetch_all(c).await)
}

/// An entry about somebody whose pseudonym is kept: erased, held, or released.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DecisionRow {
    pub id: EntryId,
    pub at: Timestamp,
    pub leaf: Vec<u8>,
    pub user_id: UserId,
}

/// Entries of a kind after another, in order.
pub async fn decisions(
    tx: &mut impl Access,
    kind: &str,
    after: EntryId,
    limit: i64,
) -> Result<Vec<DecisionRow>, StoreError> {
    const SQL: &str = "SELECT e.id, e.at, e.leaf, u.id AS user_id FROM entry e JOIN app_user u ON u.pseudonym = e.subject \
        WHERE e.kind = $1 AND e.outcome = 'done' AND e.id > $2 ORDER BY e.id LIMIT $3";
    on!(tx, c => sqlx::query_as(SQL).bind(kind.to_owned()).bind(after).bind(limit).fetch_all(c).await)
}

/// References of the mandates of a user that are not over.
pub async fn live(tx: &mut impl Access, id: UserId) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT reference FROM mandate WHERE user_id = $1 AND state IN ('draft', 'awaiting_consent', \
        'awaiting_signature', 'active', 'suspended') ORDER BY id";
    on!(tx, c => sqlx::query_scalar(SQL).bind(id).fetch_all(c).await)
}
