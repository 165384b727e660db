//! How fast a log is verified: the tree alone on one core, and a whole log with its bodies and what they mean. Writes the
//! log it verifies: mandates proposed, consented to, signed, used and revoked, with their parts. Started by `benches/run`.
//! `BENCH_ENTRIES` says how many entries, a million without it: ten million take 8 GB in the folder for temporary files.
#![expect(
    clippy::print_stdout,
    clippy::pedantic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench prints its figures, and stops at the first fault"
)]
use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, Write};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use entremise::domain::ids::{
    CardId, Entropy, EntryId, GrantId, MandateId, PersonId, ServiceId, StructureId, UseId, UserId,
};
use entremise::domain::time::Timestamp;
use entremise::log::bundle::{Header, write_checkpoint, write_end, write_entry};
use entremise::log::checkpoint::Checkpoint;
use entremise::log::draft::{Draft, People, Stamp};
use entremise::log::kind::{Kind, Role};
use entremise::log::merkle::{Frontier, leaf_hash};
use entremise::log::note::LogSigner;
use entremise::log::part::PartKind;
use entremise::log::pseudonym::Pseudonym;
use entremise::log::token::Token;
use entremise::log::verify::{Trust, verify_on};
use serde_json::json;
use time::Duration;
use uuid::Uuid;

const ORIGIN: &str = "bench.example/log";
/// Mandates alive at the same time.
const TOGETHER: u64 = 2_000;
/// Aidants, each with a card, ten to a structure.
const AIDANTS: u64 = 2_000;
/// Entries of one mandate's life.
const LIFE: u64 = 10;
/// A signed head this often.
const HEAD_EVERY: u64 = 10_000;
/// Bytes of the first line.
const HEADER: usize = 1024;

/// Fast, and never the same twice: what is measured is reading, not drawing.
struct Counted(AtomicU64);

impl Entropy for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            chunk.copy_from_slice(&next.to_le_bytes()[..chunk.len()]);
        }
    }
}

fn main() {
    let entries: u64 =
        std::env::var_os("BENCH_ENTRIES").and_then(|n| n.to_str()?.parse().ok()).unwrap_or(1_000_000);
    // Each verification has a process to itself: its memory is its own.
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, verify, file, told, threads] = arguments.as_slice()
        && verify == "verify"
    {
        let (told, threads) = (told.parse().expect("a number"), threads.parse().expect("a number"));
        return whole(Path::new(file), &std::env::temp_dir(), told, threads);
    }
    println!("verification, one run on this machine");
    tree();
    let folder = std::env::temp_dir();
    let file = folder.join(format!("entremise-bench-{}.jsonl", std::process::id()));
    let begun = Instant::now();
    let told = write(&file, entries);
    let size = std::fs::metadata(&file).expect("the log").len();
    println!("written: {told} entries, {} MB, in {:.1} s", size / 1_000_000, begun.elapsed().as_secs_f64());
    for threads in [1, 2] {
        let program = std::env::current_exe().expect("this program");
        let mut verify = Command::new(program);
        verify.arg("verify").arg(&file).arg(told.to_string()).arg(threads.to_string());
        assert!(verify.status().expect("it starts").success(), "verified");
    }
    std::fs::remove_file(&file).expect("the log is removed");
}

/// Leaves hashed and taken into the tree, on one core.
fn tree() {
    const LEAVES: u64 = 3_000_000;
    // As long as leaves are in the middle.
    let mut leaf = [b'x'; 600];
    let mut frontier = Frontier::default();
    let begun = Instant::now();
    for n in 0..LEAVES {
        leaf[..8].copy_from_slice(&n.to_le_bytes());
        frontier.append(leaf_hash(&leaf));
    }
    let root = frontier.root();
    let rate = LEAVES as f64 / begun.elapsed().as_secs_f64();
    println!("tree: {rate:.0} leaves of 600 bytes a second on one core (root {})", &root.hex()[..8]);
}

fn whole(file: &Path, scratch: &Path, entries: u64, threads: usize) {
    let trust = Trust { keys: vec![signer().key().clone()], ..Trust::default() };
    let begun = Instant::now();
    let input = BufReader::with_capacity(1 << 20, File::open(file).expect("the log"));
    let report = verify_on(threads, input, &trust, scratch, &mut |_, _| ()).expect("the log can be read");
    let took = begun.elapsed().as_secs_f64();
    assert_eq!((report.wrong, report.entries), (0, entries), "{:?}", report.faults.first());
    println!(
        "whole, {threads} reading thread{}: {} entries, {} parts and {} heads, with what they mean, in {took:.1} s ({:.1} s of processors): {:.0} entries a second; at most {} MB of memory",
        if threads == 1 { "" } else { "s" },
        report.entries,
        report.parts,
        report.checkpoints,
        processors(),
        entries as f64 / took,
        memory()
    );
}

