//! The receipt of one entry: the entry itself, the parts its holder may see, and a C2SP tlog-proof that it is in the
//! signed log. One line of JSON, which `log verify` checks without the service.
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::bundle::{BadLine, RawParts, read_parts, write_parts};
use super::checkpoint::Checkpoint;
use super::entry::Leaf;
use super::epoch;
use super::merkle::{Hash, leaf_hash};
use super::note::SignedNote;
use super::part::Part;
use super::proof::check_inclusion;
use super::token::Token;
use super::verify::{Trust, Wrong, check_witnesses, follow, open_head, open_promise};
use crate::domain::time::Timestamp;

const VERSION: u64 = 1;
const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// An entry with its proof.
#[derive(Debug)]
pub struct Receipt<'a> {
    /// The canonical bytes.
    pub leaf: &'a str,
    pub parts: &'a [Part],
    pub index: u64,
    pub path: &'a [Hash],
    pub head: &'a SignedNote,
    /// How each key of the log was succeeded by the next, oldest first: whoever holds an old one follows them.
    pub keys: &'a [SignedNote],
}

/// What a receipt was found to prove.
#[derive(Debug)]
pub struct Proven {
    pub leaf: Leaf,
    pub parts: Vec<Part>,
    pub index: u64,
    /// Which of the promises given are of this entry.
    pub kept: Vec<usize>,
    pub head: Checkpoint,
    pub witnessed: Vec<(Token, Timestamp)>,
}

impl Receipt<'_> {
    /// The proof alone, as other tools read it.
    pub fn proof(&self) -> String {
        let mut text = format!("{PROOF}\nindex {}\n", self.index);
        for hash in self.path {
            let _ = writeln!(text, "{hash}");
        }
        let _ = write!(text, "\n{}", self.head);
        text
    }

    /// One line, without its end.
    pub fn write(&self) -> String {
        let (leaf, parts) = (self.leaf, write_parts(self.parts));
        let mut line = format!(
            "{{\"receipt\":{VERSION},\"leaf\":{leaf},\"parts\":{parts},\"proof\":{}",
            Value::from(self.proof())
        );
        if !self.keys.is_empty() {
            let keys: Vec<String> = self.keys.iter().map(SignedNote::to_string).collect();
            let _ = write!(line, ",\"keys\":{}", Value::from(keys));
        }
        line.push('}');
        line
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'a> {
    receipt: u64,
    #[serde(borrow)]
    leaf: &'a RawValue,
    #[serde(borrow)]
    parts: RawParts<'a>,
    proof: String,
    #[serde(default)]
    keys: Vec<String>,
}

/// Whether this text begins as a receipt does.
pub fn is_receipt(text: &str) -> bool {
    text.starts_with("{\"receipt\":")
}

/// Checks a receipt against the keys its holder trusts.
pub fn verify(text: &str, trust: &Trust) -> Result<Proven, Wrong> {
    let raw: Raw<'_> =
        serde_json::from_str(text).map_err(|error| Wrong::Line(BadLine::Json(error.to_string())))?;
    if raw.receipt != VERSION {
        return Err(BadLine::Version(raw.receipt).into());
    }
    let (index, path, note) = read_proof(&raw.proof).ok_or(BadLine::Field("proof"))?;
    let keys: Vec<SignedNote> = raw
        .keys
        .iter()
        .map(|note| note.parse())
        .collect::<Result<_, _>>()
        .map_err(|_| BadLine::Field("keys"))?;
    let trust = &follow(&keys, trust)?;
    let head = open_head(&note, trust)?;
    let bytes = raw.leaf.get().as_bytes();
    let hash = leaf_hash(bytes);
    check_inclusion(&hash, index, head.size, &head.root, &path).map_err(Wrong::Proof)?;
    let leaf = Leaf::decode(bytes).map_err(Wrong::Leaf)?;
    if !epoch::same_log(&leaf.origin, &head.origin) {
        return Err(Wrong::Foreign(leaf.origin));
    }
    let mut parts = Vec::new();
    for (kind, opened) in read_parts(raw.parts)? {
        let commitment = leaf.parts.get(&kind).ok_or(Wrong::NoSuchPart(kind))?;
        let part = Part::open(kind, opened.nonce, opened.body.as_bytes().to_vec(), commitment);
        parts.push(part.map_err(|_| Wrong::Part(kind))?);
    }
    let mut kept = Vec::new();
    for (number, promise) in trust.promises.iter().enumerate() {
        if open_promise(promise, trust, &leaf.origin)?.leaf == hash {
            kept.push(number);
        }
    }
    let (witnessed, wrong) = check_witnesses(&note, trust);
    if let Some(wrong) = wrong.into_iter().next() {
        return Err(wrong);
    }
    Ok(Proven { leaf, parts, index, kept, head, witnessed })
}

