//! Every act and every refusal is an entry. Three nets, each with its holes:
//! * every test on SQLite fails when a transaction of the product commits a changed row without an entry, but for the
//!   transactions and tables of [`NO_ACT`] (`support/silent.rs`). It sees what tests do, and no more.
//! * every transaction leads to a call that writes one, whether a test runs it or not. It sees that there is a way, not
//!   that every way leads there.
//! * every kind of entry is named where one is written, and a request denied at the door is told too.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use entremise::log::entry::{Fact, Leaf, Outcome};
use entremise::store::Told;

use super::*;
use crate::support::{Engine, NO_ACT, Roles, TestApp, change, judge};

/// Kinds that have their name already, for acts the product does not have yet. When one is written, it leaves this list.
const NOT_YET: &[Kind] = &[
    Kind::PersonErased,
    Kind::StructureCreated,
    Kind::StructureClosed,
    Kind::StructureDomainsChanged,
    Kind::MandateAbandoned,
    Kind::MandateSuspended,
    Kind::MandateResumed,
    Kind::MandateClosed,
    Kind::UseRefused,
    Kind::ClientEnded,
    Kind::LogOpened,
    Kind::LogVerified,
];

/// The source of use cases and jobs, by the name of their module.
fn use_cases() -> Vec<(String, String)> {
    fn read(folder: &Path, into: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, into);
            } else {
                let of = if path.file_name().unwrap() == "mod.rs" { path.parent().unwrap() } else { &path };
                let module = of.file_stem().unwrap().to_str().unwrap().to_owned();
                into.push((module, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut all = Vec::new();
    for part in ["app", "jobs"] {
        read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(part), &mut all);
    }
    all
}

/// From an opening brace to the one that closes it.
fn braced(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, sign) in text.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' if depth == 1 => return &text[..=at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    text
}

/// The word that ends a text.
fn last_word(text: &str) -> &str {
    let start = text.rfind(|sign: char| !sign.is_alphanumeric() && sign != '_').map_or(0, |at| at + 1);
    &text[start..]
}

/// The transactions of the product: module, name, block.
fn transactions(sources: &[(String, String)]) -> Vec<(&str, &str, &str)> {
    let mut all = Vec::new();
    for (module, text) in sources {
        for (at, _) in text.match_indices("transact!(") {
            let text = &text[at..];
            let name = text.split('"').nth(1).expect("a name");
            all.push((module.as_str(), name, braced(&text[text.find('{').expect("a block")..])));
        }
    }
    all
}

/// Functions by module and name; some modules have two of one name, in different rooms.
type Functions<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a str>>;

fn functions(sources: &[(String, String)]) -> Functions<'_> {
    let mut all = Functions::new();
    for (module, text) in sources {
        for (at, _) in text.match_indices("fn ") {
            let text = &text[at + 3..];
            let name = text.split(|sign: char| !sign.is_alphanumeric() && sign != '_').next().unwrap();
            let body = text.find('{').map_or("", |at| braced(&text[at..]));
            all.entry((module.as_str(), name)).or_default().push(body);
        }
    }
    all
}

/// Whether a block calls what writes an entry, itself or through what it calls.
fn writes<'a>(module: &'a str, block: &'a str, functions: &Functions<'a>) -> bool {
    let (mut seen, mut left) = (BTreeSet::new(), vec![(module, block)]);
    while let Some((module, block)) = left.pop() {
        for (at, _) in block.match_indices('(') {
            let name = last_word(&block[..at]);
            let before = &block[..at - name.len()];
            let of = before.strip_suffix("::").map_or(module, last_word);
            if of == "record" && matches!(name, "record" | "record_all" | "insert") {
                return true;
            }
            let found = functions.range((of, name)..=(of, name)).next();
            let found = found.or_else(|| {
                functions.iter().find(|((_, other), _)| before.ends_with("::") && *other == name)
            });
            if let Some(((of, name), bodies)) = found
                && seen.insert((*of, *name))
            {
                left.extend(bodies.iter().map(|body| (*of, *body)));
            }
        }
    }
    false
}

#[test]
fn every_kind_of_entry_is_written_by_a_use_case() {
    let text: String = use_cases().into_iter().map(|(_, text)| text).collect();
    // Named to write one: not in a pattern, and not to count or find those that were written.
    let written = |at: usize, name: &str| {
        let (before, after) = (text[..at].trim_end(), &text[at + name.len()..]);
        let read = after.trim_start().starts_with("=>")
            || after.trim_start().starts_with('|')
            || before.ends_with('|')
            || before.ends_with("of(")
            || before.ends_with("of(&[")
            || before.ends_with("==");
        !read && !after.starts_with(|next: char| next.is_alphanumeric())
    };
    let named = |kind: &Kind| {
        let name = format!("Kind::{kind:?}");
        text.match_indices(&name).any(|(at, _)| written(at, &name))
    };
    let unwritten: BTreeSet<_> =
        Kind::ALL.iter().filter(|kind| !named(kind)).map(|kind| kind.token()).collect();
    let not_yet: BTreeSet<_> = NOT_YET.iter().map(|kind| kind.token()).collect();
    assert_eq!(unwritten, not_yet, "kinds that no use case writes, and those said not to be written yet");
}

