//! What the entries say, held together: each mandate's story in its own order, who was at work, what may be only
//! once. Remembers live mandates, structures, people and cards; what must be compared over the whole log is sorted
//! on disk.
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;

use super::facts;
use super::fault::{Fault, Place, Wrong};
use super::mandate::Mandate;
use super::spill::{Spill, bytes, words};
use super::standing::{Act, Standing, WINDOW};
use crate::domain::ids::{CardId, EntryId, MandateId};
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::Kind;

/// A mandate being told. Its entries may lie in the log in another order than its own, within a small window.
#[derive(Default)]
struct Story {
    /// Absent while its first entry has not been met, and for what comes after the end of a mandate forgotten.
    mandate: Option<Mandate>,
    /// The last number of its sequence that was applied.
    last: i64,
    waiting: BTreeMap<i64, (Box<Leaf>, Place)>,
}

pub(super) struct Meaning {
    standing: Standing,
    stories: HashMap<MandateId, Story>,
    /// (when it is due, mandate, number) of entries that wait for one before them.
    late: VecDeque<(u64, MandateId, i64)>,
    /// Acts to be judged once everything of their instant has been met.
    acts: VecDeque<(u64, Act)>,
    /// Entries met so far.
    met: u64,
    /// What may be only once: ids of entries, codes of cards, nonces.
    unique: Spill<5>,
    /// Mandates forgotten, and the entries that came after.
    after: Spill<5>,
    found: Vec<Fault>,
}

const ENTRY: u8 = 1;
const CODE: u8 = 2;
const NONCE: u8 = 3;

impl Meaning {
    pub(super) fn new(scratch: &Path) -> Self {
        Self {
            standing: Standing::default(),
            stories: HashMap::new(),
            late: VecDeque::new(),
            acts: VecDeque::new(),
            met: 0,
            unique: Spill::new(scratch),
            after: Spill::new(scratch),
            found: Vec::new(),
        }
    }

