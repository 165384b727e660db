//! What an auditor takes away: JSON Lines that can be checked without the service (`log verify`).
//!
//! First line: the log, the place where the range begins, the right edge of the tree there, the head under which
//! everything is proven. Then, when the range does not begin at 0, the earlier entries that those of the range
//! depend on, each with its own inclusion proof. Then the range, place after place without gap: an entry, or only
//! its hash when it lies outside the perimeter; and each signed head right after the last entry it covers. The
//! last line says where the range ends, so that a file cut short shows. Leaves and parts are the very bytes that
//! are hashed: writing them again in another JSON style breaks them, as it must.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::merkle::Hash;
use super::note::SignedNote;
use super::part::{Part, PartKind};
use super::token::Token;
use crate::domain::ids::StructureId;

const VERSION: u64 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub origin: Token,
    /// Place of the first entry of the range.
    pub first: u64,
    /// Roots of the complete subtrees before `first`, largest first.
    pub edge: Vec<Hash>,
    /// The head under which everything is proven; its size is where the range ends.
    pub head: SignedNote,
    /// Whose entries are told; `None`: everybody's.
    pub perimeter: Option<BTreeSet<StructureId>>,
    /// How each key of the log was succeeded by the next, oldest first.
    pub keys: Vec<SignedNote>,
    /// Whether the parts were asked for: those that are missing were erased, and the log must say so.
    pub parts: bool,
}

/// An opened part, not yet held against its commitment.
#[derive(Clone, Copy, Debug)]
pub struct OpenedPart<'a> {
    pub nonce: [u8; 32],
    pub body: &'a str,
}

/// An entry, or what is told of it.
#[derive(Debug)]
pub struct Entry<'a> {
    pub at: u64,
    /// The canonical bytes.
    pub leaf: &'a str,
    pub parts: BTreeMap<PartKind, OpenedPart<'a>>,
    /// For an entry from before the range: its inclusion under the head.
    pub proof: Option<Vec<Hash>>,
}

/// One line of a bundle, read and not yet held against anything.
#[derive(Debug)]
pub enum Line<'a> {
    /// The first, and only the first.
    Header(Box<Header>),
    /// An entry that is told: of the range, or from before it with its own proof.
    Entry(Entry<'a>),
    /// An entry outside the perimeter.
    Hash { at: u64, hash: Hash },
    /// A signed head, right after the last entry it covers.
    Checkpoint(SignedNote),
    /// Where the range ends (exclusive).
    End(u64),
}

/// Why a line is none of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    #[error("it is not UTF-8")]
    Text,
    #[error("not JSON of a bundle: {0}")]
    Json(String),
    #[error("version {0} of the bundle is not known to this program")]
    Version(u64),
    #[error("«{0}» is not what it should be")]
    Field(&'static str),
    #[error("a line is a header, an entry, a hash, a checkpoint or the end, and nothing else")]
    Shape,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'a> {
    bundle: Option<u64>,
    origin: Option<String>,
    first: Option<u64>,
    edge: Option<Vec<String>>,
    head: Option<String>,
    perimeter: Option<BTreeSet<StructureId>>,
    at: Option<u64>,
    #[serde(borrow)]
    leaf: Option<&'a RawValue>,
    keys: Option<Vec<String>>,
    opened: Option<bool>,
    #[serde(borrow, default)]
    parts: RawParts<'a>,
    proof: Option<Vec<String>>,
    hash: Option<&'a str>,
    checkpoint: Option<String>,
    end: Option<u64>,
}

/// Parts as a bundle and a receipt write them.
pub(super) type RawParts<'a> = BTreeMap<&'a str, RawPart<'a>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPart<'a> {
    nonce: &'a str,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// Reads one line, without its end.
pub fn read(text: &str) -> Result<Line<'_>, BadLine> {
    let raw: Raw<'_> = serde_json::from_str(text).map_err(|error| BadLine::Json(error.to_string()))?;
    if let Some(version) = raw.bundle {
        return header(raw, version).map(|header| Line::Header(Box::new(header)));
    }
    match raw {
        Raw {
            at: Some(at), leaf: Some(leaf), hash: None, checkpoint: None, end: None, parts, proof, ..
        } => Ok(Line::Entry(Entry {
            at,
            leaf: leaf.get(),
            parts: read_parts(parts)?,
            proof: proof.as_deref().map(|path| hashes(path, "proof")).transpose()?,
        })),
        Raw { at: Some(at), leaf: None, hash: Some(hash), checkpoint: None, end: None, .. } => {
            Ok(Line::Hash { at, hash: hash.parse().map_err(|_| BadLine::Field("hash"))? })
        }
        Raw { at: None, leaf: None, hash: None, checkpoint: Some(note), end: None, .. } => {
            Ok(Line::Checkpoint(note.parse().map_err(|_| BadLine::Field("checkpoint"))?))
        }
        Raw { at: None, leaf: None, hash: None, checkpoint: None, end: Some(end), .. } => Ok(Line::End(end)),
        _ => Err(BadLine::Shape),
    }
}

