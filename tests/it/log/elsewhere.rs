//! The proof taken out of a receipt, and the witnesses' lines under its head, read by two crates that the product does not
//! use: the note and its Ed25519 signatures by `signed_note`, the tree by `tlog_tiles`.
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use signed_note::{Note, StandardVerifier, Verifier, VerifierList, key_id};
use tlog_tiles::{Checkpoint, Hash, check_record, record_hash};

/// A witness as C2SP tlog-cosignature says: eight bytes of time, then Ed25519 over the time and the head.
struct Cosigner {
    name: String,
    id: u32,
    plain: StandardVerifier,
}

impl Cosigner {
    /// `vkey`: of type 0x04.
    fn new(vkey: &str) -> Self {
        let fields: Vec<&str> = vkey.splitn(3, '+').collect();
        let [name, hex, key] = fields[..] else { panic!("{vkey}") };
        let mut key = STANDARD.decode(key).unwrap();
        let id = key_id(name, &key);
        assert_eq!((key[0], format!("{id:08x}").as_str()), (4, hex));
        key[0] = 1;
        let plain = format!("{name}+{:08x}+{}", key_id(name, &key), STANDARD.encode(&key));
        Self { name: name.to_owned(), id, plain: StandardVerifier::new(&plain).unwrap() }
    }
}

impl Verifier for Cosigner {
    fn name(&self) -> &str {
        &self.name
    }
    fn key_id(&self) -> u32 {
        self.id
    }
    fn verify(&self, head: &[u8], signature: &[u8]) -> bool {
        let Some((time, signature)) = signature.split_first_chunk() else { return false };
        let said = format!("cosignature/v1\ntime {}\n", u64::from_be_bytes(*time));
        self.plain.verify(&[said.as_bytes(), head].concat(), signature)
    }
}

/// The receipt's leaf is under its head, which bears the signature of the log and those of the witnesses.
pub(super) fn assert_reads(receipt: &str, log: &str, witnesses: &[String]) {
    let fields: HashMap<&str, &RawValue> = serde_json::from_str(receipt).unwrap();
    let leaf = record_hash(fields["leaf"].get().as_bytes());
    let text: String = serde_json::from_str(fields["proof"].get()).unwrap();
    let (proof, note) = text.split_once("\n\n").unwrap();
    let mut lines = proof.lines();
    assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
    let index: u64 = lines.next().unwrap().strip_prefix("index ").unwrap().parse().unwrap();
    let path: Vec<Hash> = lines.map(|line| Hash::parse_hash(line).unwrap()).collect();

    let mut known: Vec<Box<dyn Verifier>> = vec![Box::new(StandardVerifier::new(log).unwrap())];
    for witness in witnesses {
        known.push(Box::new(Cosigner::new(witness)));
    }
    let known = VerifierList::new(known);
    let read = Note::from_bytes(note.as_bytes()).unwrap();
    let (good, unknown) = read.verify(&known).unwrap();
    assert_eq!((good.len(), unknown.len()), (1 + witnesses.len(), 0));
    let head = Checkpoint::from_bytes(read.text()).unwrap();
    check_record(&path, head.size(), *head.hash(), index, leaf).unwrap();
    assert!(check_record(&path, head.size(), *head.hash(), index, record_hash(b"another leaf")).is_err());
    // Another time than the one that was signed is no cosignature.
    let forged = note.lines().map(|line| match line.rsplit_once(' ') {
        Some((name, bytes)) if witnesses.iter().any(|key| line.contains(key.split('+').next().unwrap())) => {
            let mut bytes = STANDARD.decode(bytes).unwrap();
            bytes[11] ^= 1;
            format!("{name} {}\n", STANDARD.encode(bytes))
        }
        _ => format!("{line}\n"),
    });
    let forged = Note::from_bytes(forged.collect::<String>().as_bytes()).unwrap();
    assert!(witnesses.is_empty() || forged.verify(&known).is_err());
}
