//! A small log told truthfully, then every lie about it: each refused in its own words.
use std::collections::BTreeMap;

use serde_json::json;
use time::Duration;
use uuid::Uuid;

use super::*;
use crate::domain::ids::{
    CardId, Entropy, EntryId, GrantId, MandateId, PersonId, ServiceId, StructureId, UseId, UserId,
};
use crate::log::bundle::{write_checkpoint, write_end, write_entry, write_hash};
use crate::log::cosignature::cosign;
use crate::log::draft::{Draft, People, Stamp};
use crate::log::kind::{Kind, Role};
use crate::log::merkle::{Frontier, root_of};
use crate::log::note::{LogSigner, SignedNote};
use crate::log::part::PartKind;
use crate::log::proof;
use crate::log::pseudonym::Pseudonym;

/// A different nonce each time.
struct Drawn(std::sync::atomic::AtomicU64);
impl Entropy for Drawn {
    fn fill(&self, buffer: &mut [u8]) {
        let next = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        buffer.fill(0x11);
        buffer[8..16].copy_from_slice(&next.to_le_bytes());
    }
}

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn signer(name: &str, seed: u8) -> LogSigner {
    LogSigner::from_seed(token(name), &[seed; 32]).unwrap()
}

const ORIGIN: &str = "log.example";

fn structure() -> StructureId {
    StructureId::from_uuid(Uuid::from_u128(1))
}
fn card() -> CardId {
    CardId::from_uuid(Uuid::from_u128(2))
}
fn mandate() -> MandateId {
    MandateId::from_uuid(Uuid::from_u128(3))
}
fn grant(number: u128) -> GrantId {
    GrantId::from_uuid(Uuid::from_u128(40 + number))
}
fn use_id(number: u128) -> UseId {
    UseId::from_uuid(Uuid::from_u128(50 + number))
}
fn service() -> ServiceId {
    ServiceId::from_uuid(Uuid::from_u128(6))
}
fn aidant() -> Pseudonym {
    Pseudonym::from_bytes([7; 32])
}
fn user() -> Pseudonym {
    Pseudonym::from_bytes([8; 32])
}
fn entry_id(number: u64) -> EntryId {
    EntryId::from_uuid(Uuid::from_u128(1000 + u128::from(number)))
}

#[derive(Clone)]
struct Told {
    leaf: Leaf,
    parts: Vec<(PartKind, [u8; 32], String)>,
}

/// A log in the making: one entry a minute.
struct Log {
    told: Vec<Told>,
    now: Timestamp,
    seq: BTreeMap<MandateId, i64>,
    entropy: Drawn,
}

impl Log {
    fn new() -> Self {
        let now = Timestamp::from_unix(1_795_344_000).unwrap();
        Self { told: Vec::new(), now, seq: BTreeMap::new(), entropy: Drawn(1.into()) }
    }

    fn add(&mut self, draft: Draft) -> EntryId {
        self.add_as(draft, &aidant())
    }

    fn add_as(&mut self, draft: Draft, actor: &Pseudonym) -> EntryId {
        self.now = self.now + Duration::minutes(1);
        let id = entry_id(self.told.len() as u64);
        let seq = draft.mandate_id().map(|(mandate, _)| {
            let seq = self.seq.entry(mandate).or_default();
            *seq += 1;
            *seq
        });
        let people = People {
            actor: draft.person_id().map(|_| actor.clone()),
            user: draft.user_named().map(|_| user()),
            about: draft.about_named().map(|_| aidant()),
        };
        let stamp = Stamp { origin: token(ORIGIN), id, time: self.now, seq, people };
        let (leaf, parts) = draft.finish(stamp, &self.entropy).unwrap();
        let parts = parts
            .iter()
            .map(|part| (part.kind, part.nonce, String::from_utf8(part.bytes().to_vec()).unwrap()))
            .collect();
        self.told.push(Told { leaf, parts });
        id
    }

    #[expect(clippy::unused_self, reason = "it is the mandate of this log")]
    fn valid_to(&self) -> Timestamp {
        Timestamp::from_unix(1_795_344_000).unwrap() + Duration::days(30)
    }