fn header(raw: Raw<'_>, version: u64) -> Result<Header, BadLine> {
    if version != VERSION {
        return Err(BadLine::Version(version));
    }
    let (Some(origin), Some(first), Some(edge), Some(head)) = (raw.origin, raw.first, raw.edge, raw.head)
    else {
        return Err(BadLine::Shape);
    };
    Ok(Header {
        origin: Token::new(origin).map_err(|_| BadLine::Field("origin"))?,
        first,
        edge: hashes(&edge, "edge")?,
        head: head.parse().map_err(|_| BadLine::Field("head"))?,
        perimeter: raw.perimeter,
        keys: raw
            .keys
            .unwrap_or_default()
            .iter()
            .map(|note| note.parse())
            .collect::<Result<_, _>>()
            .map_err(|_| BadLine::Field("keys"))?,
        parts: raw.opened.unwrap_or(false),
    })
}

pub(super) fn read_parts(parts: RawParts<'_>) -> Result<BTreeMap<PartKind, OpenedPart<'_>>, BadLine> {
    let part = |(kind, part)| {
        let (kind, part): (&str, RawPart<'_>) = (kind, part);
        let kind: PartKind = kind.parse().map_err(|_| BadLine::Field("parts"))?;
        // A nonce is written as a hash is: 32 bytes in base64.
        let nonce = *part.nonce.parse::<Hash>().map_err(|_| BadLine::Field("nonce"))?.bytes();
        Ok((kind, OpenedPart { nonce, body: part.body.get() }))
    };
    parts.into_iter().map(part).collect()
}

fn hashes(texts: &[String], field: &'static str) -> Result<Vec<Hash>, BadLine> {
    texts.iter().map(|text| text.parse().map_err(|_| BadLine::Field(field))).collect()
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_string).collect()
}

impl Header {
    /// The first line, without its end.
    pub fn write(&self) -> String {
        let mut line = json!({
            "bundle": VERSION,
            "origin": self.origin.as_str(),
            "first": self.first,
            "edge": texts(&self.edge),
            "head": self.head.to_string(),
            "opened": self.parts,
        });
        if let Some(fields) = line.as_object_mut() {
            if let Some(perimeter) = &self.perimeter {
                fields.insert("perimeter".to_owned(), json!(perimeter));
            }
            if !self.keys.is_empty() {
                let keys: Vec<String> = self.keys.iter().map(SignedNote::to_string).collect();
                fields.insert("keys".to_owned(), json!(keys));
            }
        }
        line.to_string()
    }
}

/// The line of an entry. `leaf` and the parts are written byte for byte as they are hashed.
pub fn write_entry(at: u64, leaf: &str, parts: &[Part], proof: Option<&[Hash]>) -> String {
    let mut line = format!("{{\"at\":{at},\"leaf\":{leaf}");
    if !parts.is_empty() {
        let _ = write!(line, ",\"parts\":{}", write_parts(parts));
    }
    if let Some(proof) = proof {
        let _ = write!(line, ",\"proof\":{}", Value::from(texts(proof)));
    }
    line.push('}');
    line
}

/// `{"user":{"nonce":"…","body":…}}`
pub(super) fn write_parts(parts: &[Part]) -> String {
    let one = |part: &Part| {
        let body = String::from_utf8_lossy(part.bytes()).into_owned();
        format!("\"{}\":{{\"nonce\":\"{}\",\"body\":{body}}}", part.kind, Hash::new(part.nonce))
    };
    format!("{{{}}}", parts.iter().map(one).collect::<Vec<_>>().join(","))
}

/// The line of an entry outside the perimeter.
pub fn write_hash(at: u64, hash: &Hash) -> String {
    format!("{{\"at\":{at},\"hash\":\"{hash}\"}}")
}

/// The line of a signed head.
pub fn write_checkpoint(note: &str) -> String {
    json!({ "checkpoint": note }).to_string()
}

/// The last line.
pub fn write_end(end: u64) -> String {
    format!("{{\"end\":{end}}}")
}
