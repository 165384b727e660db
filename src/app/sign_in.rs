//! Sign-in: a password (or `professional`), then always a code of the card. No answer and no time taken tells whether an account exists.
mod attempts;

use std::net::IpAddr;

use crate::crypto::password::{self, PasswordPhc};
use crate::domain::ids::{CardId, EntryId, RowId, SessionId};
use crate::domain::person::{Email, PersonName};
use crate::domain::secret::{PlainToken, Secret};
use crate::domain::session::{SessionRules, Stage};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::card;
use crate::store::person::{self, PersonRow};
use crate::store::session::{self, NewSession};
use crate::store::throttle::{self, Attempt};
use crate::store::{Access, WriteTx};
use crate::transact;

use super::caller::HalfSession;
use super::check_code::{self, Checked, CodeCheck, CodeOrigin, Told};
use super::fault::Fault;
use super::record::Origin;
use super::{App, end_use, password_work, record};
use attempts::{FAILURES_PER_ADDRESS, account_key, address_key, refuse, tell};
pub(super) use attempts::{address_may_try, forgive_address};

/// What a sign-in comes with, besides what was typed.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// The cookie of a browser in which someone signed in before.
    pub device: Option<PlainToken>,
    /// The cookie of the session that this sign-in replaces.
    pub session: Option<PlainToken>,
}

impl Browser {
    pub(super) fn origin(&self) -> Origin {
        Origin { address: self.address, user_agent: self.user_agent.clone() }
    }
}

#[derive(Debug)]
pub enum PasswordOutcome {
    /// The token of a session that only awaits the code.
    Accepted(PlainToken),
    /// No such account, another password, not invited any more: not told which.
    Refused,
    Wait {
        until: Timestamp,
    },
    /// Too many failures from this address, or too many sign-ins at once.
    TooMany,
}

/// Checks address and password.
pub async fn password(
    app: &App,
    email: &str,
    password: Secret,
    browser: &Browser,
) -> Result<PasswordOutcome, Fault> {
    let index = email_index(app, email);
    let opened = transact!(app.store, "sign_in_attempt", tx => { open(app, tx, &index, browser).await })?;
    let (person, keys, locks) = match opened {
        Opened::Go { person, keys, locks } => (person, keys, locks),
        Opened::Wait { until } => {
            refuse(app, &index, "locked", browser).await?;
            return Ok(PasswordOutcome::Wait { until });
        }
        Opened::TooMany => {
            refuse(app, &index, "too_many", browser).await?;
            return Ok(PasswordOutcome::TooMany);
        }
    };
    let stored = person
        .as_ref()
        .filter(|person| person.status == "active")
        .and_then(|person| person.password_hash.clone())
        .map(PasswordPhc::from_stored);
    let Ok(right) = password_work::verify(password.clone(), stored.clone()).await? else {
        refuse(app, &index, "busy", browser).await?;
        return Ok(PasswordOutcome::TooMany);
    };
    let (true, Some(person)) = (right, person) else {
        if locks {
            tell(app, Draft::done(Kind::LockStarted), &index, browser).await?;
        }
        refuse(app, &index, "password", browser).await?;
        return Ok(PasswordOutcome::Refused);
    };
    let renewed = match stored.filter(password::is_outdated) {
        Some(_) => password_work::hash(password, app.entropy.clone()).await?.ok(),
        None => None,
    };
    let token = PlainToken::generate(&*app.entropy);
    transact!(app.store, "password_accepted", tx => {
        accept_password(app, tx, &person, &keys, &token, browser).await?;
        if let Some(phc) = &renewed {
            person::set_password(tx, person.id, phc.as_str()).await?;
        }
        Ok::<_, Fault>(())
    })?;
    Ok(PasswordOutcome::Accepted(token))
}

/// How an address is looked up. What is not an address is looked up too, and found nowhere.
pub fn email_index(app: &App, typed: &str) -> Vec<u8> {
    let normal =
        Email::parse(typed).map_or_else(|_| typed.trim().to_lowercase(), |email| email.as_str().to_owned());
    app.sealer.blind_index("person.email", normal.as_bytes())
}

enum Opened {
    /// `locks`: should it fail, it is one failure too many.
    Go {
        person: Option<PersonRow>,
        keys: Keys,
        locks: bool,
    },
    Wait {
        until: Timestamp,
    },
    TooMany,
}

