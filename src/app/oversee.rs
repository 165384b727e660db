//! An operator and the people of the service: finds one, suspends and restores people and structures, and brings back
//! to work somebody for whom one referent's word is not enough.
use crate::domain::card::{CardKind, CardState};
use crate::domain::ids::{CardId, PersonId, StructureId};
use crate::domain::person::PersonName;
use crate::domain::use_session::UseEnd;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::store::oversight;
pub use crate::store::oversight::PlaceRow as Place;
use crate::store::{card, link, person, session, use_session};
use crate::{transact, view};

use super::caller::SignedIn;
use super::check_code::{self, CodeCheck, CodeOrigin, Told};
use super::fault::Fault;
use super::{App, end_use, manage_cards, record, sign_in};

/// Someone as an operator sees them.
pub struct Seen {
    pub id: PersonId,
    pub name: PersonName,
    pub email: String,
    /// `invited`, `active` or `suspended`.
    pub status: String,
    pub places: Vec<Place>,
    /// Active or handed over.
    pub cards: Vec<HeldCard>,
}

pub struct HeldCard {
    pub id: CardId,
    pub kind: CardKind,
    pub serial: Option<String>,
    pub state: CardState,
}

/// Whose suspension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Person(PersonId),
    Structure(StructureId),
}

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Suspend,
    Restore,
}

/// Who has this address, exactly; that they were looked for is written down when their file is read.
pub async fn find_person(app: &App, email: &str) -> Result<Option<PersonId>, Fault> {
    let index = sign_in::email_index(app, email);
    view!(app.store, tx => { Ok::<_, Fault>(person::by_email(tx, &index).await?.map(|row| row.id)) })
}

/// The file of someone; reading it is an entry.
pub async fn read_person(app: &App, who: &SignedIn, id: PersonId) -> Result<Option<Seen>, Fault> {
    let found = view!(app.store, tx => {
        let Some(row) = person::by_id(tx, id).await? else { return Ok::<_, Fault>(None) };
        Ok(Some((row, oversight::places(tx, id).await?, card::held_by(tx, id).await?)))
    })?;
    let Some((row, places, cards)) = found else { return Ok(None) };
    let draft = Draft::done(Kind::FileRead).by(who.person_id, Role::Operator).about(id);
    record::append(app, draft.fact("what", "person")).await?;
    let held = |row: card::CardRow| {
        Ok(HeldCard { id: row.id, kind: row.kind()?, state: row.state()?, serial: row.serial })
    };
    Ok(Some(Seen {
        id,
        name: app.sealer.open_json(person::name_place(&id), &row.name_sealed)?,
        email: app.sealer.open_text(person::email_place(&id), &row.email_sealed)?,
        status: row.status,
        places,
        cards: cards.into_iter().map(held).collect::<Result<_, Fault>>()?,
    }))
}

/// A structure and its standing.
pub async fn read_structure(app: &App, id: StructureId) -> Result<Option<Place>, Fault> {
    view!(app.store, tx => { Ok::<_, Fault>(oversight::place(tx, id).await?) })
}

