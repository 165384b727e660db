//! An auditor asked for what is outside their perimeter: the answer is that of nothing, and what they tried is written.
use crate::domain::ids::{EntryId, StructureId};
use crate::domain::mandate::Reference;
use crate::domain::misuse::Detector;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::pseudonym::Pseudonym;
use crate::log::token::Token;

use super::App;
use super::caller::SignedIn;
use super::record::{self, RecordError};

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tried<'a> {
    /// The mandate of this reference.
    Mandate(&'a str),
    Structure(StructureId),
    Aidant(&'a Pseudonym),
    Entry(EntryId),
    /// The finding of this name.
    Finding(&'a str),
}

/// Writes the refusal down. What was typed and could be no name of anything is left out of it.
pub(super) async fn refuse(
    app: &App,
    who: &SignedIn,
    kind: Kind,
    tried: Tried<'_>,
) -> Result<(), RecordError> {
    let draft = Draft::refused(kind, "not_within_perimeter").by(who.person_id, Role::Auditor);
    let draft = match tried {
        Tried::Mandate(reference) => {
            let reference = reference.parse::<Reference>().ok();
            draft.fact_if("mandate", reference.and_then(|reference| Token::new(reference.to_string()).ok()))
        }
        Tried::Structure(id) => draft.fact("structure", id.uuid()),
        Tried::Aidant(pseudonym) => draft.fact("aidant", pseudonym.to_string().as_str()),
        Tried::Entry(id) => draft.fact("entry", id.uuid()),
        Tried::Finding(name) => {
            let mut fields = name.split(':');
            let is_one =
                fields.next().is_some_and(|field| Detector::ALL.iter().any(|one| one.name() == field))
                    && fields.next().is_some_and(|field| field.parse::<StructureId>().is_ok());
            draft.fact_if("finding", Token::new(name).ok().filter(|_| is_one))
        }
    };
    record::refuse(app, draft, &who.person_id.to_string()).await?;
    Ok(())
}
