//! The formats of the log are as docs/log-format.md says: each example is computed here again, from the inputs of the page.
use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use entremise::domain::ids::{Entropy, StructureId};
use entremise::domain::time::Timestamp;
use entremise::log::bundle::{self, Header, Line};
use entremise::log::checkpoint::Checkpoint;
use entremise::log::cosignature::{WitnessKey, cosign};
use entremise::log::entry::Leaf;
use entremise::log::epoch::{self, Succession};
use entremise::log::merkle::{Frontier, Hash, Node};
use entremise::log::note::{LogSigner, SignedNote};
use entremise::log::part::{Part, PartKind};
use entremise::log::policy::Policy;
use entremise::log::promise::{Promise, SignedPromise};
use entremise::log::proof::{self, ProofError};
use entremise::log::pseudonym::Pseudonym;
use entremise::log::receipt::Receipt;
use entremise::log::story;
use entremise::log::token::Token;
use entremise::log::verify::Trust;
use entremise::log::witness::Submission;

use super::document;

/// The blocks of the page, by name; each is taken out when it was held against what the program writes.
struct Page(BTreeMap<String, String>);

impl Page {
    fn read() -> Self {
        let text = document("docs/log-format.md");
        let blocks = text.split("\n```text ").skip(1).map(|rest| {
            let (name, block) = rest.split_once('\n').expect("a block has a name");
            (name.to_owned(), block[..block.find("```").expect("a block ends")].to_owned())
        });
        Self(blocks.collect())
    }

    fn take(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_else(|| panic!("the page has no block {name}"))
    }

    fn line(&mut self, name: &str) -> String {
        self.take(name).trim_end().to_owned()
    }

    fn says(&mut self, name: &str, computed: impl ToString) {
        assert_eq!(self.take(name).trim_end(), computed.to_string().trim_end(), "block {name}");
    }
}

struct Inputs(BTreeMap<String, String>);

impl Inputs {
    fn of(block: &str) -> Self {
        let pair = |line: &str| {
            let (name, value) = line.split_once("  ").expect("name and value");
            (name.to_owned(), value.trim().to_owned())
        };
        Self(block.lines().map(pair).collect())
    }

    fn bytes(&self, name: &str) -> [u8; 32] {
        HEXLOWER.decode(self.0[name].as_bytes()).expect("hexadecimal").try_into().expect("32 bytes")
    }

    fn signer(&self, name: &str, seed: &str) -> LogSigner {
        LogSigner::from_seed(token(&self.0[name]), &self.bytes(seed)).expect("a key")
    }
}

struct Fixed([u8; 32]);

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0);
    }
}

fn token(text: &str) -> Token {
    Token::new(text).expect("a token")
}

/// The tree of the leaves, with every complete subtree of it.
fn tree(leaves: &[Hash]) -> (Frontier, BTreeMap<Node, Hash>) {
    let (mut frontier, mut nodes) = (Frontier::default(), BTreeMap::new());
    for leaf in leaves {
        frontier.append_with(*leaf, |node, hash| _ = nodes.insert(node, hash));
    }
    (frontier, nodes)
}

