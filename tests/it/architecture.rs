//! The house rules that no compiler checks in a single crate: who may import whom, how long a file may be,
//! that every module says what it is for.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What each part may import, besides itself. Nothing upwards, nothing sideways between `store`, `oidc` and `notify`.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("crypto", &["domain"]),
    ("log", &["crypto", "domain"]),
    ("store", &["log", "crypto", "domain"]),
    ("oidc", &["log", "crypto", "domain"]),
    ("notify", &["log", "crypto", "domain"]),
    // Values only; read by whoever assembles the service, given to the others as arguments.
    ("config", &["store", "oidc", "notify", "log", "crypto", "domain"]),
    ("app", &["config", "store", "oidc", "notify", "log", "crypto", "domain"]),
    ("jobs", &["app", "config", "store", "oidc", "notify", "log", "crypto", "domain"]),
    ("web", &["app", "config", "oidc", "log", "crypto", "domain"]),
    ("cli", &["demo", "web", "jobs", "app", "config", "store", "oidc", "notify", "log", "crypto", "domain"]),
    ("demo", &["web", "jobs", "app", "config", "store", "oidc", "notify", "log", "crypto", "domain"]),
];

/// Crates that belong to one part: SQL in the store, HTTP at the edge.
const HOMES: &[(&str, &[&str])] = &[
    ("axum", &["web", "demo", "cli"]),
    ("axum_server", &["web", "demo", "cli"]),
    ("tower_http", &["web", "demo", "cli"]),
    ("askama", &["web", "demo", "notify"]),
    ("clap", &["cli"]),
    ("tokio", &["store", "log", "notify", "oidc", "app", "jobs", "web", "demo", "cli"]),
    ("reqwest", &["oidc", "notify", "app", "jobs", "demo", "cli"]),
    ("lettre", &["notify", "config"]),
];

/// `sqlx` beyond the store: only the derive that lets a newtype be a column.
const SQLX_OUTSIDE_STORE: &[&str] = &["sqlx::Type", "sqlx(transparent)"];

/// A file wants to be under 300 lines (listed beyond), and is refused over 400. Its unit tests do not count.
const WANTED_LINES: usize = 300;
const REFUSED_LINES: usize = 400;

