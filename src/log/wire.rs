//! The bytes of a leaf: written by hand in one order, read by serde, compared by [`super::entry`].
use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::entry::{Actor, Fact, Leaf, LeafError, Outcome};
use super::merkle::Hash;
use super::pseudonym::{self, Pseudonym};
use super::token::{BadToken, Token};
use crate::domain::ids::{CardId, EntryId, GrantId, MandateId, ServiceId, StructureId, UseId};
use crate::domain::time::Timestamp;

const VERSION: i64 = 1;

/// What a leaf's values are written as. Not `Display`: a verifier writes every leaf of a log again, and formatting was
/// the larger part of its time.
trait Written {
    fn write(&self, out: &mut String);
}

impl Written for str {
    fn write(&self, out: &mut String) {
        out.push_str(self);
    }
}
impl Written for Token {
    fn write(&self, out: &mut String) {
        out.push_str(self.as_str());
    }
}
impl Written for Uuid {
    fn write(&self, out: &mut String) {
        out.push_str(self.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    }
}
impl Written for EntryId {
    fn write(&self, out: &mut String) {
        self.uuid().write(out);
    }
}
impl Written for Timestamp {
    fn write(&self, out: &mut String) {
        self.write_to(out);
    }
}
impl Written for Pseudonym {
    fn write(&self, out: &mut String) {
        out.push_str(self.text(&mut [0; pseudonym::LENGTH]));
    }
}
impl Written for Hash {
    fn write(&self, out: &mut String) {
        out.push_str(self.text(&mut [0; 44]));
    }
}

/// A growing JSON object. Every key and text value is made of token characters, so nothing needs escaping.
struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Object<'a> {
    fn new(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    fn key(&mut self, key: &str) -> &mut String {
        self.out.push_str(if self.empty { "\"" } else { ",\"" });
        self.empty = false;
        self.out.push_str(key);
        self.out.push_str("\":");
        self.out
    }

    fn integer(&mut self, key: &str, value: i64) {
        // Writing to a String cannot fail.
        let _ = write!(self.key(key), "{value}");
    }

    fn text(&mut self, key: &str, value: &(impl Written + ?Sized)) {
        quoted(self.key(key), value);
    }

    fn optional(&mut self, key: &str, value: Option<&impl Written>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn close(self) {
        self.out.push('}');
    }
}

fn quoted(out: &mut String, value: &(impl Written + ?Sized)) {
    out.push('"');
    value.write(out);
    out.push('"');
}

fn list<'a, T: Written + 'a>(out: &mut String, values: impl IntoIterator<Item = &'a T>) {
    out.push('[');
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        quoted(out, value);
    }
    out.push(']');
}

fn fact(name: &str, value: &Fact, facts: &mut Object<'_>) {
    match value {
        Fact::Token(token) => facts.text(name, token),
        Fact::Integer(value) => facts.integer(name, *value),
        Fact::Bool(value) => facts.key(name).push_str(if *value { "true" } else { "false" }),
        Fact::Instant(at) => typed(facts.key(name), "at", at),
        Fact::Id(id) => typed(facts.key(name), "id", id),
        Fact::Tokens(tokens) => list(facts.key(name), tokens),
    }
}

fn typed(out: &mut String, name: &str, value: &impl Written) {
    let mut object = Object::new(out);
    object.text(name, value);
    object.close();
}

pub(super) fn encode(leaf: &Leaf) -> Vec<u8> {
    let mut text = String::with_capacity(1024);
    let mut out = Object::new(&mut text);
    out.integer("v", VERSION);
    out.text("log", &leaf.origin);
    out.text("id", &leaf.id);
    out.text("kind", leaf.kind.token());
    out.text("time", &leaf.time);
    match &leaf.outcome {
        Outcome::Done => out.text("outcome", "done"),
        Outcome::Refused(reason) => {
            out.text("outcome", "refused");
            out.text("reason", reason);
        }
    }
    out.optional("structure", leaf.structure.map(StructureId::uuid).as_ref());
    out.optional("mandate", leaf.mandate.map(MandateId::uuid).as_ref());
    if let Some(seq) = leaf.seq {
        out.integer("seq", seq);
    }
    out.optional("grant", leaf.grant.map(GrantId::uuid).as_ref());
    out.optional("service", leaf.service.map(ServiceId::uuid).as_ref());
    out.optional("use", leaf.use_id.map(UseId::uuid).as_ref());
    out.optional("card", leaf.card.map(CardId::uuid).as_ref());
    if let Some(actor) = &leaf.actor {
        out.text("role", actor.role.token());
        out.optional("actor", actor.pseudonym.as_ref());
    }
    out.optional("user", leaf.user.as_ref());
    if !leaf.facts.is_empty() {
        let mut facts = Object::new(out.key("facts"));
        leaf.facts.iter().for_each(|(name, value)| fact(name.as_str(), value, &mut facts));
        facts.close();
    }
    if !leaf.on.is_empty() {
        list(out.key("on"), &leaf.on);
    }
    if !leaf.parts.is_empty() {
        let mut parts = Object::new(out.key("parts"));
        leaf.parts.iter().for_each(|(kind, commitment)| parts.text(kind.token(), commitment));
        parts.close();
    }
    out.close();
    text.into_bytes()
}

/// Texts are borrowed from the bytes: what needs unescaping is not canonical.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    v: i64,
    log: &'a str,
    id: Uuid,
    kind: &'a str,
    time: Timestamp,
    outcome: &'a str,
    reason: Option<&'a str>,
    structure: Option<Uuid>,
    mandate: Option<Uuid>,
    seq: Option<i64>,
    grant: Option<Uuid>,
    service: Option<Uuid>,
    r#use: Option<Uuid>,
    card: Option<Uuid>,
    role: Option<&'a str>,
    actor: Option<&'a str>,
    user: Option<&'a str>,
    #[serde(default, borrow)]
    facts: BTreeMap<&'a str, RawFact<'a>>,
    #[serde(default)]
    on: Vec<Uuid>,
    #[serde(default, borrow)]
    parts: BTreeMap<&'a str, &'a str>,
}

