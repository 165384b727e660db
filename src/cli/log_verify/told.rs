//! What a verification prints: what is wrong, what was verified, and how far each check reaches.
use std::time::Duration;

use crate::cli::say;
use crate::log::policy::Policy;
use crate::log::verify::{Report, TOLD_FAULTS, Trust};

/// Whole entries per second.
pub(super) fn per_second(entries: u64, took: Duration) -> u128 {
    u128::from(entries) * 1000 / took.as_millis().max(1)
}

pub(super) fn tell(report: &Report, trust: &Trust, took: Duration) {
    for fault in &report.faults {
        say(&format!("wrong: {fault}"));
    }
    if report.wrong > TOLD_FAULTS as u64 {
        say(&format!("… and {} more", report.wrong - TOLD_FAULTS as u64));
    }
    if report.origin.is_none() {
        return;
    }
    counted(report, took);
    lost(report);
    clocks(report);
    vouched(report, trust);
    say("checks:");
    for (what, reach) in reaches(report, trust) {
        say(&format!("  {what}: {reach}"));
    }
    if report.is_sound() {
        say("SOUND: signatures, tree, heads, commitments, sequences and meaning hold, as far as said above");
    }
}

fn counted(report: &Report, took: Duration) {
    let (speed, seconds) = (per_second(report.entries, took), took.as_secs_f64());
    let origin = report.origin.as_ref().map(ToString::to_string).unwrap_or_default();
    let root = report.root.as_ref().map(ToString::to_string).unwrap_or_default();
    say(&format!(
        "log {origin}: entries {} to {} under a head of {}, root {root}",
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
        report.entries.saturating_sub(report.told),
        report.context
    ));
    say(&format!("  {} parts opened, {} not in this bundle", report.parts, report.absent_parts));
    say(&format!("  {} daily counts of structures held against the lines of their days", report.days));
    match &report.perimeter {
        None => say("  perimeter: everybody"),
        Some(perimeter) => {
            let ids: Vec<String> = perimeter.iter().map(ToString::to_string).collect();
            let structures = if ids.len() == 1 { "structure" } else { "structures" };
            say(&format!("  perimeter: {} {structures}: {}", ids.len(), ids.join(", ")));
        }
    }
}

fn lost(report: &Report) {
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

fn vouched(report: &Report, trust: &Trust) {
    match (report.continues, &trust.seen) {
        (Some(size), _) => say(&format!("  continues your checkpoint of {size} entries")),
        (None, Some(_)) if report.seen_lost => {}
        (None, Some(_)) => say("  DOES NOT continue your checkpoint"),
        (None, None) => {}
    }
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
}

/// Each check, and whether it is complete, limited (and by what), or was not made.
fn reaches(report: &Report, trust: &Trust) -> Vec<(&'static str, String)> {
    const NOT_OPENED: &str =
        "not made: its header says that no parts were asked for; with --parts they must be there";
    let range = (report.first > 0).then(|| {
        let first = report.first;
        format!("the range: of what came before entry {first}, only what this bundle chose to tell")
    });
    let perimeter = report.perimeter.as_ref().map(|_| {
        "the perimeter: what is only hashed is proven to be there, not what it says, nor whom it concerns"
            .to_owned()
    });
    let limits: Vec<String> = range.clone().into_iter().chain(perimeter).collect();
    let within = |limits: &[String]| match limits {
        [] => "complete".to_owned(),
        limits => format!("limited by {}", limits.join("; by ")),
    };
    let made = |made: bool, limits: &[String], not: &str| if made { within(limits) } else { not.to_owned() };
    let asks = trust.quorum > 0 || trust.policy.as_ref().is_some_and(Policy::asks_witnesses);
    vec![
        ("signatures, tree, places and heads", "complete for the range".to_owned()),
        ("keys and epochs", within(&[])),
        (
            "continuity",
            made(trust.seen.is_some(), &[], "not made: no checkpoint of yours was given (--seen, --keep)"),
        ),
        ("witnesses", made(asks, &[], "not made: none was asked for (--policy, --witness)")),
        (
            "promises",
            made(!trust.promises.is_empty(), range.as_slice(), "not made: none was given (--promise)"),
        ),
        (
            "parts against their commitments",
            made(report.parts > 0, &[], "not made: no part is in this bundle"),
        ),
        ("erasures: each missing part has its entry", made(report.opened, &limits, NOT_OPENED)),
        ("mandates: sequences, consent, uses", within(&limits)),
        ("people, structures and cards", within(&limits)),
        ("daily counts", made(report.days > 0, &limits, "not made: no whole day in this bundle was counted")),
        ("nothing twice: entries, codes of cards, nonces of opened parts", within(&limits)),
    ]
}
