//! `log export`, `log receipt`: what can be taken away and checked elsewhere.
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::App;
use crate::app::export_log::{self, Export, Taker, Wanted};
use crate::app::give_receipt;
use crate::app::manage_cards::structure_with;
use crate::domain::ids::{EntryId, StructureId};
use crate::domain::structure::Siret;
use crate::domain::time::Timestamp;
use crate::log::bundle::{self, Header, Line};
use crate::log::checkpoint::Checkpoint;
use crate::log::note::SignedNote;
use crate::log::part::PartKind;

use super::people::refused;
use super::{Failure, say, start};

#[derive(Args)]
pub(super) struct ExportOptions {
    /// Where to write. Without it: standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Continue the file where it was interrupted: its range and perimeter; name `--parts` again if it had them.
    #[arg(long, requires = "output", conflicts_with_all = ["from", "until", "after", "structures"])]
    resume: bool,
    /// From this day or instant (2026-11-22, or RFC 3339).
    #[arg(long, value_parser = instant, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Up to the first signed head after this day or instant.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    until: Option<Timestamp>,
    /// From where this checkpoint, kept from before, ends.
    #[arg(long, value_name = "CHECKPOINT")]
    after: Option<PathBuf>,
    /// Only tell the entries of this structure (SIRET); may be repeated. The others are hashed.
    #[arg(long = "structure", value_name = "SIRET")]
    structures: Vec<String>,
    /// Also what is personal: names, addresses, details. It leaves the system's reach, and the log says so.
    #[arg(long)]
    parts: bool,
}

#[derive(Args)]
pub(super) struct ReceiptOptions {
    /// Id of the entry.
    entry: EntryId,
    /// A part its holder may see (user, actor, technical, details); may be repeated. Without it: none.
    #[arg(long = "part", value_parser = part, value_name = "PART")]
    parts: Vec<PartKind>,
}

fn part(text: &str) -> Result<PartKind, String> {
    text.parse().map_err(|_| "user, actor, technical or details".to_owned())
}

/// A day (its first instant, UTC) or an instant.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    OffsetDateTime::parse(&full, &Rfc3339)
        .map(Timestamp::new)
        .map_err(|_| "a day (2026-11-22) or an instant (2026-11-22T10:00:00Z)".to_owned())
}

/// A checkpoint kept in a file. Its signature is not checked here.
pub(super) fn kept(path: &Path) -> Result<(SignedNote, Checkpoint), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::Refused(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let note: SignedNote = text.parse().map_err(|error| wrong(&error))?;
    let checkpoint = note.text().parse().map_err(|error| wrong(&error))?;
    Ok((note, checkpoint))
}

pub(super) fn receipt(file: Option<&Path>, options: &ReceiptOptions) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        let made = give_receipt::for_command_line(&app, options.entry, &options.parts).await;
        app.store.close().await;
        say(&made.map_err(refused)?);
        Ok(())
    })
}

pub(super) fn export(file: Option<&Path>, options: &ExportOptions) -> Result<(), Failure> {
    start::block_on(async {
        let app = start::app(file).await?;
        let outcome = run(&app, options).await;
        app.store.close().await;
        outcome
    })
}

async fn run(app: &App, options: &ExportOptions) -> Result<(), Failure> {
    let mut wanted = wanted(app, options).await?;
    let mut resumed = None;
    if let (true, Some(path)) = (options.resume, &options.output) {
        let begun = Begun::read(path)?;
        wanted.after = Some(begun.first);
        wanted.perimeter.clone_from(&begun.perimeter);
        wanted.until = None;
        resumed = Some(begun);
    }
    let export = match &resumed {
        // The same head as the file's, so that what follows continues it.
        Some(begun) => export_log::plan_again(app, Taker::CommandLine, &wanted, begun.size).await,
        None => export_log::plan(app, Taker::CommandLine, &wanted).await,
    };
    let export = export.map_err(refused)?;
    let mut out = open(options.output.as_deref(), resumed.as_ref(), &export)?;
    let mut told = Progress::new(export.size() - export.first());
    let mut sink = |line: &str| {
        told.count(line);
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")
    };
    let next = resumed.as_ref().and_then(|begun| begun.next);
    match next {
        Some(next) => export.resume(app, next, &mut sink).await,
        None => export.write(app, &mut sink).await,
    }
    .map_err(refused)?;
    out.flush()?;
    told.done(&export);
    Ok(())
}

