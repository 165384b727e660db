//! An auditor reads a mandate's whole story, and the service checks it in front of them: every leaf, every
//! part, every place in the signed tree, every number of the mandate's own sequence.
use std::collections::BTreeMap;

use crate::domain::time::Timestamp;
use crate::log::checkpoint::Checkpoint;
use crate::log::draft::Draft;
use crate::log::entry::Fact;
use crate::log::kind::{Kind, Role};
use crate::log::note::SignedNote;
use crate::log::proof::check_inclusion;
use crate::log::token::Token;
pub use crate::store::auditor::DomainRow as Domain;
use crate::store::auditor::{self, MandateRow};
use crate::store::{Access, tree as stored};
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::log_line::{Fault, Line};
use super::outside_perimeter::{self, Tried};
use super::record;
use super::search_log::{AuditError, perimeter};
use super::story_parts::{self, Gaps};
use super::tree;
use super::unmask::{self, Names};

/// Lines on a page of a story: a year of several uses a week is on one.
pub const PAGE: usize = 1_000;

/// A mandate and what the log holds of it.
#[derive(Debug)]
pub struct Story {
    pub mandate: MandateRow,
    pub domains: Vec<Domain>,
    /// Without the line of this very reading.
    pub lines: Vec<Line>,
    /// Whether these are all the lines there are, and not one page of them.
    pub whole: bool,
    pub evidence: Evidence,
    /// Names in sight, if the caller has unmasked them.
    pub names: Names,
    /// The sequence number after which the next page begins, if there is one.
    pub next: Option<i64>,
}

/// The signed head against which the lines were checked.
#[derive(Clone, Debug)]
pub struct Head {
    pub checkpoint: Checkpoint,
    pub signed_at: Timestamp,
}

/// What was computed, and nothing else.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub head: Option<Head>,
    /// The latest head bears no signature of this log.
    pub forged_head: bool,
    /// Lines found unchanged in their place under the signed head.
    pub proven: usize,
    /// Lines that no signed head covers yet.
    pub waiting: usize,
    /// Lines with something wrong.
    pub faulty: usize,
    /// Parts erased since.
    pub erased: usize,
    /// What the log says of it: when, and the code of the reason.
    pub erasures: Vec<(Timestamp, Token)>,
    /// Lines that the mandate's own count says there are, and that are not there.
    pub missing: i64,
}

impl Evidence {
    /// Nothing wrong was found, and nothing waits.
    pub fn is_complete(&self) -> bool {
        self.is_sound() && self.waiting == 0 && self.head.is_some()
    }

    /// Nothing wrong was found.
    pub fn is_sound(&self) -> bool {
        !self.forged_head && self.faulty == 0 && self.missing == 0
    }
}

/// Reads the story of the mandate of this reference, from after the number `after` of its sequence.
pub async fn read(app: &App, who: &SignedIn, reference: &str, after: i64) -> Result<Story, AuditError> {
    let found = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        Ok::<_, AuditError>(auditor::mandate(tx, reference, perimeter_of).await?)
    })?;
    let Some(mandate) = found else {
        outside_perimeter::refuse(app, who, Kind::LogStoryRead, Tried::Mandate(reference)).await?;
        return Err(AuditError::NoMandate);
    };
    // The reading is in the mandate's own story before anything is shown: whoever it is about can see it.
    let reading = Draft::done(Kind::LogStoryRead)
        .by(who.person_id, Role::Auditor)
        .structure(mandate.structure_id)
        .mandate(mandate.id)
        .user_if(mandate.user_id);
    let reading = record::append(app, reading).await?;
    view!(app.store, tx => {
        let mandate = auditor::mandate(tx, reference, None).await?.ok_or(AuditError::NoMandate)?;
        let domains = auditor::domains(tx, mandate.id).await?;
        let mut lines = page(app, tx, &mandate, after).await?;
        let more = lines.len() > PAGE;
        lines.truncate(PAGE);
        let next = if more { lines.last().and_then(|line| line.sequence) } else { None };
        let mut evidence = Evidence::default();
        check_sequence(&mut lines, after);
        if !more {
            let counted = after + i64::try_from(lines.len()).unwrap_or(i64::MAX);
            evidence.missing = (mandate.next_sequence - counted).max(0);
        }
        lines.retain(|line| line.id != reading.id);
        let mut gaps = story_parts::check(app, tx, &mandate, &mut lines).await?;
        check_places(app, tx, &mut lines, &mut gaps.erasures, &mut evidence).await?;
        count(&mut lines, &gaps, &mut evidence);
        let mut names = unmask::of_mandate(app, tx, who, &mandate).await?;
        if names.until.is_some() {
            names.words = unmask::words(app, &gaps.parts, &lines);
        }
        let whole = after == 0 && !more;
        Ok::<_, AuditError>(Story { mandate, domains, lines, whole, evidence, names, next })
    })
}

