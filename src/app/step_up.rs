//! A code again, in a session that has been without activity for a quarter of an hour.
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::transact;

use super::caller::SignedIn;
use super::check_code::{self, Checked, CodeCheck, CodeOrigin};
use super::fault::Fault;
use super::{App, record, sign_out};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepUp {
    /// Acts need no new code for a while.
    Fresh,
    AlreadyUsed {
        next_in_seconds: i64,
    },
    Wrong,
    Locked {
        until: Timestamp,
    },
}

/// Takes a code of one of the caller's cards.
pub async fn again(app: &App, who: &SignedIn, code: &str) -> Result<StepUp, Fault> {
    let (outcome, told) = transact!(app.store, "code_again", tx => {
        let origin = CodeOrigin::Session(who.session_id);
        let Checked { answer, told } = check_code::check(app, tx, who.person_id, origin, code).await?;
        let outcome = match answer {
            CodeCheck::Accepted { card_id, step } => {
                let draft = who.signs(Draft::done(Kind::CardCodeGiven), sign_out::role(who)).card(card_id);
                record::record(app, tx, draft.fact("step", step)).await?;
                StepUp::Fresh
            }
            CodeCheck::AlreadyUsed { next_in_seconds } => StepUp::AlreadyUsed { next_in_seconds },
            CodeCheck::Wrong => StepUp::Wrong,
            CodeCheck::Locked { until } => StepUp::Locked { until },
        };
        Ok::<_, Fault>((outcome, told))
    })?;
    told.tell(app, &who.origin).await?;
    Ok(outcome)
}
