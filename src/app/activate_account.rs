//! The link of an invitation: choose a password, validate a card, be at work. Or of a reset: choose a password.
use crate::crypto::password::{self, Weakness};
use crate::crypto::totp::{self, Enrolment};
use crate::domain::card::{CardAlgorithm, CardEnd, CardKind, CardParams, CardPeriod, Seed};
use crate::domain::ids::{CardId, PersonId};
use crate::domain::person::PersonName;
use crate::domain::secret::{PlainToken, Secret};
use crate::domain::time::Timestamp;
use crate::domain::use_session::UseEnd;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::card::{self, NewCard};
use crate::store::person::{self, PersonRow};
use crate::store::{Access, StoreError, WriteTx, link, professional, session, use_session};
use crate::{transact, view};

use super::check_code::{self, Checked, CodeCheck, CodeOrigin, Told};
use super::fault::Fault;
use super::sign_in::{self, Browser};
use super::{App, end_use, password_work, record};

/// What every authenticator app understands.
const APP_PARAMS: CardParams = CardParams { algorithm: CardAlgorithm::Sha1, period: CardPeriod::Seconds30 };
const APP_SEED_BYTES: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Activate,
    Reset,
}

/// What the link leads to.
#[derive(Debug)]
pub struct Invitation {
    pub person_id: PersonId,
    pub name: PersonName,
    pub email: String,
    pub purpose: Purpose,
    /// A password is chosen, or the account linked to the provider of professionals: the card comes next.
    pub has_first_step: bool,
    /// A card was handed over already: its code is all that is needed.
    pub has_card: bool,
    /// An app is being enrolled, and its first code awaited.
    pub awaits_app: bool,
}

/// Looks at a link without using it. `None`: unknown, used, expired, or of someone suspended.
pub async fn look(app: &App, token: &PlainToken) -> Result<Option<Invitation>, Fault> {
    view!(app.store, tx => {
        let Some((person, purpose)) = open(app, tx, token).await? else { return Ok::<_, Fault>(None) };
        let held = card::held_by(tx, person.id).await?;
        let hardware = held.iter().any(|card| matches!(card.kind(), Ok(CardKind::Hardware)));
        Ok(Some(Invitation {
            person_id: person.id,
            name: app.sealer.open_json(person::name_place(&person.id), &person.name_sealed)?,
            email: app.sealer.open_text(person::email_place(&person.id), &person.email_sealed)?,
            purpose,
            has_first_step: has_first_step(tx, &person).await?,
            has_card: hardware,
            awaits_app: held.iter().any(|card| matches!(card.kind(), Ok(CardKind::App))),
        }))
    })
}

async fn has_first_step(tx: &mut impl Access, person: &PersonRow) -> Result<bool, Fault> {
    Ok(person.password_hash.is_some() || professional::linked_since(tx, person.id).await?.is_some())
}

async fn open(
    app: &App,
    tx: &mut impl Access,
    token: &PlainToken,
) -> Result<Option<(PersonRow, Purpose)>, Fault> {
    let Some(found) = link::find(tx, &token.hash(), app.now()).await? else { return Ok(None) };
    let Some(person) = person::by_id(tx, found.person_id).await? else { return Ok(None) };
    match (found.purpose.as_str(), person.status.as_str()) {
        ("activate", "invited") => Ok(Some((person, Purpose::Activate))),
        ("reset", "active") => Ok(Some((person, Purpose::Reset))),
        _ => Ok(None),
    }
}

#[derive(Debug)]
pub enum PasswordChoice {
    /// The card comes next.
    Next,
    /// The password is changed, every session ended: sign in.
    Changed,
    Weak(Weakness),
    LinkOver,
    Busy,
}

pub async fn choose_password(
    app: &App,
    token: &PlainToken,
    password: Secret,
) -> Result<PasswordChoice, Fault> {
    let Some(invitation) = look(app, token).await? else { return Ok(PasswordChoice::LinkOver) };
    let full = invitation.name.full();
    if let Err(weakness) = password::check(&password, &[&full, &invitation.email, "entremise"]) {
        return Ok(PasswordChoice::Weak(weakness));
    }
    let Ok(phc) = password_work::hash(password, app.entropy.clone()).await? else {
        return Ok(PasswordChoice::Busy);
    };
    transact!(app.store, "choose_password", tx => {
        let Some((person, purpose)) = open(app, tx, token).await? else { return Ok(PasswordChoice::LinkOver) };
        if !person::set_password(tx, person.id, phc.as_str()).await? {
            return Ok(PasswordChoice::LinkOver);
        }
        let draft = Draft::done(Kind::PasswordChanged).by(person.id, sign_in::role_of(&person));
        record::record(app, tx, draft).await?;
        if purpose == Purpose::Activate {
            return Ok(PasswordChoice::Next);
        }
        if !link::consume(tx, &token.hash(), app.now()).await? {
            return Err(Fault::Interrupted);
        }
        session::delete_all(tx, person.id).await?;
        let uses = use_session::live_of_person(tx, person.id).await?;
        end_use::end_all(app, tx, uses, UseEnd::SignOut, app.now()).await?;
        Ok::<_, Fault>(PasswordChoice::Changed)
    })
}

