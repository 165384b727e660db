//! A service sends the browser with a request: it is checked, kept, bound to that browser, and answered.
use time::Duration;

use crate::crypto::jwt;
use crate::crypto::seal::SealError;
use crate::domain::ids::{RowId, UseId};
use crate::domain::secret::{HashedToken, PlainToken};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::access::{CODE_LIFE, REQUEST_LIFE, end};
use crate::oidc::provider::authorize::{self, Prompt, Refused, Request, needs_fresh_code};
use crate::oidc::provider::claims::IdToken;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::error::{AuthorizeError, PageError};
use crate::oidc::provider::france_connect::Unfit;
use crate::oidc::provider::par;
use crate::oidc::provider::params::Params;
use crate::oidc::provider::pkce::Challenge;
use crate::oidc::provider::response::{self, Answer};
use crate::store::authorization::{self, NewCode, NewRequest};
use crate::store::use_session::UseRow;
use crate::store::{AsStoreError, StoreError, WriteTx, client, offer, token, use_session};
use crate::{transact, view};

use super::caller::{CHARTER_VERSION, SignedIn};
use super::openid::{self, issuer};
use super::push_request;
use super::record::{self, RecordError};
use super::shown_once::ShownOnce;
use super::signing_keys::{self, KeysError};
use super::{App, end_use, together};

/// What becomes of a request as it arrives.
pub enum Received {
    /// It cannot be answered to anyone but the person in front.
    Page(PageError),
    /// It is answered to the service at once.
    Answer(Answer),
    /// It waits under this handle, which stands in our own addresses.
    Kept(PlainToken),
}