async fn wanted(app: &App, options: &ExportOptions) -> Result<Wanted, Failure> {
    let mut perimeter = BTreeSet::new();
    for siret in &options.structures {
        let siret = Siret::parse(siret).map_err(refused)?;
        let found = structure_with(app, siret.as_str()).await.map_err(refused)?;
        perimeter
            .insert(found.ok_or_else(|| refused(format!("no structure has the SIRET {}", siret.as_str())))?);
    }
    let after = options.after.as_deref().map(kept).transpose()?.map(|(_, checkpoint)| checkpoint.size);
    let perimeter = (!perimeter.is_empty()).then_some(perimeter);
    Ok(Wanted { from: options.from, until: options.until, after, perimeter, parts: options.parts })
}

fn open(
    path: Option<&Path>,
    resumed: Option<&Begun>,
    export: &Export,
) -> Result<Box<dyn Write + Send>, Failure> {
    let Some(path) = path else { return Ok(Box::new(BufWriter::new(io::stdout()))) };
    let Some(begun) = resumed else { return Ok(Box::new(BufWriter::new(File::create(path)?))) };
    let again = export.header();
    if !matches!(bundle::read(&again), Ok(Line::Header(again)) if continues(&begun.header, &again)) {
        return Err(refused(
            "the file was begun for another range, perimeter or log: export again without --resume",
        ));
    }
    let mut file = OpenOptions::new().write(true).open(path)?;
    // Whatever follows the last whole line, or the whole of a context interrupted, is written again.
    file.set_len(begun.keep)?;
    file.seek(SeekFrom::End(0))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Whether what follows this header may follow that one: the head may have been vouched for meanwhile.
fn continues(begun: &Header, again: &Header) -> bool {
    let told = |header: &Header| {
        let keys: Vec<String> = header.keys.iter().map(ToString::to_string).collect();
        (header.origin.clone(), header.head.text().to_owned(), header.perimeter.clone(), keys)
    };
    told(begun) == told(again)
        && (begun.first, begun.parts, &begun.edge) == (again.first, again.parts, &again.edge)
}

/// What an interrupted file holds.
struct Begun {
    header: Header,
    first: u64,
    size: u64,
    perimeter: Option<BTreeSet<StructureId>>,
    /// The place that comes next; absent when the range was not reached.
    next: Option<u64>,
    /// Bytes to keep.
    keep: u64,
}

impl Begun {
    fn read(path: &Path) -> Result<Self, Failure> {
        let none = || refused("the file holds no begun export");
        let mut input = BufReader::new(File::open(path)?);
        let mut text = String::new();
        input.read_line(&mut text)?;
        let header = text.strip_suffix('\n').ok_or_else(none)?;
        let Ok(Line::Header(read)) = bundle::read(header) else { return Err(none()) };
        let head: Checkpoint = read.head.text().parse().map_err(refused)?;
        let mut begun = Self {
            first: read.first,
            size: head.size,
            perimeter: read.perimeter.clone(),
            next: None,
            // Until the range is reached nothing is kept: the header too is written again.
            keep: 0,
            header: *read,
        };
        let mut at = text.len() as u64;
        loop {
            text.clear();
            if input.read_line(&mut text)? == 0 {
                return Ok(begun);
            }
            let Some(line) = text.strip_suffix('\n') else { return Ok(begun) };
            at += text.len() as u64;
            match bundle::read(line) {
                Ok(Line::Entry(bundle::Entry { at: place, .. }) | Line::Hash { at: place, .. })
                    if place >= begun.first =>
                {
                    // The last whole entry is written again, and with it the head that may follow.
                    (begun.next, begun.keep) = (Some(place), at - text.len() as u64);
                }
                Ok(Line::End(_)) => return Err(refused("the file is complete: nothing to resume")),
                _ => {}
            }
        }
    }
}

/// Told on standard error, to people only.
struct Progress {
    entries: u64,
    of: u64,
    since: Instant,
    told: Instant,
    shown: bool,
}

impl Progress {
    fn new(of: u64) -> Self {
        let now = Instant::now();
        Self { entries: 0, of, since: now, told: now, shown: io::stderr().is_terminal() }
    }

    fn count(&mut self, line: &str) {
        if line.starts_with("{\"at\":") {
            self.entries += 1;
        }
        if self.shown && self.told.elapsed().as_millis() > 500 {
            self.told = Instant::now();
            eprint!("\r{} of {} entries", self.entries, self.of);
        }
    }

    fn done(&self, export: &Export) {
        let seconds = self.since.elapsed().as_secs_f64();
        eprintln!(
            "{}{} lines in {seconds:.1} s: entries {} to {} under the head of {} entries, root {}",
            if self.shown { "\r" } else { "" },
            self.entries,
            export.first(),
            export.size().saturating_sub(1),
            export.size(),
            export.root(),
        );
    }
}