    /// A structure, an aidant at work, their card.
    fn people(&mut self) {
        let habilitated =
            Draft::done(Kind::StructureHabilitated).by_role(Role::Operator).structure(structure());
        self.add(habilitated.list("domains", ["argent", "logement"]));
        let created = Draft::done(Kind::PersonCreated).about(person()).structure(structure());
        self.add(created.list("roles", ["aidant"]));
        self.add(Draft::done(Kind::CharterAccepted).by(person(), Role::Aidant).fact("version", 1_i64));
        self.add(Draft::done(Kind::CardAssigned).about(person()).card(card()).structure(structure()));
        self.add(Draft::done(Kind::CardActivated).about(person()).card(card()));
    }

    fn of_mandate(kind: Kind) -> Draft {
        Draft::done(kind)
            .structure(structure())
            .mandate(mandate())
            .user(UserId::from_uuid(Uuid::from_u128(9)))
    }

    fn by_aidant(kind: Kind) -> Draft {
        Self::of_mandate(kind).by(person(), Role::Aidant)
    }

    fn proposed(&mut self) {
        let draft = Draft::done(Kind::MandateProposed).by(person(), Role::Aidant).structure(structure());
        let draft = draft.mandate(mandate()).list("domains", ["argent", "logement"]);
        self.add(draft.fact("valid_to", self.valid_to()));
    }

    fn consented(&mut self) -> EntryId {
        self.add(
            Self::of_mandate(Kind::MandateIdentified)
                .by_role(Role::User)
                .part(PartKind::User, json!({ "family_name": "Martin" })),
        );
        let valid_to = self.valid_to();
        let draft = Self::of_mandate(Kind::MandateConsentGiven).by_role(Role::User);
        self.add(draft.fact("text", "abc").fact("valid_to", valid_to))
    }

    fn signature(&self, consent: EntryId, step: i64) -> Draft {
        Self::by_aidant(Kind::MandateSigned)
            .card(card())
            .list("domains", ["argent", "logement"])
            .fact("valid_to", self.valid_to())
            .fact("text", "abc")
            .fact("step", step)
            .on(consent)
            .part(PartKind::Actor, json!({ "name": "Alice Morvan" }))
    }

    fn signed(&mut self) {
        self.people();
        self.proposed();
        let consent = self.consented();
        self.add(self.signature(consent, 100));
    }

    fn opening(&self, number: u128) -> Draft {
        Self::by_aidant(Kind::UseOpened)
            .grant(grant(0))
            .service(service())
            .use_id(use_id(number))
            .card(card())
            .fact("domain", "argent")
            .fact("single_use", false)
            .fact("valid_to", self.valid_to())
            .part(PartKind::Technical, json!({ "address": "192.0.2.1" }))
    }

    fn redemption(opening: EntryId, number: u128) -> Draft {
        Self::of_mandate(Kind::CodeRedeemed)
            .by_role(Role::Service)
            .grant(grant(0))
            .service(service())
            .use_id(use_id(number))
            .on(opening)
    }

    fn revocation() -> Draft {
        Self::by_aidant(Kind::MandateRevoked).fact("asked_by", "user_at_desk")
    }

    /// The whole life of one mandate: fourteen entries.
    fn whole() -> Self {
        let mut log = Self::new();
        log.signed();
        let opening = log.add(log.opening(1));
        log.add(Self::redemption(opening, 1));
        let draft = Self::of_mandate(Kind::UseEnded).by_role(Role::Service).grant(grant(0));
        log.add(draft.service(service()).use_id(use_id(1)).fact("cause", "service"));
        log.add(Self::revocation());
        log.add(Self::by_aidant(Kind::MandatePrinted));
        log
    }

    fn bytes(&self) -> Vec<String> {
        self.told.iter().map(|told| String::from_utf8(told.leaf.encode()).unwrap()).collect()
    }

    fn hashes(&self) -> Vec<Hash> {
        self.bytes().iter().map(|leaf| leaf_hash(leaf.as_bytes())).collect()
    }

    fn head(&self, size: usize, signer: &LogSigner) -> SignedNote {
        self.checkpoint(size, signer).sign(signer)
    }