/// What an attempt is counted against.
struct Keys {
    account: Vec<u8>,
    address: Option<Vec<u8>>,
}

async fn open(app: &App, tx: &mut WriteTx, index: &[u8], browser: &Browser) -> Result<Opened, Fault> {
    let now = app.now();
    let person = person::by_email(tx, index).await?;
    let device = device(tx, person.as_ref(), browser).await?;
    let keys = Keys {
        account: account_key(app, index, device),
        address: browser.address.filter(|_| device.is_none()).map(|address| address_key(app, address, now)),
    };
    if let Some(key) = &keys.address
        && !throttle::take_below(tx, key, FAILURES_PER_ADDRESS, now).await?
    {
        return Ok(Opened::TooMany);
    }
    match throttle::take(tx, &keys.account, now).await? {
        Attempt::Blocked { until } => Ok(Opened::Wait { until }),
        Attempt::Allowed { locks } => Ok(Opened::Go { person, keys, locks }),
    }
}

async fn device(
    tx: &mut impl Access,
    person: Option<&PersonRow>,
    browser: &Browser,
) -> Result<Option<RowId>, Fault> {
    match (person, &browser.device) {
        (Some(person), Some(token)) => Ok(session::device_of(tx, &token.hash(), person.id).await?),
        _ => Ok(None),
    }
}

async fn accept_password(
    app: &App,
    tx: &mut WriteTx,
    person: &PersonRow,
    keys: &Keys,
    token: &PlainToken,
    browser: &Browser,
) -> Result<(), Fault> {
    throttle::clear(tx, &keys.account).await?;
    if let Some(key) = &keys.address {
        throttle::forgive(tx, key).await?;
    }
    leave_behind(app, tx, person, browser).await?;
    let entry = record::reserve(app);
    let means = Means { stage: Stage::AwaitingCode, card: None, entered_by: None, entry };
    begin(app, tx, person, means, token, browser).await?;
    let draft = Draft::done(Kind::SignInPasswordAccepted).named(entry).by(person.id, role_of(person));
    record::record(app, tx, browser.origin().beside(draft)).await?;
    Ok(())
}

/// The session this browser had is over: its token must not outlive the change. It may have been a colleague's.
pub(super) async fn leave_behind(
    app: &App,
    tx: &mut WriteTx,
    person: &PersonRow,
    browser: &Browser,
) -> Result<(), Fault> {
    if let Some(old) = &browser.session
        && let Some(row) = session::live(tx, &old.hash(), app.now()).await?
        && session::delete(tx, row.id).await?
    {
        end_use::end_of_session(app, tx, row.id, app.now()).await?;
        let draft = Draft::done(Kind::SessionRevoked).by(person.id, role_of(person)).about(row.person_id);
        record::record(app, tx, browser.origin().beside(draft.fact("cause", "sign_in"))).await?;
    }
    Ok(())
}

/// By what a session is opened.
pub(super) struct Means {
    pub stage: Stage,
    pub card: Option<CardId>,
    /// The answer of the provider of professionals, unless it was a password.
    pub entered_by: Option<RowId>,
    /// Says so.
    pub entry: EntryId,
}

/// Starts a session under this token. Gives its id.
pub(super) async fn begin(
    app: &App,
    tx: &mut WriteTx,
    person: &PersonRow,
    Means { stage, card, entered_by, entry }: Means,
    token: &PlainToken,
    browser: &Browser,
) -> Result<SessionId, Fault> {
    let now = app.now();
    let rules = SessionRules::default();
    let times = rules.begin(stage, now);
    let id = SessionId::new(now, &*app.entropy);
    let place = session::user_agent_place(&id);
    let user_agent_sealed =
        browser.user_agent.as_deref().map(|text| app.sealer.seal_text(place, text)).transpose()?;
    let structure_id = match stage {
        Stage::Full => only_structure(tx, person, now).await?,
        Stage::AwaitingCode => None,
    };
    let new = NewSession {
        id,
        token: &token.hash(),
        person_id: person.id,
        stage,
        structure_id,
        card_id: card,
        entered_by,
        times,
        idle_ends_at: rules.dies_at(&times),
        user_agent_sealed,
        entry_id: entry,
    };
    session::insert(tx, &new).await?;
    Ok(id)
}