/// Enrols an authenticator app: its seed is in this answer and never shown again. An enrolment begun before and not
/// finished is void. `None`: the link is over, or nothing has been chosen to enter with yet.
pub async fn enrol_app(app: &App, token: &PlainToken) -> Result<Option<Enrolment>, Fault> {
    let mut bytes = vec![0; APP_SEED_BYTES];
    app.entropy.fill(&mut bytes);
    let seed = Seed::new(bytes).map_err(|_| crate::crypto::totp::BadCard)?;
    let id = CardId::new(app.now(), &*app.entropy);
    let sealed = app.sealer.seal(card::seed_place(&id), seed.bytes())?;
    let email = transact!(app.store, "enrol_app", tx => {
        let Some((person, Purpose::Activate)) = open(app, tx, token).await? else { return Ok(None) };
        if !has_first_step(tx, &person).await? {
            return Ok(None);
        }
        enrol(app, tx, &person, id, &sealed).await?;
        let email = app.sealer.open_text(person::email_place(&person.id), &person.email_sealed)?;
        Ok::<_, Fault>(Some(email))
    })?;
    email.map(|email| Ok(totp::enrolment(&seed, APP_PARAMS, "Entremise", &email)?)).transpose()
}

async fn enrol(
    app: &App,
    tx: &mut WriteTx,
    person: &PersonRow,
    id: CardId,
    sealed: &[u8],
) -> Result<(), Fault> {
    let now = app.now();
    // An enrolment begun before and never finished is void.
    for void in card::pending_apps(tx, person.id).await? {
        let entry = record::reserve(app);
        if card::end(tx, void, CardEnd::Revoked, now, entry).await? {
            let draft = Draft::done(Kind::CardEnded).named(entry).by(person.id, sign_in::role_of(person));
            record::record(app, tx, draft.card(void).fact("how", CardEnd::Revoked.as_str())).await?;
        }
    }
    let structure_id = person::first_structure(tx, person.id).await?;
    let draft = Draft::done(Kind::CardEnrolled).by(person.id, sign_in::role_of(person)).card(id);
    let entry = record::record(app, tx, draft).await?;
    let new = NewCard {
        id,
        kind: CardKind::App,
        serial: None,
        seed_sealed: sealed,
        params: APP_PARAMS,
        structure_id,
        holder: Some(person.id),
        now,
        entry_id: entry.id,
    };
    card::insert(tx, &new).await?;
    Ok(())
}

#[derive(Debug)]
pub enum CardValidation {
    /// The person is at work and signed in.
    Complete {
        session: PlainToken,
        device: Option<PlainToken>,
    },
    AlreadyUsed {
        next_in_seconds: i64,
    },
    Wrong,
    Wait {
        until: Timestamp,
    },
    LinkOver,
}

/// The first code of the first card: the link is used, the account is active, the session open.
pub async fn validate_card(
    app: &App,
    token: &PlainToken,
    code: &str,
    browser: &Browser,
) -> Result<CardValidation, Fault> {
    let session = PlainToken::generate(&*app.entropy);
    let new_device = PlainToken::generate(&*app.entropy);
    let (outcome, told) = transact!(app.store, "validate_card", tx => {
        let Some((person, Purpose::Activate)) = open(app, tx, token).await? else {
            return Ok((CardValidation::LinkOver, Told::default()));
        };
        let Checked { answer, told } = check_code::check(app, tx, person.id, CodeOrigin::Invitation, code).await?;
        let card = match answer {
            CodeCheck::Accepted { card_id, step } => (card_id, step),
            CodeCheck::AlreadyUsed { next_in_seconds } => {
                return Ok((CardValidation::AlreadyUsed { next_in_seconds }, told));
            }
            CodeCheck::Wrong => return Ok((CardValidation::Wrong, told)),
            CodeCheck::Locked { until } => return Ok((CardValidation::Wait { until }, told)),
        };
        let used = link::consume(tx, &token.hash(), app.now()).await?;
        if !used || !person::activate(tx, person.id).await? {
            // Nothing of this may remain: the code would be spent for nobody.
            return Err(Fault::Store(StoreError::Corrupt("an invitation used twice at once".to_owned())));
        }
        let draft = Draft::done(Kind::LinkUsed).by(person.id, sign_in::role_of(&person)).card(card.0);
        record::record(app, tx, draft).await?;
        let tokens = (&session, &new_device);
        let device = sign_in::complete(app, tx, &person, (card, None), tokens, None, browser).await?;
        Ok::<_, Fault>((CardValidation::Complete { session: session.clone(), device }, told))
    })?;
    told.tell(app, &browser.origin()).await?;
    Ok(outcome)
}

/// Writes down that a link was presented that leads nowhere.
pub async fn refuse_link(app: &App, source: &str) -> Result<(), Fault> {
    record::refuse(app, Draft::refused(Kind::LinkRefused, "link_over").by_role(Role::Nobody), source).await?;
    Ok(())
}