    fn checkpoint(&self, size: usize, signer: &LogSigner) -> Checkpoint {
        Checkpoint {
            origin: signer.origin().clone(),
            size: size as u64,
            root: root_of(&self.hashes()[..size]),
        }
    }

    fn line(&self, at: usize, proof: Option<&[Hash]>) -> String {
        let told = &self.told[at];
        let parts: Vec<Part> = told
            .parts
            .iter()
            .map(|(kind, nonce, body)| {
                Part::open(*kind, *nonce, body.clone().into_bytes(), &told.leaf.parts[kind]).unwrap()
            })
            .collect();
        write_entry(at as u64, std::str::from_utf8(&told.leaf.encode()).unwrap(), &parts, proof)
    }

    /// The bundle of everything, with heads at 5 and at the end.
    fn bundle(&self) -> Vec<String> {
        self.bundle_of(&signer(ORIGIN, 1))
    }

    fn bundle_of(&self, signer: &LogSigner) -> Vec<String> {
        let size = self.told.len();
        let head = self.head(size, signer);
        let header = Header {
            origin: signer.origin().clone(),
            first: 0,
            edge: vec![],
            head: head.clone(),
            perimeter: None,
        };
        let mut lines = vec![header.write()];
        for at in 0..size {
            lines.push(self.line(at, None));
            if at + 1 == 5 && size != 5 {
                lines.push(write_checkpoint(&self.head(5, signer).to_string()));
            }
        }
        lines.push(write_checkpoint(&head.to_string()));
        lines.push(write_end(size as u64));
        lines
    }
}

fn person() -> PersonId {
    PersonId::from_uuid(Uuid::from_u128(10))
}

fn trust() -> Trust {
    Trust { keys: vec![signer(ORIGIN, 1).key().clone()], ..Trust::default() }
}

fn report(lines: &[String], trust: &Trust) -> Report {
    let text = lines.join("\n") + if lines.is_empty() { "" } else { "\n" };
    verify(text.as_bytes(), trust, &std::env::temp_dir(), &mut |_, _| ()).unwrap()
}

fn wrongs(lines: &[String]) -> Vec<Wrong> {
    report(lines, &trust()).faults.into_iter().map(|fault| fault.what).collect()
}

/// What a log that was always signed correctly says wrongly.
fn meant(log: &Log) -> Vec<Wrong> {
    wrongs(&log.bundle())
}

#[test]
fn the_truth_is_sound() {
    let log = Log::whole();
    let report = report(&log.bundle(), &trust());
    assert_eq!(report.faults, []);
    assert!(report.is_sound());
    assert_eq!((report.entries, report.told, report.parts, report.absent_parts), (14, 14, 3, 0));
    assert_eq!((report.checkpoints, report.size), (2, 14));
}

#[test]
fn a_range_rests_on_proven_entries_and_on_the_edge() {
    let (log, signer) = (Log::whole(), signer(ORIGIN, 1));
    let (hashes, size) = (log.hashes(), log.told.len());
    let mut nodes = BTreeMap::new();
    let mut frontier = Frontier::default();
    for hash in &hashes {
        frontier.append_with(*hash, |node, hash| _ = nodes.insert(node, hash));
    }
    let read = |node| Ok::<_, proof::ProofError>(nodes[&node]);
    let first = 9;
    let edge = Frontier::read(first as u64, read).unwrap().peaks().to_vec();
    let head = log.head(size, &signer);
    let header = Header { origin: token(ORIGIN), first: first as u64, edge, head, perimeter: None };
    let mut lines = vec![header.write()];
    for at in 0..first {
        let path = proof::inclusion(at as u64, size as u64, read).unwrap();
        lines.push(log.line(at, Some(&path)));
    }
    lines.extend((first..size).map(|at| log.line(at, None)));
    lines.push(write_end(size as u64));
    let sound = report(&lines, &trust());
    assert_eq!(sound.faults, []);
    assert_eq!((sound.context, sound.entries), (9, 5));
    let held = |size| Trust { seen: Some(log.checkpoint(size, &signer)), ..trust() };
    assert_eq!(report(&lines, &held(9)).continues, Some(9));
    assert_eq!(report(&lines, &held(11)).continues, Some(11));
    assert_eq!(report(&lines, &held(8)).faults[0].what, Wrong::Untied { first: 9, seen: 8 });
    // An edge that is not that of the log, a proof of another entry, a context without proof.
    let mut forged = lines.clone();
    forged[0] = Header { edge: vec![hashes[0], hashes[1]], ..header.clone() }.write();
    assert!(matches!(wrongs(&forged)[..], [Wrong::Root { since: 9, size: 14 }]));
    forged[0] = Header { edge: vec![], ..header }.write();
    assert_eq!(wrongs(&forged), [Wrong::Edge(9)]);
    let mut forged = lines.clone();
    forged[3] = log.line(2, Some(&proof::inclusion(3, 14, read).unwrap()));
    assert_eq!(wrongs(&forged), [Wrong::Proof(proof::ProofError::Root)]);
    forged[3] = log.line(2, None);
    assert_eq!(wrongs(&forged), [Wrong::NoProof]);
    // The mandate's own story shows an entry that was left out of what it rests on.
    let mut forged = lines;
    forged.remove(7);
    assert!(matches!(wrongs(&forged)[0], Wrong::Gap { missing: 2, .. }), "{:?}", wrongs(&forged));
}