/// Seconds of processors that this process used: what does not depend on what else runs beside it.
fn processors() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold anything but ends the last parenthesis: user and system time are fields 14 and 15,
    // in hundredths of a second.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    ticks.sum::<u64>() as f64 / 100.0
}

/// The most that this process ever held, in megabytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1_000
}

fn signer() -> LogSigner {
    LogSigner::from_seed(Token::new(ORIGIN).expect("a name"), &[7; 32]).expect("a key")
}

fn uuid(tag: u64, number: u64) -> Uuid {
    Uuid::from_u64_pair(tag, number)
}

fn pseudonym(tag: u8, number: u64) -> Pseudonym {
    let mut bytes = [tag; 32];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    Pseudonym::from_bytes(bytes)
}

/// A log being written. Its first line is known last: room is left for it, and what it does not take stays blank.
struct Writer {
    out: BufWriter<File>,
    frontier: Frontier,
    now: Timestamp,
    entropy: Counted,
    signer: LogSigner,
    origin: Token,
}

fn write(file: &Path, entries: u64) -> u64 {
    let mut writer = Writer {
        out: BufWriter::with_capacity(1 << 20, File::create(file).expect("a file")),
        frontier: Frontier::default(),
        now: Timestamp::from_unix(1_795_344_000).expect("an instant"),
        entropy: Counted(AtomicU64::new(1)),
        signer: signer(),
        origin: Token::new(ORIGIN).expect("a name"),
    };
    writer.line(&" ".repeat(HEADER));
    writer.people();
    let mut first = 0;
    while writer.frontier.size() < entries {
        // Their entries interleave, as those of many desks do.
        for step in 0..LIFE {
            for mandate in first..first + TOGETHER {
                writer.step(mandate, step);
            }
        }
        first += TOGETHER;
    }
    let size = writer.frontier.size();
    let head = writer.head().sign(&writer.signer);
    writer.line(&write_checkpoint(&head.to_string()));
    writer.line(&write_end(size));
    writer.out.flush().expect("written");
    let header = Header {
        origin: writer.origin.clone(),
        first: 0,
        edge: vec![],
        head,
        perimeter: None,
        keys: vec![],
        parts: true,
    };
    let header = header.write();
    assert!(header.len() <= HEADER, "{} bytes of room are not enough", HEADER);
    let mut out = writer.out.into_inner().expect("written");
    out.rewind().expect("the beginning");
    out.write_all(header.as_bytes()).expect("written");
    size
}

impl Writer {
    fn line(&mut self, line: &str) {
        writeln!(self.out, "{line}").expect("written");
    }

    fn head(&self) -> Checkpoint {
        Checkpoint { origin: self.origin.clone(), size: self.frontier.size(), root: self.frontier.root() }
    }

    fn add(&mut self, draft: Draft, seq: Option<i64>, people: People) -> EntryId {
        let at = self.frontier.size();
        self.now = self.now + Duration::milliseconds(50);
        let id = EntryId::from_uuid(uuid(1, at));
        let stamp = Stamp { origin: self.origin.clone(), id, time: self.now, seq, people };
        let (leaf, parts) = draft.finish(stamp, &self.entropy).expect("an entry");
        let bytes = String::from_utf8(leaf.encode()).expect("text");
        self.frontier.append(leaf_hash(bytes.as_bytes()));
        let line = write_entry(at, &bytes, &parts, None);
        self.line(&line);
        if (at + 1).is_multiple_of(HEAD_EVERY) {
            let head = self.head().sign(&self.signer).to_string();
            self.line(&write_checkpoint(&head));
        }
        id
    }

    fn people(&mut self) {
        let about = |aidant| People { about: Some(pseudonym(2, aidant)), ..People::default() };
        for structure in 0..AIDANTS / 10 {
            let draft = Draft::done(Kind::StructureHabilitated)
                .by_role(Role::Operator)
                .structure(structure_id(structure * 10))
                .list("domains", ["argent", "logement", "sante"]);
            self.add(draft, None, People::default());
        }
        for aidant in 0..AIDANTS {
            let (person, card) = (person_id(aidant), card_id(aidant));
            let created = Draft::done(Kind::PersonCreated).about(person).structure(structure_id(aidant));
            self.add(created.list("roles", ["aidant"]), None, about(aidant));
            let charter = Draft::done(Kind::CharterAccepted).by(person, Role::Aidant).fact("version", 1_i64);
            self.add(charter, None, People { actor: Some(pseudonym(2, aidant)), ..People::default() });
            let assigned =
                Draft::done(Kind::CardAssigned).about(person).card(card).structure(structure_id(aidant));
            self.add(assigned, None, about(aidant));
            self.add(Draft::done(Kind::CardActivated).about(person).card(card), None, about(aidant));
        }
    }

