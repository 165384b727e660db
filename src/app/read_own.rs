//! What the log says to those it is about: the person whose mandates they are, and the structure that acts. The entries
//! are those the auditor reads, by the same search; each side is shown its own.
//!
//! * A **person** sees every use, every action, and who looked at them. Aidants go by pseudonym; auditors and operators by
//!   their role alone, and what they looked for and why stays with them. A legal hold is not told: a court may forbid it.
//! * A **structure** sees its own acts, whoever of its people did them, and what the operator decided about it; not
//!   who reviews it, nor what they looked at.
//!
//! Neither sees the technical parts (addresses, browsers). Reading one's own lines is no entry.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::ids::{EntryId, MandateId, StructureId, UserId};
use crate::domain::mandate::Act;
use crate::log::entry::{Fact, Leaf};
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::store::search::{self, Criteria};
use crate::store::{Access, StoreError, auditor, export};
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::desk::{self, DeskError};
use super::fault::Fault;
use super::log_line::{Line, open_part};
use super::record::{self, Who};

/// Lines on a page.
pub const PAGE: usize = 50;
/// Entries read at once, and how many times for one page: what is not shown is passed over within these bounds.
const CHUNK: usize = 200;
const CHUNKS: usize = 10;

/// A line, and what of its parts its reader may see.
#[derive(Clone, Debug)]
pub struct OwnLine {
    pub line: Line,
    pub parts: BTreeMap<PartKind, Value>,
}

/// A page of lines, newest first; perhaps fewer than a page where others lie between.
#[derive(Clone, Debug)]
pub struct OwnLines {
    pub lines: Vec<OwnLine>,
    /// Where the next page begins, if there is one.
    pub next: Option<EntryId>,
}

/// The lines about a person, for that person: `user` is whoever is signed in in their own space, and nobody else's lines
/// can be asked for.
pub async fn of_user(app: &App, user: UserId, before: Option<EntryId>) -> Result<OwnLines, Fault> {
    view!(app.store, tx => {
        let pseudonym = record::pseudonym(app, tx, Who::User(user)).await?;
        let subject = Some(pseudonym.bytes().to_vec());
        let criteria = Criteria { subject, before, ..Criteria::default() };
        let (lines, next) = read(app, tx, criteria, is_for_the_user).await?;
        Ok::<_, Fault>(OwnLines { lines: opened(app, tx, lines, parts_for_the_user).await?, next }.by_role())
    })
}

/// The lines of a structure, for one of its aidants or referents; for anybody else there is no such structure.
pub async fn of_structure(
    app: &App,
    who: &SignedIn,
    structure: StructureId,
    before: Option<EntryId>,
) -> Result<OwnLines, DeskError> {
    let now = app.now();
    view!(app.store, tx => {
        let facts = desk::standing(tx, structure, who.person_id).await?;
        if facts.member.is_none() {
            return Err(DeskError::NotFound);
        }
        desk::check(&facts, Act::Read { held_by: structure }, now)?;
        let criteria = Criteria { structure_id: Some(structure), before, ..Criteria::default() };
        let (lines, next) = read(app, tx, criteria, is_for_the_structure).await?;
        let lines = opened(app, tx, lines, parts_for_the_structure).await?;
        Ok::<_, DeskError>(OwnLines { lines, next }.by_role())
    })
}

/// What happened to a mandate, for a page of the desk that has checked who asks: what was done, without each reading
/// and each answer to a service.
pub(super) async fn of_mandate(
    app: &App,
    tx: &mut impl Access,
    mandate: MandateId,
    before: Option<EntryId>,
) -> Result<(Vec<Line>, Option<EntryId>), StoreError> {
    let criteria =
        Criteria { mandate_id: Some(mandate), refused: Some(false), before, ..Criteria::default() };
    let keep = |kind: Kind, line: &Line| {
        !matches!(kind, Kind::MandateRead | Kind::UserinfoGiven) && is_for_the_structure(kind, line)
    };
    read(app, tx, criteria, keep).await
}

