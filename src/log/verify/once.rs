//! What may be only once in a whole log: ids of entries, codes of cards, nonces, the beginning of a mandate. Sorted on
//! disk, where what is equal is adjacent.
use std::io;
use std::path::Path;

use super::fault::{Fault, Place, Wrong};
use super::spill::{Spill, bytes, words};
use crate::domain::ids::{CardId, EntryId, MandateId};

const ENTRY: u8 = 1;
const CODE: u8 = 2;
const NONCE: u8 = 3;
const BEGINNING: u8 = 4;

pub(super) struct Once(Spill<5>);

impl Once {
    pub(super) fn new(scratch: &Path) -> Self {
        Self(Spill::new(scratch))
    }

    pub(super) fn entry(&mut self, id: EntryId, line: u64) -> io::Result<()> {
        self.0.push(record(&key(ENTRY, id.as_bytes(), 0), line))
    }

    pub(super) fn code(&mut self, card: CardId, step: i64, line: u64) -> io::Result<()> {
        self.0.push(record(&key(CODE, card.as_bytes(), step), line))
    }

    pub(super) fn nonce(&mut self, nonce: &[u8; 32], line: u64) -> io::Result<()> {
        let mut key = *nonce;
        key[0] = NONCE;
        self.0.push(record(&key, line))
    }

    /// The first entry of a mandate's own sequence.
    pub(super) fn beginning(&mut self, mandate: MandateId, line: u64) -> io::Result<()> {
        self.0.push(record(&key(BEGINNING, mandate.as_bytes(), 1), line))
    }

    pub(super) fn finish(self, blame: &mut dyn FnMut(Fault)) -> io::Result<()> {
        let mut before: Option<([u64; 4], u64)> = None;
        self.0.sorted(|[a, b, c, d, line]| match (before, [a, b, c, d]) {
            (Some((same, first)), key) if same == key => {
                blame(Fault { place: Place { line, at: None }, what: twice(&bytes(&key), first) });
            }
            (_, key) => before = Some((key, line)),
        })
    }
}

/// A key, and the number of the line it comes from.
pub(super) fn record(key: &[u8; 32], line: u64) -> [u64; 5] {
    let [a, b, c, d] = words(key);
    [a, b, c, d, line]
}

fn key(tag: u8, id: &[u8], number: i64) -> [u8; 32] {
    let mut key = [0; 32];
    key[0] = tag;
    key[1..17].copy_from_slice(id.get(..16).unwrap_or(&[0; 16]));
    key[17..25].copy_from_slice(&number.to_be_bytes());
    key
}

fn twice(key: &[u8; 32], first: u64) -> Wrong {
    let (mut id, mut number) = ([0; 16], [0; 8]);
    id.copy_from_slice(&key[1..17]);
    number.copy_from_slice(&key[17..25]);
    let (id, number) = (uuid::Uuid::from_bytes(id), i64::from_be_bytes(number));
    match key[0] {
        ENTRY => Wrong::Twice { id: EntryId::from_uuid(id), first },
        CODE => Wrong::CodeTwice { card: CardId::from_uuid(id), step: number, first },
        BEGINNING => Wrong::SequenceTwice { mandate: MandateId::from_uuid(id), seq: number },
        _ => Wrong::Nonce { first },
    }
}
