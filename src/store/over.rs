//! What has served and goes: each function a bounded number of rows, so that no act waits long for any of them.
use super::{Access, StoreError, WriteTx};
use crate::domain::time::Timestamp;

/// Rows that nothing asks for once they have expired.
// One that was answered, or came too late, is refused like one that never was.
const REQUESTS: &str = "DELETE FROM authorization_request WHERE id IN \
    (SELECT id FROM authorization_request WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
// With the sealed ID token of an identification that nobody went on with.
const CONSENTS: &str = "DELETE FROM consent_request WHERE id IN \
    (SELECT id FROM consent_request WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
// Used, cancelled or too late: the answer is the same as to a link that never was.
const LINKS: &str = "DELETE FROM one_time_link WHERE token_hash IN \
    (SELECT token_hash FROM one_time_link WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
const UNMASKINGS: &str = "DELETE FROM unmasking WHERE expires_at <= $1";

/// Removes what expired before an instant. Gives how many rows.
pub async fn expired(tx: &mut WriteTx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    let mut gone = changed!(tx, sqlx::query(UNMASKINGS).bind(before))?;
    for sql in [REQUESTS, CONSENTS, LINKS] {
        gone += changed!(tx, sqlx::query(sql).bind(before).bind(limit))?;
    }
    Ok(gone)
}

/// Removes browsers nobody signed in with since an instant: their cookie has expired.
pub async fn devices(tx: &mut WriteTx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM device WHERE id IN \
        (SELECT id FROM device WHERE last_seen_at < $1 ORDER BY last_seen_at LIMIT $2)";
    changed!(tx, sqlx::query(SQL).bind(before).bind(limit))
}

/// Empties mails of before an instant that were sent or given up. Their keys stay: no notice is sent again.
pub async fn mails(tx: &mut WriteTx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE outbox SET message_sealed = $3 WHERE id IN (SELECT id FROM outbox \
        WHERE length(message_sealed) > 0 AND created_at < $1 AND (sent_at IS NOT NULL OR failed_at IS NOT NULL) \
        ORDER BY created_at LIMIT $2)";
    let none: &[u8] = &[];
    changed!(tx, sqlx::query(SQL).bind(before).bind(limit).bind(none))
}

// The same rows in every statement of the transaction: none ends before an instant that has passed.
macro_rules! over {
    () => {
        "(SELECT u.id FROM use_session u WHERE u.ended_at IS NOT NULL AND NOT u.settled AND u.ended_at <= $1 \
          AND NOT EXISTS (SELECT 1 FROM logout_message l WHERE l.use_id = u.id AND l.sent_at IS NULL \
            AND l.failed_at IS NULL) ORDER BY u.ended_at, u.id LIMIT $2)"
    };
}

/// Removes codes and tokens of uses that ended before an instant, and the words to their services that were said. While a
/// use goes on they stay whatever their age: a code or a refresh token shown again kills what came of it, an access token
/// needs what its code asked for, and a service that got one is told of the end. Gives how many uses.
pub async fn uses(tx: &mut WriteTx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    const TABLES: [&str; 4] = [
        concat!("DELETE FROM access_token WHERE use_id IN ", over!()),
        concat!("DELETE FROM refresh_token WHERE use_id IN ", over!()),
        concat!("DELETE FROM authorization_code WHERE use_id IN ", over!()),
        concat!("DELETE FROM logout_message WHERE use_id IN ", over!()),
    ];
    const SETTLED: &str = concat!("UPDATE use_session SET settled = TRUE WHERE id IN ", over!());
    for sql in TABLES {
        changed!(tx, sqlx::query(sql).bind(before).bind(limit))?;
    }
    changed!(tx, sqlx::query(SETTLED).bind(before).bind(limit))
}

/// Findings reviewed before an instant whose note is longer than that of an emptied one.
pub async fn reviews(
    tx: &mut impl Access,
    before: Timestamp,
    empty: i64,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT DISTINCT finding FROM alert_review WHERE reviewed_at < $1 AND length(note_sealed) > $2 \
        ORDER BY finding LIMIT $3";
    on!(tx, c => sqlx::query_scalar(SQL).bind(before).bind(empty).bind(limit).fetch_all(c).await)
}

/// Puts an emptied note in the place of those of a finding.
pub async fn empty_notes(
    tx: &mut WriteTx,
    finding: &str,
    before: Timestamp,
    sealed: &[u8],
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE alert_review SET note_sealed = $3 WHERE finding = $1 AND reviewed_at < $2";
    changed!(tx, sqlx::query(SQL).bind(finding.to_owned()).bind(before).bind(sealed))?;
    Ok(())
}

/// Empties drafts that came to nothing before an instant: who they were for, and the text. Those of people held stay, and
/// of people who are to be erased first.
pub async fn drafts(tx: &mut WriteTx, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE mandate SET user_id = NULL, text_sealed = NULL, text_hash = NULL WHERE id IN \
        (SELECT m.id FROM mandate m JOIN app_user u ON u.id = m.user_id WHERE m.state IN ('refused', 'lapsed') \
          AND m.user_id IS NOT NULL AND m.activity_at < $1 AND u.held_at IS NULL \
          AND (u.evidence OR u.erased_at IS NOT NULL) ORDER BY m.activity_at LIMIT $2)";
    changed!(tx, sqlx::query(SQL).bind(before).bind(limit))
}
