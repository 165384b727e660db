//! The story of one mandate, with the proof computed while it is read.
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::criteria::domain_label;
use super::problem;
use super::unmask::Shown;
use super::words::{Told, reason_said};
use crate::app::App;
use crate::app::read_story::{self, Story};
use crate::app::witnessing;
use crate::web::extract::{Person, Visit};
use crate::web::ui::{self, Form, L, Page, Section, Tone};

#[derive(Template)]
#[template(path = "log/story.html")]
struct StoryPage {
    page: Page,
    reference: String,
    state: String,
    state_tone: Tone,
    place: String,
    domains: Vec<String>,
    lines: Vec<Told>,
    next: String,
    proof: Proof,
    names: Shown,
    /// Address of the structure's activity.
    structure: String,
}

/// The card beside the story.
struct Proof {
    tone: &'static str,
    verdict: String,
    sentences: Vec<String>,
    /// Whether a signed head was found.
    head: Vec<String>,
    root: String,
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Person(who): Person,
    Path(reference): Path<String>,
    Query(form): Query<Form>,
) -> Response {
    let after = form.value("after").parse::<u32>().map_or(0, i64::from);
    let story = match read_story::read(&app, &who, &reference, after).await {
        Ok(story) => story,
        Err(error) => return problem(&error).respond(&visit),
    };
    let l = visit.l();
    let title = l.t1("log-story-title", "reference", story.mandate.reference.clone()).into_owned();
    let page = visit.page("log-title").in_section(Section::Log).titled_with(title);
    ui::html(&fill(page, &story, &witnesses(&app, &l).await, &l))
}

fn fill(page: Page, story: &Story, witnesses: &str, l: &L) -> StoryPage {
    let mandate = &story.mandate;
    StoryPage {
        reference: mandate.reference.clone(),
        state: l.t(&format!("log-state-{}", mandate.state.replace('_', "-"))).into_owned(),
        state_tone: state_tone(&mandate.state),
        place: match mandate.ends_at {
            Some(end) => {
                let name = mandate.structure_name.clone();
                l.t2("log-story-until", "structure", name, "day", l.end_day(end)).into_owned()
            }
            None => mandate.structure_name.clone(),
        },
        domains: story.domains.iter().map(|row| domain_label(row, l)).collect(),
        lines: story.lines.iter().map(|line| Told::of(line, &story.names, l)).collect(),
        next: story.next.map(|after| format!("?after={after}")).unwrap_or_default(),
        proof: proof(story, witnesses, l),
        names: Shown::of(&story.names, format!("/log/mandates/{}/unmask", mandate.reference), l),
        structure: format!("/log/structures/{}", mandate.structure_id),
        page,
    }
}

fn state_tone(state: &str) -> Tone {
    match state {
        "active" => Tone::Good,
        "suspended" | "awaiting_consent" | "awaiting_signature" => Tone::Warn,
        _ => Tone::Quiet,
    }
}

/// Who vouches for the latest head besides this log.
async fn witnesses(app: &App, l: &L) -> String {
    let standing = match app.config.log.policy() {
        Ok(Some(policy)) => witnessing::standing(app, &policy).await.ok(),
        _ => None,
    };
    match standing {
        Some(standing) if standing.enough => {
            let size = standing.head.map_or(0, |(size, _)| size);
            let saw = |one: &&witnessing::Standing| one.seen.is_some_and(|(seen, _)| seen >= size);
            let seen = standing.witnesses.iter().filter(saw).count();
            l.t2("room-witnessed", "seen", seen, "total", standing.witnesses.len()).into_owned()
        }
        _ => l.t("log-proof-unwitnessed").into_owned(),
    }
}

fn proof(story: &Story, witnesses: &str, l: &L) -> Proof {
    let (evidence, lines) = (&story.evidence, story.lines.len());
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    // Of what is on this page, and of nothing else.
    let (tone, verdict) = match (evidence.is_sound(), evidence.is_complete()) {
        (false, _) => ("bad sign", "log-proof-broken"),
        (true, _) if lines == 0 => ("quiet", "log-proof-nothing"),
        (true, true) if story.whole => ("good sign", "log-proof-complete"),
        (true, true) => ("good sign", "log-proof-of-these"),
        (true, false) => ("warn", "log-proof-waiting"),
    };
    let mut sentences = Vec::new();
    if lines > 0 {
        let (proven, total) = (count(evidence.proven), count(lines));
        sentences.push(l.t2("log-proof-count", "proven", proven, "total", total).into_owned());
    }
    if !story.whole {
        sentences.push(l.t1("log-proof-part", "total", story.mandate.next_sequence).into_owned());
    }
    for (key, number) in [
        ("log-proof-faulty", count(evidence.faulty)),
        ("log-proof-missing", evidence.missing),
        ("log-proof-wait", count(evidence.waiting)),
        ("log-proof-erased", count(evidence.erased)),
    ] {
        if number > 0 {
            sentences.push(l.t1(key, "count", number).into_owned());
        }
    }
    for (at, reason) in &evidence.erasures {
        let reason = reason_said(reason.as_str(), l);
        sentences.push(l.t2("room-erased", "when", l.stamp(*at), "reason", reason).into_owned());
    }
    if evidence.forged_head {
        sentences.push(l.t("log-proof-forged").into_owned());
    }
    let (head, root) = match &evidence.head {
        Some(head) => {
            let size = l.number(i64::try_from(head.checkpoint.size).unwrap_or(i64::MAX));
            let size = l.t1("log-proof-size", "count", size).into_owned();
            let when = l.t1("log-proof-head", "when", l.stamp(head.signed_at)).into_owned();
            (vec![size, when, witnesses.to_owned()], head.checkpoint.root.to_string())
        }
        None => (vec![l.t("log-proof-none").into_owned()], String::new()),
    };
    Proof { tone, verdict: l.t(verdict).into_owned(), sentences, head, root }
}
