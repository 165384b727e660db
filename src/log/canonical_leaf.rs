//! Reads a leaf that is in canonical form, key after key in their one order: reading leaves in any form was the largest
//! single piece of a log's verification. Says nothing of what is wrong with others, and need not be trusted: what it
//! reads counts only if it is written again as the very same bytes ([`super::entry::Leaf::decode`]).
use std::collections::BTreeMap;

use uuid::Uuid;

use super::entry::{Actor, Fact, Leaf, Outcome};
use super::merkle::Hash;
use super::part::PartKind;
use super::pseudonym::Pseudonym;
use super::token::Token;
use crate::domain::ids::{CardId, EntryId, GrantId, MandateId, ServiceId, StructureId, UseId};
use crate::domain::time::Timestamp;

/// What is left to read.
struct Text<'a>(&'a str);

pub(super) fn read(bytes: &[u8]) -> Option<Leaf> {
    let mut text = Text(std::str::from_utf8(bytes).ok()?);
    let leaf = text.leaf()?;
    (text.0 == "}").then_some(leaf)
}

/// Each method takes what it reads, where its key comes next; what is absent or not as it must be is `None`.
impl<'a> Text<'a> {
    fn leaf(&mut self) -> Option<Leaf> {
        Some(Leaf {
            origin: self.token("{\"v\":1,\"log\":\"")?,
            id: EntryId::from_uuid(self.id(",\"id\":\"")?),
            kind: self.quoted(",\"kind\":\"")?.parse().ok()?,
            time: self.instant(",\"time\":\"")?,
            outcome: match self.quoted(",\"outcome\":\"")? {
                "done" => Outcome::Done,
                _ => Outcome::Refused(self.token(",\"reason\":\"")?),
            },
            structure: self.id(",\"structure\":\"").map(StructureId::from_uuid),
            mandate: self.id(",\"mandate\":\"").map(MandateId::from_uuid),
            seq: self.integer(",\"seq\":"),
            grant: self.id(",\"grant\":\"").map(GrantId::from_uuid),
            service: self.id(",\"service\":\"").map(ServiceId::from_uuid),
            use_id: self.id(",\"use\":\"").map(UseId::from_uuid),
            card: self.id(",\"card\":\"").map(CardId::from_uuid),
            actor: self.actor(),
            user: self.pseudonym(",\"user\":\""),
            facts: self.facts()?,
            on: self
                .list(",\"on\":[", |id| id.parse().ok().map(EntryId::from_uuid))
                .into_iter()
                .flatten()
                .collect(),
            parts: self.parts()?,
        })
    }

    fn skip(&mut self, wanted: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?;
        Some(())
    }

    /// Up to the closing quote: nothing is escaped in a leaf.
    fn quoted(&mut self, key: &str) -> Option<&'a str> {
        let rest = self.0.strip_prefix(key)?;
        let end = rest.bytes().position(|byte| byte == b'"')?;
        self.0 = rest.get(end + 1..)?;
        rest.get(..end)
    }

    fn token(&mut self, key: &str) -> Option<Token> {
        Token::new(self.quoted(key)?).ok()
    }

    fn id(&mut self, key: &str) -> Option<Uuid> {
        self.quoted(key)?.parse().ok()
    }

    fn instant(&mut self, key: &str) -> Option<Timestamp> {
        Timestamp::parse(self.quoted(key)?).ok()
    }

    fn pseudonym(&mut self, key: &str) -> Option<Pseudonym> {
        self.quoted(key)?.parse().ok()
    }

    fn integer(&mut self, key: &str) -> Option<i64> {
        let rest = self.0.strip_prefix(key)?;
        let end = rest.bytes().position(|byte| matches!(byte, b',' | b'}'))?;
        self.0 = rest.get(end..)?;
        rest.get(..end)?.parse().ok()
    }

    fn actor(&mut self) -> Option<Actor> {
        let role = self.quoted(",\"role\":\"")?.parse().ok()?;
        Some(Actor { role, pseudonym: self.pseudonym(",\"actor\":\"") })
    }

    fn list<T>(&mut self, key: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
        self.skip(key)?;
        let (mut items, mut before) = (Vec::new(), "\"");
        while let Some(item) = self.quoted(before) {
            items.push(read(item)?);
            before = ",\"";
        }
        self.skip("]")?;
        Some(items)
    }

    fn facts(&mut self) -> Option<BTreeMap<Token, Fact>> {
        let (mut facts, mut before) = (BTreeMap::new(), ",\"facts\":{\"");
        while let Some(name) = self.token(before) {
            facts.insert(name, self.fact()?);
            before = ",\"";
        }
        if !facts.is_empty() {
            self.skip("}")?;
        }
        Some(facts)
    }

    fn fact(&mut self) -> Option<Fact> {
        if self.skip(":{").is_some() {
            let fact = match self.instant("\"at\":\"") {
                Some(at) => Fact::Instant(at),
                None => Fact::Id(self.id("\"id\":\"")?),
            };
            self.skip("}")?;
            return Some(fact);
        }
        let text = self.token(":\"").map(Fact::Token);
        let tokens = || self.list(":[", |text| Token::new(text).ok()).map(Fact::Tokens);
        text.or_else(tokens)
            .or_else(|| self.skip(":true").map(|()| Fact::Bool(true)))
            .or_else(|| self.skip(":false").map(|()| Fact::Bool(false)))
            .or_else(|| self.integer(":").map(Fact::Integer))
    }

    fn parts(&mut self) -> Option<BTreeMap<PartKind, Hash>> {
        let (mut parts, mut before) = (BTreeMap::new(), ",\"parts\":{\"");
        while let Some(kind) = self.quoted(before) {
            parts.insert(kind.parse().ok()?, self.quoted(":\"")?.parse().ok()?);
            before = ",\"";
        }
        if !parts.is_empty() {
            self.skip("}")?;
        }
        Some(parts)
    }
}
