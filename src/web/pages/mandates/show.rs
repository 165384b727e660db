//! A mandate and its life; its attestation on paper.
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};

use super::{clauses, read, reference, stopped, words};
use crate::app::App;
use crate::app::log_line::Line;
use crate::app::print_attestation::{self, Attestation};
use crate::app::read_mandates::{Reading, View};
use crate::domain::mandate::State as Stand;
use crate::web::error::Problem;
use crate::web::extract::{Person, Visit};
use crate::web::pages::log::words::kind_key;
use crate::web::ui::screens::{Outcome, desk};
use crate::web::ui::{self, Form, L, Moment, Page, Row, Section, Tone, qr};

pub(super) async fn mandate(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(text): Path<String>,
    Query(form): Query<Form>,
) -> Response {
    let before = form.value("before").parse().ok();
    let (_, view) = match read(&app, &visit, &who, &text, Reading::Page { before }).await {
        Ok(found) => found,
        Err(response) => return *response,
    };
    match view.state {
        Stand::Refused { .. } => ended_before_it_began(&visit, "desk-refused-title", "desk-refused-text"),
        Stand::Lapsed { .. } => ended_before_it_began(&visit, "desk-lapsed-title", "desk-lapsed-text"),
        _ => ui::html(&screen(&visit, &view)),
    }
}

/// Where a mandate stands, in a word, for a page that waits.
pub(super) async fn state(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(text): Path<String>,
) -> Response {
    match read(&app, &visit, &who, &text, Reading::Step).await {
        Ok((_, view)) => words::state(view.state).0.into_response(),
        Err(response) => *response,
    }
}

fn ended_before_it_began(visit: &Visit, title: &str, text: &str) -> Response {
    let page = visit.page(title).in_section(Section::Mandates);
    let (sentence, next) = (page.t(text).into_owned(), page.t("home-new-mandate").into_owned());
    ui::html(&Outcome { page, sentence, next_href: "/mandates/new".to_owned(), next })
}

fn screen(visit: &Visit, view: &View) -> desk::Mandate {
    let address = format!("/mandates/{}", view.row.reference);
    let page = visit.page("desk-list-title").in_section(Section::Mandates);
    let l = page.l.clone();
    let page = titled(page, view);
    let (key, tone) = words::state(view.state);
    let live = matches!(view.state, Stand::Active { .. } | Stand::Suspended { .. });
    let to = |step: &str| format!("{address}/{step}");
    let continue_href = match view.state {
        Stand::Draft { .. } | Stand::AwaitingConsent { .. } => to("identity"),
        Stand::AwaitingSignature { .. } => to("signature"),
        _ => String::new(),
    };
    let waits = matches!(view.state, Stand::AwaitingConsent { .. });
    desk::Mandate {
        reference: view.row.reference.to_string(),
        state: l.t(key).into_owned(),
        tone,
        rows: words::rows(&l, view),
        grants: grants(&l, view, &address, live),
        moments: moments(&l, view),
        older_href: view.older.map(|last| format!("{address}?before={last}")).unwrap_or_default(),
        attestation_href: if view.row.attestation_sealed.is_some() {
            to("attestation")
        } else {
            String::new()
        },
        end_href: if live { to("end") } else { String::new() },
        continue_href,
        waiting_href: if waits { to("state") } else { String::new() },
        waiting_state: key,
        page,
    }
}

fn titled(page: Page, view: &View) -> Page {
    match &view.person {
        Some(person) => {
            let title = page.l.t1("desk-mandate-title", "name", person.usual_name()).into_owned();
            page.titled_with(title)
        }
        None => page.titled("state-draft"),
    }
}

fn grants(l: &L, view: &View, address: &str, live: bool) -> Vec<desk::GrantLine> {
    let line = |grant: &crate::app::read_mandates::GrantRow| {
        let is_live = live && grant.state == "live";
        let (key, tone) = match (grant.state.as_str(), grant.end_reason.as_deref()) {
            ("live", _) if live => ("state-active", Tone::Good),
            ("proposed", _) => ("state-draft", Tone::Info),
            (_, Some("replaced")) => ("state-replaced", Tone::Info),
            (_, Some("revoked")) => ("state-revoked", Tone::Bad),
            (_, Some("renounced")) => ("state-renounced", Tone::Info),
            (_, Some("closed")) => ("state-closed", Tone::Info),
            _ => ("state-expired", Tone::Info),
        };
        let end_href = if is_live { format!("{address}/end/{}", grant.domain) } else { String::new() };
        desk::GrantLine { label: words::label(l, grant), state: l.t(key).into_owned(), tone, end_href }
    };
    view.grants.iter().map(line).collect()
}

fn moments(l: &L, view: &View) -> Vec<Moment> {
    let moment = |line: &Line| {
        let leaf = line.leaf.as_ref()?;
        let title = l.t(&kind_key(leaf.kind)).into_owned();
        Some(Moment { when: l.date_hour(leaf.time), title, ..Moment::default() })
    };
    view.moments.iter().filter_map(moment).collect()
}

pub(super) async fn attestation(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(text): Path<String>,
) -> Response {
    let reference = match reference(&visit, &text) {
        Ok(reference) => reference,
        Err(response) => return *response,
    };
    let attestation = match print_attestation::attestation(&app, &who, &reference).await {
        Ok(attestation) => attestation,
        Err(error) => return stopped(&visit, &error),
    };
    let parts = attestation.frozen().terms().and_then(|terms| terms.clauses("fr"));
    let Ok(parts) = parts else {
        return Problem::internal_error("the attestation cannot be read").respond(&visit);
    };
    let page = visit.page("desk-attestation-title").in_section(Section::Mandates);
    let promise = attestation.proof.as_ref().and_then(|proof| proof.promise.clone());
    let code = promise.as_deref().and_then(|text| qr::svg(text, &page.t("desk-attestation-qr")));
    ui::html(&desk::Attestation {
        reference: attestation.reference.clone(),
        clauses: clauses(parts),
        evidence: evidence(&page.l, &attestation),
        qr: code.unwrap_or_default(),
        verify_address: page.t("desk-attestation-qr").into_owned(),
        back_href: format!("/mandates/{reference}"),
        page,
    })
}

fn evidence(l: &L, attestation: &Attestation) -> Vec<Row> {
    let mut agreed = vec![l.date_hour(attestation.consented_at), l.t("desk-evidence-screen").into_owned()];
    if let Some(acr) = &attestation.acr {
        agreed.push(l.t1("desk-evidence-level", "level", acr.as_str()).into_owned());
    }
    let mut rows = vec![
        Row::many(l.t("desk-evidence-agreed"), agreed),
        Row::many(
            l.t("desk-evidence-signed"),
            vec![
                l.date_hour(attestation.signed_at),
                attestation.signed_by.clone(),
                attestation.structure.clone(),
            ],
        ),
        Row::new(l.t("desk-evidence-text"), attestation.text_hash.clone()).hash(),
    ];
    if let Some(proof) = &attestation.proof {
        rows.push(
            Row::many(l.t("desk-evidence-entry"), vec![proof.entry.clone(), proof.leaf.clone()]).hash(),
        );
        if let Some(promise) = &proof.promise {
            let lines = promise.lines().map(str::to_owned).collect();
            rows.push(Row::many(l.t("desk-evidence-promise"), lines).hash());
        }
    }
    rows
}
