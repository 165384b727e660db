//! What a route is: method, path, who may call it, handler. The router is built from a table of these, so that
//! no route can exist without a class of access, and the authorisation matrix of the tests can read them all.
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;

use crate::app::App;

/// Who may call a route. Checked by `layer::access` before the handler runs; anything else is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone; the handler asks nothing of its caller.
    Public,
    /// Someone whose password was right, with or without their code.
    Half,
    /// Anyone signed in completely.
    SignedIn,
    /// An aidant, in the structure chosen, both in force, who accepted the charter.
    Aidant,
    /// A referent, likewise.
    Referent,
    /// An aidant or a referent, likewise.
    Member,
    Operator,
    Auditor,
    /// The user in the act of consenting, in the browser in which they identified: checked by the use case
    /// against the cookie of the consent request.
    Consenting,
    /// A service with its own credentials or a token: checked by the use case.
    Service,
}

/// One method on one path.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    /// A protocol endpoint: a POST from another site is expected there. Exempt from form protection.
    pub cross_site: bool,
    pub(super) handler: MethodRouter<App>,
}

impl Route {
    pub fn get<H, T>(path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        Self { method: Method::GET, path, access, cross_site: false, handler: on(MethodFilter::GET, handler) }
    }

    pub fn post<H, T>(path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        Self {
            method: Method::POST,
            path,
            access,
            cross_site: false,
            handler: on(MethodFilter::POST, handler),
        }
    }

    /// Marks a protocol endpoint, called by services or from their pages.
    #[must_use]
    pub fn protocol(mut self) -> Self {
        self.cross_site = true;
        self
    }
}
