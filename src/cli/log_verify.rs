//! `log verify`: without configuration, database or network.
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use crate::domain::time::Timestamp;
use crate::log::checkpoint::Checkpoint;
use crate::log::cosignature::WitnessKey;
use crate::log::entry::Outcome;
use crate::log::epoch;
use crate::log::note::NoteKey;
use crate::log::policy::Policy;
use crate::log::promise::SignedPromise;
use crate::log::receipt::{self, Proven};
use crate::log::story;
use crate::log::token::Token;
use crate::log::verify::{self, Report, TOLD_FAULTS, Trust};

use super::log_export::{instant, kept};
use super::people::refused;
use super::{Failure, say};

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
    if receipt::is_receipt(
        std::str::from_utf8(&input.fill_buf()?.iter().copied().take(11).collect::<Vec<_>>()).unwrap_or(""),
    ) {
        let mut text = String::new();
        input.read_line(&mut text)?;
        return if input.fill_buf()?.is_empty() {
            one(text.trim_end(), &trust)
        } else {
            whole_story(&text, input, &trust)
        };
    }
    let scratch = options.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let (began, shown) = (Instant::now(), io::stderr().is_terminal());
    let mut progress = |done: u64, of: u64| {
        if shown {
            eprint!("\r{done} of {of} entries, {} per second", per_second(done, began.elapsed()));
        }
    };
    let report = verify::verify(input, &trust, &scratch, &mut progress)?;
    if shown {
        eprintln!();
    }
    tell(&report, &trust, began.elapsed());
    if report.is_sound() {
        Ok(())
    } else {
        let s = if report.wrong == 1 { "" } else { "s" };
        Err(refused(format!("NOT SOUND: {} thing{s} wrong", report.wrong)))
    }
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
    Ok(Trust {
        seen: options.seen.as_deref().map(|path| seen(path, &keys)).transpose()?,
        keys,
        witnesses,
        quorum: options.quorum.unwrap_or(options.witnesses.len()),
        policy,
        vouched_since: options.vouched_since,
        promises: options.promises.clone(),
    })
}

/// The checkpoint of a file, once found to be one of this log.
fn seen(path: &Path, keys: &[NoteKey]) -> Result<Checkpoint, Failure> {
    let (note, _) = kept(path)?;
    let opened = keys.iter().map(|key| epoch::open(&note, key));
    let last = opened.reduce(|first, next| if first.is_ok() { first } else { next });
    let wrong = |error: &dyn std::fmt::Display| refused(format!("{}: {error}", path.display()));
    last.ok_or_else(|| wrong(&"no key"))?.map_err(|error| wrong(&error))
}

/// A receipt.
fn one(text: &str, trust: &Trust) -> Result<(), Failure> {
    let proven = receipt::verify(text, trust).map_err(refused)?;
    let leaf = &proven.leaf;
    say(&format!(
        "SOUND: entry {} of the log {}, under the head of {} entries",
        proven.index, leaf.origin, proven.head.size
    ));
    say(&format!("  {} at {}, id {}", leaf.kind, leaf.time, leaf.id));
    vouched(&proven.witnessed);
    for part in &proven.parts {
        let content = part.content().map_err(refused)?;
        say(&format!("  {}: {content}", part.kind));
    }
    Ok(())
}

/// The receipts of a mandate's whole story.
fn whole_story(first: &str, rest: impl BufRead, trust: &Trust) -> Result<(), Failure> {
    let (mut checking, mut told, mut witnessed) = (story::Checking::default(), Vec::new(), Vec::new());
    for (place, line) in std::iter::once(Ok(first.to_owned())).chain(rest.lines()).enumerate() {
        let proven = checking.line(line?.trim_end(), trust);
        let proven = proven.map_err(|bad| refused(format!("NOT SOUND: line {}: {bad}", place + 1)))?;
        let Some(Proven { leaf, index, witnessed: by, .. }) = proven else { continue };
        let refusal = match &leaf.outcome {
            Outcome::Refused(reason) => format!(", refused ({reason})"),
            Outcome::Done => String::new(),
        };
        told.push(format!("  {} at {}{refusal}: entry {index}", leaf.kind, leaf.time));
        witnessed = by;
    }
    let (mandate, entries, head) = checking.finish().map_err(|bad| refused(format!("NOT SOUND: {bad}")))?;
    say(&format!(
        "SOUND: {entries} entries of the mandate {mandate} in the log {}, its numbers 1 to {entries} without gap, under \
        the head of {} entries",
        head.origin, head.size
    ));
    for line in &told {
        say(line);
    }
    vouched(&witnessed);
    say(
        "  what came after the last number is not in this file, and nothing in it says whether there was more",
    );
    Ok(())
}

