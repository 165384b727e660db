//! A code of somebody's card: right, once, and not guessed.
//!
//! Runs inside the caller's transaction, which must be committed whatever the answer: attempts are counted before
//! the code is looked at. What was refused is told afterwards ([`Told`]).
use time::Duration;

use crate::crypto::totp::{CardMemory, Codes, Verdict};
use crate::domain::card::CardState;
use crate::domain::ids::{CardId, PersonId, RowId, SessionId};
use crate::domain::session::SessionRules;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::card::{self, CardRow};
use crate::store::throttle::{self, Attempt};
use crate::store::{WriteTx, person, session};

use super::fault::Fault;
use super::record::Origin;
use super::{App, record};

/// Where the code is typed. Failures are held against it and the card together: a stranger's do not lock the owner out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeOrigin {
    /// For an act, in a complete session.
    Session(SessionId),
    /// At sign-in, in a browser where this person signed in before.
    Device(RowId),
    /// At sign-in, anywhere else.
    Unknown,
    /// Through the link of an invitation: the first code of the first card.
    Invitation,
    /// Read to an operator who brings its holder back to work.
    Recovery,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    /// The step is used up from now on, and stands in the entry of the act. In a session, acts need no new code for a
    /// while.
    Accepted {
        card_id: CardId,
        step: i64,
    },
    /// A right code, used before. Not counted as a failure.
    AlreadyUsed {
        next_in_seconds: i64,
    },
    Wrong,
    /// Too many failures: nothing was checked.
    Locked {
        until: Timestamp,
    },
}

/// An answer, and what the log is told of it.
pub struct Checked {
    pub answer: CodeCheck,
    pub told: Told,
}

/// What the log is told of a check once its transaction is committed: failures and locks come in floods, and those are
/// counted under a row that all refusals share, for which no act should wait.
#[must_use = "refusals are entries"]
#[derive(Debug, Default)]
pub struct Told(Vec<Draft>, Option<PersonId>);

impl Told {
    /// Writes it, each line with where the code came from beside it.
    pub async fn tell(self, app: &App, origin: &Origin) -> Result<(), Fault> {
        let source = self.1.map_or_else(|| origin.source(), |person| person.to_string());
        for draft in self.0 {
            record::refuse(app, origin.beside(draft), &source).await?;
        }
        Ok(())
    }

    /// With the structure for which somebody is at work, if they are: those who review it see codes tried there.
    async fn at_work(mut self, tx: &mut WriteTx, origin: CodeOrigin) -> Result<Self, Fault> {
        if !self.0.is_empty()
            && let CodeOrigin::Session(id) = origin
            && let Some(structure) = session::structure_of(tx, id).await?
        {
            self.0 = self.0.into_iter().map(|draft| draft.structure(structure)).collect();
        }
        Ok(self)
    }

    fn refused(&mut self, person: PersonId, code: &str) {
        self.0.push(Draft::refused(Kind::CardCodeRefused, code).by_role(Role::Nobody).about(person));
    }
}

/// A card that may answer here, with what is held against it.
struct Candidate {
    row: CardRow,
    codes: Codes,
    key: Vec<u8>,
}

/// Checks a code against the cards this person holds.
pub async fn check(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    origin: CodeOrigin,
    code: &str,
) -> Result<Checked, Fault> {
    let rows = usable(tx, person, origin).await?;
    check_cards(app, tx, person, origin, rows, code).await
}

/// As [`check`], for these cards of theirs.
pub(super) async fn check_cards(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    origin: CodeOrigin,
    rows: Vec<CardRow>,
    code: &str,
) -> Result<Checked, Fault> {
    let mut told = Told(Vec::new(), Some(person));
    let mut candidates = Vec::new();
    let mut locked: Option<Timestamp> = None;
    for row in rows {
        let key = key(app, row.id, origin);
        match throttle::take(tx, &key, app.now()).await? {
            Attempt::Blocked { until } => locked = Some(locked.map_or(until, |other| other.min(until))),
            Attempt::Allowed { locks } => {
                if locks {
                    let draft = Draft::done(Kind::LockStarted).by_role(Role::Nobody);
                    told.0.push(draft.about(person).card(row.id));
                }
                let seed = card::open_seed(&app.sealer, &row)?;
                candidates.push(Candidate { codes: Codes::new(&seed, row.params()?)?, row, key });
            }
        }
    }
    if candidates.is_empty()
        && let Some(until) = locked
    {
        told.refused(person, "locked");
        return Ok(Checked { answer: CodeCheck::Locked { until }, told: told.at_work(tx, origin).await? });
    }
    let answer = compare(app, tx, person, origin, &candidates, code).await?;
    let refusal = settle(app, tx, origin, &candidates, answer).await?;
    if answer != CodeCheck::Wrong {
        // What was cleared or forgiven locks nothing.
        told.0.clear();
    }
    if let Some(refusal) = refusal {
        told.refused(person, refusal);
    }
    Ok(Checked { answer, told: told.at_work(tx, origin).await? })
}