#[test]
fn a_file_that_was_changed_shows_where() {
    let lines = Log::whole().bundle();
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut changed = lines.clone();
        change(&mut changed);
        wrongs(&changed)
    };
    // A fact changed: the root of the next head no longer comes out.
    let changed = with(&|lines| lines[3] = lines[3].replace("\"version\":1", "\"version\":2"));
    assert_eq!(changed, [Wrong::Root { since: 0, size: 5 }]);
    let changed = with(&|lines| lines[10] = lines[10].replace("logement", "transport"));
    assert!(changed.contains(&Wrong::Root { since: 5, size: 14 }), "{changed:?}");
    // Spaces, which mean nothing to JSON, are not what was hashed.
    let spaced = with(&|lines| lines[2] = lines[2].replace("{\"v\":1,", "{\"v\": 1,"));
    assert!(matches!(spaced[..], [Wrong::Leaf(_), ..]), "{spaced:?}");
    let removed = with(&|lines| _ = lines.remove(3));
    assert_eq!(removed[0], Wrong::Missing { from: 2, until: 2 });
    let added = with(&|lines| lines.insert(4, lines[3].clone()));
    assert_eq!(added[0], Wrong::OutOfOrder { wanted: 3 });
    let swapped = with(&|lines| lines.swap(3, 4));
    assert_eq!(swapped[..2], [Wrong::Missing { from: 2, until: 2 }, Wrong::OutOfOrder { wanted: 4 }]);
    // Two entries that exchange their contents and keep the places in order.
    let exchanged = with(&|lines| {
        let (two, three) =
            (lines[3].replace("\"at\":2", "\"at\":3"), lines[4].replace("\"at\":3", "\"at\":2"));
        (lines[3], lines[4]) = (three, two);
    });
    assert_eq!(exchanged, [Wrong::Root { since: 0, size: 5 }]);
    let appended = with(&|lines| {
        let more = lines[15].replace("\"at\":13", "\"at\":14");
        lines.insert(16, more);
    });
    assert!(appended.contains(&Wrong::HeadPlace { size: 14, after: 15 }), "{appended:?}");
    assert_eq!(with(&|lines| lines.truncate(10)), [Wrong::CutShort { found: 8, wanted: 14 }]);
    assert_eq!(with(&|lines| _ = lines.pop()), [Wrong::CutShort { found: 14, wanted: 14 }]);
    let resealed = with(&|lines| {
        lines.truncate(10);
        lines.push(write_end(8));
    });
    assert_eq!(resealed, [Wrong::CutShort { found: 8, wanted: 14 }]);
    assert_eq!(with(&|lines| lines.push(lines[5].clone())), [Wrong::AfterEnd]);
    assert_eq!(with(&|lines| _ = lines.remove(0)), [Wrong::NoHeader]);
    assert_eq!(with(&|lines| lines.insert(4, lines[0].clone())), [Wrong::SecondHeader]);
    assert_eq!(wrongs(&[]), [Wrong::NoHeader]);
    let torn = with(&|lines| lines[8] = lines[8][..40].to_owned());
    assert!(matches!(torn[0], Wrong::Line(_)), "{torn:?}");
    // Faults are told with their place.
    let mut changed = lines.clone();
    changed.remove(3);
    assert_eq!(
        report(&changed, &trust()).faults[0].to_string(),
        "line 4 (entry 3): entries 2 to 2 are missing"
    );
}