pub(super) fn decode(bytes: &[u8]) -> Result<Leaf, LeafError> {
    let wire: Wire<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
    if wire.v != VERSION {
        return Err(LeafError::Version(wire.v));
    }
    let outcome = match (wire.outcome, wire.reason) {
        ("done", None) => Outcome::Done,
        ("refused", Some(reason)) => Outcome::Refused(Token::new(reason)?),
        _ => return Err(LeafError::Value("outcome")),
    };
    let actor = match (wire.role, wire.actor) {
        (None, None) => None,
        (Some(role), pseudonym) => {
            let role = role.parse().map_err(|_| LeafError::Value("role"))?;
            Some(Actor { role, pseudonym: pseudonym.map(read_pseudonym).transpose()? })
        }
        (None, Some(_)) => return Err(LeafError::Value("actor")),
    };
    let part = |(kind, commitment): (&str, &str)| {
        let kind = kind.parse().map_err(|_| LeafError::Value("parts"))?;
        Ok((kind, commitment.parse::<Hash>().map_err(|_| LeafError::Value("parts"))?))
    };
    Ok(Leaf {
        origin: Token::new(wire.log)?,
        id: EntryId::from_uuid(wire.id),
        kind: wire.kind.parse().map_err(|_| LeafError::Value("kind"))?,
        time: wire.time,
        outcome,
        structure: wire.structure.map(StructureId::from_uuid),
        mandate: wire.mandate.map(MandateId::from_uuid),
        seq: wire.seq,
        grant: wire.grant.map(GrantId::from_uuid),
        service: wire.service.map(ServiceId::from_uuid),
        use_id: wire.r#use.map(UseId::from_uuid),
        card: wire.card.map(CardId::from_uuid),
        actor,
        user: wire.user.map(read_pseudonym).transpose()?,
        facts: wire.facts.into_iter().map(read_fact).collect::<Result<_, _>>()?,
        on: wire.on.into_iter().map(EntryId::from_uuid).collect(),
        parts: wire.parts.into_iter().map(part).collect::<Result<_, LeafError>>()?,
    })
}

fn malformed(error: impl Display) -> LeafError {
    LeafError::Malformed(error.to_string())
}

fn read_pseudonym(text: &str) -> Result<Pseudonym, LeafError> {
    text.parse().map_err(|_| LeafError::Value("pseudonym"))
}

fn read_fact((name, value): (&str, RawFact<'_>)) -> Result<(Token, Fact), LeafError> {
    const WRONG: LeafError = LeafError::Value("facts");
    let fact = match value {
        RawFact::Text(text) => Fact::Token(Token::new(text)?),
        RawFact::Bool(value) => Fact::Bool(value),
        RawFact::Integer(value) => Fact::Integer(value),
        RawFact::List(values) => {
            Fact::Tokens(values.into_iter().map(Token::new).collect::<Result<_, BadToken>>()?)
        }
        RawFact::Typed("at", at) => Fact::Instant(Timestamp::parse(at).map_err(|_| WRONG)?),
        RawFact::Typed("id", id) => Fact::Id(id.parse().map_err(|_| WRONG)?),
        RawFact::Typed(..) | RawFact::Other => return Err(WRONG),
    };
    Ok((Token::new(name)?, fact))
}

/// A fact as it is written, before it is known to be one.
enum RawFact<'a> {
    Text(&'a str),
    Bool(bool),
    Integer(i64),
    List(Vec<&'a str>),
    /// `{"at":…}`, `{"id":…}`
    Typed(&'a str, &'a str),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for RawFact<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FactVisitor)
    }
}

struct FactVisitor;

impl<'de> Visitor<'de> for FactVisitor {
    type Value = RawFact<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a fact")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<RawFact<'de>, E> {
        Ok(RawFact::Text(text))
    }
    fn visit_str<E>(self, _: &str) -> Result<RawFact<'de>, E> {
        Ok(RawFact::Other)
    }
    fn visit_bool<E>(self, value: bool) -> Result<RawFact<'de>, E> {
        Ok(RawFact::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<RawFact<'de>, E> {
        Ok(RawFact::Integer(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<RawFact<'de>, E> {
        Ok(i64::try_from(value).map_or(RawFact::Other, RawFact::Integer))
    }
    fn visit_f64<E>(self, _: f64) -> Result<RawFact<'de>, E> {
        Ok(RawFact::Other)
    }
    fn visit_unit<E>(self) -> Result<RawFact<'de>, E> {
        Ok(RawFact::Other)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawFact<'de>, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(item) = items.next_element::<RawFact<'de>>()? {
            match (&mut texts, item) {
                (Some(texts), RawFact::Text(text)) => texts.push(text),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(RawFact::Other, RawFact::List))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<RawFact<'de>, A::Error> {
        let mut only = None;
        let mut count = 0;
        while let Some((name, value)) = fields.next_entry::<&str, RawFact<'de>>()? {
            count += 1;
            only = Some((name, value));
        }
        match only {
            Some((name, RawFact::Text(text))) if count == 1 => Ok(RawFact::Typed(name, text)),
            _ => Ok(RawFact::Other),
        }
    }
}