/// A request that waits, in the browser that brought it.
pub struct Opening {
    pub id: RowId,
    pub client: Client,
    pub request: Request,
    pub arrived: Timestamp,
    pub browser: HashedToken,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Answered already, too old, unknown, or brought by another browser.
    #[error("the request no longer waits for an answer")]
    Gone,
    /// Services are open in another person's name: that must be ended first.
    #[error("a service is open in another person's name")]
    EndFirst,
    /// Not, or no longer, among the grants this request may use.
    #[error("the grant is not offered")]
    NotOffered,
    /// The service would refuse this person's identity as it is known here.
    #[error("the service does not take this identity")]
    Unfit(Unfit),
    /// No new use begins while the log is not signed.
    #[error("the log is not signed")]
    LogStopped,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Sealed(#[from] SealError),
    #[error("the request cannot be written or read")]
    Json(#[from] serde_json::Error),
}

impl AsStoreError for OpenError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Keys(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// Checks and keeps a request. `source` tells where it came from, for the limits of the log.
pub async fn receive(app: &App, params: &Params, source: &str) -> Result<Received, OpenError> {
    let client = match authorize::client_id(params) {
        Ok(id) => {
            view!(app.store, tx => { client::by_client_id(tx, id).await })?.map(openid::client).transpose()?
        }
        Err(error) => return refused_page(app, None, error, source).await,
    };
    let Some(client) = client else {
        return refused_page(app, None, PageError::UnknownClient, source).await;
    };
    if let Some(reference) = par::reference(params) {
        return match push_request::visit(app, &client, PlainToken::presented(reference)).await? {
            Some(handle) => Ok(Received::Kept(handle)),
            None => refused_page(app, Some(&client), PageError::UnknownRequestUri, source).await,
        };
    }
    let checked = authorize::check(params, &client).and_then(|request| met(app, request));
    match checked {
        Ok(request) => {
            let (handle, new) = to_keep(app, &client, &request, None)?;
            together::keep(app, new, ShownOnce::default()).await?;
            Ok(Received::Kept(handle))
        }
        Err(Refused::Page(error)) => refused_page(app, Some(&client), error, source).await,
        Err(Refused::Client(answer_to, error)) => {
            let draft = Draft::refused(Kind::AuthorizationRefused, error.code());
            record::refuse(app, draft.by_role(Role::Service).service(client.id), source).await?;
            Ok(Received::Answer(response::failure(&answer_to, &issuer(app), error)))
        }
    }
}

/// The request, if the level that it calls essential is one at which users are identified here.
pub(super) fn met(app: &App, request: Request) -> Result<Request, Refused> {
    if request.filter.can_be_met(&app.config.identity.acr_accepted) {
        Ok(request)
    } else {
        Err(Refused::Client(request.answer_to, AuthorizeError::UnmetRequirements))
    }
}

async fn refused_page(
    app: &App,
    client: Option<&Client>,
    error: PageError,
    source: &str,
) -> Result<Received, OpenError> {
    let reason = match error {
        PageError::NoClient => "no_client",
        PageError::UnknownClient => "unknown_client",
        PageError::NoRedirectUri => "no_redirect_uri",
        PageError::UnknownRedirectUri => "unknown_redirect_uri",
        PageError::UnknownRequestUri => "unknown_request_uri",
    };
    let mut draft = Draft::refused(Kind::AuthorizationRefused, reason).by_role(Role::Nobody);
    if let Some(client) = client {
        draft = draft.service(client.id);
    }
    record::refuse(app, draft, source).await?;
    Ok(Received::Page(error))
}

/// A checked request, as it is kept, and its handle. `pushed`: how long it waits for its first visit, if its client pushed it.
pub(super) fn to_keep(
    app: &App,
    client: &Client,
    request: &Request,
    pushed: Option<Duration>,
) -> Result<(PlainToken, NewRequest), OpenError> {
    let now = app.now();
    let handle = PlainToken::generate(app.entropy.as_ref());
    let parameters = serde_json::to_string(request)?;
    let new = NewRequest {
        id: RowId::new(now, app.entropy.as_ref()),
        handle: handle.hash(),
        client: client.id,
        parameters,
        created_at: now,
        expires_at: now + pushed.unwrap_or(REQUEST_LIFE),
        unvisited: pushed.is_some(),
    };
    Ok((handle, new))
}

/// The request of a handle, for the browser that brought it. The first browser to show it is bound to it: gives the
/// token to keep in its cookie, if it had none.
pub async fn resume(
    app: &App,
    handle: &PlainToken,
    browser: Option<PlainToken>,
) -> Result<(Opening, Option<PlainToken>), OpenError> {
    let (now, hash) = (app.now(), handle.hash());
    let found = view!(app.store, tx => {
        let Some(row) = authorization::pending(tx, &hash, now).await? else { return Err(OpenError::Gone) };
        let client = client::by_id(tx, row.client_id).await?.ok_or(OpenError::Gone)?;
        Ok::<_, OpenError>((row, client))
    });
    let (row, client) = found?;
    let client = openid::client(client)?;
    if client.suspended {
        return Err(OpenError::Gone);
    }
    let request: Request = serde_json::from_str(&row.parameters)?;
    let (browser, fresh) = match (row.browser_hash, browser) {
        (Some(bound), Some(presented)) if bound == presented.hash() => (bound, None),
        (Some(_), _) => return Err(OpenError::Gone),
        (None, presented) => {
            let fresh = presented.is_none().then(|| PlainToken::generate(app.entropy.as_ref()));
            let token = presented.as_ref().or(fresh.as_ref()).ok_or(OpenError::Gone)?.hash();
            let bound =
                transact!(app.store, "bind_request", tx => { authorization::bind(tx, &hash, &token).await })?;
            if !bound {
                return Err(OpenError::Gone);
            }
            (token, fresh)
        }
    };
    Ok((Opening { id: row.id, client, request, arrived: row.created_at, browser }, fresh))
}

impl Opening {
    /// Whether the request must be answered without showing anything.
    pub fn is_silent(&self) -> bool {
        self.request.prompts.contains(&Prompt::None)
    }

    /// Whether the aidant must enter a code before going on.
    pub fn needs_code(&self, who: &SignedIn, now: Timestamp) -> bool {
        !who.is_fresh(now)
            || needs_fresh_code(
                &self.request.prompts,
                self.request.max_age,
                self.client.policy.reauthentication,
                who.last_code_at,
                self.arrived,
                now,
            )
    }
}

/// Answers a request with an error; the aidant gave up, for one.
pub async fn give_up(app: &App, opening: &Opening, error: AuthorizeError) -> Result<Answer, OpenError> {
    let now = app.now();
    transact!(app.store, "refuse_request", tx => {
        if !authorization::answer(tx, opening.id, now, None).await? {
            return Err(OpenError::Gone);
        }
        let draft = Draft::refused(Kind::AuthorizationRefused, error.code());
        record::record(app, tx, draft.by_role(Role::Service).service(opening.client.id)).await?;
        Ok::<_, OpenError>(())
    })?;
    Ok(response::failure(&opening.request.answer_to, &issuer(app), error))
}

/// Answers `prompt=none`: a code if in this very session a use of this service goes on, else `login_required`.
pub async fn silently(app: &App, opening: &Opening, who: Option<&SignedIn>) -> Result<Answer, OpenError> {
    let Some(going_on) = continued(app, opening, who).await? else {
        return give_up(app, opening, AuthorizeError::LoginRequired).await;
    };
    let now = app.now();
    let code = transact!(app.store, "answer_silently", tx => {
        let chosen = (going_on.session_id, going_on.user_id, going_on.grant_id);
        if !authorization::answer(tx, opening.id, now, Some(chosen)).await? {
            return Err(OpenError::Gone);
        }
        record::record(app, tx, goes_on(&going_on)).await?;
        // The entry holds the mandate: what ended meanwhile is seen now, or ends after.
        if !token::is_in_force(tx, going_on.id, now, CHARTER_VERSION).await? {
            return Err(OpenError::NotOffered);
        }
        issue_code(app, tx, opening, going_on.id, now, now + Duration::days(1)).await
    });
    match code {
        Ok(code) => Ok(response::success(&opening.request.answer_to, &issuer(app), code.reveal())),
        Err(OpenError::NotOffered) => give_up(app, opening, AuthorizeError::LoginRequired).await,
        Err(error) => Err(error),
    }
}

/// Another code for a use that goes on.
fn goes_on(row: &UseRow) -> Draft {
    let draft = Draft::done(Kind::UseContinued).by(row.person_id, Role::Aidant);
    end_use::of(draft, row).on(row.entry_id)
}

/// The use a silent request may continue. A new use is never begun unseen, and one grant for one use is one use.
async fn continued(
    app: &App,
    opening: &Opening,
    who: Option<&SignedIn>,
) -> Result<Option<UseRow>, OpenError> {
    let Some(who) = who else { return Ok(None) };
    let (now, request) = (app.now(), &opening.request);
    let found = view!(app.store, tx => {
        let uses = use_session::live_of_session(tx, who.session_id).await?;
        let Some(row) = uses.into_iter().find(|row| row.client_id == opening.client.id) else { return Ok(None) };
        let in_force = token::is_in_force(tx, row.id, now, CHARTER_VERSION).await?;
        let offers = offer::of_user(tx, row.structure_id, now, row.user_id).await?;
        let same = |offer: &offer::OfferRow| offer.grant_id == row.grant_id && opening.offers(app, offer);
        let reusable = offers.iter().any(|offer| same(offer) && !offer.single_use);
        Ok::<_, StoreError>((in_force && reusable).then_some(row))
    })?;
    let Some(row) = found else { return Ok(None) };
    let too_old =
        request.max_age.is_some_and(|seconds| now.since(row.auth_time) > Duration::seconds(seconds.into()));
    if too_old || !hint_agrees(app, opening, &row).await? {
        return Ok(None);
    }
    Ok(Some(row))
}

/// Whether the hint of the request, if it has one, names the user of the use (OpenID Connect Core §3.1.2.1).
async fn hint_agrees(app: &App, opening: &Opening, row: &UseRow) -> Result<bool, OpenError> {
    let Some(hint) = &opening.request.id_token_hint else { return Ok(true) };
    let keys = signing_keys::ring(app).await?;
    let Ok(hint) = jwt::verify_own::<IdToken>(hint, keys.published(), &issuer(app)) else { return Ok(false) };
    let sub = app.openid.pairwise.user(&opening.client.sector, row.user_id);
    Ok(hint.aud == opening.client.client_id && hint.sub == sub)
}

/// Makes the code that answers a request.
pub(super) async fn issue_code(
    app: &App,
    tx: &mut WriteTx,
    opening: &Opening,
    use_id: UseId,
    now: Timestamp,
    grant_end: Timestamp,
) -> Result<PlainToken, OpenError> {
    let code = PlainToken::generate(app.entropy.as_ref());
    let scope = opening.request.scopes.to_string();
    let claims = &opening.request.claims;
    let claims = if claims.is_empty() { None } else { Some(serde_json::to_string(claims)?) };
    let new = NewCode {
        hash: &code.hash(),
        use_id,
        client: opening.client.id,
        redirect_uri: &opening.request.answer_to.redirect_uri,
        scope: &scope,
        nonce: opening.request.nonce.as_deref(),
        claims: claims.as_deref(),
        challenge: opening.request.challenge.as_ref().map(Challenge::as_str),
        dpop_jkt: opening.request.dpop_jkt.as_deref(),
        issued_at: now,
        expires_at: end(now, CODE_LIFE, grant_end),
    };
    authorization::insert_code(tx, &new).await?;
    Ok(code)
}
