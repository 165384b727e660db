//! The lines of a search taken away, as JSON Lines or CSV: pseudonyms only, some lines at a time. That they were taken
//! is an entry with the criteria, written before the first line is given.
use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::ids::{EntryId, first_id};
use crate::log::entry::{Fact, Outcome};
use crate::log::kind::Kind;
use crate::store::perimeter as stored;
use crate::store::search::Criteria;
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::export_log::{self, Export, ExportError, Taker};
use super::log_line::Line;
use super::outside_perimeter::{self, Tried};
use super::record;
use super::search_log::{AuditError, Named, Resolved, Unclear, Wanted, entry, page, perimeter, resolve};
use super::search_names;

/// Lines read at once.
const CHUNK: usize = 500;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    JsonLines,
    Csv,
}

impl Format {
    pub const fn name(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// A search on its way out.
#[derive(Debug)]
pub struct Taking {
    criteria: Criteria,
    format: Format,
    /// How many lines were given.
    given: usize,
    begun: bool,
    over: bool,
}

/// Writes down what is taken; `Err` of the inner result when a criterion names nothing.
pub async fn take(
    app: &App,
    who: &SignedIn,
    wanted: &Wanted,
    format: Format,
) -> Result<Result<Taking, Vec<Unclear>>, AuditError> {
    let Resolved { criteria, named, unclear } = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        resolve(tx, wanted, perimeter_of).await
    })?;
    if !unclear.is_empty() {
        // Nothing is taken; that it was asked for is a search.
        record::append(app, entry(Kind::LogSearched, who, wanted, &named)).await?;
        return Ok(Err(unclear));
    }
    let mut draft = entry(Kind::LogExported, who, wanted, &named).fact("format", format.name());
    if let Some(structure) = criteria.structure_id {
        draft = draft.structure(structure);
    }
    let taken = record::append(app, draft).await?;
    Ok(Ok(Taking {
        // Neither this very line nor what is written from this millisecond on.
        criteria: Criteria { before: Some(EntryId::from_uuid(first_id(taken.time))), ..criteria },
        format,
        given: 0,
        begun: false,
        over: false,
    }))
}