fn vouched(witnessed: &[(Token, Timestamp)]) {
    for (name, at) in witnessed {
        say(&format!("  seen by {name} at {at}"));
    }
    if witnessed.is_empty() {
        say("  not witnessed: nobody but the log itself vouches for this head");
    }
}

/// Times that prove nothing: told, and no fault by themselves.
fn clocks(report: &Report) {
    for row in &report.backwards {
        say(&format!("  CLOCK: {row}"));
    }
    if report.dated_back > 0 {
        say(&format!("  CLOCK: in all {} entries whose own time proves nothing", report.dated_back));
    }
}

/// Whole entries per second.
fn per_second(entries: u64, took: Duration) -> u128 {
    u128::from(entries) * 1000 / took.as_millis().max(1)
}

fn tell(report: &Report, trust: &Trust, took: Duration) {
    for fault in &report.faults {
        say(&format!("wrong: {fault}"));
    }
    if report.wrong > TOLD_FAULTS as u64 {
        say(&format!("… and {} more", report.wrong - TOLD_FAULTS as u64));
    }
    let Some(origin) = &report.origin else { return };
    let (speed, seconds) = (per_second(report.entries, took), took.as_secs_f64());
    say(&format!(
        "log {origin}: entries {} to {} under a head of {}",
        report.first,
        report.size.saturating_sub(1),
        report.size
    ));
    say(&format!(
        "  {} entries and {} heads in {seconds:.1} s ({speed} entries per second)",
        report.entries, report.checkpoints
    ));
    say(&format!(
        "  {} told, {} only hashed, {} earlier ones they rest on",
        report.told,
        report.entries - report.told,
        report.context
    ));
    say(&format!(
        "  {} parts opened; {} not in this bundle (erased, or not asked for)",
        report.parts, report.absent_parts
    ));
    say(&format!("  {} daily counts of structures held against the lines of their days", report.days));
    match (report.continues, &trust.seen) {
        (Some(size), _) => say(&format!("  continues your checkpoint of {size} entries")),
        (None, Some(_)) if report.seen_lost => {}
        (None, Some(_)) => say("  DOES NOT continue your checkpoint"),
        (None, None) => {
            say("  not compared with an earlier checkpoint: keep this one (--seen) for the next time");
        }
    }
    for recovery in &report.recoveries {
        say(&format!(
            "  LOST: epoch {} begins at entry {} (log.recovered): the last head of before covered {} entries, {} of \
             them are lost{}",
            recovery.epoch,
            recovery.at,
            recovery.size,
            recovery.lost(),
            if recovery.rewritten { ", and what was kept is not what had been signed" } else { "" },
        ));
    }
    if report.seen_lost {
        say(
            "  LOST: your checkpoint covers entries that the log itself says were lost; keep it as the proof of them",
        );
    }
    clocks(report);
    for (name, at) in &report.witnessed {
        say(&format!("  head seen by {name} at {at}"));
    }
    if report.witnessed.is_empty() {
        say("  not witnessed: nobody but the log itself vouches for this head");
    }
    if !trust.promises.is_empty() {
        say(&format!(
            "  {} promises kept, {} about which this bundle decides nothing",
            report.promises_kept, report.promises_open
        ));
    }
    if report.partial {
        say("  limited by the perimeter: what it does not tell is proven to be there, not what it says");
    }
    if report.is_sound() {
        say("SOUND: signatures, tree, heads, commitments, sequences and meaning hold");
    }
}
