//! The user identifies with the national identity provider, in one browser, for one mandate. The answer is taken
//! once, in that browser only; straight after, the session opened at the provider is closed.
mod keep;

use time::Duration;
use url::Url;

use crate::domain::ids::RowId;
use crate::domain::mandate::{Act, Reference, Refusal, Scope};
use crate::domain::secret::{HashedToken, PlainToken};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::federation::{Answer, Expected, FederationError, Identified, Refused};
use crate::store::identification::{self, NewRequest, TakenRow};
use crate::store::mandate::{self, MandateRow};
use crate::store::{AsStoreError, StoreError};
use crate::{transact, view};

use super::App;
use super::caller::SignedIn;
use super::close_provider_session;
use super::desk::{self, DeskError, HUB_SESSION};
use super::fault::Fault;
use super::record;

pub(super) use keep::identity_index;

/// The person has this long to identify at the provider.
const TO_IDENTIFY: Duration = Duration::minutes(15);

#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error(transparent)]
    Provider(#[from] FederationError),
    /// The answer belongs to no request of this browser, or to one that is too old or was answered before.
    #[error("the answer belongs to no request of this browser")]
    Foreign,
    /// The service itself may have vouched for this person a moment ago: it must not be told back to it.
    #[error("the person may have been identified through this very service")]
    Loop,
    #[error("the person is not of age")]
    UnderAge,
}

impl<E> From<E> for IdentifyError
where
    Fault: From<E>,
{
    fn from(error: E) -> Self {
        Self::Desk(DeskError::Fault(Fault::from(error)))
    }
}

impl AsStoreError for IdentifyError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Desk(error) => error.as_store_error(),
            _ => None,
        }
    }
}

impl IdentifyError {
    /// The reason as the log keeps it; none for a fault of ours.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Desk(error) => error.code(),
            Self::Provider(error) => Some(error.code()),
            Self::Foreign => Some("foreign_answer"),
            Self::Loop => Some("loop"),
            Self::UnderAge => Some("under_age"),
        }
    }
}

/// An address of ours that the provider knows.
pub(super) fn address(app: &App, path: &str) -> Result<Url, Fault> {
    app.config.server.origin.join(path).map_err(|_| Fault::Interrupted)
}

/// Where the browser goes, and the token of the cookie that binds it to the request.
pub struct Start {
    pub url: Url,
    pub browser: PlainToken,
}

/// Begins an identification. `hub_browser`: the browser's binding to requests of services, if it has one.
pub async fn start(
    app: &App,
    who: &SignedIn,
    reference: &Reference,
    hub_browser: Option<&HashedToken>,
) -> Result<Start, IdentifyError> {
    let now = app.now();
    let checked = may_start(app, who, reference, hub_browser, now).await;
    let row = match checked {
        Ok(row) => row,
        Err(error) => {
            if let Some(code) = error.code() {
                let kind = Kind::MandateIdentificationStarted;
                desk::record_refusal(app, who, kind, code, Some(reference)).await?;
            }
            return Err(error);
        }
    };
    let back = address(app, "/consent/back")?;
    let begun = app.federation.begin(now, &back, &*app.entropy).await?;
    let browser = PlainToken::generate(&*app.entropy);
    let id = RowId::new(now, &*app.entropy);
    let seal =
        |column, token: &PlainToken| app.sealer.seal_text(identification::place(&id, column), token.reveal());
    let nonce = seal("nonce_sealed", &begun.nonce)?;
    let verifier = begun.verifier.as_ref().map(|verifier| seal("verifier_sealed", verifier)).transpose()?;
    let new = NewRequest {
        id,
        mandate: row.id,
        browser: &browser.hash(),
        provider: &app.federation.provider().issuer,
        state: &begun.state.hash(),
        nonce_sealed: &nonce,
        verifier_sealed: verifier.as_deref(),
        now,
        expires_at: now + TO_IDENTIFY,
    };
    transact!(app.store, "start_identification", tx => {
        identification::insert(tx, &new).await?;
        mandate::touch(tx, row.id, now).await?;
        let draft = Draft::done(Kind::MandateIdentificationStarted)
            .by(who.person_id, Role::Aidant)
            .structure(row.structure_id)
            .mandate(row.id);
        record::record(app, tx, draft).await?;
        Ok::<_, Fault>(())
    })?;
    Ok(Start { url: begun.url, browser })
}

