//! The bytes of a leaf: written by hand in one order, read by serde, compared by [`super::entry`].
use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::entry::{Actor, Fact, Leaf, LeafError, Outcome};
use super::merkle::Hash;
use super::pseudonym::Pseudonym;
use super::token::Token;
use crate::domain::ids::{CardId, EntryId, GrantId, MandateId, ServiceId, StructureId, UseId};
use crate::domain::time::Timestamp;

const VERSION: i64 = 1;

/// A growing JSON object. Every key and text value is made of token characters, so nothing needs escaping.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self(String::from("{"))
    }

    fn raw(&mut self, key: &str, value: impl Display) {
        let comma = if self.0.len() > 1 { "," } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{comma}\"{key}\":{value}");
    }

    fn text(&mut self, key: &str, value: impl Display) {
        self.raw(key, format_args!("\"{value}\""));
    }

    fn optional(&mut self, key: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn close(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn list<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<String> = values.into_iter().map(|value| format!("\"{value}\"")).collect();
    format!("[{}]", quoted.join(","))
}

fn fact(value: &Fact) -> String {
    match value {
        Fact::Token(token) => format!("\"{token}\""),
        Fact::Integer(value) => value.to_string(),
        Fact::Bool(value) => value.to_string(),
        Fact::Instant(at) => format!("{{\"at\":\"{at}\"}}"),
        Fact::Id(id) => format!("{{\"id\":\"{id}\"}}"),
        Fact::Tokens(tokens) => list(tokens),
    }
}

pub(super) fn encode(leaf: &Leaf) -> Vec<u8> {
    let mut out = Object::new();
    out.raw("v", VERSION);
    out.text("log", &leaf.origin);
    out.text("id", leaf.id);
    out.text("kind", leaf.kind);
    out.text("time", leaf.time);
    match &leaf.outcome {
        Outcome::Done => out.text("outcome", "done"),
        Outcome::Refused(reason) => {
            out.text("outcome", "refused");
            out.text("reason", reason);
        }
    }
    out.optional("structure", leaf.structure);
    out.optional("mandate", leaf.mandate);
    if let Some(seq) = leaf.seq {
        out.raw("seq", seq);
    }
    out.optional("grant", leaf.grant);
    out.optional("service", leaf.service);
    out.optional("use", leaf.use_id);
    out.optional("card", leaf.card);
    if let Some(actor) = &leaf.actor {
        out.text("role", actor.role);
        out.optional("actor", actor.pseudonym.as_ref());
    }
    out.optional("user", leaf.user.as_ref());
    if !leaf.facts.is_empty() {
        let mut facts = Object::new();
        leaf.facts.iter().for_each(|(name, value)| facts.raw(name.as_str(), fact(value)));
        out.raw("facts", facts.close());
    }
    if !leaf.on.is_empty() {
        out.raw("on", list(&leaf.on));
    }
    if !leaf.parts.is_empty() {
        let mut parts = Object::new();
        leaf.parts.iter().for_each(|(kind, commitment)| parts.text(kind.token(), commitment));
        out.raw("parts", parts.close());
    }
    out.close().into_bytes()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: i64,
    log: String,
    id: Uuid,
    kind: String,
    time: Timestamp,
    outcome: String,
    reason: Option<String>,
    structure: Option<Uuid>,
    mandate: Option<Uuid>,
    seq: Option<i64>,
    grant: Option<Uuid>,
    service: Option<Uuid>,
    r#use: Option<Uuid>,
    card: Option<Uuid>,
    role: Option<String>,
    actor: Option<String>,
    user: Option<String>,
    #[serde(default)]
    facts: BTreeMap<String, Value>,
    #[serde(default)]
    on: Vec<Uuid>,
    #[serde(default)]
    parts: BTreeMap<String, String>,
}

pub(super) fn decode(bytes: &[u8]) -> Result<Leaf, LeafError> {
    let wire: Wire = serde_json::from_slice(bytes).map_err(malformed)?;
    if wire.v != VERSION {
        return Err(LeafError::Version(wire.v));
    }
    let outcome = match (wire.outcome.as_str(), wire.reason) {
        ("done", None) => Outcome::Done,
        ("refused", Some(reason)) => Outcome::Refused(Token::new(reason)?),
        _ => return Err(LeafError::Value("outcome")),
    };
    let actor = match (wire.role, wire.actor) {
        (None, None) => None,
        (Some(role), pseudonym) => {
            let role = role.parse().map_err(|_| LeafError::Value("role"))?;
            Some(Actor { role, pseudonym: pseudonym.map(|text| read_pseudonym(&text)).transpose()? })
        }
        (None, Some(_)) => return Err(LeafError::Value("actor")),
    };
    let part = |(kind, commitment): (String, String)| {
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
        user: wire.user.map(|text| read_pseudonym(&text)).transpose()?,
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

fn read_fact((name, value): (String, Value)) -> Result<(Token, Fact), LeafError> {
    const WRONG: LeafError = LeafError::Value("facts");
    let fact = match value {
        Value::String(text) => Fact::Token(Token::new(text)?),
        Value::Bool(value) => Fact::Bool(value),
        Value::Number(number) => Fact::Integer(number.as_i64().ok_or(WRONG)?),
        Value::Array(values) => {
            let token = |value: Value| match value {
                Value::String(text) => Ok(Token::new(text)?),
                _ => Err(WRONG),
            };
            Fact::Tokens(values.into_iter().map(token).collect::<Result<_, LeafError>>()?)
        }
        Value::Object(typed) => match (typed.get("at"), typed.get("id")) {
            (Some(Value::String(at)), None) => Fact::Instant(Timestamp::parse(at).map_err(|_| WRONG)?),
            (None, Some(Value::String(id))) => Fact::Id(id.parse().map_err(|_| WRONG)?),
            _ => return Err(WRONG),
        },
        Value::Null => return Err(WRONG),
    };
    Ok((Token::new(name)?, fact))
}