#[test]
fn imports_go_one_way() {
    let mut wrong = String::new();
    for source in sources() {
        let Some(part) = source.part() else { continue };
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == part) else {
            let _ = writeln!(wrong, "{}: `{part}` is not a part of the house", source.path);
            continue;
        };
        for target in source.crate_paths() {
            let known = ARROWS.iter().any(|(name, _)| *name == target);
            if known && target != part && !allowed.contains(&target.as_str()) {
                let _ = writeln!(wrong, "{}: {part} → {target}", source.path);
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the direction of the house:\n{wrong}");
}

#[test]
fn each_crate_stays_at_home() {
    let mut wrong = String::new();
    for source in sources() {
        let Some(part) = source.part() else { continue };
        for (name, homes) in HOMES {
            if !homes.contains(&part.as_str()) && source.names_crate(name) {
                let _ = writeln!(wrong, "{}: {part} uses {name}", source.path);
            }
        }
        if part != "store" {
            let mut text = source.code.clone();
            for allowed in SQLX_OUTSIDE_STORE {
                text = text.replace(allowed, "");
            }
            if text.contains("sqlx") {
                let _ = writeln!(wrong, "{}: {part} uses sqlx; the only SQL is in src/store", source.path);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn files_stay_readable() {
    let mut sizes: Vec<(usize, String)> =
        sources().into_iter().map(|source| (source.lines(), source.path)).collect();
    sizes.sort();
    sizes.reverse();
    for (lines, path) in sizes.iter().filter(|(lines, _)| *lines > WANTED_LINES) {
        eprintln!("wants to be two rooms: {lines} lines  {path}");
    }
    let refused: Vec<_> = sizes.iter().filter(|(lines, _)| *lines > REFUSED_LINES).collect();
    assert!(refused.is_empty(), "files over {REFUSED_LINES} lines: {refused:?}");
}

#[test]
fn every_module_says_what_it_is() {
    let missing: Vec<String> = sources()
        .into_iter()
        .filter(|source| source.path != "src/main.rs" && !source.text.trim_start().starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(missing.is_empty(), "without a first line `//! …`: {missing:#?}");
}

#[test]
fn the_direction_has_no_cycle() {
    // `cli` alone may use `demo`; whatever uses something is never used by it.
    let arrows: BTreeMap<_, BTreeSet<_>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    for (from, targets) in &arrows {
        for to in targets {
            assert!(!arrows[to].contains(from), "{from} ↔ {to}");
        }
    }
}

#[test]
fn the_reader_of_imports_sees_groups_and_skips_comments() {
    let source = Source::new(
        "src/store/x.rs",
        r#"
        //! crate::web::a
        use crate::{app::App, domain::{ids, time}, log};
        // use crate::cli;
        const S: &str = "crate::jobs::x"; /* crate::demo */
        fn f() { crate::oidc::g(); 'a: loop { break 'a } let c = '"'; crate::config::h(); $crate::notify::m!() }
        #[cfg(test)]
        mod tests { use crate::web::x; }
        "#,
    );
    let seen: Vec<String> = source.crate_paths().into_iter().collect();
    assert_eq!(seen, ["app", "config", "domain", "log", "notify", "oidc"]);
    assert!(!source.names_crate("jobs"));
    assert!(Source::new("a", "axum::Router").names_crate("axum"));
}

struct Source {
    path: String,
    text: String,
    /// Without comments, literals and unit tests.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    assert!(files.len() > 20, "no sources under {}", root.display());
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let path = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            Source::new(&path, &fs::read_to_string(&file).unwrap())
        })
        .collect()
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
            && !path.to_string_lossy().ends_with("_tests.rs")
        {
            into.push(path);
        }
    }
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let code = without_unit_tests(&bare(text));
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// The top-level part a file belongs to: `src/store/mandate.rs` is of `store`.
    fn part(&self) -> Option<String> {
        let inner = self.path.strip_prefix("src/")?;
        match inner.split_once('/') {
            Some((part, _)) => Some(part.to_owned()),
            None if inner == "lib.rs" || inner == "main.rs" => None,
            None => inner.strip_suffix(".rs").map(str::to_owned),
        }
    }

    /// The parts named after `crate::`, groups included.
    fn crate_paths(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (at, _) in self.code.match_indices("crate::") {
            let rest = self.code[at + "crate::".len()..].trim_start();
            if let Some(group) = rest.strip_prefix('{') {
                found.extend(group_heads(group));
            } else {
                found.insert(first_word(rest));
            }
        }
        found.remove("");
        found
    }

    fn names_crate(&self, name: &str) -> bool {
        self.code.match_indices(name).any(|(at, _)| {
            let before = self.code[..at].chars().next_back();
            let after = &self.code[at + name.len()..];
            let starts = before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '.'));
            starts && after.starts_with("::")
        })
    }

    fn lines(&self) -> usize {
        let tests = self.text.find("\n#[cfg(test)]\nmod ").unwrap_or(self.text.len());
        self.text[..tests].lines().count()
    }
}

/// The first word of each item of a `use` group whose opening brace is already behind.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut item, mut heads) = (0, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(first_word(std::mem::take(&mut item).trim_start())),
            _ if depth == 0 => item.push(c),
            _ => {}
        }
    }
    heads.push(first_word(item.trim_start()));
    heads
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Rust text without its comments and with empty string and character literals.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len())
        } else if c == '"' {
            string_end(rest)
        } else if c == '\'' {
            character_end(rest)
        } else {
            0
        };
        if skip == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.push(' ');
            rest = &rest[skip..];
        }
    }
    out
}

/// How many `#` a raw string starting here has.
fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.chars().take_while(|c| *c == '#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn string_end(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The end of a character literal; 0 for a lifetime or a label.
fn character_end(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(0, |end| end + 4),
        Some((_, _)) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// Unit tests may reach upwards to set a scene: each `#[cfg(test)] mod … { … }` goes.
fn without_unit_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let item = &from["#[cfg(test)]".len()..];
        let body = item.find('{').unwrap_or(item.len());
        let semicolon = item.find(';').unwrap_or(item.len());
        if semicolon < body {
            rest = &item[semicolon..];
            continue;
        }
        let mut depth = 0;
        let mut end = item.len();
        for (at, c) in item.char_indices().skip_while(|(at, _)| *at < body) {
            match c {
                '{' => depth += 1,
                '}' => {
                    depth -= 1;
                    if depth == 0 {
                        end = at + 1;
                        break;
                    }
                }
                _ => {}
            }
        }
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}