#[test]
fn every_transaction_leads_to_an_entry_or_is_known_to_be_no_act() {
    let sources = use_cases();
    let (transactions, functions) = (transactions(&sources), functions(&sources));
    let names: BTreeSet<_> = transactions.iter().map(|(_, name, _)| *name).collect();
    assert_eq!(names.len(), transactions.len(), "every transaction has a name of its own");
    assert!(names.len() > 80, "{} transactions were read", names.len());
    let known: BTreeSet<_> = NO_ACT.iter().map(|(name, ..)| *name).collect();
    assert_eq!(known.len(), NO_ACT.len(), "each is known once");
    let strangers: BTreeSet<_> = known.difference(&names).collect();
    assert!(strangers.is_empty(), "no such transaction: {strangers:?}");
    let silent: Vec<_> = transactions
        .iter()
        .filter(|(module, name, block)| !known.contains(name) && !writes(module, block, &functions))
        .map(|(_, name, _)| *name)
        .collect();
    assert_eq!(silent, Vec::<&str>::new(), "they change rows, if they do anything, and write no entry");
}

/// The first net holds.
#[tokio::test]
async fn a_commit_without_its_entry_is_seen() {
    let app = TestApp::fresh(Engine::Sqlite).await;
    app.structure("CCAS", "35600000012345").await;
    type Seen = Vec<(&'static str, BTreeSet<String>)>;
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let told = Arc::clone(&seen);
    let told: Told = Arc::new(move |name, tables| told.lock().unwrap().push((name, tables.clone())));
    let store = Store::watched(&app.db.url.parse().unwrap(), told).await.unwrap();
    let refused: Result<u64, StoreError> = entremise::transact!(store, "test_refused", tx => {
        change!(tx, sqlx::query("UPDATE structure SET siret = 'short'"))
    });
    assert!(refused.is_err());
    let renamed: Result<u64, StoreError> = entremise::transact!(store, "test_probe", tx => { change!(tx, sqlx::query("UPDATE structure SET name = 'x'")) });
    assert_eq!(renamed.unwrap(), 1);
    let tables = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(*seen.lock().unwrap(), [("test_probe", tables(&["structure"]))]);
    assert!(judge("rename", &tables(&["structure"])).is_some());
    assert!(judge("rename", &tables(&["structure", "entry", "entry_pending"])).is_none());
    assert!(judge("touch_session", &tables(&["session"])).is_none());
    assert!(judge("touch_session", &tables(&["session", "mandate"])).is_some());
}

on_both_engines! {
    async fn whoever_is_denied_at_the_door_is_told_in_the_log(app: TestApp) {
        let aidant = app.person("Nadia", "Benali", Roles::default()).await;
        let structure = app.structure("CCAS", "35600000012345").await;
        app.member(aidant, structure, true, false).await;
        let session = app.session(aidant, Some(structure)).await;
        app.get("/log").session(&session).send().await.assert_status(403);
        app.get("/log/mandates/M-7Q4K-92HD").session(&session).send().await.assert_status(403);
        app.post("/sign-out").session(&session).header("sec-fetch-site", "cross-site").send().await.assert_status(403);
        app.post("/sign-in").header("sec-fetch-site", "cross-site").send().await.assert_status(403);
        // Someone not signed in is led to the sign-in page: nothing was denied.
        app.get("/log").send().await.assert_status(303);
        const DENIED: &str =
            "SELECT CAST(0 AS BIGINT), leaf FROM entry WHERE kind = 'access.denied' ORDER BY at, id";
        let told: BTreeSet<_> = rows(&app.app.store, DENIED).await.iter().map(|(_, leaf)| told(leaf)).collect();
        let somebody = |reason: &str, route: &str| (reason.to_owned(), route.to_owned(), true);
        assert_eq!(told, BTreeSet::from([
            somebody("other_role", "/log"),
            somebody("other_role", "/log/mandates/:reference"),
            somebody("cross_site", "/sign-out"),
            ("cross_site".to_owned(), "/sign-in".to_owned(), false),
        ]));
    }
}

/// Why, where, and whether it says who.
fn told(leaf: &[u8]) -> (String, String, bool) {
    let leaf = Leaf::decode(leaf).expect("a leaf");
    let Outcome::Refused(reason) = &leaf.outcome else { panic!("{:?}", leaf.outcome) };
    let route = match leaf.facts.get("route") {
        Some(Fact::Token(route)) => route.to_string(),
        other => panic!("{other:?}"),
    };
    (reason.to_string(), route, leaf.actor.is_some_and(|actor| actor.pseudonym.is_some()))
}
