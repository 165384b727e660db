//! Receipts, and the proof of a mandate's whole story.
use std::collections::BTreeSet;
use std::io::{self, BufRead};

use crate::cli::people::refused;
use crate::cli::{Failure, say};
use crate::domain::time::Timestamp;
use crate::log::entry::Outcome;
use crate::log::receipt::{self, Proven};
use crate::log::story;
use crate::log::token::Token;
use crate::log::verify::Trust;

/// No line of a receipt is longer.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Whether what follows begins as a receipt does.
pub(super) fn begin(input: &mut impl BufRead) -> io::Result<bool> {
    let bytes: Vec<u8> = input.fill_buf()?.iter().copied().take(11).collect();
    Ok(std::str::from_utf8(&bytes).is_ok_and(receipt::is_receipt))
}

/// The next line, without its end.
fn next(input: &mut impl BufRead) -> Result<Option<String>, Failure> {
    let mut bytes = Vec::new();
    let read = io::Read::take(input, LONGEST).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.len() as u64 == LONGEST {
        return Err(refused("NOT SOUND: a line is longer than any receipt"));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused("NOT SOUND: the file is not UTF-8"))?;
    Ok(Some(text.trim_end().to_owned()))
}

/// A receipt, or several: the story of a mandate.
pub(super) fn check(mut input: impl BufRead, trust: &Trust) -> Result<(), Failure> {
    let first = next(&mut input)?.unwrap_or_default();
    match next(&mut input)? {
        None => one(&first, trust),
        Some(second) => whole_story([first, second], input, trust),
    }
}

fn one(text: &str, trust: &Trust) -> Result<(), Failure> {
    let proven = receipt::verify(text, trust).map_err(|wrong| refused(format!("NOT SOUND: {wrong}")))?;
    promises(&proven.kept.iter().copied().collect(), trust)?;
    let leaf = &proven.leaf;
    say(&format!(
        "SOUND: entry {} of the log {}, under the head of {} entries",
        proven.index, leaf.origin, proven.head.size
    ));
    say(&format!("  {} at {}, id {}", leaf.kind, leaf.time, leaf.id));
    vouched(&proven.witnessed, trust);
    for part in &proven.parts {
        let content = part.content().map_err(refused)?;
        say(&format!("  {}: {content}", part.kind));
    }
    Ok(())
}

/// The receipts of a mandate's whole story.
fn whole_story(first: [String; 2], mut rest: impl BufRead, trust: &Trust) -> Result<(), Failure> {
    let (mut checking, mut told, mut witnessed) = (story::Checking::default(), Vec::new(), Vec::new());
    let (mut kept, mut place, mut first) = (BTreeSet::new(), 0, first.into_iter());
    while let Some(line) = first.next().map_or_else(|| next(&mut rest), |line| Ok(Some(line)))? {
        place += 1;
        let proven = checking.line(&line, trust);
        let proven = proven.map_err(|bad| refused(format!("NOT SOUND: line {place}: {bad}")))?;
        let Some(Proven { leaf, index, witnessed: by, kept: of, .. }) = proven else { continue };
        let refusal = match &leaf.outcome {
            Outcome::Refused(reason) => format!(", refused ({reason})"),
            Outcome::Done => String::new(),
        };
        told.push(format!("  {} at {}{refusal}: entry {index}", leaf.kind, leaf.time));
        witnessed = by;
        kept.extend(of);
    }
    let (mandate, entries, head) = checking.finish().map_err(|bad| refused(format!("NOT SOUND: {bad}")))?;
    promises(&kept, trust)?;
    say(&format!(
        "SOUND: {entries} entries of the mandate {mandate} in the log {}, its numbers 1 to {entries} without gap, under \
        the head of {} entries",
        head.origin, head.size
    ));
    for line in &told {
        say(line);
    }
    vouched(&witnessed, trust);
    say(
        "  what came after the last number is not in this file, and nothing in it says whether there was more",
    );
    Ok(())
}

/// Each promise given must be of an entry that was proven.
fn promises(kept: &BTreeSet<usize>, trust: &Trust) -> Result<(), Failure> {
    match (0..trust.promises.len()).find(|number| !kept.contains(number)) {
        Some(other) => Err(refused(format!(
            "NOT SOUND: promise {} is of no entry of this file: ask for the receipt of its own, or for a bundle",
            other + 1
        ))),
        None => Ok(()),
    }
}

fn vouched(witnessed: &[(Token, Timestamp)], trust: &Trust) {
    if !trust.promises.is_empty() {
        say(&format!("  promises kept: {}", trust.promises.len()));
    }
    for (name, at) in witnessed {
        say(&format!("  seen by {name} at {at}"));
    }
    if witnessed.is_empty() {
        say("  not witnessed: nobody but the log itself vouches for this head");
    }
}
