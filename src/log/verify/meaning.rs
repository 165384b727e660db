//! What the entries say, held together: each mandate's story in its own order, who was at work, what may be only
//! once. Remembers live mandates, structures, people and cards; what must be compared over the whole log is sorted
//! on disk.
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::path::Path;

use super::after::Afters;
use super::facts;
use super::fault::{Fault, Place, Wrong};
use super::mandate::Mandate;
use super::once::Once;
use super::standing::{Act, Standing};
use super::turns::{SKEW, WINDOW, When};
use crate::domain::ids::{MandateId, StructureId};
use crate::domain::time::Timestamp;
use crate::log::entry::{Leaf, Outcome};
use crate::log::kind::Kind;
use crate::log::pseudonym::Pseudonym;

/// A mandate being told. Its entries may lie in the log in another order than its own, within a small window.
#[derive(Default)]
struct Story {
    /// Absent while its first entry has not been met, and for what comes after the end of a mandate forgotten.
    mandate: Option<Mandate>,
    /// The last number of its sequence that was applied.
    last: i64,
    waiting: BTreeMap<i64, (Box<Leaf>, Place)>,
}

/// Two mandates that seem to have a live grant each where only one may: the later entry may say that it replaces.
struct Pair {
    due: u64,
    place: Place,
    signed: (MandateId, Timestamp),
    other: MandateId,
}

pub(super) struct Meaning {
    standing: Standing,
    stories: HashMap<MandateId, Story>,
    /// (when it is due, mandate, number) of entries that wait for one before them.
    late: VecDeque<(u64, MandateId, i64)>,
    /// Acts to be judged once everything of their instant has been met.
    acts: VecDeque<(u64, Act)>,
    /// The mandates of a user with a structure that are signed and not over, and those to be compared.
    signed: HashMap<(StructureId, Pseudonym), Vec<MandateId>>,
    pairs: VecDeque<Pair>,
    /// Entries met so far.
    met: u64,
    /// The last place met, and the latest time up to there.
    latest: Option<(u64, Timestamp)>,
    once: Once,
    after: Afters,
    found: Vec<Fault>,
}

/// A user has no more mandates with one structure at a time: one in each domain.
const AT_ONCE: usize = 64;
/// What one transaction wrote stands within so many entries: the last of it may lie beyond the end of the bundle.
const TOGETHER: u64 = 64;

