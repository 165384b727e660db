//! Which structures an auditor reviews is decided by whoever has the server's command line, and each structure given or
//! withdrawn is an entry of that structure: who may look at it can be read where its other acts are.
use std::collections::BTreeSet;

use crate::domain::ids::{PersonId, StructureId};
use crate::domain::person::{Email, Role};
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::log::pseudonym::Pseudonym;
use crate::store::{StoreError, WriteTx, perimeter, person};
use crate::transact;

use super::create_person::{CreateError, by_command};
use super::record::{self, Who};
use super::{App, sign_in};

/// What an auditor reviews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Perimeter {
    All,
    Structures(BTreeSet<StructureId>),
}

impl Perimeter {
    /// As the column of a person has it.
    pub const fn column(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Structures(_) => "listed",
        }
    }
}

/// Gives the auditor of this address another perimeter. False if it was theirs already.
pub async fn set(app: &App, email: &Email, wanted: &Perimeter) -> Result<bool, CreateError> {
    let index = sign_in::email_index(app, email.as_str());
    transact!(app.store, "set_perimeter", tx => {
        let person = person::by_email(tx, &index).await?.ok_or(CreateError::NoAccount)?;
        if !person.is_auditor {
            return Err(CreateError::NoAuditor);
        }
        let pseudonym = record::pseudonym(app, tx, Who::Person(person.id)).await?;
        let bounded = perimeter::bound(tx, person.id, wanted.column()).await?;
        let mut drafts = Vec::new();
        if bounded {
            let given = matches!(wanted, Perimeter::All);
            drafts.push(of_all(&pseudonym, if given { Kind::RoleGiven } else { Kind::RoleWithdrawn }));
        }
        drafts.extend(write(tx, person.id, &pseudonym, wanted).await?);
        let changed = !drafts.is_empty();
        record::record_all(app, tx, drafts).await?;
        Ok::<_, CreateError>(changed)
    })
}

/// Lists the structures of a perimeter and takes the others off; what there is to be recorded of it.
pub(super) async fn write(
    tx: &mut WriteTx,
    person: PersonId,
    pseudonym: &Pseudonym,
    wanted: &Perimeter,
) -> Result<Vec<Draft>, StoreError> {
    let none = BTreeSet::new();
    let (wanted, all) = match wanted {
        Perimeter::All => (&none, true),
        Perimeter::Structures(wanted) => (wanted, false),
    };
    let mut drafts = Vec::new();
    for structure in perimeter::listed(tx, person).await? {
        // Whoever reviews every structure loses none of those that were listed.
        let withdrawn = !wanted.contains(&structure) && perimeter::remove(tx, person, structure).await?;
        if withdrawn && !all {
            drafts.push(of_one(pseudonym, Kind::RoleWithdrawn, structure));
        }
    }
    for structure in wanted {
        if perimeter::add(tx, person, *structure).await? {
            drafts.push(of_one(pseudonym, Kind::RoleGiven, *structure));
        }
    }
    Ok(drafts)
}

fn of_one(pseudonym: &Pseudonym, kind: Kind, structure: StructureId) -> Draft {
    role(pseudonym, kind).structure(structure)
}

fn of_all(pseudonym: &Pseudonym, kind: Kind) -> Draft {
    role(pseudonym, kind).fact("perimeter", "all")
}

fn role(pseudonym: &Pseudonym, kind: Kind) -> Draft {
    by_command(Draft::done(kind)).about_new(pseudonym).list("roles", [Role::Auditor.as_str()])
}
