//! Reading one mandate.
use crate::domain::catalogue::DomainKey;
use crate::domain::ids::{EntryId, GrantId, MandateId, PersonId, StructureId, UserId};
use crate::domain::mandate::{End, Reference, Revoker, State, Suspender};
use crate::domain::time::Timestamp;
use crate::store::{Access, StoreError};

/// Where a mandate stands, as its columns say.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Standing {
    state: String,
    pub activity_at: Timestamp,
    pub consented_at: Option<Timestamp>,
    pub signed_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    end_reason: Option<String>,
    ended_by: Option<String>,
}

impl Standing {
    /// Where the mandate stands as written; ask [`State::at`] for where it stands now.
    pub fn state(&self) -> Result<State, StoreError> {
        let missing = |column: &str| StoreError::Corrupt(format!("mandate.{column}"));
        let signed_at = || self.signed_at.ok_or_else(|| missing("signed_at"));
        let active_at = self.activity_at;
        Ok(match self.state.as_str() {
            "draft" => State::Draft { active_at },
            "awaiting_consent" => State::AwaitingConsent { active_at },
            "refused" => State::Refused { at: active_at },
            "awaiting_signature" => {
                let consented_at = self.consented_at.ok_or_else(|| missing("consented_at"))?;
                State::AwaitingSignature { consented_at, active_at }
            }
            "lapsed" => State::Lapsed { at: active_at },
            "active" => State::Active { signed_at: signed_at()? },
            "suspended" => {
                State::Suspended { signed_at: signed_at()?, at: active_at, by: Suspender::Operator }
            }
            "ended" => {
                State::Ended { at: self.ended_at.ok_or_else(|| missing("ended_at"))?, how: self.end()? }
            }
            _ => return Err(missing("state")),
        })
    }

    fn end(&self) -> Result<End, StoreError> {
        let by = match self.ended_by.as_deref() {
            Some("user") => Revoker::User,
            Some("operator") => Revoker::Operator,
            _ => Revoker::UserAtDesk,
        };
        match self.end_reason.as_deref() {
            Some("expired") => Ok(End::Expired),
            Some("replaced") => Ok(End::Replaced),
            Some("revoked") => Ok(End::Revoked { by }),
            Some("renounced") => Ok(End::Renounced),
            Some("closed") => Ok(End::Closed),
            _ => Err(StoreError::Corrupt("mandate.end_reason".to_owned())),
        }
    }
}

/// A mandate as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MandateRow {
    pub id: MandateId,
    pub reference: Reference,
    pub structure_id: StructureId,
    pub structure_name: String,
    pub time_zone: String,
    pub user_id: Option<UserId>,
    pub identity_sealed: Option<Vec<u8>>,
    pub proposed_by: PersonId,
    pub proposer_name_sealed: Vec<u8>,
    #[sqlx(flatten)]
    pub standing: Standing,
    pub duration: String,
    pub proposed_at: Timestamp,
    pub acr: Option<String>,
    pub text_sealed: Option<Vec<u8>>,
    pub text_hash: Option<Vec<u8>>,
    pub signed_by: Option<PersonId>,
    pub ends_at: Timestamp,
    pub attestation_sealed: Option<Vec<u8>>,
    pub signed_entry_id: Option<EntryId>,
}

impl MandateRow {
    /// Where the mandate stands as written; ask [`State::at`] for where it stands now.
    pub fn state(&self) -> Result<State, StoreError> {
        self.standing.state()
    }

    /// Where the mandate stands at `now`, what time alone has done included.
    pub fn state_at(&self, now: Timestamp) -> Result<State, StoreError> {
        Ok(self.state()?.at(now, self.ends_at))
    }
}

macro_rules! mandate {
    ($where:literal) => {
        concat!(
            "SELECT m.id, m.reference, m.structure_id, s.name AS structure_name, s.time_zone, m.user_id,
  u.identity_sealed, m.proposed_by, p.name_sealed AS proposer_name_sealed, m.state, m.duration, m.proposed_at, m.activity_at, m.consented_at, m.acr,
  m.text_sealed, m.text_hash, m.signed_at, m.signed_by, m.ends_at, m.attestation_sealed, m.ended_at, m.end_reason,
  m.ended_by, m.signed_entry_id
FROM mandate m JOIN structure s ON s.id = m.structure_id JOIN person p ON p.id = m.proposed_by
LEFT JOIN app_user u ON u.id = m.user_id
WHERE ",
            $where
        )
    };
}

const BY_REFERENCE: &str = mandate!("m.reference = $1");
const BY_ID: &str = mandate!("m.id = $1");

pub async fn by_reference(
    tx: &mut impl Access,
    reference: &Reference,
) -> Result<Option<MandateRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, MandateRow>(BY_REFERENCE).bind(reference).fetch_optional(c).await)
}

pub async fn by_id(tx: &mut impl Access, id: MandateId) -> Result<Option<MandateRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, MandateRow>(BY_ID).bind(id).fetch_optional(c).await)
}

/// One domain of a mandate.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct GrantRow {
    pub id: GrantId,
    pub domain: DomainKey,
    pub label_fr: String,
    pub label_en: String,
    pub state: String,
    pub ended_at: Option<Timestamp>,
    pub end_reason: Option<String>,
}

const GRANTS: &str = "
SELECT g.id, g.domain, d.label_fr, d.label_en, g.state, g.ended_at, g.end_reason
FROM mandate_grant g JOIN domain d ON d.key = g.domain
WHERE g.mandate_id = $1 ORDER BY d.position";

pub async fn grants(tx: &mut impl Access, mandate: MandateId) -> Result<Vec<GrantRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, GrantRow>(GRANTS).bind(mandate).fetch_all(c).await)
}
