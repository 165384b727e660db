//! What a token request asks of the database, many requests at a time: looked at, redeemed, kept.
use std::collections::BTreeMap;

use crate::app::authenticate_client::shows_secret;
use crate::app::caller::CHARTER_VERSION;
use crate::app::give_userinfo::asked;
use crate::app::openid;
use crate::app::shown_once::{Again, ShownOnce};
use crate::domain::ids::{EntryId, ServiceId};
use crate::domain::secret::{HashedToken, Secret};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::provider::access::{ACCESS_TOKEN_LIFE, Binding, REFRESH_TOKEN_LIFE, end};
use crate::oidc::provider::client::Client;
use crate::oidc::provider::dpop::BadProof;
use crate::oidc::provider::error::TokenError;
use crate::oidc::provider::pkce::Challenge;
use crate::oidc::provider::policy::ClientAuthMethod;
use crate::oidc::provider::scope::Scopes;
use crate::oidc::provider::token::Redemption;
use crate::store::client::{self, ClientRow};
use crate::store::token::refresh::{self, NewRefresh};
use crate::store::token::{self, CodeRow, NewToken, Standing};
use crate::store::{StoreError, WriteTx};

/// Who sends a token request.
#[derive(Debug)]
pub(in crate::app) enum Caller {
    /// Still to be compared with what is registered.
    Shows { client_id: String, secret: Secret, method: ClientAuthMethod },
    /// Authenticated already, once what it shows is spent.
    Proven { client_id: String },
}

impl Caller {
    fn client_id(&self) -> &str {
        match self {
            Self::Shows { client_id, .. } | Self::Proven { client_id } => client_id,
        }
    }
}

/// A token request; all of it but its proofs may be wrong.
#[derive(Debug)]
pub(in crate::app) struct Request {
    caller: Caller,
    once: ShownOnce,
    asked: Result<(HashedToken, Redemption), TokenError>,
    tokens: Hashes,
}

/// The tokens that are handed out if the code is redeemed; the second only to services registered for it.
#[derive(Clone, Debug)]
pub(super) struct Hashes {
    pub(super) access: HashedToken,
    pub(super) refresh: HashedToken,
}

impl Request {
    pub(super) fn new(
        caller: Caller,
        once: ShownOnce,
        asked: Result<Redemption, TokenError>,
        tokens: Hashes,
    ) -> Self {
        Self { caller, once, asked: asked.map(|asked| (asked.code.hash(), asked)), tokens }
    }

    pub(in crate::app) fn once(&self) -> &ShownOnce {
        &self.once
    }

    /// The code it presents.
    pub(in crate::app) fn hash(&self) -> Option<&HashedToken> {
        self.asked.as_ref().ok().map(|(hash, _)| hash)
    }
}

/// What became of a token request.
#[derive(Debug)]
pub(in crate::app) enum Looked {
    Redeemed(Box<Redeemed>),
    /// The code was redeemed before.
    Reused {
        client: ServiceId,
        code: HashedToken,
        standing: Box<Standing>,
    },
    /// What proves the caller or its key had been shown before.
    ShownAgain(Again),
    Refused(Refusal),
}

/// A request that is to get its tokens.
#[derive(Debug)]
pub(in crate::app) struct Redeemed {
    pub client: Client,
    pub code: CodeRow,
    tokens: Hashes,
    pub at: Timestamp,
    /// End of the access token.
    pub expires_at: Timestamp,
    /// Thumbprint of the key that the access token is bound to.
    pub jkt: Option<String>,
}

/// Why a request gets nothing: what it is told, and what the log says.
#[derive(Debug)]
pub(in crate::app) struct Refusal {
    pub kind: Kind,
    pub error: TokenError,
    pub reason: &'static str,
    pub client: Option<ServiceId>,
}

impl Looked {
    /// The entry of a redemption. The other outcomes are written by whoever answers them.
    pub(in crate::app) fn draft(&self) -> Option<Draft> {
        let Self::Redeemed(redeemed) = self else { return None };
        let draft = entry(Draft::done(Kind::CodeRedeemed), &redeemed.code.standing, redeemed.client.id);
        let draft = draft.fact("token_ends_at", redeemed.expires_at);
        let asked =
            asked(redeemed.code.claims.as_deref(), &redeemed.client.policy.scopes).unwrap_or_default();
        let names: Vec<&str> = asked.id_token.iter().map(String::as_str).collect();
        Some(if names.is_empty() { draft } else { draft.list("claims", names) })
    }
}

/// Finds what each request stands on, and decides.
pub(in crate::app) async fn look(
    tx: &mut WriteTx,
    requests: &[&Request],
    now: Timestamp,
) -> Result<Vec<Looked>, StoreError> {
    let mut names: Vec<&str> = requests.iter().map(|request| request.caller.client_id()).collect();
    names.sort_unstable();
    names.dedup();
    let clients = client::by_client_ids(tx, &names).await?;
    let clients: BTreeMap<_, _> = clients.into_iter().map(|row| (row.client_id.clone(), row)).collect();
    let hashes: Vec<_> = requests.iter().filter_map(|request| request.hash()).collect();
    let codes = token::codes(tx, &hashes, now, CHARTER_VERSION).await?;
    let mut codes: BTreeMap<_, _> = codes.into_iter().map(|row| (row.code_hash.clone(), row)).collect();
    requests
        .iter()
        .map(|request| {
            let client = clients.get(request.caller.client_id());
            let code = request.hash().and_then(|hash| codes.remove(hash));
            decide(request, client, code, now)
        })
        .collect()
}

