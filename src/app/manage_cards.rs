//! A referent and the cards of their structure: give one, set one right, end one.
use time::Duration;

use crate::crypto::totp::Codes;
use crate::domain::card::{CardEnd, CardKind, CardRefusal, CardState};
use crate::domain::ids::{CardId, PersonId, StructureId};
use crate::domain::person::PersonName;
use crate::domain::time::Timestamp;
use crate::domain::use_session::UseEnd;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::store::card::{self, CardRow, ListedRow};
use crate::store::throttle::{self, Attempt};
use crate::store::{Access, WriteTx, person, session, use_session};
use crate::{transact, view};

use super::caller::SignedIn;
use super::check_code::{self, Checked, CodeCheck, CodeOrigin};
use super::create_person::by_command;
use super::fault::Fault;
use super::{App, end_use, record};

/// Cards on one page of the list.
pub const PAGE: i64 = 25;

/// A card of the structure, as its referent sees it.
#[derive(Debug)]
pub struct ListedCard {
    pub id: CardId,
    pub kind: CardKind,
    pub serial: Option<String>,
    pub state: CardState,
    pub holder: Option<PersonName>,
}

/// Someone to whom a card can be given.
#[derive(Debug)]
pub struct Member {
    pub id: PersonId,
    pub name: PersonName,
}

/// Who manages cards.
#[derive(Clone, Copy)]
pub enum Manager<'a> {
    /// A referent, for the structure they act for.
    Referent(&'a SignedIn),
    /// An operator, for somebody for whom one referent's word is not enough.
    Operator(&'a SignedIn),
    /// Whoever has the server's command line, for a structure.
    CommandLine(StructureId),
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Not a referent here, or no such card or person in this structure: not told apart.
    NotHere,
    /// The card's life does not allow it.
    Card(CardRefusal),
    /// At work in several structures or in the service's own: one referent's word is not enough.
    SeveralTies,
    /// The two codes are not of this card, or not one after the other, or used before.
    Codes,
    Wait {
        until: Timestamp,
    },
}

impl Manager<'_> {
    fn structure(&self) -> Option<StructureId> {
        match self {
            Self::Referent(who) => who.here().filter(|here| here.is_referent).map(|here| here.structure_id),
            Self::Operator(_) => None,
            Self::CommandLine(structure) => Some(*structure),
        }
    }

    fn signs(&self, draft: Draft) -> Draft {
        match self {
            Self::Referent(who) => who.signs(draft, Role::Referent),
            Self::Operator(who) => who.signs(draft, Role::Operator),
            Self::CommandLine(_) => by_command(draft),
        }
    }
}

/// The structure with this SIRET, unless closed.
pub async fn structure_with(app: &App, siret: &str) -> Result<Option<StructureId>, Fault> {
    view!(app.store, tx => { Ok::<_, Fault>(person::structure_by_siret(tx, siret).await?) })
}

/// One page of the cards of the structure, counted from 1, and how many cards there are.
pub async fn list(app: &App, who: &SignedIn, page: u32) -> Result<(Vec<ListedCard>, u32), Fault> {
    let Some(structure) = Manager::Referent(who).structure() else { return Ok((Vec::new(), 0)) };
    let offset = i64::from(page.saturating_sub(1)) * PAGE;
    let (rows, count) = view!(app.store, tx => {
        Ok::<_, Fault>((card::page(tx, structure, PAGE, offset).await?, card::count(tx, structure).await?))
    })?;
    let cards = rows.into_iter().map(|row| listed(app, row)).collect::<Result<_, _>>()?;
    Ok((cards, u32::try_from(count).unwrap_or(u32::MAX)))
}

fn listed(app: &App, row: ListedRow) -> Result<ListedCard, Fault> {
    let state = row.card.state()?;
    let holder = match (state.holder(), &row.name_sealed) {
        (Some(holder), Some(sealed)) => Some(app.sealer.open_json(person::name_place(&holder), sealed)?),
        _ => None,
    };
    Ok(ListedCard { id: row.card.id, kind: row.card.kind()?, serial: row.card.serial, state, holder })
}

