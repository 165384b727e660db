//! An auditor sees a name: for one mandate or one aidant, with a reason, for a quarter of an hour, in one session. The
//! names are those the log committed to at the time of the acts, not those of today. That they were seen is an entry,
//! with its reason, in the mandate's own story.
use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use time::Duration;

use crate::domain::ids::{CardId, EntryId};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::entry::Leaf;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::log::pseudonym::Pseudonym;
use crate::store::Access;
use crate::store::action_log::PartRow;
use crate::store::auditor::{self, MandateRow};
use crate::store::search::Column;
use crate::store::unmasking::{self, NamingRow};
use crate::{transact, view};

use super::App;
use super::caller::SignedIn;
use super::log_line::{Line, open_part};
use super::outside_perimeter::{self, Tried};
use super::record;
use super::search_log::{AuditError, Whose, perimeter, whose};

/// How long names stay in sight.
const LASTS: Duration = Duration::minutes(15);

/// Whose names.
#[derive(Clone, Debug)]
pub enum Target {
    /// Everyone in the story of the mandate of this reference.
    Mandate(String),
    /// Who acted under this pseudonym.
    Aidant(Pseudonym),
}

impl Target {
    fn text(&self) -> String {
        match self {
            Self::Mandate(reference) => reference.clone(),
            Self::Aidant(pseudonym) => pseudonym.to_string(),
        }
    }
}

/// Names in sight.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Until when; absent when everything is masked.
    pub until: Option<Timestamp>,
    /// The person whose mandate it is: their pseudonyms' name, and date of birth.
    pub user: Option<(String, String)>,
    pub people: BTreeMap<Pseudonym, String>,
    pub cards: BTreeMap<CardId, String>,
    /// What was written in words with each line: a reason, a note, the service meant.
    pub words: BTreeMap<EntryId, Vec<(String, String)>>,
}

/// Shows the names of `target` in this session, for a while.
pub async fn unmask(app: &App, who: &SignedIn, target: &Target, reason: &str) -> Result<(), AuditError> {
    let now = app.now();
    let written = transact!(app.store, "unmask", tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        let draft = Draft::done(Kind::LogUnmasked).by(who.person_id, Role::Auditor);
        let draft = match target {
            Target::Mandate(reference) => {
                let mandate =
                    auditor::mandate(tx, reference, perimeter_of).await?.ok_or(AuditError::NotFound)?;
                // The reason is about them: it goes when they are erased.
                draft.structure(mandate.structure_id).mandate(mandate.id).user_if(mandate.user_id)
            }
            Target::Aidant(pseudonym) => {
                let known = whose(tx, Column::Actor, &pseudonym.to_string(), perimeter_of).await?;
                if known == Whose::Nobody {
                    return Err(AuditError::NotFound);
                }
                draft.about_new(pseudonym)
            }
        };
        let until = now + LASTS;
        let draft = draft
            .fact("effective_at", now)
            .fact("until", until)
            .part(PartKind::Details, serde_json::json!({ "reason": reason }));
        let entry = record::record(app, tx, draft).await?;
        unmasking::insert(tx, who.session_id, &target.text(), (now, until), entry.id).await?;
        Ok::<_, AuditError>(())
    });
    if matches!(written, Err(AuditError::NotFound)) {
        let tried = match target {
            Target::Mandate(reference) => Tried::Mandate(reference),
            Target::Aidant(pseudonym) => Tried::Aidant(pseudonym),
        };
        outside_perimeter::refuse(app, who, Kind::LogUnmasked, tried).await?;
    }
    written
}

/// The names in sight for a mandate within the caller's perimeter.
pub(super) async fn of_mandate(
    app: &App,
    tx: &mut impl Access,
    who: &SignedIn,
    mandate: &MandateRow,
) -> Result<Names, AuditError> {
    let until = unmasking::until(tx, who.session_id, &mandate.reference, app.now()).await?;
    if until.is_none() {
        return Ok(Names::default());
    }
    let mut names = Names { until, ..Names::default() };
    for row in unmasking::of_mandate(tx, mandate.id).await? {
        let Some((leaf, content)) = opened(app, row) else { continue };
        let text = |field: &str| content.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(family) = content.get("family_name").and_then(Value::as_str) {
            names.user.get_or_insert_with(|| (format!("{} {family}", text("given_name")), text("birthdate")));
        } else if let Some(actor) = leaf.actor.and_then(|actor| actor.pseudonym) {
            names.people.entry(actor).or_insert_with(|| text("name"));
        }
    }
    let serial = |row: unmasking::SerialRow| Some((row.id, row.serial?));
    names.cards = unmasking::cards(tx, mandate.id).await?.into_iter().filter_map(serial).collect();
    Ok(names)
}

/// What was written in words with these lines, of their parts.
pub(super) fn words(
    app: &App,
    parts: &HashMap<EntryId, Vec<PartRow>>,
    lines: &[Line],
) -> BTreeMap<EntryId, Vec<(String, String)>> {
    let opened = |line: &Line| {
        let details = parts.get(&line.id)?.iter().find(|row| row.part == PartKind::Details.token())?;
        let content = open_part(&app.sealer, details, line.leaf.as_ref()?)?.content().ok()?;
        let said = content.as_object()?.iter().map(|(name, value)| {
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        });
        Some((line.id, said.collect()))
    };
    lines.iter().filter_map(opened).collect()
}

/// The name in sight of who acts under a pseudonym, as the perimeter's lines have it.
pub(super) async fn of_aidant(
    app: &App,
    tx: &mut impl Access,
    who: &SignedIn,
    pseudonym: &Pseudonym,
) -> Result<Names, AuditError> {
    let until = unmasking::until(tx, who.session_id, &pseudonym.to_string(), app.now()).await?;
    if until.is_none() {
        return Ok(Names::default());
    }
    let perimeter_of = perimeter(tx, who.person_id).await?;
    let mut names = Names { until, ..Names::default() };
    let part = unmasking::of_actor(tx, pseudonym.bytes(), perimeter_of).await?;
    if let Some((_, content)) = part.and_then(|row| opened(app, row))
        && let Some(name) = content.get("name").and_then(Value::as_str)
    {
        names.people.insert(pseudonym.clone(), name.to_owned());
    }
    Ok(names)
}

/// A part that opens the commitment in its leaf; another one names nobody.
fn opened(app: &App, row: NamingRow) -> Option<(Leaf, Value)> {
    let NamingRow { entry_id, part, sealed, leaf } = row;
    let leaf = Leaf::decode(&leaf).ok()?;
    let part = open_part(&app.sealer, &PartRow { entry_id, part, sealed }, &leaf)?;
    let content = part.content().ok()?;
    Some((leaf, content))
}

/// Whether the caller may see this aidant at all, and under which name.
pub async fn seen(app: &App, who: &SignedIn, pseudonym: &Pseudonym) -> Result<Names, AuditError> {
    view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        match whose(tx, Column::Actor, &pseudonym.to_string(), perimeter_of).await? {
            Whose::Nobody => Err(AuditError::NotFound),
            _ => of_aidant(app, tx, who, pseudonym).await,
        }
    })
}