/// Suspends or restores. False if there was nothing to do: not in that state, or oneself. Sessions and uses of what is
/// suspended end in the same transaction, and do not come back with the right to work.
pub async fn turn(
    app: &App,
    who: &SignedIn,
    target: Target,
    turn: Turn,
    reason: &str,
) -> Result<bool, Fault> {
    if target == Target::Person(who.person_id) {
        return Ok(false);
    }
    transact!(app.store, "suspension", tx => {
        let now = app.now();
        let (kind, uses, sessions) = match (target, turn) {
            (Target::Person(id), Turn::Suspend) => {
                if !person::set_status(tx, id, "suspended", "active").await? {
                    return Ok(false);
                }
                link::cancel_all(tx, id, now).await?;
                let uses = use_session::live_of_person(tx, id).await?;
                (Kind::PersonSuspended, uses, session::delete_all(tx, id).await?)
            }
            (Target::Person(id), Turn::Restore) => {
                if !person::set_status(tx, id, "active", "suspended").await? {
                    return Ok(false);
                }
                (Kind::PersonRestored, Vec::new(), 0)
            }
            (Target::Structure(id), Turn::Suspend) => {
                if !oversight::set_structure_status(tx, id, "suspended", "habilitated").await? {
                    return Ok(false);
                }
                (Kind::StructureSuspended, use_session::live_of_structure(tx, id).await?, 0)
            }
            (Target::Structure(id), Turn::Restore) => {
                if !oversight::set_structure_status(tx, id, "habilitated", "suspended").await? {
                    return Ok(false);
                }
                (Kind::StructureRestored, Vec::new(), 0)
            }
        };
        end_use::end_all(app, tx, uses, UseEnd::Revoked, now).await?;
        let draft = Draft::done(kind)
            .by(who.person_id, Role::Operator)
            .fact("count", i64::try_from(sessions).unwrap_or(i64::MAX))
            .part(PartKind::Details, serde_json::json!({ "reason": reason.trim() }));
        let draft = match target {
            Target::Person(id) => draft.about(id),
            Target::Structure(id) => draft.structure(id),
        };
        record::record(app, tx, draft).await?;
        Ok::<_, Fault>(true)
    })
}

/// What became of a card that an operator validates or sets right for its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    Done,
    /// No such card in this person's hands, or none that waits for this.
    NoCard,
    /// The two codes are not of this card, or not one after the other.
    Codes,
    Code(CodeCheck),
}

/// Puts a card to work for somebody at work in several structures: its holder, whose identity the operator has checked,
/// reads them a code. With a second code, the one that follows, a card that drifted is set right.
pub async fn recover(
    app: &App,
    who: &SignedIn,
    holder: PersonId,
    id: CardId,
    (code, next): (&str, &str),
    reason: &str,
) -> Result<Recovery, Fault> {
    let (outcome, told) = transact!(app.store, "recover_card", tx => {
        let mut told = Told::default();
        let Some(row) = card::by_id(tx, id).await? else { return Ok((Recovery::NoCard, told)) };
        let (is_theirs, waits) = match row.state()? {
            CardState::Assigned { holder: one, .. } => (one == holder, true),
            CardState::Active { holder: one, .. } => (one == holder, false),
            CardState::InStock | CardState::Ended { .. } => (false, false),
        };
        if !is_theirs || (next.is_empty() && !waits) {
            return Ok((Recovery::NoCard, told));
        }
        let outcome = if next.is_empty() {
            let checked = check_code::check_cards(app, tx, holder, CodeOrigin::Recovery, vec![row], code).await?;
            told = checked.told;
            match checked.answer {
                CodeCheck::Accepted { .. } => Recovery::Done,
                refused => Recovery::Code(refused),
            }
        } else {
            match manage_cards::resynchronise_for(app, tx, who, &row, (code, next)).await? {
                Ok(()) => Recovery::Done,
                Err(manage_cards::Refused::Wait { until }) => Recovery::Code(CodeCheck::Locked { until }),
                Err(_) => Recovery::Codes,
            }
        };
        if outcome == Recovery::Done {
            let draft = Draft::done(Kind::PersonChanged)
                .by(who.person_id, Role::Operator)
                .about(holder)
                .card(id)
                .fact("what", "recovery")
                .part(PartKind::Details, serde_json::json!({ "reason": reason.trim() }));
            record::record(app, tx, draft).await?;
        }
        Ok::<_, Fault>((outcome, told))
    })?;
    told.tell(app, &who.origin).await?;
    let refused = match outcome {
        Recovery::Done => return Ok(outcome),
        Recovery::NoCard => "card_state",
        Recovery::Codes => "codes",
        Recovery::Code(CodeCheck::AlreadyUsed { .. }) => "code_used",
        Recovery::Code(CodeCheck::Locked { .. }) => "locked",
        Recovery::Code(_) => "code_wrong",
    };
    let draft = Draft::refused(Kind::PersonChanged, refused).by(who.person_id, Role::Operator).about(holder);
    record::refuse(app, draft.fact("what", "recovery"), &who.session_id.to_string()).await?;
    Ok(outcome)
}