/// One card of the structure, with the members it could be given to. `None` if it is not of this structure.
pub async fn show(app: &App, who: &SignedIn, id: CardId) -> Result<Option<(ListedCard, Vec<Member>)>, Fault> {
    let Some(structure) = Manager::Referent(who).structure() else { return Ok(None) };
    let found = view!(app.store, tx => {
        let Some(row) = of_structure(tx, id, structure).await? else { return Ok::<_, Fault>(None) };
        let name_sealed = match row.state()?.holder() {
            Some(holder) => person::by_id(tx, holder).await?.map(|person| person.name_sealed),
            None => None,
        };
        Ok(Some((ListedRow { card: row, name_sealed }, person::members(tx, structure).await?)))
    })?;
    let Some((row, members)) = found else { return Ok(None) };
    let mut members = members
        .into_iter()
        .map(|row| {
            let name = app.sealer.open_json(person::name_place(&row.person_id), &row.name_sealed)?;
            Ok(Member { id: row.person_id, name })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    members
        .sort_by_cached_key(|member| (member.name.family.to_lowercase(), member.name.given.to_lowercase()));
    Ok(Some((listed(app, row)?, members)))
}

async fn of_structure(
    tx: &mut impl Access,
    id: CardId,
    structure: StructureId,
) -> Result<Option<CardRow>, Fault> {
    Ok(card::by_id(tx, id).await?.filter(|row| row.structure_id == Some(structure)))
}

/// Gives a card of the structure's stock to one of its members.
pub async fn assign(
    app: &App,
    manager: Manager<'_>,
    id: CardId,
    holder: PersonId,
) -> Result<Result<(), Refused>, Fault> {
    let Some(structure) = manager.structure() else { return Ok(Err(Refused::NotHere)) };
    let done = transact!(app.store, "assign_card", tx => {
        let Some(row) = of_structure(tx, id, structure).await? else { return Ok(Err(Refused::NotHere)) };
        if let Err(refusal) = row.state()?.assign(holder, app.now()) {
            return Ok(Err(Refused::Card(refusal)));
        }
        // The statement holds the rule again: this structure's stock, this structure's member.
        let entry = record::reserve(app);
        if !card::assign(tx, id, holder, app.now(), structure, entry).await? {
            return Ok(Err(Refused::NotHere));
        }
        let draft = manager.signs(Draft::done(Kind::CardAssigned).named(entry)).about(holder).card(id).structure(structure);
        record::record(app, tx, draft).await?;
        Ok::<_, Fault>(Ok(()))
    })?;
    refuse(app, manager, done, Kind::CardAssigned, structure).await
}

/// Ends a card's life. Sessions and uses opened with it die.
pub async fn end(
    app: &App,
    manager: Manager<'_>,
    id: CardId,
    how: CardEnd,
    reason: &str,
) -> Result<Result<(), Refused>, Fault> {
    let Some(structure) = manager.structure() else { return Ok(Err(Refused::NotHere)) };
    let done = transact!(app.store, "end_card", tx => {
        let Some(row) = of_structure(tx, id, structure).await? else { return Ok(Err(Refused::NotHere)) };
        let state = match row.state()?.end(how, reason, app.now()) {
            Ok(state) => state,
            Err(refusal) => return Ok(Err(Refused::Card(refusal))),
        };
        let entry = record::reserve(app);
        if !card::end(tx, id, how, app.now(), entry).await? {
            return Ok(Err(Refused::Card(CardRefusal::Ended)));
        }
        session::delete_by_card(tx, id).await?;
        let uses = use_session::live_of_card(tx, id).await?;
        end_use::end_all(app, tx, uses, UseEnd::Revoked, app.now()).await?;
        let mut draft = manager.signs(Draft::done(Kind::CardEnded).named(entry)).card(id).structure(structure);
        if let Some(holder) = state.holder() {
            draft = draft.about(holder);
        }
        let reason = serde_json::json!({ "reason": reason.trim() });
        record::record(app, tx, draft.fact("how", how.as_str()).part(PartKind::Details, reason)).await?;
        Ok::<_, Fault>(Ok(()))
    })?;
    refuse(app, manager, done, Kind::CardEnded, structure).await
}

/// Finds a drifted card again by two codes in a row, read by its holder.
pub async fn resynchronise(
    app: &App,
    manager: Manager<'_>,
    id: CardId,
    codes: (&str, &str),
) -> Result<Result<(), Refused>, Fault> {
    let Some(structure) = manager.structure() else { return Ok(Err(Refused::NotHere)) };
    let done = transact!(app.store, "resynchronise_card", tx => {
        let Some(row) = of_structure(tx, id, structure).await? else { return Ok(Err(Refused::NotHere)) };
        resynchronise_in(app, tx, manager, &row, codes).await
    })?;
    refuse(app, manager, done, Kind::CardResynchronised, structure).await
}

/// As [`resynchronise`], by an operator, in their transaction.
pub(super) async fn resynchronise_for(
    app: &App,
    tx: &mut WriteTx,
    who: &SignedIn,
    row: &CardRow,
    codes: (&str, &str),
) -> Result<Result<(), Refused>, Fault> {
    resynchronise_in(app, tx, Manager::Operator(who), row, codes).await
}

async fn resynchronise_in(
    app: &App,
    tx: &mut WriteTx,
    manager: Manager<'_>,
    row: &CardRow,
    (first, second): (&str, &str),
) -> Result<Result<(), Refused>, Fault> {
    let holder = match row.state()? {
        CardState::Assigned { holder, .. } | CardState::Active { holder, .. } => holder,
        CardState::InStock => return Ok(Err(Refused::Card(CardRefusal::NoHolder))),
        CardState::Ended { .. } => return Ok(Err(Refused::Card(CardRefusal::Ended))),
    };
    let alone = matches!(manager, Manager::Referent(_));
    if alone && person::ties(tx, holder).await? > 1 {
        return Ok(Err(Refused::SeveralTies));
    }
    let key = app.sealer.blind_index("throttle.resync", row.id.as_bytes());
    if let Attempt::Blocked { until } = throttle::take(tx, &key, app.now()).await? {
        return Ok(Err(Refused::Wait { until }));
    }
    let codes = Codes::new(&card::open_seed(&app.sealer, row)?, row.params()?)?;
    let found = codes.resynchronise(first, second, row.last_step, app.now());
    let Some(memory) = found else { return Ok(Err(Refused::Codes)) };
    if !card::accept_step(tx, row.id, memory.last_step, memory.drift).await? {
        return Ok(Err(Refused::Codes));
    }
    throttle::clear(tx, &key).await?;
    let draft = manager.signs(Draft::done(Kind::CardResynchronised)).about(holder).card(row.id);
    record::record(app, tx, draft.fact("drift", memory.drift).fact("step", memory.last_step)).await?;
    Ok(Ok(()))
}

/// The holder shows that a card just given to them works. In their own complete session.
pub async fn activate(app: &App, who: &SignedIn, id: CardId, code: &str) -> Result<Option<CodeCheck>, Fault> {
    let checked = transact!(app.store, "activate_card", tx => {
        let Some(row) = card::by_id(tx, id).await? else { return Ok(None) };
        if !matches!(row.state()?, CardState::Assigned { holder, .. } if holder == who.person_id) {
            return Ok(None);
        }
        let origin = CodeOrigin::Session(who.session_id);
        Ok::<_, Fault>(Some(check_code::check_cards(app, tx, who.person_id, origin, vec![row], code).await?))
    })?;
    let Some(Checked { answer, told }) = checked else { return Ok(None) };
    told.tell(app, &who.origin).await?;
    Ok(Some(answer))
}

/// Writes a refusal down.
async fn refuse(
    app: &App,
    manager: Manager<'_>,
    done: Result<(), Refused>,
    kind: Kind,
    structure: StructureId,
) -> Result<Result<(), Refused>, Fault> {
    if let Err(refused) = done {
        let reason = match refused {
            Refused::NotHere => "not_of_this_structure",
            Refused::Card(_) => "card_state",
            Refused::SeveralTies => "several_ties",
            Refused::Codes => "codes",
            Refused::Wait { .. } => "locked",
        };
        let draft = manager.signs(Draft::refused(kind, reason)).structure(structure);
        record::refuse(app, draft, &structure.to_string()).await?;
    }
    Ok(done)
}

/// How long until a moment, for a sentence.
pub fn wait(until: Timestamp, now: Timestamp) -> Duration {
    Duration::seconds(check_code::seconds_until(until, now))
}
