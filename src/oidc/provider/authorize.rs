//! The authorization request: what may be asked, and how each thing wrong with it is answered
//! (RFC 6749 §4.1, OpenID Connect Core §3.1.2, RFC 9700 §2.1).
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::Duration;

use super::asked_claims::{self, AskedClaims};
use super::client::Client;
use super::dpop::is_thumbprint;
use super::error::{AuthorizeError, PageError};
use super::filter::GrantFilter;
use super::params::Params;
use super::pkce::Challenge;
use super::policy::{PkceRule, Reauthentication};
use super::scope::{Scope, Scopes};
use crate::domain::time::Timestamp;

/// How recent a code satisfies [`Reauthentication::Activity`].
pub const RECENT_ACTIVITY: Duration = Duration::minutes(15);

const LONGEST_STATE: usize = 1_000;
const LONGEST_NONCE: usize = 384;
const LONGEST_HINT: usize = 8_192;

/// How the answer travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseMode {
    Query,
    FormPost,
}

/// What the request demands of the aidant's presence (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Prompt {
    None,
    Login,
    Consent,
    SelectAccount,
}

/// A request that may go on: everything in it has been checked against its client. Kept as JSON until its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub answer_to: AnswerTo,
    pub scopes: Scopes,
    pub nonce: Option<String>,
    pub prompts: BTreeSet<Prompt>,
    /// Greatest age of the aidant's last code, in seconds.
    pub max_age: Option<u32>,
    pub challenge: Option<Challenge>,
    pub filter: GrantFilter,
    /// Claims asked for one by one.
    #[serde(default, skip_serializing_if = "AskedClaims::is_empty")]
    pub claims: AskedClaims,
    pub id_token_hint: Option<String>,
    /// Thumbprint of the key that must prove itself when the code is redeemed (RFC 9449 §10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
}

/// Where and how an answer, good or bad, goes back to the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerTo {
    /// One of the client's registered addresses.
    pub redirect_uri: String,
    pub mode: ResponseMode,
    pub state: Option<String>,
}

/// A request that may not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Page(PageError),
    Client(AnswerTo, AuthorizeError),
}

impl From<PageError> for Refused {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

/// The client a request names, to be looked up before anything else is believed.
pub fn client_id(params: &Params) -> Result<&str, PageError> {
    params.get("client_id").ok().flatten().ok_or(PageError::NoClient)
}

/// How a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way<'a> {
    /// Through the browser.
    Front,
    /// From the client itself, which may have proven a key.
    Pushed { jkt: Option<&'a str> },
}

/// Checks a request that `client` pushes, having proven itself and perhaps the key of thumbprint `jkt`
/// (RFC 9126 §2.1).
pub fn check_pushed(params: &Params, client: &Client, jkt: Option<&str>) -> Result<Request, Refused> {
    check_by(params, client, Way::Pushed { jkt })
}

/// Checks a request of `client`. Until its address to return to is known to be the client's own, nothing is sent
/// anywhere.
pub fn check(params: &Params, client: &Client) -> Result<Request, Refused> {
    check_by(params, client, Way::Front)
}

fn check_by(params: &Params, client: &Client, way: Way<'_>) -> Result<Request, Refused> {
    if client.suspended {
        return Err(PageError::UnknownClient.into());
    }
    let redirect_uri = match params.get("redirect_uri") {
        Ok(Some(uri)) if client.returns_to(uri) => uri.to_owned(),
        Ok(None) => return Err(PageError::NoRedirectUri.into()),
        Ok(Some(_)) | Err(_) => return Err(PageError::UnknownRedirectUri.into()),
    };
    let mode = response_mode(params);
    let state = params.get("state").ok().flatten().map(str::to_owned);
    let answer_to = AnswerTo { redirect_uri, mode: mode.unwrap_or(ResponseMode::Query), state };
    match mode.and_then(|_| contents(params, client, way, &answer_to)) {
        Ok(request) => Ok(request),
        Err(error) => Err(Refused::Client(answer_to, error)),
    }
}

fn contents(
    params: &Params,
    client: &Client,
    way: Way<'_>,
    answer_to: &AnswerTo,
) -> Result<Request, AuthorizeError> {
    bounded(
        params,
        "state",
        LONGEST_STATE,
        AuthorizeError::InvalidRequest("state is longer than 1000 characters"),
    )?;
    refuse_unserved(params, way)?;
    if way == Way::Front && client.policy.requires_par {
        return Err(AuthorizeError::InvalidRequest("this service must push its requests"));
    }
    match params.get("response_type")? {
        Some("code") => {}
        Some(_) => return Err(AuthorizeError::UnsupportedResponseType),
        None => return Err(AuthorizeError::InvalidRequest("response_type is missing")),
    }
    let allowed = &client.policy.scopes;
    let scopes = Scopes::parse(params.get("scope")?.unwrap_or_default()).within(allowed);
    if !scopes.has(Scope::OpenId) {
        return Err(AuthorizeError::InvalidScope);
    }
    let (filter, claims) = filter(params, client)?;
    let claims = claims.within(allowed);
    Ok(Request {
        answer_to: answer_to.clone(),
        scopes,
        nonce: bounded(
            params,
            "nonce",
            LONGEST_NONCE,
            AuthorizeError::InvalidRequest("nonce is longer than 384 characters"),
        )?,
        prompts: prompts(params)?,
        max_age: max_age(params)?,
        challenge: challenge(params, client.policy.profile.pkce())?,
        filter,
        claims,
        id_token_hint: bounded(
            params,
            "id_token_hint",
            LONGEST_HINT,
            AuthorizeError::InvalidRequest("id_token_hint is too long"),
        )?,
        dpop_jkt: dpop_jkt(params, way)?,
    })
}

fn response_mode(params: &Params) -> Result<ResponseMode, AuthorizeError> {
    match params.get("response_mode")? {
        None | Some("query") => Ok(ResponseMode::Query),
        Some("form_post") => Ok(ResponseMode::FormPost),
        Some(_) => Err(AuthorizeError::InvalidRequest("response_mode must be query or form_post")),
    }
}

fn refuse_unserved(params: &Params, way: Way<'_>) -> Result<(), AuthorizeError> {
    if way != Way::Front && params.has("request_uri") {
        return Err(AuthorizeError::InvalidRequest("request_uri cannot be pushed"));
    }
    for (name, error) in [
        ("request", AuthorizeError::RequestNotSupported),
        ("request_uri", AuthorizeError::RequestUriNotSupported),
        ("registration", AuthorizeError::RegistrationNotSupported),
    ] {
        if params.has(name) {
            return Err(error);
        }
    }
    Ok(())
}

fn bounded(
    params: &Params,
    name: &'static str,
    longest: usize,
    too_long: AuthorizeError,
) -> Result<Option<String>, AuthorizeError> {
    match params.get(name)? {
        Some(value) if value.chars().count() > longest => Err(too_long),
        value => Ok(value.map(str::to_owned)),
    }
}

fn prompts(params: &Params) -> Result<BTreeSet<Prompt>, AuthorizeError> {
    let mut prompts = BTreeSet::new();
    for word in params.get("prompt")?.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        prompts.insert(match word {
            "none" => Prompt::None,
            "login" => Prompt::Login,
            "consent" => Prompt::Consent,
            "select_account" => Prompt::SelectAccount,
            _ => return Err(AuthorizeError::InvalidRequest("prompt holds an unknown value")),
        });
    }
    if prompts.contains(&Prompt::None) && prompts.len() > 1 {
        return Err(AuthorizeError::InvalidRequest("prompt=none stands alone"));
    }
    Ok(prompts)
}