async fn may_start(
    app: &App,
    who: &SignedIn,
    reference: &Reference,
    hub_browser: Option<&HashedToken>,
    now: Timestamp,
) -> Result<MandateRow, IdentifyError> {
    if app.config.server.is_ourselves(&app.federation.provider().issuer) {
        return Err(IdentifyError::Loop);
    }
    view!(app.store, tx => {
        let opened = desk::open(tx, who, reference, now).await?;
        opened.row.state()?.identified(now, opened.row.ends_at).map_err(DeskError::from)?;
        let scope = Scope::new(desk::proposed_domains(tx, opened.row.id).await?);
        let scope = scope.map_err(|_| DeskError::Refused(Refusal::OutOfOrder))?;
        let act = Act::Grant { scope: &scope, held_by: opened.row.structure_id };
        opened.check(act, now).map_err(DeskError::from)?;
        if identification::hub_answered_in(tx, who.session_id, hub_browser, now - HUB_SESSION).await? {
            return Err(IdentifyError::Loop);
        }
        Ok(opened.row)
    })
}

/// An answer that failed, with the mandate it was for when that is known.
#[derive(Debug)]
pub struct Failed {
    pub reference: Option<Reference>,
    pub error: IdentifyError,
    /// Where the browser goes first, since somebody has a session at the provider.
    pub close_at: Option<Url>,
}

/// Takes the provider's answer. The user, their text and the request are written together.
pub async fn complete(
    app: &App,
    browser: &PlainToken,
    state: &PlainToken,
    answer: Answer,
) -> Result<(), Failed> {
    let nowhere = |error: IdentifyError| Failed { reference: None, error, close_at: None };
    let now = app.now();
    let (state, browser) = (state.hash(), browser.hash());
    let taken: Result<Option<TakenRow>, Fault> = transact!(app.store, "take_identification", tx => {
        Ok::<_, Fault>(identification::take(tx, &state, &browser, now).await?)
    });
    let Some(request) = taken.map_err(|fault| nowhere(fault.into()))? else {
        let draft =
            Draft::refused(Kind::MandateIdentificationRefused, "foreign_answer").by_role(Role::Nobody);
        record::refuse(app, draft, "identity provider").await.map_err(|error| nowhere(error.into()))?;
        return Err(nowhere(IdentifyError::Foreign));
    };
    let row = mandate_of(app, &request).await.map_err(nowhere)?;
    let (outcome, id_token) = match identify(app, &request, answer, now).await {
        Ok(Ok(person)) => (keep::write_with_retry(app, &request, &row, &person).await, Some(person.id_token)),
        Ok(Err(Refused { error, id_token })) => (Err(error.into()), id_token),
        Err(error) => (Err(error), None),
    };
    let Err(error) = outcome else { return Ok(()) };
    if let Some(code) = error.code() {
        let draft = Draft::refused(Kind::MandateIdentificationRefused, code)
            .by_role(Role::Nobody)
            .structure(row.structure_id)
            .mandate(row.id);
        record::refuse(app, draft, &row.id.to_string()).await.map_err(|error| nowhere(error.into()))?;
    }
    let close_at = match id_token {
        Some(token) => {
            let code = error.code().unwrap_or("fault");
            let url = close_provider_session::refused(app, request.id, code, &token).await;
            url.map_err(|fault| nowhere(fault.into()))?
        }
        None => None,
    };
    Err(Failed { reference: Some(row.reference), error, close_at })
}

async fn mandate_of(app: &App, request: &TakenRow) -> Result<MandateRow, IdentifyError> {
    let row = view!(app.store, tx => { mandate::by_id(tx, request.mandate_id).await })?;
    Ok(row.ok_or(DeskError::NotFound)?)
}

async fn identify(
    app: &App,
    request: &TakenRow,
    answer: Answer,
    now: Timestamp,
) -> Result<Result<Identified, Refused>, IdentifyError> {
    // Asked again: a request begun under another configuration may come back under this one.
    if app.config.server.is_ourselves(&app.federation.provider().issuer) {
        return Err(IdentifyError::Loop);
    }
    let open = |column, sealed: &[u8]| {
        app.sealer.open_text(identification::place(&request.id, column), sealed).map(PlainToken::presented)
    };
    let expected = Expected {
        redirect_uri: address(app, "/consent/back")?,
        nonce: open("nonce_sealed", &request.nonce_sealed)?,
        verifier: request.verifier_sealed.as_deref().map(|v| open("verifier_sealed", v)).transpose()?,
    };
    Ok(app.federation.complete(now, answer, &expected).await)
}