    /// What was found wrong since it was last asked.
    pub(super) fn found(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.found)
    }

    fn blame(&mut self, place: Place, what: Wrong) {
        self.found.push(Fault { place, what });
    }

    /// A nonce must have been drawn for one part only.
    pub(super) fn nonce(&mut self, nonce: &[u8; 32], line: u64) -> io::Result<()> {
        let mut key = *nonce;
        key[0] = NONCE;
        self.unique.push(record(&key, line))
    }

    /// Takes in the next entry of the log.
    pub(super) fn take(&mut self, leaf: Box<Leaf>, at: u64, place: Place) -> io::Result<()> {
        self.met += 1;
        self.unique.push(record(&key(ENTRY, leaf.id.as_bytes(), 0), place.line))?;
        let done = leaf.outcome == Outcome::Done;
        if done && let (Some(card), Some(step)) = (leaf.card, facts::integer(&leaf, "step")) {
            self.unique.push(record(&key(CODE, card.as_bytes(), step), place.line))?;
        }
        if done {
            self.standing.apply(&leaf, at);
        }
        if let (Some(id), Some(seq)) = (leaf.mandate, leaf.seq) {
            self.tell(id, seq, leaf, place)?;
        }
        while self.late.front().is_some_and(|(due, ..)| *due <= self.met) {
            self.give_up_waiting()?;
        }
        while self.acts.front().is_some_and(|(due, _)| *due <= self.met) {
            self.judge();
        }
        Ok(())
    }

    fn tell(&mut self, id: MandateId, seq: i64, leaf: Box<Leaf>, place: Place) -> io::Result<()> {
        let story = self.stories.entry(id).or_default();
        if seq <= story.last || story.waiting.contains_key(&seq) {
            self.blame(place, Wrong::SequenceTwice { mandate: id, seq });
            return Ok(());
        }
        if seq > story.last + 1 {
            story.waiting.insert(seq, (leaf, place));
            self.late.push_back((self.met + WINDOW, id, seq));
            return Ok(());
        }
        self.go_on(id, Some((leaf, place)))
    }

    /// Applies the next entry, if it is at hand, and what no longer waits after it.
    fn go_on(&mut self, id: MandateId, mut next: Option<(Box<Leaf>, Place)>) -> io::Result<()> {
        let Some(story) = self.stories.get_mut(&id) else { return Ok(()) };
        while let Some((leaf, place)) = next.take().or_else(|| story.waiting.remove(&(story.last + 1))) {
            story.last += 1;
            let mut wrong = match &mut story.mandate {
                Some(mandate) => mandate.apply(&leaf),
                none => {
                    let (mandate, wrong) = Mandate::begin(&leaf, id);
                    *none = Some(mandate);
                    wrong
                }
            };
            let doing = story.mandate.as_ref().and_then(|mandate| {
                let structure = leaf.structure.or(mandate.structure());
                Some((mandate.doing(&leaf).filter(|_| leaf.outcome == Outcome::Done)?, structure))
            });
            let kind = leaf.kind;
            if let Some((doing, structure)) = doing {
                match (doing.aidant, structure) {
                    (Some(aidant), Some(structure)) => self.acts.push_back((
                        self.met + WINDOW,
                        Act {
                            place,
                            at: place.at.unwrap_or_default(),
                            kind,
                            time: leaf.time,
                            aidant,
                            structure,
                            card: doing.card,
                            domains: doing.domains,
                        },
                    )),
                    _ => wrong.push(Wrong::Incomplete { kind, missing: "aidant and structure" }),
                }
            }
            self.found.extend(wrong.into_iter().map(|what| Fault { place, what }));
        }
        if story.waiting.is_empty() && story.mandate.as_ref().is_some_and(Mandate::is_over) {
            let key = after_key(id, &After { forgotten: true, seq: story.last, kind: None, at: 0 });
            self.stories.remove(&id);
            self.after.push(record(&key, 0))?;
        }
        Ok(())
    }

    /// An entry has waited long enough for the one before it.
    fn give_up_waiting(&mut self) -> io::Result<()> {
        let Some((_, id, seq)) = self.late.pop_front() else { return Ok(()) };
        let Some(story) = self.stories.get_mut(&id) else { return Ok(()) };
        if !story.waiting.contains_key(&seq) {
            return Ok(());
        }
        if story.mandate.is_none() {
            // Its beginning lies before, in a story already forgotten, or was never told: known at the end.
            let waiting = std::mem::take(&mut story.waiting);
            self.stories.remove(&id);
            for (seq, (leaf, place)) in waiting {
                let kind = (leaf.outcome == Outcome::Done).then_some(leaf.kind);
                let after = After { forgotten: false, seq, kind, at: place.at.unwrap_or_default() };
                self.after.push(record(&after_key(id, &after), place.line))?;
            }
            return Ok(());
        }
        let missing = story.last + 1;
        if let Some((first, (_, place))) = story.waiting.first_key_value() {
            let place = *place;
            story.last = first - 1;
            self.blame(place, Wrong::Gap { mandate: id, missing });
        }
        self.go_on(id, None)
    }

    fn judge(&mut self) {
        if let Some((_, act)) = self.acts.pop_front() {
            let wrong = self.standing.judge(&act);
            self.found.extend(wrong.into_iter().map(|what| Fault { place: act.place, what }));
        }
    }

    /// Everything has been met: what still waits, and what is compared over the whole log.
    pub(super) fn finish(mut self) -> io::Result<Vec<Fault>> {
        while !self.late.is_empty() {
            self.give_up_waiting()?;
        }
        while !self.acts.is_empty() {
            self.judge();
        }
        let mut found = self.found;
        let mut before: Option<([u64; 4], u64)> = None;
        self.unique.sorted(|[a, b, c, d, line]| match (before, [a, b, c, d]) {
            (Some((same, first)), key) if same == key => {
                found.push(Fault { place: Place { line, at: None }, what: twice(&bytes(&key), first) });
            }
            (_, key) => before = Some((key, line)),
        })?;
        let mut story: Option<(MandateId, i64)> = None;
        self.after.sorted(|[a, b, c, d, line]| {
            let (mandate, after) = read_after(&bytes(&[a, b, c, d]));
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
            found.extend(wrong.into_iter().chain(late).map(|what| Fault { place, what }));
            story = Some((mandate, last.map_or(seq, |last| last.max(seq))));
        })?;
        Ok(found)
    }
}

/// Whether an act of this kind needs a mandate in force.
fn needs_mandate(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::MandateConsentGiven
            | Kind::MandateSigned
            | Kind::UseOpened
            | Kind::UseContinued
            | Kind::CodeRedeemed
            | Kind::UserinfoGiven
            | Kind::CheckGiven
            | Kind::ActionReported
            | Kind::UseEnded
            | Kind::GrantRevoked
            | Kind::GrantReplaced
    )
}

/// A key, and the number of the line it comes from.
fn record(key: &[u8; 32], line: u64) -> [u64; 5] {
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
    let id = uuid::Uuid::from_bytes(id);
    match key[0] {
        ENTRY => Wrong::Twice { id: EntryId::from_uuid(id), first },
        CODE => Wrong::CodeTwice { card: CardId::from_uuid(id), step: i64::from_be_bytes(number), first },
        _ => Wrong::Nonce { first },
    }
}

/// An entry of a mandate already forgotten, or the mark of its being forgotten, which sorts first.
struct After {
    forgotten: bool,
    seq: i64,
    /// Of an act that was done.
    kind: Option<Kind>,
    at: u64,
}

fn after_key(mandate: MandateId, after: &After) -> [u8; 32] {
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

fn read_after(key: &[u8; 32]) -> (MandateId, After) {
    let (mut id, mut seq, mut at) = ([0; 16], [0; 8], [0; 8]);
    id.copy_from_slice(&key[..16]);
    seq.copy_from_slice(&key[17..25]);
    at[2..].copy_from_slice(&key[26..]);
    let kind = usize::from(key[25]).checked_sub(1).and_then(|number| Kind::ALL.get(number).copied());
    let after =
        After { forgotten: key[16] == 0, seq: i64::from_be_bytes(seq), kind, at: u64::from_be_bytes(at) };
    (MandateId::from_uuid(uuid::Uuid::from_bytes(id)), after)
}
