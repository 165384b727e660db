//! `people create`, `people link`, `people perimeter`.
use std::collections::BTreeSet;
use std::path::Path;

use clap::{Args, Subcommand};

use crate::app::App;
use crate::app::create_person::{self, Created, NewPerson};
use crate::app::manage_cards::structure_with;
use crate::app::set_perimeter::{self, Perimeter};
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
    /// Give an auditor another perimeter: what they reviewed before and is not named is withdrawn.
    Perimeter {
        /// Address they sign in with.
        #[arg(long)]
        email: String,
        /// `all` for every structure, those to come too; or the SIRET of each structure.
        #[arg(required = true, value_name = "all|SIRET")]
        perimeter: Vec<String>,
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
    /// What an auditor reviews: `all` for every structure, those to come too; or the SIRET of one structure, may be repeated.
    #[arg(long, value_name = "all|SIRET")]
    perimeter: Vec<String>,
    /// Language of their messages: fr or en.
    #[arg(long, default_value = "fr", value_parser = ["fr", "en"])]
    locale: String,
}

pub(super) fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        match verb {
            Verb::Create(create) => {
                let new = parse(&app, create).await?;
                print_link(&app, &create_person::create(&app, &new).await.map_err(refused)?);
            }
            Verb::Link { email } => {
                let email = Email::parse(email).map_err(refused)?;
                print_link(&app, &create_person::new_link(&app, &email).await.map_err(refused)?);
            }
            Verb::Perimeter { email, perimeter } => {
                let email = Email::parse(email).map_err(refused)?;
                let wanted = parse_perimeter(&app, perimeter).await?;
                let changed = set_perimeter::set(&app, &email, &wanted).await.map_err(refused)?;
                say(&said(&wanted, changed));
            }
        }
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
        perimeter: if create.perimeter.is_empty() {
            None
        } else {
            Some(parse_perimeter(app, &create.perimeter).await?)
        },
        locale: if create.locale == "en" { "en" } else { "fr" },
    })
}

async fn parse_perimeter(app: &App, texts: &[String]) -> Result<Perimeter, Failure> {
    if texts.iter().any(|text| text == "all") {
        let alone = texts.iter().all(|text| text == "all");
        return if alone {
            Ok(Perimeter::All)
        } else {
            Err(Failure::Refused("« all » is every structure: name no other beside it".to_owned()))
        };
    }
    let mut structures = BTreeSet::new();
    for siret in texts {
        structures.insert(structure(app, siret).await?);
    }
    Ok(Perimeter::Structures(structures))
}

fn said(perimeter: &Perimeter, changed: bool) -> String {
    let what = match perimeter {
        Perimeter::All => "every structure".to_owned(),
        Perimeter::Structures(listed) if listed.len() == 1 => "1 structure".to_owned(),
        Perimeter::Structures(listed) => format!("{} structures", listed.len()),
    };
    if changed { format!("reviews {what}") } else { format!("reviews {what} already: nothing was changed") }
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
