//! Someone of several structures says for which one they act; and accepts the charter before any act.
use crate::domain::ids::StructureId;
use crate::domain::secret::PlainToken;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::store::{person, session};
use crate::transact;

use super::caller::{CHARTER_VERSION, SignedIn};
use super::fault::Fault;
use super::sign_out::role;
use super::{App, record};

/// Acts for another structure from now on, under a new token. `None` if it is not one of theirs in force.
pub async fn choose(app: &App, who: &SignedIn, structure: StructureId) -> Result<Option<PlainToken>, Fault> {
    if !who.memberships.iter().any(|membership| membership.structure_id == structure) {
        return Ok(None);
    }
    let token = PlainToken::generate(&*app.entropy);
    transact!(app.store, "choose_structure", tx => {
        if !session::switch_structure(tx, who.session_id, &token.hash(), structure).await? {
            return Ok(None);
        }
        let draft = Draft::done(Kind::StructureSwitched).by(who.person_id, role(who)).structure(structure);
        record::record(app, tx, draft).await?;
        Ok::<_, Fault>(Some(token.clone()))
    })
}

/// Accepts the charter in force.
pub async fn accept_charter(app: &App, who: &SignedIn) -> Result<(), Fault> {
    transact!(app.store, "accept_charter", tx => {
        person::accept_charter(tx, who.person_id, CHARTER_VERSION).await?;
        let draft = Draft::done(Kind::CharterAccepted).by(who.person_id, role(who));
        record::record(app, tx, draft.fact("version", CHARTER_VERSION)).await?;
        Ok(())
    })
}
