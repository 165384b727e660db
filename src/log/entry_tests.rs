use super::*;
use crate::log::canonical_leaf;
use crate::log::entry::LARGEST_INTEGER;
use crate::log::merkle::leaf_hash;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

struct Fixed(u8);
impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds).unwrap()
}

fn stamp() -> Stamp {
    Stamp {
        origin: Token::new("log.example").unwrap(),
        id: EntryId::from_uuid(id(1)),
        time: at(1_795_344_127),
        seq: None,
        people: People::default(),
    }
}

fn signed() -> (Leaf, Vec<Part>) {
    Draft::done(Kind::MandateSigned)
        .structure(StructureId::from_uuid(id(2)))
        .mandate(MandateId::from_uuid(id(3)))
        .card(CardId::from_uuid(id(4)))
        .by(PersonId::from_uuid(id(5)), Role::Aidant)
        .user(UserId::from_uuid(id(6)))
        .list("domains", ["argent", "social"])
        .fact("valid_to", at(1_800_000_000))
        .fact("present", true)
        .fact("step", 59_844_804_i64)
        .fact("text", "2026-11")
        .fact("consent", id(7))
        .on(EntryId::from_uuid(id(9)))
        .on(EntryId::from_uuid(id(8)))
        .part(PartKind::User, json!({"family_name": "DUBOIS"}))
        .part(PartKind::Actor, json!({"name": "Claire"}))
        .finish(
            Stamp {
                seq: Some(3),
                people: People {
                    actor: Some(Pseudonym::from_bytes([1; 32])),
                    user: Some(Pseudonym::from_bytes([2; 32])),
                    about: None,
                },
                ..stamp()
            },
            &Fixed(9),
        )
        .unwrap()
}

/// The exact bytes of version 1: any change here would change every hash ever published.
#[test]
fn canonical_bytes_are_pinned() {
    let (leaf, parts) = signed();
    let commitment = |kind| parts.iter().find(|part| part.kind == kind).unwrap().commitment();
    let expected = [
        r#"{"v":1,"log":"log.example","id":"00000000-0000-0000-0000-000000000001","#,
        r#""kind":"mandate.signed","time":"2026-11-22T10:42:07.000000Z","outcome":"done","#,
        r#""structure":"00000000-0000-0000-0000-000000000002","mandate":"00000000-0000-0000-0000-000000000003","#,
        r#""seq":3,"card":"00000000-0000-0000-0000-000000000004","role":"aidant","#,
        r#""actor":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","#,
        r#""user":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI","#,
        r#""facts":{"consent":{"id":"00000000-0000-0000-0000-000000000007"},"domains":["argent","social"],"#,
        r#""present":true,"step":59844804,"text":"2026-11","valid_to":{"at":"2027-01-15T08:00:00.000000Z"}},"#,
        r#""on":["00000000-0000-0000-0000-000000000008","00000000-0000-0000-0000-000000000009"],"#,
        &format!(
            r#""parts":{{"user":"{}","actor":"{}"}}}}"#,
            commitment(PartKind::User),
            commitment(PartKind::Actor)
        ),
    ]
    .concat();
    assert_eq!(String::from_utf8(leaf.encode()).unwrap(), expected);
    assert_eq!(leaf.hash(), leaf_hash(expected.as_bytes()));
    assert_eq!(canonical_leaf::read(expected.as_bytes()).as_ref(), Some(&leaf));
    assert_eq!(Leaf::decode(expected.as_bytes()), Ok(leaf));
}

#[test]
fn a_leaf_names_nobody() {
    let text = String::from_utf8(signed().0.encode()).unwrap();
    for personal in ["DUBOIS", "Claire", &id(5).to_string(), &id(6).to_string()] {
        assert!(!text.contains(personal), "{personal}");
    }
}

