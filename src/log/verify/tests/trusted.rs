//! Keys, heads held from before, witnesses, promises: what the verifier trusts from elsewhere than the bundle.
use super::*;

#[test]
fn heads_are_those_of_this_log_under_this_key() {
    let log = Log::whole();
    let first = |signer: &LogSigner| wrongs(&log.bundle_of(signer)).remove(0).to_string();
    assert!(first(&signer(ORIGIN, 2)).contains("bears no signature of log.example"));
    assert_eq!(
        first(&signer("other.example", 1)),
        "this is of the log other.example, and the keys you trust are of log.example: another deployment's file, or key"
    );
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
    assert_eq!(report(&log.bundle(), &Trust::default()).faults[0].what, Wrong::NoKey);
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
        let header = Header {
            origin: token(ORIGIN),
            first: 0,
            edge: vec![],
            head,
            perimeter: None,
            keys: vec![],
            parts: true,
        };
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
    let other_key = CosignatureError::OtherKey(token("witness.example"));
    assert_eq!(none.faults[0].what, Wrong::Witness(other_key), "a stranger by that name");
    assert_eq!(none.faults[1].what, Wrong::Quorum { found: 0, wanted: 1 });
    let since = at + Duration::seconds(1);
    let late = Trust { vouched_since: Some(since), ..asking(1) };
    let stale = report(&bundle(&[&witness], false), &late);
    assert_eq!(stale.faults[0].what, Wrong::Stale { name: token("witness.example"), at, since });
    let policy = format!("witness a {}\nwitness b {}\ngroup g 1 b\nquorum g\n", key(&witness), key(&other));
    let wanting = Trust { policy: Some(policy.parse().unwrap()), ..asking(0) };
    assert_eq!(report(&bundle(&[&witness], false), &wanting).faults[0].what, Wrong::Policy);
    assert!(report(&bundle(&[&other], false), &wanting).is_sound());
    let forged = report(&bundle(&[&witness], true), &asking(0));
    assert!(matches!(forged.faults[0].what, Wrong::Witness(_)));
    // What a witness said of an older head says nothing of this one.
    let mut stale = log.head(14, &signer(ORIGIN, 1));
    stale.push(cosign(&log.head(5, &signer(ORIGIN, 1)), &witness, at));
    let mut lines = log.bundle();
    let Ok(crate::log::bundle::Line::Header(header)) = crate::log::bundle::read(&lines[0]) else { panic!() };
    lines[0] = Header { head: stale, ..*header }.write();
    let found = report(&lines, &asking(1));
    let forged = Wrong::Witness(CosignatureError::Forged(token("witness.example")));
    assert_eq!(found.faults[0].what, forged);
    assert_eq!(found.faults[1].what, Wrong::Quorum { found: 0, wanted: 1 });
}

#[test]
fn promises_are_kept_broken_or_still_open() {
    let (mut log, signer) = (Log::whole(), signer(ORIGIN, 1));
    // Long enough after for nobody's clock to be in doubt.
    log.now = log.now + Duration::hours(3);
    log.add(Log::by_aidant(Kind::MandatePrinted));
    let promise = |leaf: &[u8], at: Timestamp, delay, signer: &LogSigner| {
        Promise::sign(leaf_hash(leaf), at, delay, signer)
    };
    let with = |promise| report(&log.bundle(), &Trust { promises: vec![promise], ..trust() });
    let time = log.told[8].leaf.time;
    let kept = with(promise(log.bytes()[8].as_bytes(), time, 60, &signer));
    assert_eq!((kept.wrong, kept.promises_kept), (0, 1));
    let broken = with(promise(b"an act left out", time, 60, &signer));
    assert_eq!(broken.faults[0].what, Wrong::PromiseBroken { time });
    // Places follow instants only within a batch: near the end of what was told nobody is accused.
    let open = with(promise(b"an act left out", time, 2 * 3600, &signer));
    assert_eq!((open.wrong, open.promises_open), (0, 1));
    let foreign = with(promise(b"an act", time, 60, &super::signer(ORIGIN, 3)));
    assert!(matches!(foreign.faults[0].what, Wrong::PromiseForeign(_)));
    // In a range, an entry from before it that is proven keeps its promise too.
    let (lines, hash) = (log.range(9), log.hashes()[6]);
    let of = |promise| report(&lines, &Trust { promises: vec![promise], ..trust() });
    let kept = of(Promise::sign(hash, log.told[6].leaf.time, 60, &signer));
    assert_eq!((kept.wrong, kept.promises_kept), (0, 1));
    let near = of(promise(b"an act left out", log.told[9].leaf.time, 60, &signer));
    assert_eq!((near.wrong, near.promises_open), (0, 1), "near the beginning of the range");
    let time = log.told[9].leaf.time + Duration::minutes(121);
    log.now = log.now + Duration::hours(3);
    log.add(Log::by_aidant(Kind::MandatePrinted));
    let late = Trust { promises: vec![promise(b"an act left out", time, 60, &signer)], ..trust() };
    assert_eq!(report(&log.range(9), &late).faults[0].what, Wrong::PromiseBroken { time });
}
