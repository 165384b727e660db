//! The auditor's room: searching the log, and the story of one mandate with the state of its proofs.
use askama::Template;

use crate::web::ui::{Choice, Form, L, Moment, Page, Row, Tone};

/// A link to go on, or nothing when empty.
pub type Href = String;

/// A token of the log (`mandate.consent_given`) in words; the token itself when it has none.
pub fn kind_words(l: &L, token: &str) -> String {
    words(l, "kind", token)
}

/// In what quality somebody acted, in words.
pub fn role_words(l: &L, token: &str) -> String {
    words(l, "role", token)
}

fn words(l: &L, family: &str, token: &str) -> String {
    let key = format!("{family}-{}", token.replace(['.', '_'], "-"));
    if L::has(&key) { l.t(&key).into_owned() } else { token.to_owned() }
}

/// A line of the log in a list.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// « 22 nov. 2026, 10:42:07 »
    pub when: String,
    /// What happened, in words.
    pub what: String,
    /// Done or refused, or a fault found in the line itself.
    pub outcome: String,
    pub tone: Tone,
    /// Who, as the log knows them: role and pseudonym.
    pub actor: String,
    pub structure: String,
    /// The reference of the mandate, and its story.
    pub mandate: String,
    pub href: Href,
}

/// The search (GET). Fields: `mandate`, `kind`, `outcome`, `structure`, `from`, `until`.
#[derive(Template)]
#[template(path = "story/search.html")]
pub struct Search {
    pub page: Page,
    pub form: Form,
    pub kinds: Vec<Choice>,
    pub outcomes: Vec<Choice>,
    pub structures: Vec<Choice>,
    pub lines: Vec<LogLine>,
    /// The following lines, older.
    pub next_href: Href,
    /// The mandate asked for is not in the perimeter.
    pub unknown_mandate: bool,
    /// What one may see: « Allier », « toutes les structures ».
    pub perimeter: String,
}

/// The state of the proofs of a story.
#[derive(Clone, Debug)]
pub struct Proof {
    /// « Preuve vérifiée », « En attente d’un point de contrôle », « Anomalie »
    pub state: String,
    pub tone: Tone,
    /// « 6 lignes sur 6 sont dans le journal signé, à leur place, inchangées. »
    pub sentence: String,
    /// Size of the log, time of the checkpoint, witnesses; then what is missing or faulty, one line each.
    pub facts: Vec<String>,
    /// Leaf indexes and root, in monospace.
    pub hashes: Vec<String>,
    pub download_href: Href,
}

/// The story of a mandate.
#[derive(Template)]
#[template(path = "story/story.html")]
pub struct Story {
    pub page: Page,
    pub reference: String,
    pub state: String,
    pub tone: Tone,
    pub domains: Vec<String>,
    /// « CCAS de Gannat · jusqu’au 23 décembre 2026 »
    pub about: String,
    pub moments: Vec<Moment>,
    pub proof: Proof,
    pub next_href: Href,
}

/// One line of the log, whole.
#[derive(Template)]
#[template(path = "story/line.html")]
pub struct Line {
    pub page: Page,
    pub trail_href: Href,
    pub trail: String,
    pub rows: Vec<Row>,
    pub proof: Proof,
}