/// With one membership in force there is nothing to choose.
async fn only_structure(
    tx: &mut WriteTx,
    person: &PersonRow,
    now: Timestamp,
) -> Result<Option<crate::domain::ids::StructureId>, Fault> {
    let memberships = session::memberships_in_force(tx, person.id, now).await?;
    Ok(match memberships.as_slice() {
        [only] => Some(only.structure_id),
        _ => None,
    })
}

#[derive(Debug)]
pub enum CodeOutcome {
    /// The session is complete, under a new token. `device` is the cookie that makes this browser a known one.
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
    /// The password was given too long ago, or the account was suspended meanwhile: begin again.
    Over,
}

/// Checks the code of the card, and completes the sign-in.
pub async fn code(
    app: &App,
    half: &HalfSession,
    code: &str,
    browser: &Browser,
) -> Result<CodeOutcome, Fault> {
    let token = PlainToken::generate(&*app.entropy);
    let new_device = PlainToken::generate(&*app.entropy);
    let (outcome, told) = transact!(app.store, "sign_in_code", tx => {
        let Some(person) = person::by_id(tx, half.person_id).await?.filter(|person| person.status == "active") else {
            return Ok((CodeOutcome::Over, Told::default()));
        };
        let known = device(tx, Some(&person), browser).await?;
        let origin = known.map_or(CodeOrigin::Unknown, CodeOrigin::Device);
        let Checked { answer, told } = check_code::check(app, tx, person.id, origin, code).await?;
        let card = match answer {
            CodeCheck::Accepted { card_id, step } => (card_id, step),
            CodeCheck::AlreadyUsed { next_in_seconds } => {
                return Ok((CodeOutcome::AlreadyUsed { next_in_seconds }, told));
            }
            CodeCheck::Wrong => return Ok((CodeOutcome::Wrong, told)),
            CodeCheck::Locked { until } => return Ok((CodeOutcome::Wait { until }, told)),
        };
        let entered_by = session::entered_by(tx, half.session_id).await?;
        if !session::delete(tx, half.session_id).await? {
            return Ok((CodeOutcome::Over, told));
        }
        let device = complete(app, tx, &person, (card, entered_by), (&token, &new_device), known, browser).await?;
        Ok::<_, Fault>((CodeOutcome::Complete { session: token.clone(), device }, told))
    })?;
    told.tell(app, &browser.origin()).await?;
    Ok(outcome)
}

/// Opens the full session with the step of a card; makes the browser a known one.
pub(super) async fn complete(
    app: &App,
    tx: &mut WriteTx,
    person: &PersonRow,
    ((card, step), entered_by): ((CardId, i64), Option<RowId>),
    (token, new_device): (&PlainToken, &PlainToken),
    known: Option<RowId>,
    browser: &Browser,
) -> Result<Option<PlainToken>, Fault> {
    let entry = record::reserve(app);
    let means = Means { stage: Stage::Full, card: Some(card), entered_by, entry };
    begin(app, tx, person, means, token, browser).await?;
    let way = if entered_by.is_some() { "provider" } else { "password" };
    let draft = Draft::done(Kind::SignInCompleted)
        .named(entry)
        .by(person.id, role_of(person))
        .card(card)
        .fact("step", step)
        .fact("way", way);
    let serial = card::by_id(tx, card).await?.and_then(|row| row.serial);
    let name: PersonName = app.sealer.open_json(person::name_place(&person.id), &person.name_sealed)?;
    let draft = record::acted(draft, &name, serial.as_deref());
    record::record(app, tx, browser.origin().beside(draft)).await?;
    let now = app.now();
    if let Some(id) = known {
        session::device_seen(tx, id, now).await?;
        return Ok(None);
    }
    let id = RowId::new(now, &*app.entropy);
    session::device_add(tx, id, &new_device.hash(), person.id, now, entry).await?;
    Ok(Some(new_device.clone()))
}

/// In what quality someone signs in. Whether they are a referent depends on the structure they then act for.
pub(super) fn role_of(person: &PersonRow) -> Role {
    if person.is_operator {
        Role::Operator
    } else if person.is_auditor {
        Role::Auditor
    } else {
        Role::Aidant
    }
}
