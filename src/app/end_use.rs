//! Ends uses: by the aidant, at a service's request, or because what allowed them has ended. The desk session goes on.
use crate::crypto::jwt;
use crate::crypto::seal::SealError;
use crate::domain::ids::{SessionId, StructureId, UseId};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;
use crate::domain::use_session::UseEnd;
use crate::domain::user::CivilIdentity;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::claims::IdToken;
use crate::oidc::provider::logout::{self, Decision, Hint};
use crate::oidc::provider::params::Params;
use crate::store::use_session::{self, UseRow};
use crate::store::{AsStoreError, StoreError, WriteTx, client};
use crate::{transact, view};

use super::App;
use super::caller::SignedIn;
use super::choose_user::identity;
use super::openid::{self, issuer};
use super::record::{self, RecordError};
use super::signing_keys::{self, KeysError};
use super::tell_logout;

/// A use as its aidant sees it.
pub struct OpenUse {
    pub id: UseId,
    pub service: String,
    pub is_hub: bool,
    /// None when it was left open by an earlier session of this browser, in another structure: its user is not shown.
    pub user: Option<CivilIdentity>,
    pub domain: String,
    pub started_at: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum EndError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Sealed(#[from] SealError),
}

impl AsStoreError for EndError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Keys(error) => error.as_store_error(),
            Self::Sealed(_) => None,
        }
    }
}

/// Uses going on from this desk session, or left by an earlier one in the same browser.
pub async fn going_on(
    app: &App,
    who: &SignedIn,
    browser: Option<&HashedToken>,
) -> Result<Vec<OpenUse>, EndError> {
    let rows = view!(app.store, tx => { use_session::live_of_browser(tx, who.session_id, browser).await })?;
    let shown = |row: UseRow| -> Result<OpenUse, EndError> {
        let known =
            row.session_id == who.session_id || who.structure_id == Some::<StructureId>(row.structure_id);
        let user = if known { Some(identity(app, row.user_id, &row.identity_sealed)?) } else { None };
        let UseRow { id, service_name, is_hub, domain, started_at, .. } = row;
        Ok(OpenUse { id, service: service_name, is_hub, user, domain, started_at })
    };
    rows.into_iter().map(shown).collect()
}

/// Ends, for the aidant, every use of this desk session and those left open in this browser. How many there were.
pub async fn end_by_aidant(
    app: &App,
    who: &SignedIn,
    browser: Option<&HashedToken>,
) -> Result<usize, EndError> {
    let now = app.now();
    transact!(app.store, "end_uses", tx => {
        let uses = use_session::live_of_browser(tx, who.session_id, browser).await?;
        let count = uses.len();
        for row in &uses {
            end_one(app, tx, row, UseEnd::Aidant, Some(who), now).await?;
            use_session::act_for_nobody(tx, row.session_id).await?;
        }
        use_session::act_for_nobody(tx, who.session_id).await?;
        Ok::<_, EndError>(count)
    })
}

/// Ends every use of a desk session, inside the transaction that ends the session itself.
pub async fn end_of_session(
    app: &App,
    tx: &mut WriteTx,
    session: SessionId,
    now: Timestamp,
) -> Result<(), RecordError> {
    let uses = use_session::live_of_session(tx, session).await?;
    end_all(app, tx, uses, UseEnd::SignOut, now).await
}

/// Ends uses, inside the transaction of the act that ends them. Their codes and tokens die with them, their services are
/// told; desk sessions that acted in those users' names act for nobody any more.
pub async fn end_all(
    app: &App,
    tx: &mut WriteTx,
    uses: Vec<UseRow>,
    cause: UseEnd,
    now: Timestamp,
) -> Result<(), RecordError> {
    for row in &uses {
        end_one(app, tx, row, cause, None, now).await?;
        use_session::act_for_nobody(tx, row.session_id).await?;
    }
    Ok(())
}

/// What an entry about a use says of what it stands on.
pub(super) fn of(draft: Draft, row: &UseRow) -> Draft {
    draft
        .user(row.user_id)
        .structure(row.structure_id)
        .mandate(row.mandate_id)
        .grant(row.grant_id)
        .service(row.client_id)
        .use_id(row.id)
}

/// Ends one use and says so in the log: by `who` if somebody is at the desk. Nothing happens if it had ended before.
pub(super) async fn end_one(
    app: &App,
    tx: &mut WriteTx,
    row: &UseRow,
    cause: UseEnd,
    who: Option<&SignedIn>,
    now: Timestamp,
) -> Result<(), RecordError> {
    let entry = record::reserve(app);
    if !use_session::end(tx, row.id, now, cause.as_str(), entry).await? {
        return Ok(());
    }
    let draft = of(Draft::done(Kind::UseEnded).named(entry), row).fact("cause", cause.as_str());
    let draft = match (cause, who) {
        (_, Some(who)) => who.signs(draft, Role::Aidant),
        (UseEnd::Aidant | UseEnd::SignOut, None) => draft.by(row.person_id, Role::Aidant),
        (UseEnd::Service, None) => draft.by_role(Role::Service),
        (UseEnd::Revoked | UseEnd::Expired | UseEnd::CodeReuse, None) => draft.by_role(Role::System),
    };
    record::record(app, tx, draft).await?;
    tell_logout::queue(app, tx, row.id, now).await?;
    Ok(())
}

/// What the browser is shown after a service's sign-out.
pub enum SignedOut {
    /// Back to the service.
    Return(String),
    /// A page that says the use is over.
    Say,
    /// A page that asks the aidant: nothing proves who sent the request.
    Ask,
}

/// Answers a service's end_session request: ends the use its hint names, and says where to go.
pub async fn end_by_service(app: &App, params: &Params) -> Result<SignedOut, EndError> {
    let request = logout::parse(params);
    let hint = match &request.hint {
        Some(token) => verified(app, token).await?,
        None => None,
    };
    let client = match &hint {
        Some(hint) => view!(app.store, tx => { client::by_client_id(tx, &hint.client_id).await })?,
        None => None,
    };
    let client = client.map(openid::client).transpose()?;
    let proof = hint.as_ref().zip(client.as_ref());
    let (sid, outcome) = match logout::decide(&request, proof) {
        Decision::EndAndReturn { sid, to } => (sid, SignedOut::Return(to)),
        Decision::EndAndSay { sid } => (sid, SignedOut::Say),
        Decision::Ask => return Ok(SignedOut::Ask),
    };
    let (Ok(id), Some(client)) = (sid.parse::<UseId>(), client) else { return Ok(outcome) };
    let now = app.now();
    transact!(app.store, "end_use", tx => {
        if let Some(row) = use_session::live(tx, id).await?.filter(|row| row.client_id == client.id) {
            end_all(app, tx, vec![row], UseEnd::Service, now).await?;
        }
        Ok::<_, EndError>(())
    })?;
    Ok(outcome)
}

async fn verified(app: &App, token: &str) -> Result<Option<Hint>, EndError> {
    let keys = signing_keys::ring(app).await?;
    let claims = jwt::verify_own::<IdToken>(token, keys.published(), &issuer(app)).ok();
    Ok(claims.map(|claims| Hint { client_id: claims.aud, sid: claims.sid }))
}
