//! An auditor who was given a name or an address finds the pseudonym under which the log knows that person: by exact
//! match through a blind index, only for someone with lines in the perimeter. The name itself goes nowhere.
use crate::domain::ids::PersonId;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::pseudonym::Pseudonym;
use crate::store::search::{self, Column};
use crate::store::{Access, person};
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::identify_user::identity_index;
use super::record::{self, Who};
use super::search_log::{AuditError, Whose, perimeter, whose};
use super::sign_in::email_index;

/// A civil identity as a document shows it.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// All of them, in the order of the document.
    pub given_name: String,
    pub family_name: String,
    /// `1948-03-04`, with `00` for what is not known.
    pub birthdate: String,
}

/// The users of exactly this identity: one pseudonym for each identity provider that vouched for it.
pub async fn user(app: &App, who: &SignedIn, identity: &Identity) -> Result<Vec<Pseudonym>, AuditError> {
    let Identity { given_name, family_name, birthdate } = identity;
    // Registers write family names in capitals, documents not always.
    let mut families = vec![family_name.clone(), family_name.to_uppercase()];
    families.dedup();
    let indexes: Vec<Vec<u8>> =
        families.iter().map(|family| identity_index(app, given_name, family, birthdate)).collect();
    let found = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        let mut found = Vec::new();
        for id in search::users_of_identity(tx, &indexes).await? {
            let pseudonym = record::pseudonym(app, tx, Who::User(id)).await?;
            if is_seen(tx, Column::Subject, &pseudonym, perimeter_of).await? {
                found.push((id, pseudonym));
            }
        }
        Ok::<_, AuditError>(found)
    })?;
    let asked = || Draft::done(Kind::LogSearched).by(who.person_id, Role::Auditor).fact("by", "identity");
    if found.is_empty() {
        record::append(app, asked().fact("found", false)).await?;
    }
    for (id, _) in &found {
        record::append(app, asked().fact("found", true).user(*id)).await?;
    }
    Ok(found.into_iter().map(|(_, pseudonym)| pseudonym).collect())
}

/// The professional with this e-mail address.
pub async fn aidant(app: &App, who: &SignedIn, email: &str) -> Result<Option<Pseudonym>, AuditError> {
    let index = email_index(app, email);
    let found = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        let Some(row) = person::by_email(tx, &index).await? else { return Ok(None) };
        let pseudonym = record::pseudonym(app, tx, Who::Person(row.id)).await?;
        let seen = is_seen(tx, Column::Actor, &pseudonym, perimeter_of).await?;
        Ok::<_, AuditError>(seen.then_some((row.id, pseudonym)))
    })?;
    let asked = Draft::done(Kind::LogSearched).by(who.person_id, Role::Auditor).fact("by", "email");
    let asked = asked.fact("found", found.is_some());
    let asked = match &found {
        Some((id, _)) => asked.about(*id),
        None => asked,
    };
    record::append(app, asked).await?;
    Ok(found.map(|(_, pseudonym)| pseudonym))
}

async fn is_seen(
    tx: &mut impl Access,
    column: Column,
    pseudonym: &Pseudonym,
    perimeter_of: Option<PersonId>,
) -> Result<bool, AuditError> {
    let found = whose(tx, column, &pseudonym.to_string(), perimeter_of).await?;
    Ok(found == Whose::One(pseudonym.clone()))
}
