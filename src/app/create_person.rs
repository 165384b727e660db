//! Professionals come in: created with their roles, and invited by a link that is printed or sent once.
use time::Duration;

use crate::domain::ids::{PersonId, StructureId};
use crate::domain::person::{Email, PersonName, Role};
use crate::domain::secret::PlainToken;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role as LogRole};
use crate::store::{AsStoreError, StoreError, WriteTx, link, person};
use crate::transact;

use super::fault::Fault;
use super::record::{self, RecordError, Who};
use super::set_perimeter::{self, Perimeter};
use super::{App, sign_in};

/// How long an invitation can be answered.
pub const INVITATION: Duration = Duration::hours(72);

pub struct NewPerson {
    pub email: Email,
    pub name: PersonName,
    pub roles: Vec<Role>,
    /// Where the roles of aidant and referent are held.
    pub structure: Option<StructureId>,
    /// What an auditor reviews; of nobody else.
    pub perimeter: Option<Perimeter>,
    /// `fr` or `en`.
    pub locale: &'static str,
}

#[derive(Debug)]
pub struct Created {
    pub person_id: PersonId,
    /// For `/activate/{token}`.
    pub link: PlainToken,
    pub expires_at: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    #[error("this address already has an account")]
    EmailTaken,
    #[error("no account has this address")]
    NoAccount,
    #[error("at least one role is needed")]
    NoRole,
    #[error("an aidant or referent belongs to a structure: name it")]
    StructureNeeded,
    #[error("an operator or auditor belongs to no structure")]
    StructureRefused,
    #[error(
        "an auditor reviews a perimeter: name its structures by SIRET, or say `all` for every structure, those to come too"
    )]
    PerimeterNeeded,
    #[error("only an auditor has a perimeter")]
    PerimeterRefused,
    #[error("the account of this address is no auditor's")]
    NoAuditor,
    #[error("the account is suspended")]
    Suspended,
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for CreateError {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<RecordError> for CreateError {
    fn from(error: RecordError) -> Self {
        Self::Fault(error.into())
    }
}

impl AsStoreError for CreateError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Fault(fault) => fault.as_store_error(),
            _ => None,
        }
    }
}

/// Creates someone, invited: they have no password yet and cannot sign in.
pub async fn create(app: &App, new: &NewPerson) -> Result<Created, CreateError> {
    if new.roles.is_empty() {
        return Err(CreateError::NoRole);
    }
    let in_structure = new.roles.iter().any(|role| role.needs_structure());
    match (in_structure, new.structure) {
        (true, None) => return Err(CreateError::StructureNeeded),
        (false, Some(_)) => return Err(CreateError::StructureRefused),
        _ => {}
    }
    match (new.roles.contains(&Role::Auditor), &new.perimeter) {
        (true, None) => return Err(CreateError::PerimeterNeeded),
        (false, Some(_)) => return Err(CreateError::PerimeterRefused),
        _ => {}
    }
    let now = app.now();
    let id = PersonId::new(now, &*app.entropy);
    let fresh = record::fresh_pseudonym(app, Who::Person(id))?;
    let email_index = sign_in::email_index(app, new.email.as_str());
    let email_sealed =
        app.sealer.seal_text(person::email_place(&id), new.email.as_str()).map_err(Fault::from)?;
    let name_sealed = app.sealer.seal_json(person::name_place(&id), &new.name).map_err(Fault::from)?;
    let token = PlainToken::generate(&*app.entropy);
    transact!(app.store, "create_person", tx => {
        let draft = by_command(Draft::done(Kind::PersonCreated)).about_new(&fresh.pseudonym);
        let mut draft = draft
            .list("roles", new.roles.iter().map(|role| role.as_str()))
            .fact_if("perimeter", new.perimeter.as_ref().map(Perimeter::column));
        if let Some(structure) = new.structure {
            draft = draft.structure(structure);
        }
        let entry = record::record(app, tx, draft).await?;
        let row = person::NewPerson {
            id,
            email_index: &email_index,
            email_sealed: &email_sealed,
            name_sealed: &name_sealed,
            pseudonym_key_sealed: &fresh.sealed_key,
            is_operator: new.roles.contains(&Role::Operator),
            is_auditor: new.roles.contains(&Role::Auditor),
            perimeter: new.perimeter.as_ref().map_or("none", Perimeter::column),
            locale: new.locale,
            created_at: now,
            entry_id: entry.id,
        };
        if !person::insert(tx, &row).await? {
            return Err(CreateError::EmailTaken);
        }
        if let Some(structure) = new.structure {
            let roles = (new.roles.contains(&Role::Aidant), new.roles.contains(&Role::Referent));
            person::join(tx, id, structure, roles, now, entry.id).await?;
        }
        if let Some(wanted) = &new.perimeter {
            let drafts = set_perimeter::write(tx, id, &fresh.pseudonym, wanted).await?;
            record::record_all(app, tx, drafts).await?;
        }
        write_link(app, tx, id, &token, "activate").await?;
        Ok(Created { person_id: id, link: token.clone(), expires_at: now + INVITATION })
    })
}

/// Makes someone a member of one more structure.
pub async fn join(
    app: &App,
    email: &Email,
    structure: StructureId,
    roles: &[Role],
) -> Result<PersonId, CreateError> {
    let index = sign_in::email_index(app, email.as_str());
    let now = app.now();
    transact!(app.store, "join_structure", tx => {
        let person = person::by_email(tx, &index).await?.ok_or(CreateError::NoAccount)?;
        let draft = by_command(Draft::done(Kind::RoleGiven)).about(person.id).structure(structure);
        let draft = draft.list("roles", roles.iter().map(|role| role.as_str()));
        let entry = record::record(app, tx, draft).await?;
        let held = (roles.contains(&Role::Aidant), roles.contains(&Role::Referent));
        person::join(tx, person.id, structure, held, now, entry.id).await?;
        Ok(person.id)
    })
}

/// A new link for someone: to answer the invitation again, or to choose another password. Earlier links are void.
pub async fn new_link(app: &App, email: &Email) -> Result<Created, CreateError> {
    let index = sign_in::email_index(app, email.as_str());
    let token = PlainToken::generate(&*app.entropy);
    let now = app.now();
    transact!(app.store, "new_link", tx => {
        let person = person::by_email(tx, &index).await?.ok_or(CreateError::NoAccount)?;
        let purpose = match person.status.as_str() {
            "invited" => "activate",
            "active" => "reset",
            _ => return Err(CreateError::Suspended),
        };
        link::cancel_all(tx, person.id, now).await?;
        write_link(app, tx, person.id, &token, purpose).await?;
        Ok(Created { person_id: person.id, link: token.clone(), expires_at: now + INVITATION })
    })
}

async fn write_link(
    app: &App,
    tx: &mut WriteTx,
    id: PersonId,
    token: &PlainToken,
    purpose: &str,
) -> Result<(), CreateError> {
    let now = app.now();
    let entry = record::reserve(app);
    link::insert(tx, &token.hash(), id, purpose, (now, now + INVITATION), entry).await?;
    let draft = by_command(Draft::done(Kind::LinkSent)).named(entry).about(id).fact("purpose", purpose);
    record::record(app, tx, draft).await?;
    Ok(())
}

/// Acts of whoever has the server's command line.
pub(super) fn by_command(draft: Draft) -> Draft {
    draft.by_role(LogRole::Operator).fact("via", "command_line")
}
