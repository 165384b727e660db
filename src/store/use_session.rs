//! Uses: openings of services in a user's name, and the one user a desk session acts for.
use crate::domain::ids::{
    CardId, EntryId, GrantId, MandateId, PersonId, ServiceId, SessionId, StructureId, UseId, UserId,
};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

/// A use that begins.
pub struct NewUse<'a> {
    pub id: UseId,
    pub session: SessionId,
    pub browser: Option<&'a HashedToken>,
    pub client: ServiceId,
    pub grant: GrantId,
    pub mandate: MandateId,
    pub user: UserId,
    pub structure: StructureId,
    pub person: PersonId,
    pub card: CardId,
    pub presence: &'static str,
    /// Of the subject by which the service knows the user.
    pub subject: Option<&'a HashedToken>,
    /// Behind a hub: the service for which the aidant says it is.
    pub declared_service: Option<&'a str>,
    pub auth_time: Timestamp,
    pub started_at: Timestamp,
    pub entry: EntryId,
}

const INSERT: &str = "
INSERT INTO use_session (id, session_id, browser_hash, client_id, grant_id, mandate_id, user_id, structure_id,
  person_id, card_id, presence, declared_service, auth_time, started_at, entry_id, subject_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

pub async fn insert(tx: &mut WriteTx, new: &NewUse<'_>) -> Result<(), StoreError> {
    changed!(
        tx,
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.session)
            .bind(new.browser)
            .bind(new.client)
            .bind(new.grant)
            .bind(new.mandate)
            .bind(new.user)
            .bind(new.structure)
            .bind(new.person)
            .bind(new.card)
            .bind(new.presence)
            .bind(new.declared_service)
            .bind(new.auth_time)
            .bind(new.started_at)
            .bind(new.entry)
            .bind(new.subject)
    )?;
    Ok(())
}

/// A use that goes on.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UseRow {
    pub id: UseId,
    pub session_id: SessionId,
    pub client_id: ServiceId,
    pub service_name: String,
    pub is_hub: bool,
    pub grant_id: GrantId,
    pub mandate_id: MandateId,
    pub user_id: UserId,
    pub structure_id: StructureId,
    pub person_id: PersonId,
    pub domain: String,
    pub presence: String,
    pub auth_time: Timestamp,
    pub started_at: Timestamp,
    pub identity_sealed: Vec<u8>,
    /// The entry of its opening.
    pub entry_id: EntryId,
}

macro_rules! going_on {
    ($where:literal) => {
        concat!(
            "SELECT u.id, u.session_id, u.client_id, k.name AS service_name, k.is_hub, u.grant_id, u.mandate_id, u.user_id,
  u.structure_id, u.person_id, g.domain, u.presence, u.auth_time, u.started_at, a.identity_sealed, u.entry_id
FROM use_session u
JOIN client k ON k.id = u.client_id
JOIN mandate_grant g ON g.id = u.grant_id
JOIN app_user a ON a.id = u.user_id
WHERE u.ended_at IS NULL AND ",
            $where,
            " ORDER BY u.started_at, u.id"
        )
    };
}

const BY_ID: &str = going_on!("u.id = $1");
const OF_SESSION: &str = going_on!("u.session_id = $1");
// The second half finds what an earlier desk session of the same browser left open.
const OF_BROWSER: &str = going_on!("(u.session_id = $1 OR u.browser_hash = $2)");
const OF_GRANT: &str = going_on!("u.grant_id = $1");
const OF_MANDATE: &str = going_on!("u.mandate_id = $1");
const OF_PERSON: &str = going_on!("u.person_id = $1");
const OF_OTHER_SESSIONS: &str = going_on!("u.person_id = $1 AND u.session_id <> $2");
const OF_STRUCTURE: &str = going_on!("u.structure_id = $1");
const OF_CARD: &str = going_on!("u.card_id = $1");
const OF_CLIENT: &str = going_on!("u.client_id = $1");
const END: &str = "
UPDATE use_session SET ended_at = $2, end_cause = $3, ended_entry_id = $4 WHERE id = $1 AND ended_at IS NULL";
const ACT_FOR: &str = "
UPDATE session SET acting_user_id = $2 WHERE id = $1 AND (acting_user_id IS NULL OR acting_user_id = $2)";
const ACT_FOR_NOBODY: &str = "
UPDATE session SET acting_user_id = NULL
WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM use_session u WHERE u.session_id = $1 AND u.ended_at IS NULL)";

