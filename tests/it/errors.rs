//! The catalogue of errors for integrators is what the code can send: no text is missing from it, and none is there that
//! is never sent. The texts are read in the source, where each is written out; whatever an endpoint answers in other tests
//! is held against it too.
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// One line of the catalogue.
struct Line {
    code: String,
    statuses: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn catalogue() -> Vec<Line> {
    let page = fs::read_to_string(root().join("docs/errors.md")).expect("the catalogue");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect();
        assert!(cells.len() >= 4, "a line of the catalogue is not whole: {row}");
        Line { code: cells[0].trim_matches('`').into(), statuses: cells[1].into(), text: cells[2].into() }
    })
    .collect()
}

/// Whether an answer is one of the catalogue. `status` is a number, or `back` for what travels by the browser.
pub fn is_listed(status: &str, error: &Value) -> bool {
    let (code, text) = (&error["error"], error["error_description"].as_str().unwrap_or_default());
    catalogue().iter().any(|line| {
        let same = match line.text.split_once('…') {
            Some((before, after)) => text.starts_with(before) && text.ends_with(after),
            None => line.text == text,
        };
        same && *code == *line.code && line.statuses.contains(status)
    })
}

/// The source of a file without its tests.
fn source(path: &str) -> String {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

/// The texts of string literals that follow `mark`, whatever white space stands between.
fn literals<'a>(source: &'a str, mark: &str) -> Vec<&'a str> {
    let after = source.split(mark).skip(1).map(str::trim_start);
    after.filter_map(|rest| rest.strip_prefix('"')?.split('"').next()).collect()
}

fn files(folder: &str, into: &mut Vec<String>) {
    for entry in fs::read_dir(root().join(folder)).expect(folder) {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root()).expect("below").to_str().expect("text").to_owned();
        if path.is_dir() {
            files(&name, into);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            into.push(name);
        }
    }
}

/// Every text that can be an `error_description`: those of the error types that endpoints answer, those given to
/// `InvalidRequest` anywhere, and the one of a body that cannot be read.
fn texts_of_the_code() -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for part in ["error", "params", "filter", "dpop", "report"] {
        let source = source(&format!("src/oidc/provider/{part}.rs"));
        texts.extend(literals(&source, "#[error(").into_iter().map(str::to_owned));
    }
    let reports = source("src/app/report_action.rs");
    texts.extend(literals(&reports, "#[error(").into_iter().map(str::to_owned));
    texts.extend(
        literals(&source("src/web/api/mod.rs"), "UNREADABLE_BODY: &str =").into_iter().map(str::to_owned),
    );
    let mut all = Vec::new();
    for folder in ["src/oidc/provider", "src/app", "src/web"] {
        files(folder, &mut all);
    }
    for file in all {
        let source = source(&file);
        let written = literals(&source, "InvalidRequest(");
        // Where no text follows: the declaration of a variant, or a pattern.
        let others = ["InvalidRequest(&'static str)", "InvalidRequest(_)"];
        let others: usize = others.iter().map(|other| source.matches(other).count()).sum();
        assert_eq!(
            source.matches("InvalidRequest(").count(),
            written.len() + others,
            "{file}: a text comes from elsewhere"
        );
        texts.extend(written.into_iter().map(str::to_owned));
    }
    let told = |text: String| text.replace("{0}", "…").replace("{MANDATE_TYPE}", "urn:entremise:mandate");
    texts.into_iter().filter(|text| text != "{0}").map(told).collect()
}

#[test]
fn the_catalogue_of_errors_is_what_the_code_can_send() {
    let written: BTreeSet<String> = catalogue().into_iter().map(|line| line.text).collect();
    let sent = texts_of_the_code();
    let missing: Vec<_> = sent.difference(&written).collect();
    let surplus: Vec<_> = written.difference(&sent).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "not in docs/errors.md: {missing:#?}\nnever sent: {surplus:#?}"
    );
    assert!(written.len() > 50, "{} lines were read", written.len());
}

/// Whatever else an endpoint of services may say, it says by `error_answer` of one of the types read above.
#[test]
fn nothing_is_answered_by_another_way() {
    let mut files_of_endpoints = Vec::new();
    files("src/web/api", &mut files_of_endpoints);
    let known = ["&describe(&error)", "&refusal.description", "UNREADABLE_BODY", "description: &str"];
    for file in files_of_endpoints {
        let source = source(&file);
        for call in source.split("error_answer(").skip(1) {
            let call = call.split_once(';').map_or(call, |(call, _)| call);
            let arguments = call.get(..160.min(call.len())).unwrap_or(call);
            let import = arguments.trim_start().starts_with([',', '}']);
            assert!(
                import || known.iter().any(|known| arguments.contains(known)),
                "{file}: error_answer({arguments}"
            );
        }
        assert_eq!(
            source.matches("\"error_description\"").count(),
            usize::from(file.ends_with("api/mod.rs")),
            "{file}"
        );
    }
}

#[test]
fn a_line_is_found_by_status_code_and_text() {
    let error = |code: &str, text: &str| serde_json::json!({ "error": code, "error_description": text });
    assert!(is_listed("400", &error("invalid_request", "the parameter state was sent more than once")));
    assert!(is_listed("409", &error("conflict", "the key was used for another report")));
    assert!(!is_listed("400", &error("conflict", "the key was used for another report")));
    assert!(!is_listed("409", &error("invalid_request", "the key was used for another report")));
    assert!(!is_listed("400", &error("invalid_request", "something else")));
}
