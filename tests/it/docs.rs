//! What the documents say is what the program does.
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

mod commands;
mod format;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_configuration_reference_is_the_schema() {
    assert_eq!(
        document("docs/configuration.md").trim_end(),
        entremise::config::markdown().trim_end(),
        "write it again with: cargo run -- config schema > docs/configuration.md"
    );
}

/// README and every page of `docs`, with the names of their files.
fn documents() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned()];
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            names.push(format!("docs/{name}"));
        }
    }
    assert!(names.len() > 8, "{names:?}");
    names.into_iter().map(|name| (name.clone(), document(&name))).collect()
}

/// Every test named in a table of these pages is one: a function that is run as a test, not any that bears its name.
#[test]
fn documents_name_tests_that_exist() {
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        read_code(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let tests: BTreeSet<&str> = files.iter().flat_map(|code| tests_of(code)).collect();
    for (name, least) in
        [("docs/known-failures.md", 40), ("docs/conformance.md", 60), ("docs/evidence.md", 80)]
    {
        let page = document(name);
        let named = page.lines().filter(|line| line.starts_with("| ")).flat_map(|line| {
            let proven_by = line.rsplit(" | ").next().unwrap_or_default();
            proven_by.split('`').skip(1).step_by(2).filter(|name| !name.contains('/'))
        });
        let mut count = 0;
        for test in named {
            assert!(tests.contains(test), "{name}: no test is called {test}");
            count += 1;
        }
        assert!(count > least, "{name}: {count} names were read");
    }
}

/// The functions that are tests: under an attribute `test` of Rust, within the macro that runs its functions on both
/// engines, or methods `test_…` of Python.
fn tests_of(code: &str) -> Vec<&str> {
    let (mut found, mut under_attribute, mut on_both) = (Vec::new(), false, false);
    for line in code.lines() {
        let text = line.trim_start();
        match line {
            "on_both_engines! {" => on_both = true,
            "}" => on_both = false,
            _ => {}
        }
        let named = text
            .strip_prefix("async fn ")
            .or_else(|| text.strip_prefix("fn "))
            .or_else(|| text.strip_prefix("def ").filter(|name| name.starts_with("test_")));
        if let Some(name) = named.and_then(|rest| rest.split_once('(')).map(|(name, _)| name)
            && (under_attribute || on_both || text.starts_with("def "))
        {
            found.push(name);
        }
        let attribute = text.starts_with("#[test]") || text.starts_with("#[tokio::test");
        under_attribute = attribute || (under_attribute && text.starts_with(['#', '/']));
    }
    found
}

#[test]
fn a_helper_is_no_test() {
    let code = "#[test]\n#[ignore]\nfn one() {}\n\nfn helper() {}\n\non_both_engines! {\n    async fn two(app: TestApp) {\n    }\n}\n\
        async fn three() {}\n    def test_four(self):\n    def five(self):\n#[tokio::test]\nasync fn six() {}\n";
    assert_eq!(tests_of(code), ["one", "two", "test_four", "six"]);
}

fn read_code(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir()
            && !path.ends_with("node_modules")
            && !path.ends_with(".tools")
            && !path.ends_with("out")
        {
            read_code(&path, into);
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "py") {
            into.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// Every relative link of every document leads to a file, and its anchor to a title.
#[test]
fn no_link_of_the_documents_is_broken() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = 0;
    for (name, text) in documents() {
        let path = root.join(name);
        for target in
            text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        {
            if target.contains("://") {
                continue;
            }
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let linked = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(linked.exists(), "{}: {target} leads nowhere", path.display());
            if !anchor.is_empty() {
                let titles = fs::read_to_string(&linked).unwrap();
                let found =
                    titles.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor);
                assert!(found, "{}: no title for {target}", path.display());
            }
        }
    }
    assert!(links > 3, "the documents hold {links} links: were they read?");
}

fn slug(title: &str) -> String {
    title
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' => Some(c),
            _ => None,
        })
        .collect()
}