#[test]
fn parts_open_their_commitments_or_are_refused() {
    let lines = Log::whole().bundle();
    let of_user = lines.iter().position(|line| line.contains("Martin")).unwrap();
    let with = |from: &str, to: &str| {
        let mut changed = lines.clone();
        changed[of_user] = changed[of_user].replace(from, to);
        assert_ne!(changed, lines, "{from}");
        wrongs(&changed)
    };
    assert_eq!(with("Martin", "Durand"), [Wrong::Part(PartKind::User)]);
    assert_eq!(with("{\"user\":{\"nonce", "{\"actor\":{\"nonce"), [Wrong::NoSuchPart(PartKind::Actor)]);
    // A nonce used for two parts.
    let mut log = Log::whole();
    let (_, nonce, _) = log.told[6].parts[0];
    let body = log.told[8].parts[0].2.clone();
    log.told[8].parts[0].1 = nonce;
    let forged = Part::new(PartKind::Actor, &serde_json::from_str(&body).unwrap(), &Same(nonce)).unwrap();
    log.told[8].leaf.parts.insert(PartKind::Actor, forged.commitment());
    assert!(matches!(meant(&log)[..], [Wrong::Nonce { .. }]), "{:?}", meant(&log));
    // An erased part is no fault: it is counted.
    let erased = lines[of_user].split(",\"parts\"").next().unwrap().to_owned() + "}";
    let mut without = lines.clone();
    without[of_user] = match &lines[of_user] {
        line if line.contains("\"parts\":{\"user\":{\"nonce") => {
            line.split(",\"parts\":{\"user\":{\"nonce").next().unwrap().to_owned() + "}"
        }
        _ => erased,
    };
    let report = report(&without, &trust());
    assert_eq!((report.wrong, report.absent_parts), (0, 1));
}

struct Same([u8; 32]);
impl Entropy for Same {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0);
    }
}

#[test]
fn heads_are_those_of_this_log_under_this_key() {
    let log = Log::whole();
    let first = |signer: &LogSigner| wrongs(&log.bundle_of(signer)).remove(0).to_string();
    assert!(first(&signer(ORIGIN, 2)).contains("bears no signature of log.example"));
    assert!(first(&signer("other.example", 1)).contains("bears no signature of log.example"));
    // The right key for another deployment's entries.
    let mut foreign = log.told.clone();
    foreign[4].leaf.origin = token("other.example");
    let foreign = Log { told: foreign, ..Log::new() };
    assert_eq!(meant(&foreign), [Wrong::Foreign(token("other.example"))]);
    let mut renamed = log.bundle();
    renamed[0] = renamed[0].replace("\"origin\":\"log.example\"", "\"origin\":\"other.example\"");
    assert_eq!(wrongs(&renamed), [Wrong::Foreign(token("other.example"))]);
    // A head whose size or root was rewritten.
    let mut rewritten = log.bundle();
    rewritten[0] = rewritten[0].replace("\\n14\\n", "\\n12\\n");
    assert!(matches!(&wrongs(&rewritten)[..], [Wrong::Head(_)]));
    // Without a key nothing is believed.
    assert!(!report(&log.bundle(), &Trust::default()).is_sound());
    // Across a rotation both keys count.
    let both =
        Trust { keys: vec![signer(ORIGIN, 9).key().clone(), signer(ORIGIN, 1).key().clone()], ..trust() };
    assert!(report(&log.bundle(), &both).is_sound());
}

