//! A line of the log in words.
use crate::app::log_line::{Fault, Line};
use crate::app::unmask::Names;
use crate::domain::ids::{CardId, GrantId};
use crate::log::entry::{Fact, Leaf, Outcome};
use crate::log::kind::{Kind, Role};
use crate::web::ui::{L, Tone};

/// The key of the sentence of a kind.
pub(in crate::web::pages) fn kind_key(kind: Kind) -> String {
    format!("log-kind-{}", dashed(kind.token()))
}

fn role_key(role: Role) -> String {
    format!("log-role-{role}")
}

fn dashed(token: &str) -> String {
    token.replace(['.', '_'], "-")
}

/// A line as a page shows it.
pub(super) struct Told {
    pub when: String,
    pub title: String,
    pub tone: Tone,
    /// Who, for whom, with which card, at which service, in which outcome: text, and where it leads.
    pub detail: Vec<(String, String)>,
    pub structure: String,
    /// Address of the structure's activity.
    pub structure_href: String,
    pub mandate: String,
    pub refused: bool,
    /// Name and value of each fact of the leaf.
    pub facts: Vec<(String, String)>,
    /// Once unmasked, what was written in words: what it is, and the words.
    pub words: Vec<(String, String)>,
    /// The canonical bytes, which are text.
    pub bytes: String,
    pub hash: String,
    pub place: String,
    /// Address of the receipt; empty while the line has no place.
    pub receipt: String,
    /// What is wrong with the line; empty when nothing was found.
    pub fault: String,
    /// Found in its place under a signed head.
    pub proven: bool,
}

impl Told {
    pub(super) fn of(line: &Line, names: &Names, l: &L) -> Self {
        let leaf = line.leaf.as_ref();
        let refused = leaf.is_some_and(|leaf| leaf.outcome != Outcome::Done);
        let tone = match (line.fault, refused) {
            (Some(_), _) => Tone::Bad,
            (None, true) => Tone::Warn,
            (None, false) => Tone::Info,
        };
        Self {
            when: leaf.map(|leaf| l.stamp(leaf.time)).unwrap_or_default(),
            title: leaf.map(|leaf| l.t(&kind_key(leaf.kind)).into_owned()).unwrap_or_default(),
            tone,
            detail: leaf.map(|leaf| detail(line, leaf, names, l)).unwrap_or_default(),
            structure: line.structure_name.clone().unwrap_or_default(),
            structure_href: leaf
                .and_then(|leaf| leaf.structure)
                .map(|id| format!("/log/structures/{id}"))
                .unwrap_or_default(),
            mandate: line.mandate_reference.clone().unwrap_or_default(),
            refused,
            facts: leaf.map(|leaf| facts(leaf, l)).unwrap_or_default(),
            words: names.words.get(&line.id).map(|words| in_words(words, l)).unwrap_or_default(),
            bytes: String::from_utf8_lossy(&line.bytes).into_owned(),
            hash: line.hash.to_string(),
            receipt: line.index.map(|_| format!("/log/entries/{}/receipt", line.id)).unwrap_or_default(),
            place: match line.index {
                Some(index) => l.number(i64::try_from(index).unwrap_or(i64::MAX)),
                None => l.t("log-pending").into_owned(),
            },
            fault: line.fault.map(|fault| l.t(fault_key(fault)).into_owned()).unwrap_or_default(),
            proven: line.proven,
        }
    }
}

fn detail(line: &Line, leaf: &Leaf, names: &Names, l: &L) -> Vec<(String, String)> {
    let plain = |text: String| (text, String::new());
    let mut said = Vec::new();
    if let Outcome::Refused(reason) = &leaf.outcome {
        said.push(plain(l.t1("log-refused-because", "reason", reason_said(reason.as_str(), l)).into_owned()));
    }
    if let Some(actor) = &leaf.actor {
        let role = l.t(&role_key(actor.role)).into_owned();
        said.push(match &actor.pseudonym {
            Some(pseudonym) => {
                let known = names.people.get(pseudonym).map(|name| format!(" ({name})")).unwrap_or_default();
                let name = format!("{}{known}", pseudonym.short('a'));
                let text = l.t2("log-actor", "role", role, "name", name).into_owned();
                (text, format!("/log/aidants/{pseudonym}"))
            }
            None => plain(role),
        });
    }
    if let Some(user) = &leaf.user {
        let known = names.user.as_ref().map(|(name, _)| format!(" ({name})")).unwrap_or_default();
        let text = l.t1("log-user", "name", format!("{}{known}", user.short('u'))).into_owned();
        said.push((text, format!("/log?user={user}")));
    }
    said.extend(line.service_name.clone().map(plain));
    if let Some(grant) = leaf.grant {
        let text = l.t1("log-grant-named", "name", grant_name(grant)).into_owned();
        said.push((text, format!("/log?grant={grant}")));
    }
    if let Some(card) = leaf.card {
        let known = names.cards.get(&card).map(|serial| format!(" ({serial})")).unwrap_or_default();
        said.push(plain(l.t1("log-card", "name", format!("{}{known}", card_name(card))).into_owned()));
    }
    said
}

