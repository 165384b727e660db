//! An auditor asked for what is outside their perimeter: the answer is that of nothing, and what they tried is written.
use crate::domain::ids::{EntryId, StructureId};
use crate::domain::mandate::Reference;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::pseudonym::Pseudonym;
use crate::log::token::Token;

use super::App;
use super::caller::SignedIn;
use super::detect_misuse;
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
            let reference = reference.parse::<Reference>().ok().map(|reference| reference.to_string());
            draft.fact_if("mandate", reference.as_deref())
        }
        Tried::Structure(id) => draft.fact("structure", id.uuid()),
        Tried::Aidant(pseudonym) => draft.fact("aidant", pseudonym.to_string().as_str()),
        Tried::Entry(id) => draft.fact("entry", id.uuid()),
        Tried::Finding(name) => {
            draft.fact_if("finding", Token::new(name).ok().filter(|_| detect_misuse::may_be_key(name)))
        }
    };
    record::refuse(app, draft, &who.person_id.to_string()).await?;
    Ok(())
}