impl Meaning {
    pub(super) fn new(scratch: &Path) -> Self {
        Self {
            standing: Standing::default(),
            stories: HashMap::new(),
            late: VecDeque::new(),
            acts: VecDeque::new(),
            signed: HashMap::new(),
            pairs: VecDeque::new(),
            met: 0,
            latest: None,
            once: Once::new(scratch),
            after: Afters::new(scratch),
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
        self.once.nonce(nonce, line)
    }

    /// Takes in the next entry of the log.
    pub(super) fn take(&mut self, leaf: Box<Leaf>, at: u64, place: Place) -> io::Result<()> {
        self.met += 1;
        self.once.entry(leaf.id, place.line)?;
        match self.latest {
            // What is told from before a range may come in any order.
            Some((before, _)) if at < before => {}
            latest => self.latest = Some((at, latest.map_or(leaf.time, |(_, latest)| latest.max(leaf.time)))),
        }
        let done = leaf.outcome == Outcome::Done;
        if done && let (Some(card), Some(step)) = (leaf.card, facts::integer(&leaf, "step")) {
            self.once.code(card, step, place.line)?;
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
        while self.pairs.front().is_some_and(|pair| pair.due <= self.met) {
            self.compare();
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
        let mut signed = None;
        while let Some((leaf, place)) = next.take().or_else(|| story.waiting.remove(&(story.last + 1))) {
            story.last += 1;
            let (mandate, mut wrong) = match &mut story.mandate {
                Some(mandate) => {
                    let wrong = mandate.apply(&leaf);
                    (mandate, wrong)
                }
                none => {
                    self.once.beginning(id, place.line)?;
                    let (mandate, wrong) = Mandate::begin(&leaf, id);
                    (none.insert(mandate), wrong)
                }
            };
            if leaf.outcome == Outcome::Done {
                match act(mandate, &leaf, place, self.latest) {
                    Ok(act) => self.acts.extend(act.map(|act| (self.met + WINDOW, act))),
                    Err(incomplete) => wrong.push(incomplete),
                }
                signed = signed.or((leaf.kind == Kind::MandateSigned).then_some((place, leaf.time)));
            }
            self.found.extend(wrong.into_iter().map(|what| Fault { place, what }));
        }
        let over = story.waiting.is_empty() && story.mandate.as_ref().is_some_and(Mandate::is_over);
        if let Some((place, time)) = signed {
            self.pair(id, place, time);
        }
        if over { self.forget(id) } else { Ok(()) }
    }

    /// Nothing that is to come can be right about a mandate that is over.
    fn forget(&mut self, id: MandateId) -> io::Result<()> {
        let Some(story) = self.stories.remove(&id) else { return Ok(()) };
        if let Some(parties) = story.mandate.as_ref().and_then(Mandate::parties)
            && let Some(signed) = self.signed.get_mut(&parties)
        {
            signed.retain(|one| *one != id);
            if signed.is_empty() {
                self.signed.remove(&parties);
            }
        }
        self.after.forgotten(id, story.last)
    }

    fn mandate(&self, id: MandateId) -> Option<&Mandate> {
        self.stories.get(&id).and_then(|story| story.mandate.as_ref())
    }

    /// A mandate was signed: those of the same user with the same structure must leave it its domains.
    fn pair(&mut self, id: MandateId, place: Place, time: Timestamp) {
        let Some(parties) = self.mandate(id).and_then(Mandate::parties) else { return };
        let before = self.signed.entry(parties).or_default();
        if before.contains(&id) {
            return;
        }
        let (due, signed) = (self.met + WINDOW, (id, time));
        self.pairs.extend(before.iter().rev().take(AT_ONCE).map(|other| Pair {
            due,
            place,
            signed,
            other: *other,
        }));
        before.push(id);
    }

    /// Everything that was written with a signature has been met: two live grants in one domain are one too many.
    fn compare(&mut self) {
        let Some(Pair { place, signed: (mandate, time), other, .. }) = self.pairs.pop_front() else { return };
        let both = self.mandate(mandate).zip(self.mandate(other));
        if let Some(domain) = both.and_then(|(one, other)| one.overlaps(other, time)).cloned() {
            self.blame(place, Wrong::TwoGrants { mandate, other, domain });
        }
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
                self.after.entry(id, seq, &leaf, place)?;
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
    pub(super) fn finish(mut self, blame: &mut dyn FnMut(Fault)) -> io::Result<()> {
        while !self.late.is_empty() {
            self.give_up_waiting()?;
            self.found().into_iter().for_each(&mut *blame);
        }
        while !self.acts.is_empty() {
            self.judge();
            self.found().into_iter().for_each(&mut *blame);
        }
        let known = self.met + WINDOW - TOGETHER;
        while self.pairs.front().is_some_and(|pair| pair.due <= known) {
            self.compare();
            self.found().into_iter().for_each(&mut *blame);
        }
        self.once.finish(blame)?;
        self.after.finish(blame)
    }
}

/// What was done at the desk by this entry, if it was; what it does not say.
fn act(
    mandate: &Mandate,
    leaf: &Leaf,
    place: Place,
    latest: Option<(u64, Timestamp)>,
) -> Result<Option<Act>, Wrong> {
    let Some(doing) = mandate.doing(leaf) else { return Ok(None) };
    let kind = leaf.kind;
    let (Some(aidant), Some(structure)) = (doing.aidant, leaf.structure.or(mandate.structure())) else {
        return Err(Wrong::Incomplete { kind, missing: "aidant and structure" });
    };
    let not_before = latest.map_or(leaf.time, |(_, latest)| leaf.time.max(latest - SKEW));
    let when = When { at: place.at.unwrap_or_default(), time: leaf.time, not_before };
    Ok(Some(Act { place, kind, when, aidant, structure, card: doing.card, domains: doing.domains }))
}
