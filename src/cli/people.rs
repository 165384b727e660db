//! `people create`, `people link`.
use std::path::Path;

use clap::{Args, Subcommand};

use crate::app::App;
use crate::app::create_person::{self, Created, NewPerson};
use crate::app::manage_cards::structure_with;
use crate::domain::ids::StructureId;
use crate::domain::person::{Email, PersonName, Role};
use crate::domain::structure::Siret;

use super::{Failure, say, start};

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Create someone and print the link with which they choose a password and validate a card.
    Create(Create),
    /// Print a new link for someone: to answer an invitation again, or to choose another password.
    Link {
        /// Address they sign in with.
        #[arg(long)]
        email: String,
    },
}

#[derive(Args)]
pub(super) struct Create {
    /// Address they will sign in with.
    #[arg(long)]
    email: String,
    /// Given name, then family name.
    #[arg(long)]
    name: String,
    /// aidant, referent, operator or auditor; may be repeated.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// SIRET of the structure, for an aidant or a referent.
    #[arg(long, value_name = "SIRET")]
    structure: Option<String>,
    /// Language of their messages: fr or en.
    #[arg(long, default_value = "fr", value_parser = ["fr", "en"])]
    locale: String,
}

pub(super) fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        let created = match verb {
            Verb::Create(create) => {
                let new = parse(&app, create).await?;
                create_person::create(&app, &new).await
            }
            Verb::Link { email } => {
                let email = Email::parse(email).map_err(refused)?;
                create_person::new_link(&app, &email).await
            }
        };
        print_link(&app, &created.map_err(refused)?);
        app.store.close().await;
        Ok(())
    })
}

async fn parse(app: &App, create: &Create) -> Result<NewPerson, Failure> {
    let role = |text: &String| {
        let role = text.parse::<Role>();
        role.map_err(|_| Failure::Refused(format!("« {text} » is not aidant, referent, operator or auditor")))
    };
    Ok(NewPerson {
        email: Email::parse(&create.email).map_err(refused)?,
        name: PersonName::parse(&create.name).map_err(refused)?,
        roles: create.roles.iter().map(role).collect::<Result<_, _>>()?,
        structure: match &create.structure {
            Some(siret) => Some(structure(app, siret).await?),
            None => None,
        },
        locale: if create.locale == "en" { "en" } else { "fr" },
    })
}

/// The structure with this SIRET.
pub(super) async fn structure(app: &App, siret: &str) -> Result<StructureId, Failure> {
    let siret = Siret::parse(siret).map_err(refused)?;
    let found = structure_with(app, siret.as_str()).await.map_err(refused)?;
    found.ok_or_else(|| Failure::Refused(format!("no structure has the SIRET {}", siret.as_str())))
}

fn print_link(app: &App, created: &Created) {
    say(&format!("{}/activate/{}", app.config.server.issuer(), created.link.reveal()));
    eprintln!("This link works once, until {}. Give it to its owner only.", created.expires_at);
}

pub(super) fn refused(error: impl std::fmt::Display) -> Failure {
    Failure::Refused(error.to_string())
}
