//! Sign-out.
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::store::session;
use crate::transact;

use super::caller::{Caller, SignedIn};
use super::fault::Fault;
use super::{App, end_use, professional, record};

/// Ends the caller's session, complete or not, and with it every use opened from it. Gives whether a session at the
/// provider of professionals is to be closed as well.
pub async fn sign_out(app: &App, caller: &Caller) -> Result<bool, Fault> {
    match caller {
        Caller::Nobody => Ok(false),
        Caller::Half(half) => {
            transact!(app.store, "sign_out_half", tx => {
                let elsewhere = professional::end_with_session(app, tx, half.session_id).await?;
                session::delete(tx, half.session_id).await?;
                Ok(elsewhere)
            })
        }
        Caller::SignedIn(who) => {
            transact!(app.store, "sign_out", tx => {
                let elsewhere = professional::end_with_session(app, tx, who.session_id).await?;
                if session::delete(tx, who.session_id).await? {
                    end_use::end_of_session(app, tx, who.session_id, app.now()).await?;
                    record::record(app, tx, who.signs(Draft::done(Kind::SignOut), role(who))).await?;
                }
                Ok(elsewhere)
            })
        }
    }
}

/// In what quality someone acts, in the structure they act for.
pub fn role(who: &SignedIn) -> crate::log::kind::Role {
    use crate::log::kind::Role;
    if who.is_aidant() {
        Role::Aidant
    } else if who.is_referent() {
        Role::Referent
    } else if who.is_operator {
        Role::Operator
    } else if who.is_auditor {
        Role::Auditor
    } else {
        Role::Aidant
    }
}
