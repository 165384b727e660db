//! `structures create`.
use std::path::Path;

use clap::{Args, Subcommand};
use time::Duration;

use crate::app::create_structure::{self, NewStructure};
use crate::domain::structure::Siret;

use super::people::refused;
use super::{Failure, say, start};

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Habilitate a structure, for all domains unless some are named.
    Create(Create),
}

#[derive(Args)]
pub(super) struct Create {
    #[arg(long)]
    name: String,
    #[arg(long)]
    siret: String,
    /// Such as ccas, france_services, association, department.
    #[arg(long, default_value = "ccas")]
    kind: String,
    /// INSEE code of its commune.
    #[arg(long, value_name = "INSEE")]
    territory: String,
    #[arg(long, default_value = "Europe/Paris", value_name = "ZONE")]
    time_zone: String,
    /// Key of a domain of the catalogue; may be repeated.
    #[arg(long = "domain", value_name = "KEY", default_values_t = ALL.map(str::to_owned))]
    domains: Vec<String>,
    /// Length of the agreement, in days.
    #[arg(long, default_value_t = 1095)]
    days: u16,
}

const ALL: [&str; 10] = [
    "papiers",
    "famille",
    "social",
    "travail",
    "logement",
    "transports",
    "argent",
    "justice",
    "etranger",
    "loisirs",
];

pub(super) fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    let Verb::Create(create) = verb;
    let new = NewStructure {
        name: create.name.clone(),
        siret: Siret::parse(&create.siret).map_err(refused)?,
        kind: create.kind.clone(),
        territory: create.territory.clone(),
        time_zone: create.time_zone.clone(),
        domains: create.domains.clone(),
        agreement: Duration::days(i64::from(create.days)),
    };
    start::block_on(async {
        let app = start::app(file).await?;
        let id = create_structure::create(&app, &new).await.map_err(refused)?;
        app.store.close().await;
        say(&id.to_string());
        Ok(())
    })
}