/// The reason of a refusal in words; one without words is shown as the log has it.
pub(in crate::web::pages) fn reason_said(reason: &str, l: &L) -> String {
    let key = format!("log-reason-{}", dashed(reason));
    if L::has(&key) { l.t(&key).into_owned() } else { reason.to_owned() }
}

/// A card without its serial: `c-81D4`.
pub(super) fn card_name(card: CardId) -> String {
    short('c', card.as_bytes())
}

/// An id in short, by its last two bytes.
fn short(letter: char, id: &[u8]) -> String {
    let (.., [high, low]) = id.split_last_chunk().unwrap_or((&[], &[0, 0]));
    format!("{letter}-{high:02X}{low:02X}")
}

fn in_words(words: &[(String, String)], l: &L) -> Vec<(String, String)> {
    let name = |name: &str| {
        let key = format!("log-words-{}", dashed(name));
        if L::has(&key) { l.t(&key).into_owned() } else { name.to_owned() }
    };
    words.iter().map(|(what, said)| (name(what), said.clone())).collect()
}

/// A grant in short: `g-81D4`.
fn grant_name(grant: GrantId) -> String {
    short('g', grant.as_bytes())
}

fn facts(leaf: &Leaf, l: &L) -> Vec<(String, String)> {
    let name = |name: &str| {
        let key = format!("log-fact-{}", dashed(name));
        if L::has(&key) { l.t(&key).into_owned() } else { name.to_owned() }
    };
    leaf.facts.iter().map(|(fact, value)| (name(fact.as_str()), said(value, l))).collect()
}

fn said(value: &Fact, l: &L) -> String {
    match value {
        Fact::Token(token) => token.to_string(),
        Fact::Integer(number) => number.to_string(),
        Fact::Bool(true) => l.t("log-yes").into_owned(),
        Fact::Bool(false) => l.t("log-no").into_owned(),
        Fact::Instant(at) => l.stamp(*at),
        Fact::Id(id) => id.to_string(),
        Fact::Tokens(tokens) => tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn fault_key(fault: Fault) -> &'static str {
    match fault {
        Fault::Unreadable => "log-fault-unreadable",
        Fault::Altered => "log-fault-altered",
        Fault::Foreign => "log-fault-foreign",
        Fault::Columns => "log-fault-columns",
        Fault::NotInTree => "log-fault-not-in-tree",
        Fault::Sequence => "log-fault-sequence",
        Fault::Part => "log-fault-part",
        Fault::Missing => "log-fault-missing",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// The names of facts, as the calls that write them give them.
    fn facts_of(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                facts_of(&path, names);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for call in [".fact(", ".fact_if(", ".list("] {
                let given = text.split(call).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
                names.extend(given.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }

    #[test]
    fn every_fact_has_its_words() {
        let mut names = BTreeSet::new();
        for folder in ["src/app", "src/jobs"] {
            facts_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut names);
        }
        assert!(names.len() > 40, "{names:?}");
        let without: Vec<_> =
            names.iter().filter(|name| !L::has(&format!("log-fact-{}", dashed(name)))).collect();
        assert_eq!(without, Vec::<&String>::new());
    }

    #[test]
    fn every_kind_role_and_fault_has_its_words() {
        for kind in Kind::ALL {
            assert!(L::has(&kind_key(*kind)), "{kind}");
        }
        for role in Role::ALL {
            assert!(L::has(&role_key(*role)), "{role}");
        }
        for fault in [
            Fault::Unreadable,
            Fault::Altered,
            Fault::Foreign,
            Fault::Columns,
            Fault::NotInTree,
            Fault::Sequence,
            Fault::Part,
            Fault::Missing,
        ] {
            assert!(L::has(fault_key(fault)), "{fault:?}");
        }
    }
}