/// Index, path and signed head of a tlog-proof. Its `extra` line proves nothing and is passed over.
fn read_proof(text: &str) -> Option<(u64, Vec<Hash>, SignedNote)> {
    let (proof, note) = text.split_once("\n\n")?;
    let mut lines = proof.split('\n');
    (lines.next()? == PROOF).then_some(())?;
    let mut line = lines.next()?;
    if line.starts_with("extra ") {
        line = lines.next()?;
    }
    let index: u64 = line.strip_prefix("index ")?.parse().ok()?;
    let path = lines.map(str::parse).collect::<Result<_, _>>().ok()?;
    Some((index, path, note.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::ids::{Entropy, EntryId};
    use crate::log::draft::{Draft, People, Stamp};
    use crate::log::kind::{Kind, Role};
    use crate::log::merkle::node_hash;
    use crate::log::note::LogSigner;
    use crate::log::part::PartKind;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(5);
        }
    }

    fn receipt(origin: &str, seed: u8) -> String {
        let signer = LogSigner::from_seed(Token::new(origin).unwrap(), &[seed; 32]).unwrap();
        let draft = Draft::done(Kind::MandateSigned).by_role(Role::Aidant);
        let draft =
            draft.part(PartKind::Actor, json!({ "name": "Alice" })).part(PartKind::User, json!({ "a": 1 }));
        let stamp = Stamp {
            origin: Token::new("log.example").unwrap(),
            id: EntryId::from_uuid(uuid::Uuid::from_u128(1)),
            time: Timestamp::from_unix(1_795_344_000).unwrap(),
            seq: None,
            people: People::default(),
        };
        let (leaf, mut parts) = draft.finish(stamp, &Fixed).unwrap();
        let sibling = leaf_hash(b"before");
        let root = node_hash(&sibling, &leaf.hash());
        let head = Checkpoint { origin: Token::new(origin).unwrap(), size: 2, root }.sign(&signer);
        parts.retain(|part| part.kind == PartKind::Actor);
        let leaf = String::from_utf8(leaf.encode()).unwrap();
        Receipt { leaf: &leaf, parts: &parts, index: 1, path: &[sibling], head: &head, keys: &[] }.write()
    }

    fn trust() -> Trust {
        let signer = LogSigner::from_seed(Token::new("log.example").unwrap(), &[1; 32]).unwrap();
        Trust { keys: vec![signer.key().clone()], ..Trust::default() }
    }

    #[test]
    fn proves_one_entry_and_only_what_it_shows() {
        let text = receipt("log.example", 1);
        assert!(is_receipt(&text));
        let proven = verify(&text, &trust()).unwrap();
        assert_eq!((proven.index, proven.head.size, proven.leaf.kind), (1, 2, Kind::MandateSigned));
        assert_eq!(proven.parts[0].content().unwrap(), json!({ "name": "Alice" }));
        assert_eq!(proven.parts.len(), 1, "the other party's part is not shown");
        let refused = |from: &str, to: &str| {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            verify(&changed, &trust()).unwrap_err()
        };
        assert_eq!(refused("\"name\":\"Alice\"", "\"name\":\"Bob\""), Wrong::Part(PartKind::Actor));
        assert_eq!(
            refused("mandate.signed", "mandate.closed"),
            Wrong::Proof(crate::log::proof::ProofError::Root)
        );
        assert!(matches!(refused("index 1", "index 0"), Wrong::Proof(_)));
        assert!(matches!(refused("\\n2\\n", "\\n3\\n"), Wrong::Head(_)));
        assert_eq!(
            refused("\"parts\":{\"actor\"", "\"parts\":{\"details\""),
            Wrong::NoSuchPart(PartKind::Details)
        );
        assert_eq!(refused("\"receipt\":1", "\"receipt\":2"), BadLine::Version(2).into());
        assert!(matches!(refused("tlog-proof@v1", "tlog-proof@v2"), Wrong::Line(_)));
        assert!(matches!(verify(&receipt("log.example", 2), &trust()), Err(Wrong::Head(_))));
        assert!(matches!(verify(&receipt("other.example", 1), &trust()), Err(Wrong::OtherLog { .. })));
        let asking = Trust { quorum: 1, ..trust() };
        assert_eq!(verify(&text, &asking).unwrap_err(), Wrong::Quorum { found: 0, wanted: 1 });
    }
}
