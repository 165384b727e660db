//! `cards import`.
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use zeroize::Zeroizing;

use crate::app::import_cards::{self, ImportError};

use super::people::{refused, structure};
use super::{Failure, say, start};

/// Far above the largest delivery.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Take a delivery of cards into the stock of a structure: every line good, or nothing.
    ///
    /// The file is a CSV with the columns serial, seed (hexadecimal or base32), period (30 or 60), digits (6) and
    /// algorithm (SHA1 or SHA256).
    Import {
        /// The file, or `-` for standard input.
        file: PathBuf,
        /// SIRET of the structure to which the cards are sent.
        #[arg(long, value_name = "SIRET")]
        structure: String,
        /// Check every line, also against the cards already known, and take nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) fn run(config: Option<&Path>, verb: &Verb) -> Result<(), Failure> {
    let Verb::Import { file, structure: siret, dry_run } = verb;
    let text = read(file)?;
    start::block_on(async {
        let app = start::app(config).await?;
        let structure = structure(&app, siret).await?;
        let done = import_cards::import(&app, &text, structure, *dry_run).await;
        app.store.close().await;
        match done {
            Ok(count) if *dry_run => say(&format!("{count} card(s) can be imported; nothing was taken.")),
            Ok(count) => say(&format!("{count} card(s) imported.")),
            Err(error) => {
                if let ImportError::Lines(lines) = &error {
                    for line in lines {
                        eprintln!("{line}");
                    }
                }
                return Err(refused(error));
            }
        }
        Ok(())
    })
}

fn read(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file)?)
    };
    input.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
