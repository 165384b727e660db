//! A structure is habilitated by whoever has the server's command line. (The application and its review thread are
//! another way in, still to come.)
use jiff::tz::TimeZone;
use time::Duration;

use crate::domain::ids::StructureId;
use crate::domain::structure::Siret;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::{AsStoreError, StoreError, habilitation};
use crate::transact;

use super::App;
use super::record::{self, RecordError};

/// What is known of a structure when it is admitted.
#[derive(Clone, Debug)]
pub struct NewStructure {
    pub name: String,
    pub siret: Siret,
    /// Such as `ccas`, `france_services`, `association`.
    pub kind: String,
    /// INSEE code of the commune.
    pub territory: String,
    /// IANA name.
    pub time_zone: String,
    /// Keys of the catalogue.
    pub domains: Vec<String>,
    /// How long the agreement lasts, from now.
    pub agreement: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    #[error("the name must have 1 to 200 characters")]
    BadName,
    #[error("« {0} » is not a time zone")]
    BadTimeZone(String),
    #[error("the catalogue has no domain « {0} »")]
    UnknownDomain(String),
    #[error("the agreement must last")]
    NoAgreement,
    #[error("a structure of that SIRET exists already")]
    Taken,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl AsStoreError for CreateError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// Creates the structure, habilitated at once for its domains.
pub async fn create(app: &App, new: &NewStructure) -> Result<StructureId, CreateError> {
    let name = new.name.trim();
    if !(1..=200).contains(&name.chars().count()) {
        return Err(CreateError::BadName);
    }
    if TimeZone::get(&new.time_zone).is_err() {
        return Err(CreateError::BadTimeZone(new.time_zone.clone()));
    }
    if new.agreement <= Duration::ZERO {
        return Err(CreateError::NoAgreement);
    }
    let now = app.now();
    let id = StructureId::new(now, app.entropy.as_ref());
    transact!(app.store, "create_structure", tx => {
        let draft = Draft::done(Kind::StructureHabilitated).by_role(Role::Operator).structure(id);
        let draft = draft.list("domains", new.domains.iter().map(String::as_str));
        let draft = draft.fact("valid_from", now).fact("valid_to", now + new.agreement);
        let entry = record::record(app, tx, draft).await?;
        let row = habilitation::NewStructure {
            id,
            name,
            kind: &new.kind,
            siret: new.siret.as_str(),
            time_zone: &new.time_zone,
            territory: &new.territory,
            from: now,
            until: now + new.agreement,
            now,
            entry_id: entry.id,
        };
        if !habilitation::insert(tx, &row).await? {
            return Err(CreateError::Taken);
        }
        for domain in &new.domains {
            if !habilitation::admit(tx, id, domain).await? {
                return Err(CreateError::UnknownDomain(domain.clone()));
            }
        }
        Ok(id)
    })
}
