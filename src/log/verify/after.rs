//! Mandates forgotten because nothing can be done under them any more, and the entries that came after: sorted on disk
//! and held against each other at the end.
use std::io;
use std::path::Path;

use super::fault::{Fault, Place, Wrong};
use super::once::record;
use super::spill::{Spill, bytes};
use crate::domain::ids::MandateId;
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::Kind;

pub(super) struct Afters(Spill<5>);

impl Afters {
    pub(super) fn new(scratch: &Path) -> Self {
        Self(Spill::new(scratch))
    }

    /// A mandate is forgotten after this number of its sequence.
    pub(super) fn forgotten(&mut self, mandate: MandateId, seq: i64) -> io::Result<()> {
        self.0.push(record(&write(mandate, &After { forgotten: true, seq, kind: None, at: 0 }), 0))
    }

    /// An entry whose mandate is not known, or no longer.
    pub(super) fn entry(
        &mut self,
        mandate: MandateId,
        seq: i64,
        leaf: &Leaf,
        place: Place,
    ) -> io::Result<()> {
        let kind = (leaf.outcome == Outcome::Done).then_some(leaf.kind);
        let after = After { forgotten: false, seq, kind, at: place.at.unwrap_or_default() };
        self.0.push(record(&write(mandate, &after), place.line))
    }

    pub(super) fn finish(self, blame: &mut dyn FnMut(Fault)) -> io::Result<()> {
        let mut story: Option<(MandateId, i64)> = None;
        self.0.sorted(|[a, b, c, d, line]| {
            let (mandate, after) = read(&bytes(&[a, b, c, d]));
            let last = story.filter(|(same, _)| *same == mandate).map(|(_, last)| last);
            let place = Place { line, at: Some(after.at) };
            let seq = after.seq;
            let wrong = match last {
                _ if after.forgotten => None,
                None => Some(Wrong::Gap { mandate, missing: 1 }),
                Some(last) if seq <= last => Some(Wrong::SequenceTwice { mandate, seq }),
                Some(last) if seq > last + 1 => Some(Wrong::Gap { mandate, missing: last + 1 }),
                Some(_) => None,
            };
            let late = after.kind.filter(|kind| last.is_some() && needs_mandate(*kind));
            let late = late.map(|kind| Wrong::AfterMandate { mandate, kind });
            wrong.into_iter().chain(late).for_each(|what| blame(Fault { place, what }));
            story = Some((mandate, last.map_or(seq, |last| last.max(seq))));
        })
    }
}

/// Whether an act of this kind can only be done before the mandate has ended: every kind that is part of its life.
fn needs_mandate(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::MandateProposed
            | Kind::MandateIdentified
            | Kind::MandateConsentGiven
            | Kind::MandateConsentRefused
            | Kind::MandateSigned
            | Kind::MandateAbandoned
            | Kind::MandateLapsed
            | Kind::MandateExpired
            | Kind::MandateReplaced
            | Kind::MandateRevoked
            | Kind::MandateRenounced
            | Kind::MandateClosed
            | Kind::MandateSuspended
            | Kind::MandateResumed
            | Kind::GrantRevoked
            | Kind::GrantReplaced
            | Kind::UseOpened
            | Kind::UseContinued
            | Kind::UseEnded
            | Kind::CodeRedeemed
            | Kind::TokenRefreshed
            | Kind::UserinfoGiven
            | Kind::CheckGiven
            | Kind::ActionReported
    )
}

/// An entry of a mandate already forgotten, or the mark of its being forgotten, which sorts first.
struct After {
    forgotten: bool,
    seq: i64,
    /// Of an act that was done.
    kind: Option<Kind>,
    at: u64,
}

fn write(mandate: MandateId, after: &After) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(mandate.as_bytes().get(..16).unwrap_or(&[0; 16]));
    key[16] = u8::from(!after.forgotten);
    key[17..25].copy_from_slice(&after.seq.to_be_bytes());
    let number = after.kind.and_then(|kind| Kind::ALL.iter().position(|known| *known == kind));
    key[25] = number.and_then(|number| u8::try_from(number + 1).ok()).unwrap_or(0);
    // Places beyond 2^48 are not met.
    key[26..].copy_from_slice(&after.at.to_be_bytes()[2..]);
    key
}

fn read(key: &[u8; 32]) -> (MandateId, After) {
    let (mut id, mut seq, mut at) = ([0; 16], [0; 8], [0; 8]);
    id.copy_from_slice(&key[..16]);
    seq.copy_from_slice(&key[17..25]);
    at[2..].copy_from_slice(&key[26..]);
    let kind = usize::from(key[25]).checked_sub(1).and_then(|number| Kind::ALL.get(number).copied());
    let after =
        After { forgotten: key[16] == 0, seq: i64::from_be_bytes(seq), kind, at: u64::from_be_bytes(at) };
    (MandateId::from_uuid(uuid::Uuid::from_bytes(id)), after)
}
