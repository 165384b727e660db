//! `clients add`, `clients list`, `clients show`, `clients rotate-secret`, `clients scopes`, `clients suspend`, `clients resume`.
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jsonwebtoken::jwk::JwkSet;

use crate::app::App;
use crate::app::manage_client::{self, By};
use crate::app::register_client::{self, NewService};
use crate::crypto::jwt::Alg;
use crate::domain::secret::PlainToken;
use crate::oidc::provider::policy::{ClientAuthMethod, ClientKeys, Policy, Profile, Reauthentication};
use crate::oidc::provider::registration;
use crate::oidc::provider::scope::{Scope, Scopes};
use crate::oidc::provider::terms::Terms;

use super::{Failure, say, start};

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Register a service. Prints its secret, once.
    Add(Box<Add>),
    /// List the services.
    List,
    /// Show what is registered of a service.
    Show { client_id: String },
    /// Give a service a new secret. Prints it, once; the one it had serves for a while.
    RotateSecret {
        client_id: String,
        /// Hours for which the secret it had still serves.
        #[arg(long, default_value_t = 168)]
        overlap: u16,
    },
    /// Change what a service may ask to know of the user, at once.
    Scopes {
        client_id: String,
        /// All it may ask for: openid (always), profile, email, birth; may be repeated.
        #[arg(long = "scope", required = true, value_parser = scope, value_name = "SCOPE")]
        scopes: Vec<Scope>,
    },
    /// Stop a service at once: its requests, its codes and its access.
    Suspend { client_id: String },
    /// Let a suspended service go on.
    Resume { client_id: String },
}

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "one per flag of the command")]
pub(super) struct Add {
    /// Identifier the service will send (`client_id`): letters, digits, `-`, `_`, `.`.
    client_id: String,
    /// Name shown to aidants.
    #[arg(long)]
    name: String,
    /// Address to return to, compared exactly; may be repeated.
    #[arg(long = "redirect-uri", required = true, value_name = "URI")]
    redirect_uris: Vec<String>,
    /// Address to return to after sign-out, compared exactly; may be repeated.
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// general, high_security (FAPI 2.0: pushed requests, signed assertions, bound tokens) or franceconnect.
    #[arg(long, default_value = "general", value_name = "PROFILE")]
    profile: Profile,
    /// client_secret_basic, client_secret_post or private_key_jwt. Without it: what the profile says.
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<ClientAuthMethod>,
    /// File of its public keys (a JWK Set), for private_key_jwt.
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks_file: Option<PathBuf>,
    /// Where it publishes its public keys, for private_key_jwt.
    #[arg(long, value_name = "URI")]
    jwks_uri: Option<String>,
    /// Algorithm of its ID tokens: ES256, RS256, PS256 or EdDSA.
    #[arg(long, default_value = "ES256", value_parser = algorithm, value_name = "ALG")]
    id_token_alg: Alg,
    /// Algorithm that signs its userinfo: ES256, RS256, PS256 or EdDSA. Without it: plain JSON.
    #[arg(long, value_parser = algorithm, value_name = "ALG")]
    userinfo_alg: Option<Alg>,
    /// Take its requests by PAR only.
    #[arg(long)]
    require_par: bool,
    /// Bind its codes and access to a key of its own (DPoP).
    #[arg(long)]
    require_dpop: bool,
    /// What it may ask to know of the user; may be repeated. openid: an identifier and no more, which it always gets;
    /// profile: names, gender, date of birth; email; birth: place and country.
    #[arg(long = "scope", required = true, value_parser = scope, value_name = "SCOPE")]
    scopes: Vec<Scope>,
    /// Domain it works in; may be repeated. Without it: any.
    #[arg(long = "domain", value_name = "KEY")]
    domains: Vec<String>,
    /// Do not tell it who acts nor under which mandate.
    #[arg(long)]
    withhold_actor: bool,
    /// It does not hold to the limits of a narrowed grant: none is offered there.
    #[arg(long)]
    ignores_limits: bool,
    /// It is an identity hub such as FranceConnect: other services stand behind it.
    #[arg(long)]
    hub: bool,
    /// What prompt=login asks of the aidant: `fresh` (a code now) or `activity` (one within 15 minutes).
    #[arg(long, value_name = "POLICY")]
    reauthentication: Option<Reauthentication>,
    /// It may renew its access while the grant lasts.
    #[arg(long)]
    refresh: bool,
    /// It may ask about access given to other services (introspection).
    #[arg(long)]
    resource_server: bool,
    /// Where it is told that a use has ended.
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// What separates its pairwise identifiers from other services'. Without it: the host of its addresses.
    #[arg(long)]
    sector: Option<String>,
}

/// One of the algorithms that sign here.
pub(super) fn algorithm(name: &str) -> Result<Alg, String> {
    Alg::named(name).ok_or_else(|| Alg::ALL.map(Alg::name).join(", "))
}

/// One of the scopes that are served.
fn scope(name: &str) -> Result<Scope, String> {
    Scope::named(name).ok_or_else(|| Scope::ALL.map(Scope::name).join(", "))
}