#[test]
fn every_other_encoding_is_refused() {
    let text = String::from_utf8(signed().0.encode()).unwrap();
    let changed = |from: &str, to: &str| {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text, "{from}");
        Leaf::decode(other.as_bytes())
    };
    for (from, to) in [
        (r#"{"v":1,"#, r#"{"v":1, "#),
        (r#""seq":3,"#, r#""seq":3.0,"#),
        (r#""seq":3,"#, ""),
        (r#""seq":3,"#, r#""seq":0,"#),
        (r#""step":59844804"#, r#""step":5.9844804e7"#),
        (r#""step":59844804"#, r#""step":9007199254740993"#),
        (r#""present":true,"step""#, r#""present":true,"present":true,"step""#),
        (r#""outcome":"done""#, r#""outcome":"done","reason":"none""#),
        (r#""outcome":"done""#, r#""outcome":"refused""#),
        ("mandate.signed", "mandate.forged"),
        ("mandate.signed", "mandate\\u002esigned"),
        (r#""role":"aidant","#, ""),
        (r#""v":1"#, r#""v":1,"unknown":1"#),
        (r#""user":"Ag"#, r#""user":"Ag=="#),
        ("10:42:07.000000Z", "10:42:07Z"),
        (r#""present":true"#, r#""present":null"#),
        (r#""text":"2026-11""#, r#""text":"deux mots""#),
        ("00000000-0000-0000-0000-000000000002", "00000000000000000000000000000002"),
    ] {
        assert!(changed(from, to).is_err(), "{from} → {to}");
    }
    assert_eq!(changed(r#""v":1"#, r#""v":2"#), Err(LeafError::Version(2)));
    let swapped = r#""on":["00000000-0000-0000-0000-000000000009","00000000-0000-0000-0000-000000000008"]"#;
    let on = r#""on":["00000000-0000-0000-0000-000000000008","00000000-0000-0000-0000-000000000009"]"#;
    assert_eq!(changed(on, swapped), Err(LeafError::NotCanonical));
    for bytes in [&b""[..], b"{}", b"null", b"\xff"] {
        assert!(Leaf::decode(bytes).is_err());
    }
}

#[test]
fn a_draft_that_cannot_be_a_leaf_says_so() {
    let finish = |draft: Draft, stamp| draft.finish(stamp, &Fixed(1)).map(|_| ());
    let refused = Draft::refused(Kind::CardCodeRefused, "code_used");
    assert_eq!(finish(refused.clone(), stamp()), Ok(()));
    let sentence = Draft::refused(Kind::CardCodeRefused, "this code was used");
    assert_eq!(finish(sentence, stamp()), Err(LeafError::Token(BadToken).into()));
    let name = refused.clone().fact("name", "Angela DUBOIS");
    assert_eq!(finish(name, stamp()), Err(LeafError::Token(BadToken).into()));
    let huge = refused.clone().fact("n", LARGEST_INTEGER + 1);
    assert_eq!(finish(huge, stamp()), Err(LeafError::Value("integer").into()));
    let fraction = refused.clone().part(PartKind::Details, json!(0.5));
    assert_eq!(finish(fraction, stamp()), Err(PartError::Value.into()));
    let person = refused.clone().by(PersonId::from_uuid(id(5)), Role::Aidant);
    assert_eq!(finish(person, stamp()), Err(DraftError::Pseudonym));
    let unnumbered = refused.mandate(MandateId::from_uuid(id(3)));
    assert_eq!(finish(unnumbered, stamp()), Err(LeafError::Sequence.into()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_leaf_comes_back(
        kind in 0..Kind::ALL.len(),
        reason in proptest::option::of("[A-Za-z0-9._:/=-]{1,128}"),
        ids in proptest::collection::vec(proptest::option::of(any::<u128>()), 6),
        facts in proptest::collection::btree_map("[a-z_]{1,12}", -LARGEST_INTEGER..=LARGEST_INTEGER, 0..5),
        micros in 0..4_000_000_000_000_000_i64,
        seq in 1..LARGEST_INTEGER,
    ) {
        let mut draft = match reason {
            Some(reason) => Draft::refused(Kind::ALL[kind], &reason),
            None => Draft::done(Kind::ALL[kind]),
        };
        draft.structure = ids[0].map(|n| StructureId::from_uuid(id(n)));
        draft.mandate = ids[1].map(|n| (MandateId::from_uuid(id(n)), false));
        draft.grant = ids[2].map(|n| GrantId::from_uuid(id(n)));
        draft.service = ids[3].map(|n| ServiceId::from_uuid(id(n)));
        draft.use_id = ids[4].map(|n| UseId::from_uuid(id(n)));
        draft.card = ids[5].map(|n| CardId::from_uuid(id(n)));
        for (name, value) in facts {
            draft = draft.fact(&name, value);
        }
        let time = at(0) + time::Duration::microseconds(micros);
        let seq = draft.mandate.map(|_| seq);
        let (leaf, _) = draft.finish(Stamp { time, seq, ..stamp() }, &Fixed(1)).unwrap();
        // The quick way, which every leaf of a verification takes.
        prop_assert_eq!(canonical_leaf::read(&leaf.encode()), Some(leaf.clone()));
        prop_assert_eq!(Leaf::decode(&leaf.encode()), Ok(leaf));
    }

    #[test]
    fn no_bytes_make_decode_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(leaf) = Leaf::decode(&bytes) {
            prop_assert_eq!(leaf.encode(), bytes);
        }
    }
}