impl Taking {
    /// The next lines as text; `None` when all were given.
    pub async fn next(&mut self, app: &App) -> Result<Option<String>, AuditError> {
        let mut text = String::new();
        if !std::mem::replace(&mut self.begun, true) && self.format == Format::Csv {
            text.push_str(&csv(&COLUMNS.map(str::to_owned)));
        }
        if std::mem::replace(&mut self.over, true) {
            return Ok(None);
        }
        let (lines, found) = view!(app.store, tx => { page(app, tx, &self.criteria, CHUNK).await })?;
        if found.next.is_some() {
            self.criteria.before = found.next;
            self.over = false;
        }
        self.given += lines.len();
        for line in &lines {
            match self.format {
                Format::JsonLines => text.push_str(&json(line)),
                Format::Csv => text.push_str(&csv(&cells(line))),
            }
        }
        if self.over && self.format == Format::JsonLines {
            // A file cut short on its way has no such line; a table could not bear one.
            text.extend([r#"{"end":"#, &self.given.to_string(), "}\n"]);
        }
        Ok(Some(text))
    }
}

/// A line as JSON: what surrounds the leaf, and the leaf exactly as hashed.
#[derive(Serialize)]
struct Told<'a> {
    place: Option<u64>,
    hash: String,
    structure: Option<&'a str>,
    service: Option<&'a str>,
    mandate: Option<&'a str>,
    fault: Option<String>,
    leaf: Option<&'a RawValue>,
}

fn json(line: &Line) -> String {
    let leaf = std::str::from_utf8(&line.bytes).ok().and_then(|text| serde_json::from_str(text).ok());
    let told = Told {
        place: line.index,
        hash: line.hash.to_string(),
        structure: line.structure_name.as_deref(),
        service: line.service_name.as_deref(),
        mandate: line.mandate_reference.as_deref(),
        fault: line.fault.map(|fault| fault.to_string()),
        leaf,
    };
    let mut text = serde_json::to_string(&told).unwrap_or_default();
    text.push('\n');
    text
}

const COLUMNS: [&str; 16] = [
    "place",
    "time",
    "kind",
    "outcome",
    "reason",
    "role",
    "actor",
    "user",
    "structure",
    "mandate",
    "sequence",
    "service",
    "card",
    "facts",
    "hash",
    "fault",
];

fn cells(line: &Line) -> [String; 16] {
    let leaf = line.leaf.as_ref();
    let (outcome, reason) = match leaf.map(|leaf| &leaf.outcome) {
        Some(Outcome::Refused(reason)) => ("refused".to_owned(), reason.to_string()),
        Some(Outcome::Done) => ("done".to_owned(), String::new()),
        None => (String::new(), String::new()),
    };
    let actor = leaf.and_then(|leaf| leaf.actor.as_ref());
    let text = |value: Option<String>| value.unwrap_or_default();
    [
        text(line.index.map(|index| index.to_string())),
        text(leaf.map(|leaf| leaf.time.to_string())),
        text(leaf.map(|leaf| leaf.kind.token().to_owned())),
        outcome,
        reason,
        text(actor.map(|actor| actor.role.to_string())),
        text(actor.and_then(|actor| Some(actor.pseudonym.as_ref()?.to_string()))),
        text(leaf.and_then(|leaf| Some(leaf.user.as_ref()?.to_string()))),
        text(line.structure_name.clone()),
        text(line.mandate_reference.clone()),
        text(line.sequence.map(|number| number.to_string())),
        text(line.service_name.clone()),
        text(leaf.and_then(|leaf| Some(leaf.card?.to_string()))),
        text(leaf.map(|leaf| {
            leaf.facts
                .iter()
                .map(|(name, fact)| format!("{name}={}", said(fact)))
                .collect::<Vec<_>>()
                .join("; ")
        })),
        line.hash.to_string(),
        text(line.fault.map(|fault| fault.to_string())),
    ]
}

fn said(fact: &Fact) -> String {
    match fact {
        Fact::Token(token) => token.to_string(),
        Fact::Integer(number) => number.to_string(),
        Fact::Bool(value) => value.to_string(),
        Fact::Instant(at) => at.to_string(),
        Fact::Id(id) => id.to_string(),
        Fact::Tokens(tokens) => tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    }
}

/// One record (RFC 4180 §2). A cell that a spreadsheet would compute begins with an apostrophe instead: the names of
/// structures and services are typed by people.
fn csv(cells: &[String]) -> String {
    let cell = |text: &String| {
        let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        let text = if formula { format!("'{text}") } else { text.clone() };
        if text.contains([',', '"', '\r', '\n', ';']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    let mut record = cells.iter().map(cell).collect::<Vec<_>>().join(",");
    record.push_str("\r\n");
    record
}

#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error("the structure typed is none of the perimeter, or several")]
    Unclear(Unclear),
}

/// The verifiable bundle of an auditor's perimeter, or of one structure of it, without any part that names people.
pub async fn bundle(app: &App, who: &SignedIn, wanted: &Wanted) -> Result<Export, BundleError> {
    let told = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        let one = match search_names::structure(tx, wanted, perimeter_of).await? {
            Ok(one) => one,
            Err(unclear) => return Ok(Err(unclear)),
        };
        Ok::<_, AuditError>(Ok(match (one, perimeter_of) {
            (Some(row), _) => Some(BTreeSet::from([row.id])),
            (None, None) => None,
            (None, Some(person)) => Some(stored::listed(tx, person).await?.into_iter().collect()),
        }))
    })?;
    let told = match (told, wanted.structure_id) {
        (Ok(told), _) => told,
        (Err(_), Some(id)) => {
            let refused = outside_perimeter::refuse(app, who, Kind::LogExported, Tried::Structure(id)).await;
            refused.map_err(AuditError::from)?;
            return Err(AuditError::NotFound.into());
        }
        (Err(unclear), None) => {
            let asked = entry(Kind::LogSearched, who, wanted, &Named::default());
            record::append(app, asked).await.map_err(AuditError::from)?;
            return Err(BundleError::Unclear(unclear));
        }
    };
    let range = export_log::Wanted {
        from: wanted.from,
        until: wanted.until,
        after: None,
        perimeter: told,
        parts: false,
    };
    Ok(export_log::plan(app, Taker::Auditor(who.person_id), &range).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_computed_or_ends_it() {
        let cells =
            ["=1+1", "+33", "-2", "@SUM(A1)", "\tx", "\rx", "a,b", "dit \"non\"", "a\nb", "'", "CCAS"];
        let written = csv(&cells.map(str::to_owned));
        assert_eq!(
            written,
            "'=1+1,'+33,'-2,'@SUM(A1),'\tx,\"'\rx\",\"a,b\",\"dit \"\"non\"\"\",\"a\nb\",',CCAS\r\n"
        );
        let mut read = csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_bytes());
        let record = read.records().next().unwrap().unwrap();
        assert_eq!((record.len(), &record[6], &record[7]), (11, "a,b", "dit \"non\""));
        assert!(record.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
    }
}
