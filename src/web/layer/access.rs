//! Deny by default: a handler runs only if the route's class of access admits the caller, and a POST only if it
//! comes from one of our own pages.
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, Method, header};

use crate::app::App;
use crate::app::caller::{Caller, SignedIn};
use crate::app::deny_access::{self, Denial};
use crate::web::error::Problem;
use crate::web::extract::Visit;
use crate::web::pages;
use crate::web::route::Access;

/// What a route demands.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub access: Access,
    pub cross_site: bool,
}

/// Why a caller is not admitted.
enum Refusal {
    /// Nobody, or a session that has ended: signing in helps.
    SignIn,
    /// The password was right, the code is awaited.
    Code,
    /// The charter must be accepted first.
    Charter,
    /// Several structures, none chosen.
    Structure,
    /// Another role is needed.
    Forbidden,
}

pub async fn check(State((app, rule)): State<(App, Rule)>, request: Request, next: Next) -> Response {
    let Some(visit) = request.extensions().get::<Visit>().cloned() else {
        return Problem::internal_error("no visit on the request").respond(&Visit::unknown());
    };
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("-", MatchedPath::as_str);
    let unsafe_method = !matches!(*request.method(), Method::GET | Method::HEAD);
    if unsafe_method && !rule.cross_site && !is_from_our_pages(&app, request.headers()) {
        return deny(&app, &visit, route, Denial::CrossSite, &Problem::cross_site()).await;
    }
    match admit(rule.access, &visit.caller) {
        Ok(()) => next.run(request).await,
        Err(Refusal::SignIn) => pages::sign_in::required(&app, visit, request).await,
        Err(Refusal::Code) => pages::redirect("/sign-in/code"),
        Err(Refusal::Charter) => pages::redirect_back("/charter", &visit),
        Err(Refusal::Structure) => pages::redirect_back("/structures/choose", &visit),
        Err(Refusal::Forbidden) => deny(&app, &visit, route, Denial::Role, &Problem::forbidden()).await,
    }
}

/// Answers a request that may not be made, once the log says so.
async fn deny(app: &App, visit: &Visit, route: &str, denial: Denial, problem: &Problem) -> Response {
    match deny_access::denied(app, &visit.caller, denial, route, &visit.source()).await {
        Ok(()) => problem.respond(visit),
        Err(cause) => Problem::internal(&cause).respond(visit),
    }
}

fn admit(access: Access, caller: &Caller) -> Result<(), Refusal> {
    let signed_in = match (access, caller) {
        // Their use cases check their own credentials.
        (Access::Public | Access::Consenting | Access::Service, _)
        | (Access::Half, Caller::Half(_) | Caller::SignedIn(_)) => return Ok(()),
        (_, Caller::Nobody) => return Err(Refusal::SignIn),
        (_, Caller::Half(_)) => return Err(Refusal::Code),
        (_, Caller::SignedIn(signed_in)) => signed_in,
    };
    let admitted = match access {
        Access::Operator => signed_in.is_operator,
        Access::Auditor => signed_in.is_auditor,
        Access::Aidant => return member(signed_in, SignedIn::is_aidant),
        Access::Referent => return member(signed_in, SignedIn::is_referent),
        Access::Member => return member(signed_in, |person| person.is_aidant() || person.is_referent()),
        Access::SignedIn | Access::Public | Access::Consenting | Access::Service | Access::Half => true,
    };
    if admitted { Ok(()) } else { Err(Refusal::Forbidden) }
}

fn member(person: &SignedIn, has_role: impl Fn(&SignedIn) -> bool) -> Result<(), Refusal> {
    if person.memberships.is_empty() {
        return Err(Refusal::Forbidden);
    }
    if person.here().is_none() {
        return Err(Refusal::Structure);
    }
    if !has_role(person) {
        return Err(Refusal::Forbidden);
    }
    if person.charter_accepted() { Ok(()) } else { Err(Refusal::Charter) }
}

/// Whether a browser says that the request comes from a page of ours. `Sec-Fetch-Site` cannot be set by a page;
/// browsers too old to send it send `Origin` with a POST. Neither: refused.
fn is_from_our_pages(app: &App, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok())
        .is_some_and(|origin| origin == app.config.server.origin.origin().ascii_serialization())
}