async fn page(
    app: &App,
    tx: &mut impl Access,
    mandate: &MandateRow,
    after: i64,
) -> Result<Vec<Line>, AuditError> {
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let rows = auditor::story(tx, mandate.id, after, limit).await?;
    Ok(rows.into_iter().map(|row| Line::read(row, app.log.origin())).collect())
}

/// Each line must bear the number after that of the line before.
fn check_sequence(lines: &mut [Line], after: i64) {
    let mut wanted = after + 1;
    for line in lines {
        if line.sequence != Some(wanted) {
            line.blame(Fault::Sequence);
        }
        wanted = line.sequence.unwrap_or(wanted) + 1;
    }
}

/// What is missing of the lines, by which erasures, and how the lines came out.
fn count(lines: &mut [Line], gaps: &Gaps, evidence: &mut Evidence) {
    let (erased, erasures) = gaps.settle(lines);
    let reason = |line: &Line| match line.leaf.as_ref()?.facts.get("reason") {
        Some(Fact::Token(reason)) => Some((line.leaf.as_ref()?.time, reason.clone())),
        _ => None,
    };
    evidence.erased = erased;
    evidence.erasures = erasures.iter().filter_map(|line| reason(line)).collect();
    // An erasure that no head covers yet is not proven either.
    evidence.waiting += erasures.iter().filter(|line| !line.proven).count();
    for line in lines.iter_mut() {
        line.proven &= line.fault.is_none();
    }
    evidence.proven = lines.iter().filter(|line| line.proven).count();
    evidence.faulty = lines.iter().filter(|line| line.fault.is_some()).count();
}

/// Each line under the latest signed head must be proven to be in its place there, and each erasure that they lean on.
async fn check_places(
    app: &App,
    tx: &mut impl Access,
    lines: &mut [Line],
    erasures: &mut [Line],
    evidence: &mut Evidence,
) -> Result<(), AuditError> {
    let head = if let Ok(head) = latest_head(app, tx).await? {
        head
    } else {
        evidence.forged_head = true;
        None
    };
    let Some(head) = head else {
        evidence.waiting = lines.len();
        return Ok(());
    };
    let (size, root) = (head.checkpoint.size, head.checkpoint.root);
    evidence.waiting = lines.iter().filter(|line| line.index.is_none_or(|index| index >= size)).count();
    let mut covered: BTreeMap<u64, Vec<&mut Line>> = BTreeMap::new();
    for line in lines.iter_mut().chain(erasures) {
        if let Some(index) = line.index.filter(|index| *index < size) {
            covered.entry(index).or_default().push(line);
        }
    }
    let indexes: Vec<u64> = covered.keys().copied().collect();
    // Tiles that are missing or torn leave every line they should prove without its proof.
    let paths = match tree::inclusion(tx, &indexes, size).await {
        Ok(paths) => paths.into_iter().map(Some).collect(),
        Err(tree::TreeError::Store(error)) => return Err(error.into()),
        Err(_) => vec![None; indexes.len()],
    };
    for ((index, there), path) in covered.into_iter().zip(paths) {
        for line in there {
            let is_in = |path: &Vec<_>| check_inclusion(&line.hash, index, size, &root, path).is_ok();
            line.proven = path.as_ref().is_some_and(is_in);
            if !line.proven {
                line.blame(Fault::NotInTree);
            }
        }
    }
    evidence.head = Some(head);
    Ok(())
}

/// The latest head does not bear a signature of this log.
struct ForgedHead;

async fn latest_head(
    app: &App,
    tx: &mut impl Access,
) -> Result<Result<Option<Head>, ForgedHead>, AuditError> {
    let Some(row) = stored::latest_checkpoint(tx).await? else { return Ok(Ok(None)) };
    let opened = row.note.parse::<SignedNote>().ok().and_then(|note| {
        let checkpoint = app.log.open_checkpoint(&note).ok()?;
        Some(Head { checkpoint, signed_at: row.signed_at })
    });
    Ok(opened.map(Some).ok_or(ForgedHead))
}
