//! A code again, in a session that has been without activity for a quarter of an hour.
use crate::domain::time::Timestamp;
use crate::transact;

use super::App;
use super::caller::SignedIn;
use super::check_code::{self, CodeCheck, CodeOrigin};
use super::fault::Fault;

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
    transact!(app.store, "code_again", tx => {
        let origin = CodeOrigin::Session(who.session_id);
        Ok::<_, Fault>(match check_code::check(app, tx, who.person_id, origin, code).await? {
            CodeCheck::Accepted { .. } => StepUp::Fresh,
            CodeCheck::AlreadyUsed { next_in_seconds } => StepUp::AlreadyUsed { next_in_seconds },
            CodeCheck::Wrong => StepUp::Wrong,
            CodeCheck::Locked { until } => StepUp::Locked { until },
        })
    })
}
