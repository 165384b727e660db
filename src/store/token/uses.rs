//! Uses that go on, found by the subject under which their service knows the user.
use super::Standing;
use crate::domain::ids::ServiceId;
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;
use crate::store::{Access, StoreError};

/// A use that has not ended.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OpenRow {
    /// Whether all it stands on is in force.
    pub alive: bool,
    #[sqlx(flatten)]
    pub standing: Standing,
}

// One user is not helped at more desks at once than this.
const OF_SUBJECT: &str = concat!(
    "SELECT ",
    in_force!(),
    " AS alive, ",
    standing!(),
    "
FROM use_session u",
    stands_on!(),
    "
WHERE u.client_id = $3 AND u.subject_hash = $4 AND u.ended_at IS NULL
ORDER BY u.started_at DESC, u.id DESC LIMIT 100"
);

/// The uses of a service for the user whom it knows by this subject, the latest first.
pub async fn of_subject(
    tx: &mut impl Access,
    service: ServiceId,
    subject: &HashedToken,
    now: Timestamp,
    charter: i64,
) -> Result<Vec<OpenRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, OpenRow>(OF_SUBJECT).bind(now).bind(charter).bind(service).bind(subject).fetch_all(c).await)
}
