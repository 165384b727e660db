//! What a verification can find wrong: each thing in its own words, with its place.
use std::fmt;

use time::Date;

use crate::domain::ids::{CardId, EntryId, GrantId, MandateId, StructureId, UseId};
use crate::domain::time::Timestamp;
use crate::log::bundle::BadLine;
use crate::log::checkpoint::CheckpointError;
use crate::log::cosignature::CosignatureError;
use crate::log::entry::LeafError;
use crate::log::epoch::SuccessionError;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::log::token::Token;

/// Addresses and browsers are kept for this many days.
pub const KEPT_DAYS: i64 = 365;

/// Where something is wrong: the line of the file, and the place in the log when the line is of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From 1; 0 when it is the whole file.
    pub line: u64,
    pub at: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.at) {
            (0, _) => f.write_str("the file"),
            (line, None) => write!(f, "line {line}"),
            (line, Some(at)) => write!(f, "line {line} (entry {at})"),
        }
    }
}

/// One thing found wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub place: Place,
    pub what: Wrong,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// What is wrong. The first group is about the file and the tree; the second about what the entries say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("the line cannot be read: {0}")]
    Line(#[from] BadLine),
    #[error("the file does not begin with the header of a bundle")]
    NoHeader,
    #[error("a second header: two bundles were joined")]
    SecondHeader,
    #[error("the file is cut short: it ends at entry {found} and should reach {wanted}")]
    CutShort { found: u64, wanted: u64 },
    #[error("something follows the end of the bundle")]
    AfterEnd,
    #[error("the entry stands behind its hash in a bundle that names no perimeter: what it says is hidden")]
    Hidden,
    #[error(
        "a part is shown in a bundle that says that no parts were asked for: the others must be there too, or have been erased"
    )]
    PartShown,
    #[error("no key of the log was given: nothing can be believed")]
    NoKey,
    #[error(
        "this is of the log {found}, and the keys you trust are of {trusted}: another deployment's file, or key"
    )]
    OtherLog { found: Token, trusted: String },
    #[error("entries {from} to {until} are missing")]
    Missing { from: u64, until: u64 },
    #[error("an entry out of its place: entry {wanted} was awaited (entries swapped, repeated or added)")]
    OutOfOrder { wanted: u64 },
    #[error("this head is not one of this log, signed with a key you trust: {0}")]
    Head(CheckpointError),
    #[error(
        "this head covers {size} entries but stands after entry {after}: entries were added or taken out"
    )]
    HeadPlace { size: u64, after: u64 },
    #[error(
        "the entries from {since} to {size} are not those the log signed at this head: at least one was changed"
    )]
    Root { since: u64, size: u64 },
    #[error("the edge of the tree at entry {0} is not made of the hashes its size requires")]
    Edge(u64),
    #[error(
        "the head that proves this bundle is that of {size} entries, older than the one of {seen} you hold: the log was cut back"
    )]
    Older { size: u64, seen: u64 },
    #[error(
        "the head that proves this bundle is of epoch {found} of the log, older than epoch {seen} of the one you hold: the log was set back"
    )]
    OlderEpoch { found: u32, seen: u32 },
    #[error(
        "the log no longer contains what it signed at the head of {0} entries that you hold: history was rewritten"
    )]
    Forked(u64),
    #[error(
        "the bundle begins at entry {first}, after the head of {seen} entries that you hold: nothing ties them; ask for one from there"
    )]
    Untied { first: u64, seen: u64 },
    #[error(
        "a head of {size} entries is of epoch {found} of the log, where the log is in epoch {wanted}: two histories are mixed"
    )]
    Epoch { size: u64, found: u32, wanted: u32 },
    #[error("the entry by which the log was recovered is not right: {0}")]
    Recovery(&'static str),
    #[error(
        "the log was recovered as if its last head had covered {known} entries, but you hold one of {seen}: signed entries were hidden"
    )]
    Forgotten { seen: u64, known: u64 },
    #[error("a key of the log is not introduced as it must be: {0}")]
    Succession(SuccessionError),
    #[error("a key of the log was introduced without an entry that says so")]
    SuccessionUnlogged,
    #[error("only {found} of the {wanted} witnesses required vouch for the head")]
    Quorum { found: usize, wanted: usize },
    #[error("the witnesses that vouch for the head are not those that the policy wants")]
    Policy,
    #[error("{0}")]
    Witness(CosignatureError),
    #[error("{name} vouched for this head at {at}, before {since}: too long ago to count")]
    Stale { name: Token, at: Timestamp, since: Timestamp },
    #[error("an entry from before the range without a proof that it is in the log")]
    NoProof,
    #[error("the proof does not place this entry in the log: {0}")]
    Proof(crate::log::proof::ProofError),
    #[error("the promise of {time} was broken: its entry is not in the log, which has gone past its delay")]
    PromiseBroken { time: Timestamp },
    #[error("the promise is not one of this log: {0}")]
    PromiseForeign(String),

    #[error("the entry is not what it claims to be: {0}")]
    Leaf(LeafError),
    #[error("the entry belongs to another log, {0}")]
    Foreign(Token),
    #[error("the part «{0}» does not open the commitment in its entry: its content was changed")]
    Part(PartKind),
    #[error("the part «{0}» is missing, and no entry up to this head says that it was erased")]
    Unjustified(PartKind),
    #[error("the part «{0}» is shown, but an entry says that it was erased")]
    ErasedAndShown(PartKind),
    #[error("data were erased for «{0}», which is no reason there is: request, order or retention")]
    ErasureReason(Token),
    #[error(
        "addresses and browsers of before {before} were erased at {time}, less than {KEPT_DAYS} days after"
    )]
    ErasedYoung { before: Timestamp, time: Timestamp },
    #[error("data were erased while a legal hold stood")]
    ErasedUnderHold,
    #[error("the entry has no part «{0}»: it was brought from elsewhere")]
    NoSuchPart(PartKind),
    #[error("the entry {id} is there twice, first at line {first}")]
    Twice { id: EntryId, first: u64 },
    #[error("the nonce of a part was used before, at line {first}: two secrets were not drawn independently")]
    Nonce { first: u64 },
    #[error("the code of card {card} for time step {step} was used twice, first at line {first}")]
    CodeTwice { card: CardId, step: i64, first: u64 },

    #[error(
        "mandate {mandate}: number {missing} of its own sequence is missing, an entry was taken out or never written"
    )]
    Gap { mandate: MandateId, missing: i64 },
    #[error("mandate {mandate}: number {seq} of its own sequence comes twice")]
    SequenceTwice { mandate: MandateId, seq: i64 },
    #[error("mandate {mandate}: {kind} cannot follow what happened before ({why})")]
    Order { mandate: MandateId, kind: Kind, why: &'static str },
    #[error("mandate {mandate}: {kind} after its end")]
    AfterMandate { mandate: MandateId, kind: Kind },
    #[error("mandate {mandate}: {kind} at {time}, outside its validity, which ends at {end}")]
    Validity { mandate: MandateId, kind: Kind, time: Timestamp, end: Timestamp },
    #[error("mandate {mandate}: signed without the consent it must rest on ({why})")]
    Consent { mandate: MandateId, why: &'static str },
    #[error("mandate {mandate}: {kind} in the domain «{domain}», which was not granted")]
    NotGranted { mandate: MandateId, kind: Kind, domain: Token },
    #[error("mandate {mandate}: {kind} under the grant {grant}, which had ended")]
    GrantOver { mandate: MandateId, kind: Kind, grant: GrantId },
    #[error("mandate {mandate}: {kind} for another person than the one who granted it")]
    OtherUser { mandate: MandateId, kind: Kind },
    #[error("mandate {mandate}: {kind} of use {use_id}, which was not open ({why})")]
    UseOver { mandate: MandateId, kind: Kind, use_id: UseId, why: &'static str },
    #[error("mandate {mandate}: {kind} was not done by the {wanted}, who alone can")]
    ByAnother { mandate: MandateId, kind: Kind, wanted: Role },
    #[error("mandate {mandate}: {kind} of use {use_id} goes beyond what was granted ({why})")]
    Beyond { mandate: MandateId, kind: Kind, use_id: UseId, why: &'static str },
    #[error(
        "mandate {mandate}: signed while the same user's mandate {other} with the same structure had a live grant in the \
        domain «{domain}», which it did not replace"
    )]
    TwoGrants { mandate: MandateId, other: MandateId, domain: Token },
    #[error("mandate {mandate}: a grant for one use was used again")]
    SingleUse { mandate: MandateId },
    #[error(
        "structure {structure}: {day} was counted with {what} = {counted}, but the log shows {found}: lines of that day are \
        missing, or were added"
    )]
    Count { structure: StructureId, day: Date, what: &'static str, counted: i64, found: i64 },
    #[error("structure {structure}: nobody counted the days {from} to {until}: their silence proves nothing")]
    CountMissing { structure: StructureId, from: Date, until: Date },
    #[error("structure {structure}: {day} was counted again, or after a later day")]
    CountTwice { structure: StructureId, day: Date },
    #[error("structure {structure}: what was counted as {day} is not that day ({why})")]
    CountSpan { structure: StructureId, day: Date, why: &'static str },
    #[error("{kind} does not say its {missing}")]
    Incomplete { kind: Kind, missing: &'static str },

    #[error("{kind} by somebody who was not at work for structure {structure} then ({why})")]
    NotAtWork { kind: Kind, structure: StructureId, why: &'static str },
    #[error("{kind} for structure {structure}, which was not habilitated then ({why})")]
    NotHabilitated { kind: Kind, structure: StructureId, why: &'static str },
    #[error("{kind} with card {card}, which was not the actor's active card then ({why})")]
    Card { kind: Kind, card: CardId, why: &'static str },
}