/// Active cards; at sign-in and without any, the card that was handed over last, if one referent's word is enough to
/// bring this person back: someone at work in several structures, or in the service's own, needs more than that.
async fn usable(tx: &mut WriteTx, person: PersonId, origin: CodeOrigin) -> Result<Vec<CardRow>, Fault> {
    let mut active = Vec::new();
    let mut handed_over = Vec::new();
    for row in card::held_by(tx, person).await? {
        match row.state()? {
            CardState::Active { .. } => active.push(row),
            CardState::Assigned { .. } => handed_over.push(row),
            CardState::InStock | CardState::Ended { .. } => {}
        }
    }
    let brings_back = match origin {
        CodeOrigin::Session(_) | CodeOrigin::Recovery => false,
        CodeOrigin::Invitation => true,
        CodeOrigin::Device(_) | CodeOrigin::Unknown => {
            active.is_empty() && person::ties(tx, person).await? <= 1
        }
    };
    Ok(if brings_back { handed_over } else { active })
}

/// The first card whose code it is; its step is taken by compare-and-set.
async fn compare(
    app: &App,
    tx: &mut WriteTx,
    person: PersonId,
    origin: CodeOrigin,
    candidates: &[Candidate],
    code: &str,
) -> Result<CodeCheck, Fault> {
    let now = app.now();
    let mut answer = CodeCheck::Wrong;
    for Candidate { row, codes, .. } in candidates {
        let memory = CardMemory { drift: row.drift, last_step: row.last_step };
        match codes.verify(code, memory, now) {
            Verdict::Wrong => {}
            Verdict::AlreadyUsed { next_in_seconds } => answer = CodeCheck::AlreadyUsed { next_in_seconds },
            Verdict::Accepted(CardMemory { drift, last_step }) => {
                if !card::accept_step(tx, row.id, last_step, drift).await? {
                    // Somebody else presented it an instant before.
                    let next_in_seconds = match codes.verify(code, CardMemory { drift, last_step }, now) {
                        Verdict::AlreadyUsed { next_in_seconds } => next_in_seconds,
                        Verdict::Accepted(_) | Verdict::Wrong => 1,
                    };
                    return Ok(CodeCheck::AlreadyUsed { next_in_seconds });
                }
                if matches!(row.state()?, CardState::Assigned { .. }) {
                    let entry = record::reserve(app);
                    card::activate(tx, row.id, now, person, entry).await?;
                    // A step stands in one entry: that of the sign-in, when the card is activated by one.
                    let alone = matches!(origin, CodeOrigin::Session(_) | CodeOrigin::Recovery);
                    let draft = Draft::done(Kind::CardActivated)
                        .named(entry)
                        .by_role(Role::Nobody)
                        .about(person)
                        .card(row.id)
                        .fact_if("step", alone.then_some(last_step));
                    record::record(app, tx, draft).await?;
                }
                return Ok(CodeCheck::Accepted { card_id: row.id, step: last_step });
            }
        }
    }
    Ok(answer)
}

/// Clears, forgives or leaves the failure counted; why the code was refused, if it was.
async fn settle(
    app: &App,
    tx: &mut WriteTx,
    origin: CodeOrigin,
    candidates: &[Candidate],
    answer: CodeCheck,
) -> Result<Option<&'static str>, Fault> {
    Ok(match answer {
        CodeCheck::Accepted { card_id, .. } => {
            for Candidate { key, .. } in candidates {
                throttle::clear(tx, key).await?;
            }
            if let CodeOrigin::Session(id) = origin {
                let (now, rules) = (app.now(), SessionRules::default());
                session::refresh(tx, id, card_id, now, now + rules.fresh, now + rules.idle).await?;
            }
            None
        }
        CodeCheck::AlreadyUsed { .. } => {
            for Candidate { key, .. } in candidates {
                throttle::forgive(tx, key).await?;
            }
            Some("code_used")
        }
        CodeCheck::Wrong => Some("code_wrong"),
        CodeCheck::Locked { .. } => Some("locked"),
    })
}

fn key(app: &App, card: CardId, origin: CodeOrigin) -> Vec<u8> {
    let mut exact = card.as_bytes().to_vec();
    match origin {
        CodeOrigin::Session(id) => {
            exact.push(b's');
            exact.extend_from_slice(id.as_bytes());
        }
        CodeOrigin::Device(id) => {
            exact.push(b'd');
            exact.extend_from_slice(id.as_bytes());
        }
        CodeOrigin::Unknown => exact.push(b'u'),
        CodeOrigin::Invitation => exact.push(b'i'),
        CodeOrigin::Recovery => exact.push(b'r'),
    }
    app.sealer.blind_index("throttle.card", &exact)
}

/// Rounds a wait up to whole seconds, at least one.
pub fn seconds_until(until: Timestamp, now: Timestamp) -> i64 {
    let left = until.since(now).max(Duration::SECOND);
    left.whole_seconds() + i64::from(left.subsec_nanoseconds() > 0)
}