/// Whatever is wrong with the rest of the request is told only to a client that has proven who it is.
fn decide(
    request: &Request,
    client: Option<&ClientRow>,
    code: Option<CodeRow>,
    now: Timestamp,
) -> Result<Looked, StoreError> {
    let (known, method) = match &request.caller {
        Caller::Shows { secret, method, .. } => (shows_secret(client, secret, *method, now), Some(*method)),
        Caller::Proven { .. } => (client.is_some_and(|row| row.status == "active"), None),
    };
    let called = client.map(|row| row.id);
    let Some(client) = client.filter(|_| known) else {
        let error = TokenError::InvalidClient(method);
        let reason = "wrong_credentials";
        return Ok(Looked::Refused(Refusal { kind: Kind::ClientRefused, error, reason, client: called }));
    };
    let client = openid::client(client.clone())?;
    let refused = |error, reason| {
        Looked::Refused(Refusal { kind: Kind::CodeRefused, error, reason, client: Some(client.id) })
    };
    let asked = match &request.asked {
        Ok((_, asked)) => asked,
        Err(error) => return Ok(refused(*error, error.code())),
    };
    if client.policy.requires_dpop && request.once.jkt().is_none() {
        return Ok(refused(BadProof::Missing.into(), "no_proof"));
    }
    let Some(code) = code else { return Ok(refused(TokenError::InvalidGrant, "unknown_code")) };
    if code.redeemed_at.is_some() {
        let standing = Box::new(code.standing);
        return Ok(Looked::Reused { client: client.id, code: code.code_hash, standing });
    }
    let binding = Binding {
        client: code.client_id,
        redirect_uri: code.redirect_uri.clone(),
        challenge: code.code_challenge.as_deref().and_then(Challenge::parse),
        jkt: code.dpop_jkt.clone(),
    };
    let reason = if now >= code.expires_at {
        "expired"
    } else if !binding.is_met_by(
        client.id,
        &asked.redirect_uri,
        asked.verifier.as_deref(),
        request.once.jkt(),
    ) {
        "not_its_own"
    } else if !code.allowed {
        "no_longer_allowed"
    } else {
        // The service may have been allowed more when it asked.
        let code = CodeRow { scope: granted(&code.scope, &client), ..code };
        let expires_at = end(now, ACCESS_TOKEN_LIFE, code.standing.grant_ends_at);
        let (tokens, jkt) = (request.tokens.clone(), request.once.jkt().map(str::to_owned));
        return Ok(Looked::Redeemed(Box::new(Redeemed { client, code, tokens, at: now, expires_at, jkt })));
    };
    Ok(refused(TokenError::InvalidGrant, reason))
}

/// What remains of a scope, granted to a service that is allowed less today.
pub(in crate::app) fn granted(scope: &str, client: &Client) -> String {
    Scopes::parse(scope).within(&client.policy.scopes).to_string()
}

/// Redeems the codes, all of them; what has changed since [`look`] is looked at again. Whether their uses may go on is
/// for the caller to check.
pub(in crate::app) async fn redeem(
    tx: &mut WriteTx,
    all: &[&Redeemed],
    now: Timestamp,
) -> Result<(), StoreError> {
    let hashes: Vec<_> = all.iter().map(|one| &one.code.code_hash).collect();
    let redeemed = token::redeem(tx, &hashes, now).await?;
    if usize::try_from(redeemed) != Ok(all.len()) {
        return Err(StoreError::Overtaken);
    }
    for standing in all.iter().map(|one| &one.code.standing).filter(|standing| standing.single_use) {
        if !token::consume(tx, standing.grant_id, now).await? {
            return Err(StoreError::Overtaken);
        }
    }
    Ok(())
}

/// Keeps the access tokens, with the entries of their redemptions.
pub(in crate::app) async fn keep_tokens(
    tx: &mut WriteTx,
    all: &[(&Redeemed, EntryId)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let tokens: Vec<_> = all
        .iter()
        .map(|(one, entry)| NewToken {
            hash: &one.tokens.access,
            code: &one.code.code_hash,
            use_id: one.code.standing.use_id,
            client: one.client.id,
            scope: &one.code.scope,
            dpop_jkt: one.jkt.as_deref(),
            issued_at: now,
            expires_at: one.expires_at,
            entry: *entry,
        })
        .collect();
    token::insert(tx, &tokens).await?;
    let refreshing = all.iter().filter(|(one, _)| one.client.policy.may_refresh);
    let tokens: Vec<_> = refreshing
        .map(|(one, entry)| NewRefresh {
            hash: &one.tokens.refresh,
            code: &one.code.code_hash,
            use_id: one.code.standing.use_id,
            client: one.client.id,
            scope: &one.code.scope,
            issued_at: now,
            expires_at: end(now, REFRESH_TOKEN_LIFE, one.code.standing.grant_ends_at),
            entry: *entry,
        })
        .collect();
    refresh::insert(tx, &tokens).await
}

/// What an entry about a code or a token says of what it stands on.
pub(in crate::app) fn entry(draft: Draft, standing: &Standing, service: ServiceId) -> Draft {
    draft
        .by_role(Role::Service)
        .user(standing.user_id)
        .structure(standing.structure_id)
        .mandate(standing.mandate_id)
        .grant(standing.grant_id)
        .service(service)
        .use_id(standing.use_id)
        .on(standing.opened_by)
}