pub(super) fn run(file: Option<&Path>, verb: Verb) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        match verb {
            Verb::Add(add) => {
                let client_id = add.client_id.clone();
                let new = service(*add)?;
                let (_, secret) =
                    register_client::register(&app, By::CommandLine, &new).await.map_err(refused)?;
                say(&format!("client_id      {client_id}"));
                if let Some(secret) = secret {
                    say_secret(&secret);
                }
            }
            Verb::List => {
                for (client_id, name, status) in register_client::list(&app).await? {
                    say(&format!("{client_id}\t{status}\t{name}"));
                }
            }
            Verb::Show { client_id } => show(&app, &client_id).await?,
            Verb::RotateSecret { client_id, overlap } => {
                let overlap = time::Duration::hours(overlap.into());
                let secret = manage_client::rotate_secret(&app, By::CommandLine, &client_id, overlap)
                    .await
                    .map_err(refused)?;
                say_secret(&secret);
            }
            Verb::Scopes { client_id, scopes } => {
                manage_client::change_scopes(&app, By::CommandLine, &client_id, &Scopes::of(&scopes))
                    .await
                    .map_err(refused)?;
            }
            Verb::Suspend { client_id } => {
                manage_client::suspend(&app, By::CommandLine, &client_id, true, "").await.map_err(refused)?;
            }
            Verb::Resume { client_id } => {
                manage_client::suspend(&app, By::CommandLine, &client_id, false, "")
                    .await
                    .map_err(refused)?;
            }
        }
        app.store.close().await;
        Ok(())
    })
}

async fn show(app: &App, client_id: &str) -> Result<(), Failure> {
    let (client, overlap) = manage_client::show(app, client_id).await.map_err(refused)?;
    let policy = &client.policy;
    let list = |lines: &[String]| if lines.is_empty() { "-".to_owned() } else { lines.join(" ") };
    let alg = |alg: Option<Alg>| alg.map_or("none", Alg::name).to_owned();
    let keys = match &policy.keys {
        ClientKeys::None => "-".to_owned(),
        ClientKeys::Inline(keys) => format!("{} given at registration", keys.keys.len()),
        ClientKeys::Uri(uri) => uri.clone(),
    };
    for (name, value) in [
        ("client_id", client.client_id.clone()),
        ("name", client.name.clone()),
        ("status", if client.suspended { "suspended" } else { "active" }.to_owned()),
        ("profile", policy.profile.as_str().to_owned()),
        ("redirect_uris", list(&client.redirect_uris)),
        ("post_logout_redirect_uris", list(&client.post_logout_redirect_uris)),
        ("backchannel_logout_uri", list(policy.backchannel_logout_uri.as_slice())),
        ("sector", client.sector.clone()),
        ("scopes", policy.scopes.to_string()),
        ("domains", client.domains.as_deref().map_or_else(|| "any".to_owned(), list)),
        ("auth_method", policy.auth_method.as_str().to_owned()),
        ("keys", keys),
        ("id_token_alg", alg(Some(policy.id_token_alg))),
        ("userinfo_alg", alg(policy.userinfo_alg)),
        ("requires_par", policy.requires_par.to_string()),
        ("requires_dpop", policy.requires_dpop.to_string()),
        ("tells_actor", policy.tells_actor.to_string()),
        ("enforces_limits", policy.enforces_limits.to_string()),
        ("is_hub", policy.is_hub.to_string()),
        ("reauthentication", policy.reauthentication.as_str().to_owned()),
        ("may_refresh", policy.may_refresh.to_string()),
        ("is_resource_server", policy.is_resource_server.to_string()),
        ("previous_secret_until", overlap.map_or_else(|| "-".to_owned(), |end| end.to_string())),
    ] {
        say(&format!("{name:<26} {value}"));
    }
    Ok(())
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::Refused(error.to_string())
}

/// A secret just made, which nothing keeps.
fn say_secret(secret: &PlainToken) {
    say(&format!("client_secret  {}", secret.reveal()));
    eprintln!("This secret is not kept and cannot be shown again: give it to the service now.");
}

fn service(add: Add) -> Result<NewService, Failure> {
    let policy = policy(&add)?;
    Ok(NewService {
        client_id: add.client_id,
        name: add.name,
        redirect_uris: add.redirect_uris,
        post_logout_redirect_uris: add.post_logout_redirect_uris,
        domains: (!add.domains.is_empty()).then_some(add.domains),
        sector: add.sector,
        policy,
    })
}

fn policy(add: &Add) -> Result<Policy, Failure> {
    let keys = match (&add.jwks_file, &add.jwks_uri) {
        (Some(file), _) => ClientKeys::Inline(read_keys(file)?),
        (None, Some(uri)) => ClientKeys::Uri(uri.clone()),
        (None, None) => ClientKeys::None,
    };
    Ok(Terms {
        profile: add.profile,
        auth_method: add.auth_method,
        keys,
        id_token_alg: add.id_token_alg,
        userinfo_alg: add.userinfo_alg,
        scopes: add.scopes.clone(),
        requires_par: add.require_par,
        requires_dpop: add.require_dpop,
        withholds_actor: add.withhold_actor,
        ignores_limits: add.ignores_limits,
        is_hub: add.hub,
        reauthentication: add.reauthentication,
        may_refresh: add.refresh,
        is_resource_server: add.resource_server,
        backchannel_logout_uri: add.backchannel_logout_uri.clone(),
    }
    .policy())
}

fn read_keys(file: &Path) -> Result<JwkSet, Failure> {
    let refused = |error: &dyn std::fmt::Display| Failure::Refused(format!("{}: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| refused(&error))?;
    registration::keys(&text).map_err(|error| refused(&error))
}
