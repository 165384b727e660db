//! The file itself: each line in its place, nothing changed, nothing left out.
use super::*;
use crate::log::bundle::BadLine;

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
    let hashes = log.hashes();
    let mut nodes = BTreeMap::new();
    let mut frontier = Frontier::default();
    for hash in &hashes {
        frontier.append_with(*hash, |node, hash| _ = nodes.insert(node, hash));
    }
    let read = |node| Ok::<_, proof::ProofError>(nodes[&node]);
    let lines = log.range(9);
    let Ok(crate::log::bundle::Line::Header(header)) = crate::log::bundle::read(&lines[0]) else { panic!() };
    let sound = report(&lines, &trust());
    assert_eq!(sound.faults, []);
    assert_eq!((sound.context, sound.entries), (9, 5));
    let held = |size| Trust { seen: Some(log.checkpoint(size, &signer)), ..trust() };
    assert_eq!(report(&lines, &held(9)).continues, Some(9));
    assert_eq!(report(&lines, &held(11)).continues, Some(11));
    assert_eq!(report(&lines, &held(8)).faults[0].what, Wrong::Untied { first: 9, seen: 8 });
    // An edge that is not that of the log, a proof of another entry, a context without proof.
    let mut forged = lines.clone();
    forged[0] = Header { edge: vec![hashes[0], hashes[1]], ..(*header).clone() }.write();
    assert!(matches!(wrongs(&forged)[..], [Wrong::Root { since: 9, size: 14 }]));
    forged[0] = Header { edge: vec![], ..*header }.write();
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
    // A place that no log has.
    let far = with(&|lines| lines[3] = lines[3].replace("\"at\":2", "\"at\":18446744073709551615"));
    assert!(far.contains(&Wrong::Missing { from: 2, until: u64::MAX - 1 }), "{far:?}");
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
    assert_eq!(
        with("{\"user\":{\"nonce", "{\"actor\":{\"nonce"),
        [Wrong::NoSuchPart(PartKind::Actor), Wrong::Unjustified(PartKind::User)]
    );
    // A nonce used for two parts.
    let mut log = Log::whole();
    let (_, nonce, _) = log.told[6].parts[0];
    let body = log.told[8].parts[0].2.clone();
    log.told[8].parts[0].1 = nonce;
    let forged = Part::new(PartKind::Actor, &serde_json::from_str(&body).unwrap(), &Same(nonce)).unwrap();
    log.told[8].leaf.parts.insert(PartKind::Actor, forged.commitment());
    assert!(matches!(meant(&log)[..], [Wrong::Nonce { .. }]), "{:?}", meant(&log));
    // Where none was asked for, parts that are not there are no fault: they are counted.
    let erased = lines[of_user].split(",\"parts\"").next().unwrap().to_owned() + "}";
    let mut without = lines.clone();
    without[of_user] = match &lines[of_user] {
        line if line.contains("\"parts\":{\"user\":{\"nonce") => {
            line.split(",\"parts\":{\"user\":{\"nonce").next().unwrap().to_owned() + "}"
        }
        _ => erased,
    };
    assert_eq!(wrongs(&without), [Wrong::Unjustified(PartKind::User)]);
    let mut masked = Log::whole();
    masked.told.iter_mut().for_each(|told| told.parts.clear());
    let mut masked = masked.bundle();
    masked[0] = masked[0].replace("\"opened\":true", "\"opened\":false");
    let none = report(&masked, &trust());
    assert_eq!((none.wrong, none.parts, none.absent_parts), (0, 0, 3));
    // The header may lie about it: who asked for parts says so, and a part shown shows it.
    let asked = report(&masked, &Trust { parts: true, ..trust() });
    assert!(asked.wrong == 3 && asked.opened, "{asked:?}");
    without[0] = masked[0].clone();
    assert_eq!(wrongs(&without), [Wrong::PartShown], "the one that is missing came before");
    let mut shown = lines.clone();
    shown[0] = masked[0].clone();
    assert_eq!(wrongs(&shown), [Wrong::PartShown]);
}

struct Same([u8; 32]);
impl Entropy for Same {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0);
    }
}

#[test]
fn a_perimeter_is_told_and_the_rest_is_hashed() {
    let log = Log::whole();
    let mut lines = log.bundle();
    lines[0] = within(&lines[0], structure());
    assert_eq!(wrongs(&lines), []);
    lines[1] = write_hash(0, &log.hashes()[0]);
    let found = wrongs(&lines);
    // Without its habilitation, the acts for the structure have nothing to rest on.
    assert!(found.iter().all(|wrong| matches!(wrong, Wrong::NotHabilitated { .. })), "{found:?}");
    assert_eq!(found.len(), 4);
    lines[1] = write_hash(0, &leaf_hash(b"something else"));
    assert!(wrongs(&lines).contains(&Wrong::Root { since: 0, size: 5 }));
}

/// Long enough for many batches, with faults in the first, in the middle and near the end: found in the same order and
/// in the same words however many threads read it.
#[test]
fn the_verdict_does_not_depend_on_how_many_threads_read() {
    let mut log = Log::whole();
    for round in 0..3_000 {
        let draft = Draft::done(Kind::SignOut).by(person(), Role::Aidant);
        log.add(draft.part(PartKind::Technical, json!({ "browser": format!("{round}").repeat(20) })));
    }
    let mut lines = log.bundle();
    for (line, from, to) in
        [(6, "192.0", "198.0"), (1_500, "\"browser\"", "\"Browser\""), (2_900, "sign_out", "sign_off")]
    {
        let at = (line..lines.len()).find(|at| lines[*at].contains(from)).unwrap();
        lines[at] = lines[at].replacen(from, to, 1);
    }
    lines.swap(2_000, 2_001);
    let text = lines.join("\n") + "\n";
    assert!(text.len() > 1 << 20, "{} bytes are several batches", text.len());
    let on = |threads, text: &[u8]| verify_on(threads, text, &trust(), &std::env::temp_dir(), &mut |_, _| ());
    let alone = on(1, text.as_bytes()).unwrap();
    assert!(alone.faults.len() > 4, "{:?}", alone.faults);
    for threads in [2, 3, 8] {
        assert_eq!(
            format!("{:?}", on(threads, text.as_bytes()).unwrap()),
            format!("{alone:?}"),
            "{threads} threads"
        );
    }
    // What ends the reading ends it for all: a second header.
    let mut twice = lines.clone();
    twice.insert(1_000, lines[0].clone());
    let twice = twice.join("\n");
    assert_eq!(
        format!("{:?}", on(1, twice.as_bytes()).unwrap()),
        format!("{:?}", on(2, twice.as_bytes()).unwrap())
    );
    // Bytes that are no text are one fault among the others, in their place.
    let mut broken = text.into_bytes();
    let middle = broken.len() / 2;
    broken[middle] = 0xff;
    let one = on(1, &broken).unwrap();
    let at = broken[..middle].split(|byte| *byte == b'\n').count() as u64;
    let told = Fault { place: Place { line: at, at: None }, what: Wrong::Line(BadLine::Text) };
    assert!(one.faults.contains(&told) && one.wrong > alone.wrong, "{:?}", one.faults);
    assert_eq!(format!("{one:?}"), format!("{:?}", on(2, &broken).unwrap()));
}