#[test]
fn the_formats_are_as_their_page_says() {
    let mut page = Page::read();
    let inputs = Inputs::of(&page.take("inputs"));
    let log = inputs.signer("log name", "log key, seed");
    let next = inputs.signer("log name", "next log key, seed");
    let witness = inputs.signer("witness name", "witness key, seed");
    let witness_key = WitnessKey::new(witness.origin().clone(), *witness.key().public());
    page.says("log-key", log.key());
    page.says("witness-key", &witness_key);
    let [user, aidant] =
        ["key of the user", "key of the aidant"].map(|key| Pseudonym::of(&inputs.bytes(key), log.origin()));
    page.says("pseudonyms", format!("user    {user}\naidant  {aidant}"));

    let part = page.line("part");
    let content = serde_json::from_str(&part).expect("JSON");
    let part_of =
        Part::new(PartKind::Actor, &content, &Fixed(inputs.bytes("nonce of the part"))).expect("a part");
    assert_eq!(part_of.bytes(), part.as_bytes(), "block part");
    page.says("commitment", part_of.commitment());

    let written = ["leaf-0", "leaf-1", "leaf-2"].map(|name| page.line(name));
    let leaves = written.each_ref().map(|leaf| Leaf::decode(leaf.as_bytes()).expect("a leaf"));
    for (leaf, written) in leaves.iter().zip(&written) {
        assert_eq!(leaf.encode(), written.as_bytes());
    }
    let signed = &leaves[2];
    assert_eq!(
        (signed.user.as_ref(), signed.actor.as_ref().unwrap().pseudonym.as_ref()),
        (Some(&user), Some(&aidant))
    );
    assert_eq!(signed.parts[&PartKind::Actor], part_of.commitment());
    let hashes = leaves.each_ref().map(Leaf::hash);
    page.says("leaf-hashes", hashes.map(|hash| format!("{hash}\n")).concat());
    page.says("tile", hashes.map(|hash| format!("{}\n", hash.hex())).concat());

    let (frontier, nodes) = tree(&hashes);
    let head = Checkpoint { origin: log.origin().clone(), size: 3, root: frontier.root() };
    let own = head.sign(&log);
    page.says("checkpoint", &own);
    let mut seen = own.clone();
    seen.push(cosign(&own, &witness, Timestamp::from_unix(1_795_344_200).expect("an instant")));
    page.says("cosigned", &seen);
    let consistency = proof::consistency(2, 3, |node| Ok::<_, ProofError>(nodes[&node])).expect("a proof");
    page.says("submission", Submission { old: 2, proof: consistency, head: own.clone() });
    let promise = Promise::sign(hashes[2], signed.time, 300, &log);
    page.says("promise", &promise);
    let text = format!("entremise promise v1\n{}\n{}\n{}\n300\n", log.origin(), hashes[2], signed.time);
    page.says("promise-text", &text);
    let bytes = data_encoding::BASE64URL_NOPAD
        .decode(promise.to_string().rsplit('~').next().unwrap().as_bytes())
        .unwrap();
    log.key().check(text.as_bytes(), &bytes[4..]).expect("it is this text that is signed");

    let path = |index| proof::inclusion(index, 3, |node| Ok::<_, ProofError>(nodes[&node])).expect("a proof");
    let paths = [1, 2].map(path);
    let parts = [part_of];
    let receipt = |at: usize, parts| Receipt {
        leaf: &written[at],
        parts,
        index: at as u64,
        path: &paths[at - 1],
        head: &seen,
        keys: &[],
    };
    let (first, second) = (receipt(1, &[][..]), receipt(2, &parts[..]));
    page.says("proof", second.proof());
    page.says("receipt", second.write());
    let end = story::end(signed.mandate.expect("a mandate"), 2);
    page.says("story", format!("{}\n{}\n{end}", first.write(), second.write()));
    let trust = Trust {
        keys: vec![log.key().clone()],
        witnesses: vec![witness_key.clone()],
        quorum: 1,
        ..Trust::default()
    };
    let mut checking = story::Checking::default();
    for line in [first.write(), second.write(), end] {
        checking.line(&line, &trust).expect("the story holds");
    }
    assert_eq!(checking.finish().expect("the story is whole").1, 2);

    let at = Timestamp::parse("2026-12-01T08:00:00.000000Z").expect("an instant");
    let succession = Succession::sign(&log, &next, at);
    page.says("succession", &succession);
    page.says("epoch-key", log.named(&epoch::origin(log.origin(), 2).expect("a name")).key());
    let policy: Policy = page.take("policy").parse().expect("a policy");
    assert_eq!((&policy.logs[0], &policy.witnesses[0].key), (log.key(), &witness_key));

    let header = Header {
        origin: log.origin().clone(),
        first: 2,
        edge: tree(&hashes[..2]).0.peaks().to_vec(),
        head: seen.clone(),
        perimeter: signed.structure.map(|structure: StructureId| BTreeSet::from([structure])),
        keys: vec![succession],
        parts: true,
    };
    page.says("header", header.write());
    page.says("earlier", bundle::write_entry(1, &written[1], &[], Some(&paths[0])));
    page.says("entry", bundle::write_entry(2, &written[2], &parts, None));
    page.says("hash", bundle::write_hash(0, &hashes[0]));
    page.says("head", bundle::write_checkpoint(&own.to_string()));
    page.says("end", bundle::write_end(3));
    assert!(matches!(bundle::read(&header.write()), Ok(Line::Header(read)) if *read == header));
    assert!(page.0.is_empty(), "blocks that nothing is held against: {:?}", page.0.keys());
}

/// What other readers find first is read by the program too.
#[test]
fn the_examples_of_the_formats_are_read() {
    let mut page = Page::read();
    let inputs = Inputs::of(&page.take("inputs"));
    let log = inputs.signer("log name", "log key, seed");
    let promise: SignedPromise = page.line("promise").parse().expect("a promise");
    assert_eq!(promise.open(log.key()).expect("signed").delay, 300);
    let note: SignedNote = page.take("cosigned").parse().expect("a note");
    assert_eq!(epoch::open(&note, log.key()).expect("signed").size, 3);
    let note: SignedNote = page.take("succession").parse().expect("a note");
    assert!(Succession::open(&note).is_ok());
    page.take("submission").parse::<Submission>().expect("a submission");
    for name in ["header", "earlier", "entry", "hash", "head", "end"] {
        bundle::read(&page.line(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
