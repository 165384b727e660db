//! A small log told truthfully, then every lie about it: each refused in its own words.
use std::collections::BTreeMap;

use serde_json::json;
use time::Duration;
use uuid::Uuid;

use super::*;
use crate::domain::ids::{
    CardId, Entropy, EntryId, GrantId, MandateId, PersonId, ServiceId, StructureId, UseId, UserId,
};
use crate::log::bundle::{Header, write_checkpoint, write_end, write_entry, write_hash};
use crate::log::cosignature::{CosignatureError, cosign};
use crate::log::draft::{Draft, People, Stamp};
use crate::log::entry::Leaf;
use crate::log::kind::{Kind, Role};
use crate::log::merkle::{Frontier, leaf_hash, root_of};
use crate::log::note::{LogSigner, SignedNote};
use crate::log::part::{Part, PartKind};
use crate::log::promise::Promise;
use crate::log::proof;
use crate::log::pseudonym::Pseudonym;

/// A different nonce each time.
struct Drawn(std::sync::atomic::AtomicU64);
impl Entropy for Drawn {
    fn fill(&self, buffer: &mut [u8]) {
        let next = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        buffer.fill(0x11);
        buffer[8..16].copy_from_slice(&next.to_le_bytes());
    }
}

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn signer(name: &str, seed: u8) -> LogSigner {
    LogSigner::from_seed(token(name), &[seed; 32]).unwrap()
}

const ORIGIN: &str = "log.example";

fn structure() -> StructureId {
    StructureId::from_uuid(Uuid::from_u128(1))
}
fn card() -> CardId {
    CardId::from_uuid(Uuid::from_u128(2))
}
fn mandate() -> MandateId {
    MandateId::from_uuid(Uuid::from_u128(3))
}
fn grant(number: u128) -> GrantId {
    GrantId::from_uuid(Uuid::from_u128(40 + number))
}
fn use_id(number: u128) -> UseId {
    UseId::from_uuid(Uuid::from_u128(50 + number))
}
fn service() -> ServiceId {
    ServiceId::from_uuid(Uuid::from_u128(6))
}
fn aidant() -> Pseudonym {
    Pseudonym::from_bytes([7; 32])
}
fn user() -> Pseudonym {
    Pseudonym::from_bytes([8; 32])
}
fn entry_id(number: u64) -> EntryId {
    EntryId::from_uuid(Uuid::from_u128(1000 + u128::from(number)))
}

#[derive(Clone)]
struct Told {
    leaf: Leaf,
    parts: Vec<(PartKind, [u8; 32], String)>,
}

/// A log in the making: one entry a minute.
struct Log {
    told: Vec<Told>,
    now: Timestamp,
    seq: BTreeMap<MandateId, i64>,
    entropy: Drawn,
}

impl Log {
    fn new() -> Self {
        let now = Timestamp::from_unix(1_795_344_000).unwrap();
        Self { told: Vec::new(), now, seq: BTreeMap::new(), entropy: Drawn(1.into()) }
    }

    fn add(&mut self, draft: Draft) -> EntryId {
        self.add_as(draft, &aidant())
    }

    fn add_as(&mut self, draft: Draft, actor: &Pseudonym) -> EntryId {
        self.now = self.now + Duration::minutes(1);
        let id = entry_id(self.told.len() as u64);
        let seq = draft.mandate_id().map(|(mandate, _)| {
            let seq = self.seq.entry(mandate).or_default();
            *seq += 1;
            *seq
        });
        let people = People {
            actor: draft.person_id().map(|_| actor.clone()),
            user: draft.user_named().map(|_| user()),
            about: draft.about_named().map(|_| aidant()),
        };
        let stamp = Stamp { origin: token(ORIGIN), id, time: self.now, seq, people };
        let (leaf, parts) = draft.finish(stamp, &self.entropy).unwrap();
        let parts = parts
            .iter()
            .map(|part| (part.kind, part.nonce, String::from_utf8(part.bytes().to_vec()).unwrap()))
            .collect();
        self.told.push(Told { leaf, parts });
        id
    }

    #[expect(clippy::unused_self, reason = "it is the mandate of this log")]
    fn valid_to(&self) -> Timestamp {
        Timestamp::from_unix(1_795_344_000).unwrap() + Duration::days(30)
    }

    fn bytes(&self) -> Vec<String> {
        self.told.iter().map(|told| String::from_utf8(told.leaf.encode()).unwrap()).collect()
    }