fn max_age(params: &Params) -> Result<Option<u32>, AuthorizeError> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match params.get("max_age")? {
        None => Ok(None),
        Some(text) if digits(text) => Ok(Some(text.parse().unwrap_or(u32::MAX))),
        Some(_) => Err(AuthorizeError::InvalidRequest("max_age must be a number of seconds")),
    }
}

fn challenge(params: &Params, rule: PkceRule) -> Result<Option<Challenge>, AuthorizeError> {
    match (params.get("code_challenge")?, params.get("code_challenge_method")?) {
        (None, None) if rule == PkceRule::Optional => Ok(None),
        (Some(text), Some("S256")) => Challenge::parse(text)
            .map(Some)
            .ok_or(AuthorizeError::InvalidRequest("code_challenge is not a base64url SHA-256")),
        (Some(_), _) => Err(AuthorizeError::InvalidRequest("code_challenge_method must be S256")),
        (None, _) => Err(AuthorizeError::InvalidRequest("code_challenge is missing")),
    }
}

/// The key the code will be bound to: the one proven, the one named, or both if they are the same.
fn dpop_jkt(params: &Params, way: Way<'_>) -> Result<Option<String>, AuthorizeError> {
    let proven = match way {
        Way::Front => None,
        Way::Pushed { jkt } => jkt,
    };
    match (params.get("dpop_jkt")?, proven) {
        (Some(named), _) if !is_thumbprint(named) => {
            Err(AuthorizeError::InvalidRequest("dpop_jkt is not a SHA-256 thumbprint"))
        }
        (Some(named), Some(proven)) if named != proven => {
            Err(AuthorizeError::InvalidRequest("dpop_jkt is not the key of the DPoP proof"))
        }
        (named, proven) => Ok(proven.or(named).map(str::to_owned)),
    }
}

fn filter(params: &Params, client: &Client) -> Result<(GrantFilter, AskedClaims), AuthorizeError> {
    let (mut filter, mut asked) = (GrantFilter::default(), AskedClaims::default());
    if let Some(claims) = params.get("claims")? {
        (asked, filter) = asked_claims::read(claims, filter)?;
    }
    // The ID token of a hub holds what was agreed with it and nothing else.
    if client.policy.is_hub {
        asked.id_token.clear();
    }
    if let Some(details) = params.get("authorization_details")? {
        filter = filter.with_details(details)?;
    }
    Ok((filter, asked))
}

/// Whether the aidant must enter a fresh code before this request goes on.
///
/// `last_code` is when they last entered one, `arrived` when the request came: a code entered since then always
/// satisfies, or the page would ask again for ever. `max_age=0` asks what `prompt=login` asks.
pub fn needs_fresh_code(
    prompts: &BTreeSet<Prompt>,
    max_age: Option<u32>,
    policy: Reauthentication,
    last_code: Timestamp,
    arrived: Timestamp,
    now: Timestamp,
) -> bool {
    if last_code >= arrived {
        return false;
    }
    let age = now.since(last_code);
    let by_prompt = prompts.contains(&Prompt::Login) || max_age == Some(0);
    let too_old = max_age.is_some_and(|seconds| seconds > 0 && age > Duration::seconds(seconds.into()));
    let by_prompt = match policy {
        Reauthentication::Fresh => by_prompt,
        Reauthentication::Activity => by_prompt && age >= RECENT_ACTIVITY,
    };
    by_prompt || too_old
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
