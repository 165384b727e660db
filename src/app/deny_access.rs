//! A request that its caller may not make: nothing is done, and the log says who asked for what.
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::token::Token;

use super::caller::Caller;
use super::record::{self, RecordError};
use super::{App, sign_out};

/// Why a request is denied before any use case sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The page is for people in another role.
    Role,
    /// A form that was not sent from one of our own pages.
    CrossSite,
}

/// Writes down that a request was denied. `route`: the pattern of its path, never what was asked. `source` tells where
/// it came from, for the limits of the log.
pub async fn denied(
    app: &App,
    caller: &Caller,
    denial: Denial,
    route: &str,
    source: &str,
) -> Result<(), RecordError> {
    let reason = match denial {
        Denial::Role => "other_role",
        Denial::CrossSite => "cross_site",
    };
    let route = Token::new(route.replace('{', ":").replace('}', "")).ok();
    let draft = Draft::refused(Kind::AccessDenied, reason).fact_if("route", route);
    let draft = match caller {
        Caller::SignedIn(who) => draft.by(who.person_id, sign_out::role(who)),
        Caller::Half(_) | Caller::Nobody => draft.by_role(Role::Nobody),
    };
    record::refuse(app, draft, source).await?;
    Ok(())
}
