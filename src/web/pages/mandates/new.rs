//! Step 1: what for, and for how long.
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::stopped;
use crate::app::App;
use crate::app::propose_mandate::{self, Offer, Proposal, ProposeError};
use crate::domain::catalogue::DomainKey;
use crate::domain::ids::{MandateId, StructureId};
use crate::domain::mandate::{BadTerm, Term};
use crate::web::error::Problem;
use crate::web::extract::{AidantHere, PostedForm, Visit};
use crate::web::pages::redirect;
use crate::web::pages::sign_in::code_first;
use crate::web::ui::screens::desk::Domains;
use crate::web::ui::{self, Choice, Form, L, Section};

/// Domains in sight before « Voir les autres démarches ».
const IN_SIGHT: usize = 4;

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    AidantHere { person, here }: AidantHere,
) -> Response {
    match propose_mandate::offer(&app, &person, here.structure_id).await {
        Ok(offer) => {
            let mut form = Form::empty();
            form.set("structure", offer.structure.to_string());
            form.set("attempt", offer.attempt.to_string());
            form.set("term", Term::OneMonth.code());
            page(&visit, StatusCode::OK, form, &offer)
        }
        Err(error) => refused(&visit, &error),
    }
}

pub(super) async fn post(
    State(app): State<App>,
    visit: Visit,
    AidantHere { person, here }: AidantHere,
    headers: HeaderMap,
    PostedForm(mut form): PostedForm,
) -> Response {
    if let Err(first) = code_first(&app, &visit, &headers, form.fields()).await {
        return first;
    }
    // The structure the page was shown for, whatever another tab has chosen since; checked like any other.
    let structure: StructureId = form.value("structure").parse().unwrap_or(here.structure_id);
    let domains: Vec<DomainKey> = form.all("domain").filter_map(|key| key.parse().ok()).collect();
    if domains.is_empty() {
        form.refuse("domain", "desk-domains-required");
    }
    let term = term(&mut form);
    if let Some(term) = term.filter(|_| form.is_valid()) {
        let attempt = form.value("attempt").parse().unwrap_or(MandateId::from_uuid(uuid::Uuid::nil()));
        let proposal = Proposal { structure, attempt, domains, term };
        match propose_mandate::propose(&app, &person, &proposal).await {
            Ok(reference) => return redirect(&format!("/mandates/{reference}/identity")),
            Err(ProposeError::NoDomain) => form.refuse("domain", "desk-domains-required"),
            Err(ProposeError::Term(BadTerm::Past)) => form.refuse("end", "desk-end-date-past"),
            Err(ProposeError::Term(BadTerm::TooFar)) => form.refuse("end", "desk-end-date-too-far"),
            Err(ProposeError::Term(BadTerm::Unreadable)) => form.refuse("end", "desk-end-date-unreadable"),
            Err(error) => return refused(&visit, &error),
        }
    }
    match propose_mandate::offer(&app, &person, structure).await {
        Ok(offer) => page(&visit, StatusCode::UNPROCESSABLE_ENTITY, form, &offer),
        Err(error) => refused(&visit, &error),
    }
}

fn term(form: &mut Form) -> Option<Term> {
    let chosen = form.value("term").to_owned();
    let term = match chosen.as_str() {
        "" => {
            form.refuse("term", "desk-term-required");
            return None;
        }
        "until" => Term::parse(form.value("end")).ok().filter(|term| matches!(term, Term::Until(_))),
        fixed => Term::parse(fixed).ok().filter(|term| !matches!(term, Term::Until(_))),
    };
    if term.is_none() {
        let (field, message) = if chosen == "until" {
            ("end", "desk-end-date-unreadable")
        } else {
            ("term", "desk-term-required")
        };
        form.refuse(field, message);
    }
    term
}

fn refused(visit: &Visit, error: &ProposeError) -> Response {
    match error {
        ProposeError::Desk(error) => stopped(visit, error),
        other => Problem::internal(other).respond(visit),
    }
}

fn page(visit: &Visit, status: StatusCode, form: Form, offer: &Offer) -> Response {
    let page = visit.page("desk-domains-title").in_section(Section::Mandates).of_form(&form);
    let l = page.l.clone();
    let tag = l.tag();
    let choices = offer.domains.iter().map(|domain| {
        let warning = domain.warning.as_ref().map(|warning| warning.in_language(tag));
        Choice::new(domain.key.as_str(), domain.label.in_language(tag))
            .hint(domain.description.in_language(tag))
            .warning(warning.unwrap_or_default())
    });
    let mut domains: Vec<Choice> = choices.collect();
    // One that hides alone might as well be shown.
    let more = if domains.len() > IN_SIGHT + 1 { domains.split_off(IN_SIGHT) } else { Vec::new() };
    ui::render(
        status,
        &Domains {
            page,
            form,
            domains,
            more_domains: more,
            terms: terms(&l, offer),
            back_href: "/mandates".to_owned(),
        },
    )
}

fn terms(l: &L, offer: &Offer) -> Vec<Choice> {
    let fixed = offer.terms.iter().map(|(term, validity)| {
        let key = match term {
            Term::OneDay => "desk-term-1",
            Term::OneMonth => "desk-term-31",
            Term::SixMonths => "desk-term-182",
            Term::OneYear | Term::Until(_) => "desk-term-365",
        };
        Choice::new(term.code(), l.t(key)).hint(l.t1("desk-until", "end", l.end(validity.ends_at)))
    });
    fixed.chain([Choice::new("until", l.t("desk-term-until"))]).collect()
}