/// Follows a search until a page is full, and says where the next one begins.
async fn read(
    app: &App,
    tx: &mut impl Access,
    mut criteria: Criteria,
    keep: impl Fn(Kind, &Line) -> bool,
) -> Result<(Vec<Line>, Option<EntryId>), StoreError> {
    let mut lines = Vec::new();
    for _ in 0..CHUNKS {
        let found = search::search(tx, &criteria, CHUNK).await?;
        for row in auditor::named(tx, &found.ids).await? {
            if lines.len() == PAGE {
                return Ok((lines, criteria.before));
            }
            criteria.before = Some(row.entry.id);
            let kind = row.entry.kind.parse::<Kind>();
            let line = Line::read(row, app.log.origin());
            if kind.is_ok_and(|kind| keep(kind, &line)) {
                lines.push(line);
            }
        }
        if found.next.is_none() {
            return Ok((lines, None));
        }
        criteria.before = found.next;
    }
    Ok((lines, criteria.before))
}

/// Somebody looked into the log.
fn is_look(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::LogOpened
            | Kind::LogSearched
            | Kind::LogStoryRead
            | Kind::LogUnmasked
            | Kind::LogAlertReviewed
            | Kind::LogExported
    )
}

fn is_for_the_user(kind: Kind, _: &Line) -> bool {
    !matches!(kind, Kind::HoldPlaced | Kind::HoldLifted)
}

fn is_for_the_structure(kind: Kind, line: &Line) -> bool {
    let of_an_auditor = matches!(kind, Kind::RoleGiven | Kind::RoleWithdrawn)
        && line.leaf.as_ref().is_none_or(|leaf| match leaf.facts.get("roles") {
            Some(Fact::Tokens(roles)) => roles.iter().any(|role| role.as_str() == Role::Auditor.token()),
            _ => false,
        });
    let held = matches!(kind, Kind::HoldPlaced | Kind::HoldLifted);
    !is_look(kind) && !of_an_auditor && !held && kind != Kind::ActivityCounted
}

/// Whether an act is an auditor's or operator's, who are known by their role alone.
fn is_over_them(leaf: &Leaf) -> bool {
    leaf.actor.as_ref().is_some_and(|actor| matches!(actor.role, Role::Auditor | Role::Operator))
}

fn parts_for_the_user(leaf: &Leaf) -> &'static [PartKind] {
    if is_over_them(leaf) { &[] } else { &[PartKind::User, PartKind::Details] }
}

fn parts_for_the_structure(leaf: &Leaf) -> &'static [PartKind] {
    if is_over_them(leaf) { &[] } else { &[PartKind::User, PartKind::Actor, PartKind::Details] }
}

/// The parts of these lines that are left and may be seen.
async fn opened(
    app: &App,
    tx: &mut impl Access,
    lines: Vec<Line>,
    seen: fn(&Leaf) -> &'static [PartKind],
) -> Result<Vec<OwnLine>, StoreError> {
    let ids: Vec<EntryId> = lines.iter().map(|line| line.id).collect();
    let mut own: Vec<OwnLine> =
        lines.into_iter().map(|line| OwnLine { line, parts: BTreeMap::new() }).collect();
    for row in export::parts(tx, &ids).await? {
        let Some(one) = own.iter_mut().find(|one| one.line.id == row.entry_id) else { continue };
        let Some(leaf) = one.line.leaf.as_ref() else { continue };
        let content = row
            .part
            .parse::<PartKind>()
            .ok()
            .filter(|kind| seen(leaf).contains(kind))
            .and_then(|kind| Some((kind, open_part(&app.sealer, &row, leaf)?.content().ok()?)));
        one.parts.extend(content);
    }
    Ok(own)
}

impl OwnLines {
    /// Leaves of those who oversee their role alone, and of a look only that it took place.
    fn by_role(mut self) -> Self {
        for OwnLine { line, .. } in &mut self.lines {
            let Some(leaf) = &mut line.leaf else {
                line.bytes = Vec::new();
                continue;
            };
            if !is_over_them(leaf) {
                continue;
            }
            if let Some(actor) = &mut leaf.actor {
                actor.pseudonym = None;
            }
            // The exact bytes say it all; the hash goes on proving that the line is in the log.
            line.bytes = Vec::new();
            if is_look(leaf.kind) {
                leaf.facts.clear();
                leaf.on.clear();
                line.structure_name = None;
                leaf.structure = None;
            }
        }
        self
    }
}
