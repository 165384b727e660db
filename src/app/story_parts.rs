//! The parts of a story's lines: each that is left must open its commitment, and each that is gone must have been erased
//! by an entry of the log that covers it.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::ids::EntryId;
use crate::log::entry::Outcome;
use crate::log::kind::Kind;
use crate::log::part::PartKind;
use crate::log::verify::{Erased, erased};
use crate::store::action_log::{self, PartRow};
use crate::store::auditor::{self, MandateRow};
use crate::store::{Access, erasure};

use super::App;
use super::log_line::{Fault, Line, open_part};
use super::search_log::AuditError;

/// What is gone of some lines, and the entries that may have erased it.
pub(super) struct Gaps {
    /// What is left.
    pub(super) parts: HashMap<EntryId, Vec<PartRow>>,
    /// Line and kind of each part that its leaf names and that is not there.
    missing: Vec<(EntryId, PartKind)>,
    pub(super) erasures: Vec<Line>,
}

/// Blames each line with a part that does not open its commitment; what is missing is judged once its erasures are
/// checked too, by `settle`.
pub(super) async fn check(
    app: &App,
    tx: &mut impl Access,
    mandate: &MandateRow,
    lines: &mut [Line],
) -> Result<Gaps, AuditError> {
    let numbers = || lines.iter().filter_map(|line| line.sequence);
    let mut parts: HashMap<EntryId, Vec<PartRow>> = HashMap::new();
    if let (Some(first), Some(last)) = (numbers().min(), numbers().max()) {
        for part in action_log::story_parts(tx, mandate.id, first - 1, last).await? {
            parts.entry(part.entry_id).or_default().push(part);
        }
    }
    let mut missing = Vec::new();
    for line in lines.iter_mut() {
        let left = parts.get(&line.id).map_or(&[][..], Vec::as_slice);
        let Some(leaf) = &line.leaf else { continue };
        let is_left = |kind: &PartKind| left.iter().any(|row| row.part == kind.token());
        missing.extend(leaf.parts.keys().filter(|kind| !is_left(kind)).map(|kind| (line.id, *kind)));
        if !left.iter().all(|row| open_part(&app.sealer, row, leaf).is_some()) {
            line.blame(Fault::Part);
        }
    }
    let erasures = erasures(app, tx, lines, &missing).await?;
    Ok(Gaps { parts, missing, erasures })
}

/// The entries that may have erased what is missing: those about its users, and for addresses and browsers the first
/// one whose bound lies after the line.
async fn erasures(
    app: &App,
    tx: &mut impl Access,
    lines: &[Line],
    missing: &[(EntryId, PartKind)],
) -> Result<Vec<Line>, AuditError> {
    let gone: BTreeSet<EntryId> = missing.iter().map(|(id, _)| *id).collect();
    let leaves = lines.iter().filter(|line| gone.contains(&line.id)).filter_map(|line| line.leaf.as_ref());
    let users = leaves.filter_map(|leaf| Some(leaf.user.as_ref()?.bytes().to_vec()));
    let users: Vec<Vec<u8>> = users.collect::<BTreeSet<_>>().into_iter().collect();
    let technical = missing.iter().filter(|(_, kind)| *kind == PartKind::Technical);
    let technical: Vec<EntryId> = technical.map(|(id, _)| *id).collect();
    let mut ids: BTreeSet<EntryId> = erasure::of_users(tx, &users).await?.into_iter().collect();
    ids.extend(erasure::of_technical(tx, &technical).await?);
    let ids: Vec<EntryId> = ids.into_iter().collect();
    let rows = auditor::named(tx, &ids).await?;
    Ok(rows.into_iter().map(|row| Line::read(row, app.log.origin())).collect())
}

impl Gaps {
    /// Blames each line that lacks a part no erasure covers. Gives how many were erased, and the erasures that did it.
    pub(super) fn settle(&self, lines: &mut [Line]) -> (usize, Vec<&Line>) {
        let places: BTreeMap<EntryId, usize> =
            lines.iter().enumerate().map(|(place, line)| (line.id, place)).collect();
        let (mut erased, mut used) = (0, BTreeMap::new());
        for (id, kind) in &self.missing {
            let Some(line) = places.get(id).and_then(|place| lines.get_mut(*place)) else { continue };
            let by: Vec<_> =
                self.erasures.iter().filter(|by| by.fault.is_none() && covers(by, line, *kind)).collect();
            if by.is_empty() {
                line.blame(Fault::Missing);
            } else {
                erased += 1;
            }
            used.extend(by.into_iter().map(|by| (by.id, by)));
        }
        (erased, used.into_values().collect())
    }
}

/// Whether an entry erased a kind of part of a line: the rules are those of the offline verifier.
fn covers(erasure: &Line, line: &Line, kind: PartKind) -> bool {
    let (Some(by), Some(of)) = (&erasure.leaf, &line.leaf) else { return false };
    if by.kind != Kind::DataErased || by.outcome != Outcome::Done {
        return false;
    }
    match erased(by) {
        Ok(Erased::Before(before)) => kind == PartKind::Technical && of.time < before,
        Ok(Erased::OfUser(user, kinds)) => {
            let comes_after = match (erasure.index, line.index) {
                (Some(by), Some(of)) => by > of,
                _ => erasure.id > line.id,
            };
            let is_theirs = match kind {
                PartKind::User | PartKind::Details => true,
                // Somebody else's address, where somebody else acted.
                PartKind::Technical => of.actor.as_ref().is_none_or(|actor| actor.pseudonym.is_none()),
                PartKind::Actor => false,
            };
            comes_after && is_theirs && of.user.as_ref() == Some(user) && kinds.contains(&kind)
        }
        Err(_) => false,
    }
}
