//! The pages that need no session, and what is said when something fails.
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::demo::lang::Lang;
use crate::demo::page;
use crate::domain::time::Timestamp;
use crate::web::ui::{L, Locale};

use super::Service;
use super::profile::Profile;

#[derive(Template)]
#[template(path = "service/home.html")]
struct HomePage {
    lang: Lang,
    profile: &'static Profile,
    /// Already signed in: in whose name.
    name: Option<String>,
}

#[derive(Template)]
#[template(path = "service/message.html")]
struct MessagePage {
    lang: Lang,
    profile: &'static Profile,
    bad: bool,
    title: &'static str,
    text: &'static str,
    again: bool,
}

/// What can go wrong, as the visitor needs to know it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// The answer finds no request of this browser.
    NotAsked,
    /// The aidant or the provider said no.
    Denied,
    /// The answer did not hold.
    Refused,
    Unreachable,
    MandateEnded,
    SignedOut,
    NotFound,
}

type Words = ((&'static str, &'static str), (&'static str, &'static str));

impl Trouble {
    fn words(self) -> Words {
        match self {
            Self::NotAsked => (
                ("Cette connexion n’a pas été demandée ici", "This sign-in was not asked for here"),
                (
                    "Elle a été commencée dans un autre navigateur, elle a déjà servi ou elle est trop ancienne. \
                     Personne n’est connecté. Recommencez depuis la page d’accueil.",
                    "It was begun in another browser, has already been used, or is too old. \
                     Nobody is signed in. Start again from the home page.",
                ),
            ),
            Self::Denied => (
                ("La connexion a été abandonnée", "The sign-in was given up"),
                (
                    "Personne n’est connecté et rien n’a été transmis. Vous pouvez recommencer quand vous voulez.",
                    "Nobody is signed in and nothing was sent. You may start again whenever you wish.",
                ),
            ),
            Self::Refused => (
                ("La connexion n’a pas abouti", "The sign-in did not succeed"),
                (
                    "La réponse reçue n’est pas acceptable : personne n’est connecté. Recommencez ; si cela persiste, \
                     prévenez le service.",
                    "The answer received is not acceptable: nobody is signed in. Start again; if it goes on, \
                     tell the service.",
                ),
            ),
            Self::Unreachable => (
                ("Entremise ne répond pas", "Entremise does not answer"),
                (
                    "Personne n’est connecté et rien n’a été enregistré. Réessayez dans quelques minutes.",
                    "Nobody is signed in and nothing was recorded. Try again in a few minutes.",
                ),
            ),
            Self::MandateEnded => (
                ("La démarche n’a pas été enregistrée", "The formality was not recorded"),
                (
                    "L’accès n’est plus ouvert : le mandat a pris fin, il ne permet pas cette démarche, ou la session \
                     est trop ancienne. Revenez au guichet et ouvrez de nouveau le service.",
                    "Access is no longer open: the mandate has ended, does not allow this formality, or the session \
                     is too old. Go back to the desk and open the service again.",
                ),
            ),
            Self::SignedOut => (
                ("Vous n’êtes plus connecté", "You are no longer signed in"),
                (
                    "La session a pris fin. Rien n’a été enregistré. Connectez-vous et recommencez.",
                    "The session has ended. Nothing was recorded. Sign in and start again.",
                ),
            ),
            Self::NotFound => (
                ("Page introuvable", "Page not found"),
                ("Cette adresse ne mène à rien.", "This address leads nowhere."),
            ),
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::NotAsked | Self::Refused => StatusCode::BAD_REQUEST,
            Self::Denied => StatusCode::OK,
            Self::Unreachable => StatusCode::BAD_GATEWAY,
            Self::MandateEnded | Self::SignedOut => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
        }
    }
}

pub(super) fn trouble(service: &Service, headers: &HeaderMap, trouble: Trouble) -> Response {
    let lang = Lang::of(headers);
    let (title, text) = trouble.words();
    let template = MessagePage {
        lang,
        profile: service.0.profile,
        bad: trouble != Trouble::Denied,
        title: lang.t(title.0, title.1),
        text: lang.t(text.0, text.1),
        again: trouble != Trouble::NotFound,
    };
    page::html(trouble.status(), &template, &[])
}

pub(super) async fn home(State(service): State<Service>, headers: HeaderMap) -> Response {
    let name = service.session(&headers).map(|(_, session)| session.visitor.full_name());
    let template = HomePage { lang: Lang::of(&headers), profile: service.0.profile, name };
    page::html(StatusCode::OK, &template, &[&service.0.registration.issuer])
}

pub(super) fn signed_out(service: &Service, headers: &HeaderMap) -> Response {
    let lang = Lang::of(headers);
    let template = MessagePage {
        lang,
        profile: service.0.profile,
        bad: false,
        title: lang.t("Vous êtes déconnecté", "You are signed out"),
        text: lang.t(
            "L’utilisation de ce service au nom de la personne est terminée. Vous pouvez fermer cette page.",
            "The use of this service in the person’s name has ended. You may close this page.",
        ),
        again: true,
    };
    page::html(StatusCode::OK, &template, &[])
}

pub(super) async fn not_found(State(service): State<Service>, headers: HeaderMap) -> Response {
    trouble(&service, &headers, Trouble::NotFound)
}

/// The end of a mandate in words, in the time zone of metropolitan France.
pub(super) fn until(lang: Lang, at: Timestamp) -> String {
    let locale = match lang {
        Lang::Fr => Locale::Fr,
        Lang::En => Locale::En,
    };
    L::new(locale).end(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_end_in_local_time() {
        let midnight = Timestamp::parse("2026-12-31T23:00:00.000000Z").unwrap();
        assert_eq!(until(Lang::Fr, midnight), "jeudi 31\u{a0}décembre 2026 à minuit");
        assert_eq!(until(Lang::En, midnight), "the end of Thursday 31\u{a0}December 2026");
    }
}
