//! `log verify`: without configuration, database or network.
mod proofs;
mod told;

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;

use crate::domain::time::Timestamp;
use crate::jobs::head::replace;
use crate::log::checkpoint::Checkpoint;
use crate::log::cosignature::WitnessKey;
use crate::log::note::NoteKey;
use crate::log::policy::Policy;
use crate::log::promise::SignedPromise;
use crate::log::verify::{self, Report, Trust};

use super::Failure;
use super::log_export::{instant, kept};
use super::people::refused;

#[derive(Args)]
pub(super) struct Options {
    /// A bundle (`log export`), a receipt (`log receipt`) or the proof of a mandate's story; `-` for standard input.
    file: PathBuf,
    /// Public key of the log (`log key`), got from elsewhere than the bundle; repeat it across a rotation.
    #[arg(long = "key", required_unless_present = "policy", value_name = "KEY")]
    keys: Vec<NoteKey>,
    /// The latest checkpoint you hold from before: the bundle must continue it.
    #[arg(long, value_name = "CHECKPOINT")]
    seen: Option<PathBuf>,
    /// Keep the signed head of this bundle in this file when everything holds. A checkpoint that the file holds already is
    /// what --seen would name: it must be continued.
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// The parts were asked for: one that is missing must have been erased, whatever the header of the bundle says.
    #[arg(long)]
    parts: bool,
    /// Public key of a witness; may be repeated.
    #[arg(long = "witness", value_name = "KEY")]
    witnesses: Vec<WitnessKey>,
    /// How many of the witnesses must vouch for the head. Without it: all of them.
    #[arg(long, value_name = "COUNT")]
    quorum: Option<usize>,
    /// Policy file (C2SP tlog-policy): logs accepted, witnesses, quorum; in the place of --key, --witness and --quorum.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// What a witness said before this day or instant does not count.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    vouched_since: Option<Timestamp>,
    /// A promise somebody holds on paper (EP1~…); may be repeated.
    #[arg(long = "promise", value_name = "TEXT")]
    promises: Vec<SignedPromise>,
    /// Folder for sorting what memory does not hold. Without it: the system's folder for temporary files.
    #[arg(long, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let trust = trust(options)?;
    let mut input: Box<dyn BufRead + Send> = if options.file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::with_capacity(1 << 20, File::open(&options.file)?))
    };
    if proofs::begin(&mut input)? {
        if options.seen.is_some() || options.keep.is_some() {
            return Err(refused(
                "--seen, --keep: nothing in a receipt ties its head to another one: hold a bundle against your checkpoint",
            ));
        }
        return proofs::check(input, &trust);
    }
    let scratch = options.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let (began, shown) = (Instant::now(), io::stderr().is_terminal());
    let mut progress = |done: u64, of: u64| {
        if shown {
            eprint!("\r{done} of {of} entries, {} per second", told::per_second(done, began.elapsed()));
        }
    };
    let report = verify::verify(input, &trust, &scratch, &mut progress)?;
    if shown {
        eprintln!();
    }
    told::tell(&report, &trust, began.elapsed());
    if !report.is_sound() {
        let s = if report.wrong == 1 { "" } else { "s" };
        return Err(refused(format!("NOT SOUND: {} thing{s} wrong", report.wrong)));
    }
    if report.seen_lost {
        return Err(Failure::Lost("LOST: entries that your checkpoint covers are in the log no more".into()));
    }
    options.keep.as_deref().map_or(Ok(()), |path| keep(path, &report))
}

/// Writes the head that was verified in the place of one that it continues.
fn keep(path: &Path, report: &Report) -> Result<(), Failure> {
    let Some(note) = &report.head else { return Ok(()) };
    if path.exists() && kept(path)?.0.text() == note.text() {
        return Ok(());
    }
    Ok(replace(path, note.to_string().as_bytes())?)
}

fn trust(options: &Options) -> Result<Trust, Failure> {
    let policy: Option<Policy> = match &options.policy {
        Some(path) => Some(std::fs::read_to_string(path)?.parse().map_err(refused)?),
        None => None,
    };
    let (mut keys, mut witnesses) = (options.keys.clone(), options.witnesses.clone());
    if let Some(policy) = &policy {
        keys.extend(policy.logs.iter().cloned());
        witnesses.extend(policy.witnesses.iter().map(|witness| witness.key.clone()));
    }
    if keys.is_empty() {
        return Err(refused("no key of the log: give it with --key, or in a line `log` of the policy"));
    }
    let mut trust = Trust {
        seen: None,
        keys,
        witnesses,
        quorum: options.quorum.unwrap_or(options.witnesses.len()),
        policy,
        vouched_since: options.vouched_since,
        promises: options.promises.clone(),
        parts: options.parts,
    };
    let given = options.seen.as_deref().map(|path| seen(path, &trust)).transpose()?;
    let held = options.keep.as_deref().filter(|path| path.exists()).map(|path| seen(path, &trust));
    trust.seen = match (given, held.transpose()?) {
        (Some(given), Some(held)) if given != held => {
            return Err(refused("--keep: the file holds another checkpoint than --seen: it would be lost"));
        }
        (given, held) => given.or(held),
    };
    Ok(trust)
}

/// The checkpoint of a file, once found to be one of this log.
fn seen(path: &Path, trust: &Trust) -> Result<Checkpoint, Failure> {
    let (note, _) = kept(path)?;
    verify::open_head(&note, trust).map_err(|wrong| refused(format!("{}: {wrong}", path.display())))
}