    fn hashes(&self) -> Vec<Hash> {
        self.bytes().iter().map(|leaf| leaf_hash(leaf.as_bytes())).collect()
    }

    fn head(&self, size: usize, signer: &LogSigner) -> SignedNote {
        self.checkpoint(size, signer).sign(signer)
    }

    fn checkpoint(&self, size: usize, signer: &LogSigner) -> Checkpoint {
        Checkpoint {
            origin: signer.origin().clone(),
            size: size as u64,
            root: root_of(&self.hashes()[..size]),
        }
    }

    fn line(&self, at: usize, proof: Option<&[Hash]>) -> String {
        let told = &self.told[at];
        let parts: Vec<Part> = told
            .parts
            .iter()
            .map(|(kind, nonce, body)| {
                Part::open(*kind, *nonce, body.clone().into_bytes(), &told.leaf.parts[kind]).unwrap()
            })
            .collect();
        write_entry(at as u64, std::str::from_utf8(&told.leaf.encode()).unwrap(), &parts, proof)
    }

    /// The bundle of everything, with heads at 5 and at the end.
    fn bundle(&self) -> Vec<String> {
        self.bundle_of(&signer(ORIGIN, 1))
    }

    fn bundle_of(&self, signer: &LogSigner) -> Vec<String> {
        let size = self.told.len();
        let head = self.head(size, signer);
        let header = Header {
            origin: signer.origin().clone(),
            first: 0,
            edge: vec![],
            head: head.clone(),
            perimeter: None,
            keys: vec![],
            parts: true,
        };
        let mut lines = vec![header.write()];
        for at in 0..size {
            lines.push(self.line(at, None));
            if at + 1 == 5 && size != 5 {
                lines.push(write_checkpoint(&self.head(5, signer).to_string()));
            }
        }
        lines.push(write_checkpoint(&head.to_string()));
        lines.push(write_end(size as u64));
        lines
    }

    /// The bundle of the places from `first` on, with all before them as what they rest on.
    fn range(&self, first: usize) -> Vec<String> {
        let (signer, size) = (signer(ORIGIN, 1), self.told.len());
        let mut nodes = BTreeMap::new();
        let mut frontier = Frontier::default();
        for hash in self.hashes() {
            frontier.append_with(hash, |node, hash| _ = nodes.insert(node, hash));
        }
        let read = |node| Ok::<_, proof::ProofError>(nodes[&node]);
        let header = Header {
            origin: token(ORIGIN),
            first: first as u64,
            edge: Frontier::read(first as u64, read).unwrap().peaks().to_vec(),
            head: self.head(size, &signer),
            perimeter: None,
            keys: vec![],
            parts: true,
        };
        let proven = |at| self.line(at, Some(&proof::inclusion(at as u64, size as u64, read).unwrap()));
        let mut lines = vec![header.write()];
        lines.extend((0..first).map(proven));
        lines.extend((first..size).map(|at| self.line(at, None)));
        lines.push(write_end(size as u64));
        lines
    }
}

/// A header that names a perimeter.
fn within(header: &str, structure: StructureId) -> String {
    let Ok(crate::log::bundle::Line::Header(header)) = crate::log::bundle::read(header) else { panic!() };
    Header { perimeter: Some([structure].into()), ..*header }.write()
}

fn person() -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(10))
}

fn trust() -> Trust {
    Trust { keys: vec![signer(ORIGIN, 1).key().clone()], ..Trust::default() }
}

fn report(lines: &[String], trust: &Trust) -> Report {
    let text = lines.join("\n") + if lines.is_empty() { "" } else { "\n" };
    let on =
        |threads| verify_on(threads, text.as_bytes(), trust, &std::env::temp_dir(), &mut |_, _| ()).unwrap();
    let alone = on(1);
    // Every lie of this suite is told to several threads too, and must be found in the same words at the same place.
    assert_eq!(format!("{alone:?}"), format!("{:?}", on(3)));
    alone
}

fn wrongs(lines: &[String]) -> Vec<Wrong> {
    report(lines, &trust()).faults.into_iter().map(|fault| fault.what).collect()
}

/// What a log that was always signed correctly says wrongly.
fn meant(log: &Log) -> Vec<Wrong> {
    wrongs(&log.bundle())
}

mod clocks;
mod counting;
mod entries;
mod erasing;
mod file;
mod hidden;
mod lies;
mod mandates;
mod meaning;
mod trusted;