#[test]
fn what_the_auditor_holds_from_before_must_be_continued() {
    let (log, signer) = (Log::whole(), signer(ORIGIN, 1));
    let with = |seen: Checkpoint| report(&log.bundle(), &Trust { seen: Some(seen), ..trust() });
    for size in [1, 5, 13, 14] {
        let report = with(log.checkpoint(size, &signer));
        assert_eq!((report.wrong, report.continues), (0, Some(size as u64)));
    }
    // Last week's backup: the log is shorter than what was signed.
    let mut longer = Log::whole();
    longer.add(Log::by_aidant(Kind::MandatePrinted));
    let older = with(longer.checkpoint(15, &signer));
    assert_eq!(older.faults[0].what, Wrong::Older { size: 14, seen: 15 });
    // Another history, correctly signed with the log's own key.
    let forked = with(Checkpoint { root: leaf_hash(b"another"), ..log.checkpoint(7, &signer) });
    assert_eq!(forked.faults[0].what, Wrong::Forked(7));
}

#[test]
fn witnesses_are_counted_and_forged_ones_named() {
    let (log, witness, other) = (Log::whole(), signer("witness.example", 5), signer("second.example", 6));
    let key = |signer: &LogSigner| WitnessKey::new(signer.origin().clone(), *signer.key().public());
    let at = Timestamp::from_unix(1_795_400_000).unwrap();
    let bundle = |cosigners: &[&LogSigner], spoil: bool| {
        let mut head = log.head(14, &signer(ORIGIN, 1));
        for cosigner in cosigners {
            let mut line = cosign(&head, cosigner, at);
            line.signature[20] ^= u8::from(spoil);
            head.push(line);
        }
        let header = Header { origin: token(ORIGIN), first: 0, edge: vec![], head, perimeter: None };
        let mut lines = log.bundle();
        lines[0] = header.write();
        lines
    };
    let asking = |quorum| Trust { witnesses: vec![key(&witness), key(&other)], quorum, ..trust() };
    let seen = report(&bundle(&[&witness], false), &asking(1));
    assert_eq!((seen.wrong, seen.witnessed), (0, vec![(token("witness.example"), at)]));
    let few = report(&bundle(&[&witness], false), &asking(2));
    assert_eq!(few.faults[0].what, Wrong::Quorum { found: 1, wanted: 2 });
    let none = report(&bundle(&[&signer("witness.example", 9)], false), &asking(1));
    assert_eq!(none.faults[0].what, Wrong::Quorum { found: 0, wanted: 1 }, "a stranger by that name");
    let forged = report(&bundle(&[&witness], true), &asking(0));
    assert!(matches!(forged.faults[0].what, Wrong::Witness(_)));
}

#[test]
fn promises_are_kept_broken_or_still_open() {
    let (log, signer) = (Log::whole(), signer(ORIGIN, 1));
    let promise = |leaf: &[u8], at: Timestamp, delay, signer: &LogSigner| {
        Promise::sign(leaf_hash(leaf), at, delay, signer)
    };
    let with = |promise| report(&log.bundle(), &Trust { promises: vec![promise], ..trust() });
    let time = log.told[8].leaf.time;
    let kept = with(promise(log.bytes()[8].as_bytes(), time, 60, &signer));
    assert_eq!((kept.wrong, kept.promises_kept), (0, 1));
    let broken = with(promise(b"an act left out", time, 60, &signer));
    assert_eq!(broken.faults[0].what, Wrong::PromiseBroken { time });
    let open = with(promise(b"an act left out", time, 3600, &signer));
    assert_eq!((open.wrong, open.promises_open), (0, 1));
    let foreign = with(promise(b"an act", time, 60, &super::tests::signer(ORIGIN, 3)));
    assert!(matches!(foreign.faults[0].what, Wrong::PromiseForeign(_)));
}

#[test]
fn a_perimeter_is_told_and_the_rest_is_hashed() {
    let log = Log::whole();
    let mut lines = log.bundle();
    lines[1] = write_hash(0, &log.hashes()[0]);
    let found = wrongs(&lines);
    // Without its habilitation, the acts for the structure have nothing to rest on.
    assert!(found.iter().all(|wrong| matches!(wrong, Wrong::NotHabilitated { .. })), "{found:?}");
    assert_eq!(found.len(), 4);
    lines[1] = write_hash(0, &leaf_hash(b"something else"));
    assert!(wrongs(&lines).contains(&Wrong::Root { since: 0, size: 5 }));
}

mod meaning;
