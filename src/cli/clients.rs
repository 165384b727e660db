//! `clients add`, `clients list`.
use std::path::Path;

use clap::{Args, Subcommand};

use crate::app::register_client::{self, NewService};
use crate::crypto::jwt::Alg;
use crate::oidc::provider::client::{ClientAuthMethod, Reauthentication};

use super::{Failure, say, start};

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Register a service. Prints its secret, once.
    Add(Box<Add>),
    /// List the services.
    List,
}

#[derive(Args)]
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
    /// client_secret_basic or client_secret_post.
    #[arg(long, default_value = "client_secret_basic", value_name = "METHOD")]
    auth_method: ClientAuthMethod,
    /// Algorithm of its ID tokens: ES256 or RS256.
    #[arg(long, default_value = "ES256", value_parser = algorithm, value_name = "ALG")]
    id_token_alg: Alg,
    /// Domain it works in; may be repeated. Without it: any.
    #[arg(long = "domain", value_name = "KEY")]
    domains: Vec<String>,
    /// Do not tell it who acts nor under which mandate.
    #[arg(long)]
    withhold_actor: bool,
    /// It is an identity hub such as FranceConnect: other services stand behind it.
    #[arg(long)]
    hub: bool,
    /// What prompt=login asks of the aidant: `fresh` (a code now) or `activity` (one within 15 minutes).
    #[arg(long, default_value = "fresh", value_name = "POLICY")]
    reauthentication: Reauthentication,
    /// What separates its pairwise identifiers from other services'. Without it: the host of its addresses.
    #[arg(long)]
    sector: Option<String>,
}

/// ES256 or RS256.
pub(super) fn algorithm(name: &str) -> Result<Alg, String> {
    Alg::named(name).ok_or_else(|| "ES256 or RS256".to_owned())
}

pub(super) fn run(file: Option<&Path>, verb: Verb) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        match verb {
            Verb::Add(add) => {
                let client_id = add.client_id.clone();
                let new = NewService::from(*add);
                let refused = |error: register_client::RegisterError| Failure::Refused(error.to_string());
                let (_, secret) = register_client::register(&app, &new).await.map_err(refused)?;
                say(&format!("client_id      {client_id}"));
                say(&format!("client_secret  {}", secret.reveal()));
                eprintln!("This secret is not kept and cannot be shown again: give it to the service now.");
            }
            Verb::List => {
                for (client_id, name, status) in register_client::list(&app).await? {
                    say(&format!("{client_id}\t{status}\t{name}"));
                }
            }
        }
        app.store.close().await;
        Ok(())
    })
}

impl From<Add> for NewService {
    fn from(add: Add) -> Self {
        Self {
            client_id: add.client_id,
            name: add.name,
            redirect_uris: add.redirect_uris,
            post_logout_redirect_uris: add.post_logout_redirect_uris,
            auth_method: add.auth_method,
            id_token_alg: add.id_token_alg,
            domains: (!add.domains.is_empty()).then_some(add.domains),
            tells_actor: !add.withhold_actor,
            is_hub: add.hub,
            reauthentication: add.reauthentication,
            sector: add.sector,
        }
    }
}
