//! The user reads and decides. The caller is whoever holds the browser in which the user identified: the session
//! of the aidant is never asked, and alone it opens nothing here.
use crate::domain::consent::FrozenConsent;
use crate::domain::mandate::{Reference, Refusal, State};
use crate::domain::secret::PlainToken;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
pub use crate::notify::Language;
use crate::store::identification::{self, OpenRow};
use crate::store::mandate::{self, MandateRow};
use crate::store::{Access, AsStoreError, StoreError, user};
use crate::{transact, view};

use super::App;
use super::desk::{self, DeskError};
use super::fault::Fault;
use super::record::{self, Origin};

/// What the user has before them.
pub struct Reading {
    pub reference: Reference,
    pub structure: String,
    pub frozen: FrozenConsent,
    /// What they answered already, if they did.
    pub answered: Option<Decision>,
    pub state: State,
    pub ends_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Agreed,
    Refused,
}

impl Decision {
    const fn name(self) -> &'static str {
        match self {
            Self::Agreed => "agreed",
            Self::Refused => "refused",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Agreed, Self::Refused].into_iter().find(|decision| decision.name() == name)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// Nobody is identified in this browser, or too long ago.
    #[error("nobody is identified in this browser")]
    Nobody,
    /// The person did not declare that they may give a mandate.
    #[error("the declaration is missing")]
    Undeclared,
}

impl<E> From<E> for ConsentError
where
    Fault: From<E>,
{
    fn from(error: E) -> Self {
        Self::Desk(DeskError::Fault(Fault::from(error)))
    }
}

impl AsStoreError for ConsentError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Desk(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// The text as it was frozen when the user identified.
pub(super) fn frozen(app: &App, row: &MandateRow) -> Result<FrozenConsent, DeskError> {
    let sealed = row.text_sealed.as_deref().ok_or(DeskError::Refused(Refusal::OutOfOrder))?;
    let (terms, text): (String, String) =
        app.sealer.open_json(mandate::place(&row.id, "text_sealed"), sealed)?;
    Ok(FrozenConsent::stored(terms, text))
}

/// The request of this browser and its mandate, as long as it is about the person who identified here.
async fn open(
    tx: &mut impl Access,
    browser: &PlainToken,
    now: Timestamp,
) -> Result<(OpenRow, MandateRow), ConsentError> {
    let request = identification::of_browser(tx, &browser.hash(), now).await?.ok_or(ConsentError::Nobody)?;
    let row = mandate::by_id(tx, request.mandate_id).await?.ok_or(ConsentError::Nobody)?;
    if row.user_id != Some(request.user_id) {
        return Err(ConsentError::Nobody);
    }
    Ok((request, row))
}

/// What the person identified in this browser is asked.
pub async fn read(app: &App, browser: &PlainToken) -> Result<Reading, ConsentError> {
    let now = app.now();
    let (request, row) = view!(app.store, tx => { open(tx, browser, now).await })?;
    Ok(Reading {
        frozen: frozen(app, &row)?,
        answered: request.decision.as_deref().and_then(Decision::from_name),
        state: row.state_at(now)?,
        ends_at: row.ends_at,
        reference: row.reference,
        structure: row.structure_name,
    })
}

/// The user agrees, having read in this language: what they are sent is written in it. Twice is once.
pub async fn agree(
    app: &App,
    browser: &PlainToken,
    declared: bool,
    read_in: Language,
    origin: &Origin,
) -> Result<Reference, ConsentError> {
    if !declared {
        return Err(ConsentError::Undeclared);
    }
    decide(app, browser, Decision::Agreed, read_in, origin).await
}

/// The user refuses: nothing is signed, the desk sees it at once. Twice is once.
pub async fn refuse(
    app: &App,
    browser: &PlainToken,
    read_in: Language,
    origin: &Origin,
) -> Result<Reference, ConsentError> {
    decide(app, browser, Decision::Refused, read_in, origin).await
}

async fn decide(
    app: &App,
    browser: &PlainToken,
    decision: Decision,
    read_in: Language,
    origin: &Origin,
) -> Result<Reference, ConsentError> {
    transact!(app.store, "decide_consent", tx => {
        let now = app.now();
        let (request, row) = open(tx, browser, now).await?;
        let entry = record::reserve(app);
        if !identification::decide(tx, request.id, now, decision.name(), entry).await? {
            let (request, _) = open(tx, browser, now).await?;
            let same = request.decision.as_deref() == Some(decision.name());
            return if same { Ok(row.reference) } else { Err(DeskError::Refused(Refusal::Ended).into()) };
        }
        let hash = row.text_hash.clone().unwrap_or_default();
        let done = match decision {
            Decision::Agreed => {
                let when = (now, desk::alive_since(now));
                let said = (request.acr.as_deref(), entry);
                mandate::consented(tx, row.id, request.user_id, &hash, when, said).await?
            }
            Decision::Refused => mandate::refused(tx, row.id, request.user_id, now, entry).await?,
        };
        if !done {
            let lapsed = matches!(row.state_at(now)?, State::Lapsed { .. });
            return Err(DeskError::Refused(if lapsed { Refusal::Lapsed } else { Refusal::Ended }).into());
        }
        user::set_locale(tx, request.user_id, read_in.tag()).await?;
        let kind = match decision {
            Decision::Agreed => Kind::MandateConsentGiven,
            Decision::Refused => Kind::MandateConsentRefused,
        };
        let mut draft = Draft::done(kind)
            .by_role(Role::User)
            .user(request.user_id)
            .structure(row.structure_id)
            .mandate(row.id)
            .fact("means", "screen")
            .fact("read_in", read_in.tag())
            .fact("text", data_encoding::HEXLOWER.encode(&hash).as_str());
        if decision == Decision::Agreed {
            draft = draft
                .fact_if("acr", request.acr.as_deref())
                .fact("valid_to", row.ends_at)
                .fact("declared_able", true);
        }
        record::record(app, tx, origin.beside(draft.named(entry))).await?;
        Ok::<_, ConsentError>(row.reference)
    })
}