    /// The next entry of a mandate's life. Ids are computed again: nothing is remembered of a mandate.
    fn step(&mut self, number: u64, step: u64) {
        let aidant = number % AIDANTS;
        let (person, actor, user) = (person_id(aidant), pseudonym(2, aidant), pseudonym(3, number));
        // Each lives 30 days from the beginning of its cohort.
        let begun = Timestamp::from_unix(1_795_344_000).expect("an instant");
        let valid_to = begun
            + Duration::days(30)
            + Duration::milliseconds(i64::try_from(number / TOGETHER * TOGETHER * LIFE * 50).expect("small"));
        let of = |kind| {
            Draft::done(kind)
                .structure(structure_id(aidant))
                .mandate(MandateId::from_uuid(uuid(4, number)))
                .user(UserId::from_uuid(uuid(5, number)))
        };
        let by_aidant = |kind| {
            of(kind)
                .by(person, Role::Aidant)
                .part(PartKind::Actor, json!({ "name": "Alice Morvan", "serial": "35600000012345" }))
        };
        let identity = || json!({ "family_name": "MARTIN", "given_name": "Josette Marie", "birthdate": "1948-03-12", "birthplace": "03107", "birthcountry": "99100", "gender": "female" });
        let technical = || json!({ "address": "192.0.2.17", "browser": "Firefox 128 on Windows" });
        let (grant, service) =
            (GrantId::from_uuid(uuid(6, number)), ServiceId::from_uuid(uuid(7, number % 40)));
        let use_id = UseId::from_uuid(uuid(8, number));
        let used = |kind| of(kind).by_role(Role::Service).grant(grant).service(service).use_id(use_id);
        // The cohort's entry of an earlier step.
        let earlier = |step: u64, now: u64| EntryId::from_uuid(uuid(1, now - step * TOGETHER));
        let at = self.frontier.size();
        let draft = match step {
            0 => Draft::done(Kind::MandateProposed)
                .by(person, Role::Aidant)
                .structure(structure_id(aidant))
                .mandate(MandateId::from_uuid(uuid(4, number)))
                .list("domains", ["argent", "logement"])
                .fact("valid_to", valid_to)
                .part(PartKind::Technical, technical()),
            1 => of(Kind::MandateIdentified)
                .by_role(Role::User)
                .part(PartKind::User, identity())
                .part(PartKind::Technical, technical()),
            2 => of(Kind::MandateConsentGiven)
                .by_role(Role::User)
                .fact("text", "b1946ac92492d2347c6235b4d2611184")
                .fact("valid_to", valid_to)
                .part(PartKind::Technical, technical()),
            3 => by_aidant(Kind::MandateSigned)
                .card(card_id(aidant))
                .list("domains", ["argent", "logement"])
                .fact("valid_to", valid_to)
                .fact("text", "b1946ac92492d2347c6235b4d2611184")
                .fact("step", i64::try_from(number * 4).expect("small"))
                .on(earlier(1, at)),
            4 => by_aidant(Kind::UseOpened)
                .grant(grant)
                .service(service)
                .use_id(use_id)
                .card(card_id(aidant))
                .fact("domain", "argent")
                .fact("single_use", false)
                .fact("valid_to", valid_to)
                .part(PartKind::Technical, technical()),
            5 => used(Kind::CodeRedeemed).on(earlier(1, at)),
            6 => used(Kind::UserinfoGiven).on(earlier(2, at)).part(PartKind::User, identity()),
            7 => used(Kind::ActionReported).on(earlier(3, at)).part(
                PartKind::Details,
                json!({ "label": "Déclaration trimestrielle", "reference": "D-2026-118822" }),
            ),
            8 => used(Kind::UseEnded).fact("cause", "service"),
            _ => by_aidant(Kind::MandateRevoked).fact("asked_by", "user_at_desk"),
        };
        let people = People {
            actor: draft.person_id().map(|_| actor),
            user: draft.user_named().map(|_| user),
            about: None,
        };
        self.add(draft, Some(i64::try_from(step + 1).expect("small")), people);
    }
}

fn structure_id(aidant: u64) -> StructureId {
    StructureId::from_uuid(uuid(9, aidant / 10))
}
fn person_id(aidant: u64) -> PersonId {
    PersonId::from_uuid(uuid(10, aidant))
}
fn card_id(aidant: u64) -> CardId {
    CardId::from_uuid(uuid(11, aidant))
}
