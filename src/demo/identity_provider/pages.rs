//! The provider's own pages and what they say.
use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::demo::lang::Lang;
use crate::demo::page;

use super::IdentityProvider;
use super::fault::{Described, FAULTS, Fault};
use super::params::Params;
use super::persona::{PERSONAS, Persona};

#[derive(Template)]
#[template(path = "identity/sign_in.html")]
pub(super) struct SignInPage<'p> {
    pub(super) lang: Lang,
    pub(super) request: &'p str,
    pub(super) client: &'p str,
    pub(super) personas: &'p [Persona],
    pub(super) identifier: &'p str,
    pub(super) rejected: bool,
}

#[derive(Template)]
#[template(path = "identity/consent.html")]
pub(super) struct ConsentPage<'p> {
    pub(super) lang: Lang,
    pub(super) request: &'p str,
    pub(super) client: &'p str,
    pub(super) persona: &'p Persona,
    /// Names of the claims that will be sent.
    pub(super) claims: &'p [String],
}

impl ConsentPage<'_> {
    fn has(&self, name: &str) -> bool {
        self.claims.iter().any(|claim| claim == name)
    }
}

#[derive(Template)]
#[template(path = "identity/sign_out.html")]
pub(super) struct SignOutPage {
    pub(super) lang: Lang,
}

#[derive(Template)]
#[template(path = "identity/home.html")]
struct HomePage<'p> {
    lang: Lang,
    personas: &'p [Persona],
}

#[derive(Template)]
#[template(path = "identity/faults.html")]
struct FaultsPage<'p> {
    lang: Lang,
    faults: &'p [Described],
    current: Fault,
}

#[derive(Template)]
#[template(path = "identity/message.html")]
struct MessagePage<'p> {
    lang: Lang,
    message: &'p Message,
}

/// A page that only says something, in French and in English: title, then text.
pub(super) struct Message {
    pub(super) title: (&'static str, &'static str),
    pub(super) text: (&'static str, &'static str),
}

pub(super) const GONE: Message = Message {
    title: ("Cette demande n’existe plus", "This request no longer exists"),
    text: (
        "Elle a déjà reçu une réponse, elle est trop ancienne, ou elle a été commencée dans un autre navigateur. \
         Rien n’a été transmis. Retournez au site d’où vous venez et recommencez.",
        "It has already been answered, it is too old, or it was begun in another browser. \
         Nothing was sent. Go back to the site you came from and start again.",
    ),
};

pub(super) const SIGNED_OUT: Message = Message {
    title: ("Vous êtes déconnecté", "You are signed out"),
    text: (
        "Plus personne n’est identifié dans ce navigateur. Vous pouvez fermer cette page.",
        "Nobody is identified in this browser any more. You may close this page.",
    ),
};

const BROKEN: Message = Message {
    title: ("Cette demande n’est pas recevable", "This request cannot be accepted"),
    text: (
        "Le site d’où vous venez n’est pas reconnu, ou l’adresse de retour n’est pas la sienne. \
         Rien n’a été transmis. Signalez-le à ce site.",
        "The site you came from is not known, or the return address is not its own. \
         Nothing was sent. Please tell that site.",
    ),
};

const NOT_FOUND: Message = Message {
    title: ("Page introuvable", "Page not found"),
    text: ("Cette adresse ne mène à rien.", "This address leads nowhere."),
};

pub(super) fn message(headers: &HeaderMap, status: StatusCode, message: &Message) -> Response {
    page::html(status, &MessagePage { lang: Lang::of(headers), message }, &[])
}

pub(super) fn broken_request(headers: &HeaderMap) -> Response {
    message(headers, StatusCode::BAD_REQUEST, &BROKEN)
}

pub(super) async fn not_found(headers: HeaderMap) -> Response {
    message(&headers, StatusCode::NOT_FOUND, &NOT_FOUND)
}

pub(super) async fn home(headers: HeaderMap) -> Response {
    page::html(StatusCode::OK, &HomePage { lang: Lang::of(&headers), personas: &PERSONAS }, &[])
}

pub(super) async fn faults(State(provider): State<IdentityProvider>, headers: HeaderMap) -> Response {
    let template = FaultsPage { lang: Lang::of(&headers), faults: &FAULTS, current: provider.fault() };
    page::html(StatusCode::OK, &template, &[])
}

pub(super) async fn set_fault(
    State(provider): State<IdentityProvider>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::parse(&body).unwrap_or_default();
    match params.get("fault").and_then(Fault::parse) {
        Some(fault) => {
            provider.set_fault(fault);
            page::see_other("/faults")
        }
        None => broken_request(&headers),
    }
}