/// A use, if it goes on.
pub async fn live(tx: &mut impl Access, id: UseId) -> Result<Option<UseRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, UseRow>(BY_ID).bind(id).fetch_optional(c).await)
}

/// Uses going on from a desk session.
pub async fn live_of_session(tx: &mut impl Access, session: SessionId) -> Result<Vec<UseRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, UseRow>(OF_SESSION).bind(session).fetch_all(c).await)
}

/// Uses going on from a desk session, or left by an earlier one in the same browser.
pub async fn live_of_browser(
    tx: &mut impl Access,
    session: SessionId,
    browser: Option<&HashedToken>,
) -> Result<Vec<UseRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, UseRow>(OF_BROWSER).bind(session).bind(browser).fetch_all(c).await)
}

/// Uses going on under a grant.
pub async fn live_of_grant(tx: &mut impl Access, grant: GrantId) -> Result<Vec<UseRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, UseRow>(OF_GRANT).bind(grant).fetch_all(c).await)
}

/// Uses going on under any grant of a mandate.
pub async fn live_of_mandate(tx: &mut impl Access, mandate: MandateId) -> Result<Vec<UseRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, UseRow>(OF_MANDATE).bind(mandate).fetch_all(c).await)
}

/// Uses going on in an aidant's hands.
pub async fn live_of_person(tx: &mut impl Access, person: PersonId) -> Result<Vec<UseRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, UseRow>(OF_PERSON).bind(person).fetch_all(c).await)
}

/// Uses going on in an aidant's hands, but for those of one desk session. Sessions that are gone count too.
pub async fn live_of_other_sessions(
    tx: &mut impl Access,
    person: PersonId,
    kept: SessionId,
) -> Result<Vec<UseRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, UseRow>(OF_OTHER_SESSIONS).bind(person).bind(kept).fetch_all(c).await)
}

/// Uses going on for a structure.
pub async fn live_of_structure(
    tx: &mut impl Access,
    structure: StructureId,
) -> Result<Vec<UseRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, UseRow>(OF_STRUCTURE).bind(structure).fetch_all(c).await)
}

/// Uses opened with a card.
pub async fn live_of_card(tx: &mut impl Access, card: CardId) -> Result<Vec<UseRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, UseRow>(OF_CARD).bind(card).fetch_all(c).await)
}

/// Uses going on at a service.
pub async fn live_of_client(tx: &mut impl Access, client: ServiceId) -> Result<Vec<UseRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, UseRow>(OF_CLIENT).bind(client).fetch_all(c).await)
}

/// Ends a use: its codes and tokens die with it. False if it had ended before.
pub async fn end(
    tx: &mut WriteTx,
    id: UseId,
    now: Timestamp,
    cause: &'static str,
    entry: EntryId,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(END).bind(id).bind(now).bind(cause).bind(entry))? == 1)
}

/// Makes a desk session act for one user. False if it acts for another: that must be ended first.
pub async fn act_for(tx: &mut WriteTx, session: SessionId, user: UserId) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(ACT_FOR).bind(session).bind(user))? == 1)
}

/// Makes a desk session act for nobody, if no use of it goes on.
pub async fn act_for_nobody(tx: &mut WriteTx, session: SessionId) -> Result<(), StoreError> {
    changed!(tx, sqlx::query(ACT_FOR_NOBODY).bind(session))?;
    Ok(())
}
