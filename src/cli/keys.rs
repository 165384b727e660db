//! `keys generate`, `keys rotate`, `keys retire-log`, `keys list`.
use std::path::Path;

use clap::{Args, Subcommand};

use crate::app::{log_keys, signing_keys};
use crate::config::Config;
use crate::crypto::jwt::Alg;
use crate::crypto::keyring::{self, Keyring, LogSeed};
use crate::crypto::random::SystemEntropy;
use crate::jobs::head::HeadFile;
use crate::jobs::keeper::Keeper;

use super::clients::algorithm;
use super::people::refused;
use super::{Failure, say, start};

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Make the key files that are missing; with an option, rotate one key.
    Generate(Generate),
    /// Stop signing the log with its oldest key, once the newest signs everywhere. Written in the log.
    RetireLog,
    /// Rotate the OpenID keys: the published next keys begin to sign, new next keys are published. Done by itself every
    /// 90 days; needed by hand when a key may be known to others.
    Rotate,
    /// List the keys by their public names.
    List,
}

#[derive(Args)]
#[group(multiple = false)]
pub(super) struct Generate {
    /// Rotate the OpenID key of this algorithm (ES256, RS256, PS256 or EdDSA): the published next key begins to sign, a new next
    /// key is published.
    #[arg(long, value_parser = algorithm, value_name = "ALG")]
    openid: Option<Alg>,
    /// Put a new master key before the others: what is sealed from the next start on uses it.
    #[arg(long)]
    master: bool,
    /// Rotate the key of the log: the old key introduces the new one, in the log; from the next start on both sign.
    #[arg(long)]
    log: bool,
}

pub(super) fn run(file: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Generate(Generate { openid: Some(alg), .. }) => rotate_openid(file, Some(*alg)),
        Verb::Rotate => rotate_openid(file, None),
        Verb::Generate(Generate { master: true, .. }) => {
            let name = keyring::rotate_master(&Config::load(file)?.keys.folder, &SystemEntropy)?;
            say(&format!("master  {name}"));
            Ok(())
        }
        Verb::Generate(Generate { log: true, .. }) => rotate_log(file),
        Verb::Generate(_) => create(file),
        Verb::RetireLog => retire_log(file),
        Verb::List => list(file),
    }
}

fn create(file: Option<&Path>) -> Result<(), Failure> {
    let created = Keyring::create(&Config::load(file)?.keys.folder, &SystemEntropy)?;
    if created.is_empty() {
        say("The key files exist; nothing was changed.");
    }
    for path in created {
        say(&format!("created  {}", path.display()));
    }
    eprintln!(
        "Keep a copy of these files apart from the copies of the database: without them nothing opens."
    );
    Ok(())
}

/// Rotates the keys of one algorithm, or of all that sign here.
fn rotate_openid(file: Option<&Path>, one: Option<Alg>) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        let algs = match one {
            Some(alg) => vec![alg],
            None => match signing_keys::served(&app).await.map_err(refused)? {
                none if none.is_empty() => signing_keys::ALGS.to_vec(),
                served => served,
            },
        };
        for alg in algs {
            let made = signing_keys::generate(&app, alg).await;
            for kid in made.map_err(|error| Failure::Refused(error.to_string()))? {
                say(&format!("{}  {kid}", alg.name()));
            }
        }
        app.store.close().await;
        Ok(())
    })
}

fn rotate_log(file: Option<&Path>) -> Result<(), Failure> {
    let seed = LogSeed::generate(&SystemEntropy);
    start::block_on(async {
        let app = start::app(file).await?;
        let introduced = log_keys::introduce(&app, &seed).await.map_err(refused);
        app.store.close().await;
        let note = introduced?;
        keyring::rotate_log(&app.config.keys.folder, &seed)?;
        // What verifiers who hold the old key are given.
        say(note.to_string().trim_end());
        eprintln!("Restart every node with the new keys/log.key; later, `entremise keys retire-log`.");
        Ok(())
    })
}

fn retire_log(file: Option<&Path>) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        let keeper = Keeper::new("retire-log", HeadFile::new(&app.config.log.head_file));
        let examined = keeper.examine(&app).await.map_err(refused);
        let retired = match examined {
            Ok(_) => log_keys::retire(&app).await.map_err(refused),
            Err(error) => Err(error),
        };
        app.store.close().await;
        retired?;
        keyring::retire_log(&app.config.keys.folder)?;
        eprintln!("Restart every node with the new keys/log.key.");
        Ok(())
    })
}

fn list(file: Option<&Path>) -> Result<(), Failure> {
    let names = Keyring::load(&Config::load(file)?.keys.folder)?
        .master_names()
        .map_err(|error| Failure::Refused(error.to_string()))?;
    for (place, name) in names.iter().enumerate() {
        say(&format!("master  {}  {name}", if place == 0 { "seals" } else { "opens" }));
    }
    start::block_on(async {
        let app = start::app(file).await?;
        let keys = signing_keys::list(&app).await.map_err(|error| Failure::Refused(error.to_string()))?;
        app.store.close().await;
        for key in keys {
            say(&format!("{}  {}  {}  {}", key.alg, key.state, key.created_at, key.kid));
        }
        Ok(())
    })
}
