//! What the documents say is what the program does.
use std::fs;
use std::path::Path;

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

/// Every test named in a table of these pages is a function somewhere.
#[test]
fn documents_name_tests_that_exist() {
    let mut code = String::new();
    for folder in ["src", "tests"] {
        read_rust(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut code);
    }
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
            assert!(
                ["fn", "def"].iter().any(|word| code.contains(&format!("{word} {test}("))),
                "{name}: no test is called {test}"
            );
            count += 1;
        }
        assert!(count > least, "{name}: {count} names were read");
    }
}

fn read_rust(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir()
            && !path.ends_with("node_modules")
            && !path.ends_with(".tools")
            && !path.ends_with("out")
        {
            read_rust(&path, into);
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "py") {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// Every relative link of every document leads to a file, and its anchor to a title.
#[test]
fn no_link_of_the_documents_is_broken() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = vec![root.join("README.md")];
    for entry in fs::read_dir(root.join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "md") {
            documents.push(path);
        }
    }
    let mut links = 0;
    for path in documents {
        let text = fs::read_to_string(&path).unwrap();
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
