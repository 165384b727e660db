//! The signed-in part: in whose name, who acts, under which mandate; and one formality.
use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::PoisonError;

use crate::demo::lang::Lang;
use crate::demo::page;

use super::claims::{Mandate, Visitor};
use super::pages::{self, Trouble};
use super::profile::Profile;
use super::sign_in::failed;
use super::{Service, Session};

/// A formality that was sent.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) reference: String,
    pub(super) amount: u32,
}

#[derive(Template)]
#[template(path = "service/space.html")]
struct SpacePage<'p> {
    lang: Lang,
    profile: &'static Profile,
    visitor: &'p Visitor,
    /// When the mandate ends, in words.
    until: String,
    done: Vec<Done>,
    latest: Option<Done>,
}

#[derive(Template)]
#[template(path = "service/formality.html")]
struct FormalityPage<'p> {
    lang: Lang,
    profile: &'static Profile,
    visitor: &'p Visitor,
    amount: &'p str,
    rejected: bool,
}

#[derive(Deserialize)]
pub(super) struct Which {
    done: Option<String>,
}

pub(super) async fn space(
    State(service): State<Service>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Response {
    let Some((_, session)) = service.session(&headers) else {
        return page::see_other("/");
    };
    let lang = Lang::of(&headers);
    let done = session.done.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let latest = which.done.and_then(|asked| done.iter().find(|one| one.reference == asked).cloned());
    let until = session.visitor.mandate.as_ref().map(|mandate| pages::until(lang, mandate.ends_at));
    let template = SpacePage {
        lang,
        profile: service.0.profile,
        visitor: &session.visitor,
        until: until.unwrap_or_default(),
        done,
        latest,
    };
    page::html(StatusCode::OK, &template, &[&service.0.registration.issuer])
}

pub(super) async fn form(State(service): State<Service>, headers: HeaderMap) -> Response {
    match service.session(&headers) {
        Some((_, session)) => show_form(&service, &headers, &session, "", false),
        None => page::see_other("/"),
    }
}

fn show_form(
    service: &Service,
    headers: &HeaderMap,
    session: &Session,
    amount: &str,
    rejected: bool,
) -> Response {
    let template = FormalityPage {
        lang: Lang::of(headers),
        profile: service.0.profile,
        visitor: &session.visitor,
        amount,
        rejected,
    };
    let status = if rejected { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::html(status, &template, &[&service.0.registration.issuer])
}

/// Accepts the formality only if the mandate still lives at this very moment.
pub(super) async fn send(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> Response {
    let Some((key, session)) = service.session(&headers) else {
        return pages::trouble(&service, &headers, Trouble::SignedOut);
    };
    let typed = form_urlencoded::parse(&body).find(|(name, _)| name == "amount").map(|(_, value)| value);
    let typed = typed.unwrap_or_default();
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let Some(amount) = digits.parse::<u32>().ok().filter(|amount| *amount <= 10_000_000) else {
        return show_form(&service, &headers, &session, &typed, true);
    };
    if session.visitor.mandate.as_ref().is_some_and(|mandate| !allows(mandate, &service)) {
        return pages::trouble(&service, &headers, Trouble::MandateEnded);
    }
    match service.still_allowed(&session).await {
        Ok(true) => {
            let reference = reference(&service);
            let mut done = session.done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push(Done { reference: reference.clone(), amount });
            page::see_other(&format!("/space?done={reference}"))
        }
        Ok(false) => {
            service.0.sessions.take(&key, service.now());
            pages::trouble(&service, &headers, Trouble::MandateEnded)
        }
        Err(error) => failed(&service, &headers, &error),
    }
}

fn allows(mandate: &Mandate, service: &Service) -> bool {
    mandate.may_act && service.now() < mandate.ends_at
}

/// Such as `DEC-7Q2M-X4TN`.
fn reference(service: &Service) -> String {
    let mut bytes = [0u8; 5];
    service.0.entropy.fill(&mut bytes);
    let text = data_encoding::BASE32_NOPAD.encode(&bytes);
    let (left, right) = text.split_at(4);
    format!("{}-{left}-{right}", service.0.profile.prefix)
}
