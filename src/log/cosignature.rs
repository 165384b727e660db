//! C2SP tlog-cosignature: a witness says «I saw this head, at this time, and it extends every head I saw before».
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::merkle::Hash;
use super::note::{LogSigner, SignatureLine, SignedNote};
use super::token::Token;
use crate::domain::time::Timestamp;

const TYPE_COSIGNATURE_V1: u8 = 0x04;
/// Of the keys of logs; no witness signs with one.
const TYPE_LOG: u8 = 0x01;

/// A witness's public key under its name. Not a log key: the type is part of the key's id.
#[derive(Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: Token,
    id: [u8; 4],
    public: [u8; 32],
}

/// Why a witness is not found to vouch for a head (C2SP tlog-cosignature).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// The text given for a witness's key is none.
    #[error("not the key of a witness (Ed25519, type 0x04)")]
    Key,
    /// The head bears no line under this name: not vouched for, which is no fault of the log.
    #[error("no cosignature of {0}")]
    Absent(Token),
    /// The head bears a line under this name with another key id: another key, or another type of signature.
    #[error("a cosignature under the name of {0} is of another key than the one you trust")]
    OtherKey(Token),
    /// The signature is not over this head and the time it says, or the same key signed twice.
    #[error("a cosignature of {0} does not match")]
    Forged(Token),
}

impl WitnessKey {
    pub fn new(name: Token, public: [u8; 32]) -> Self {
        let mut text = format!("{name}\n").into_bytes();
        text.push(TYPE_COSIGNATURE_V1);
        text.extend(public);
        let [a, b, c, d, ..] = *Hash::of(&text).bytes();
        Self { name, id: [a, b, c, d], public }
    }

    pub fn name(&self) -> &Token {
        &self.name
    }

    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The instant at which this witness says it saw the head of the note.
    pub fn check(&self, note: &SignedNote) -> Result<Timestamp, CosignatureError> {
        let ours = |line: &&SignatureLine| line.name == self.name.as_str() && line.id == self.id;
        let mut lines = note.signatures().iter().filter(ours);
        let Some(line) = lines.next() else {
            let named = note.signatures().iter().any(|line| line.name == self.name.as_str());
            let absent = if named { CosignatureError::OtherKey } else { CosignatureError::Absent };
            return Err(absent(self.name.clone()));
        };
        let forged = || CosignatureError::Forged(self.name.clone());
        // One key, one statement: a second one could say anything.
        if lines.next().is_some() {
            return Err(forged());
        }
        let (time, signature) = line.signature.split_first_chunk::<8>().ok_or_else(forged)?;
        let seconds = i64::try_from(u64::from_be_bytes(*time)).map_err(|_| forged())?;
        UnparsedPublicKey::new(&ED25519, &self.public)
            .verify(&message(seconds, note.text()), signature)
            .map_err(|_| forged())?;
        Timestamp::from_unix(seconds).map_err(|_| forged())
    }
}

/// What a witness signs: the time, then the head as the log signed it.
fn message(seconds: i64, head: &str) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{head}").into_bytes()
}

/// The line a witness adds under a head. The caller has checked that it extends every head seen before.
pub fn cosign(note: &SignedNote, witness: &LogSigner, at: Timestamp) -> SignatureLine {
    let seconds = at.unix();
    let key = WitnessKey::new(witness.origin().clone(), *witness.key().public());
    let time = u64::try_from(seconds).unwrap_or(0).to_be_bytes();
    let signature = [&time[..], &witness.sign(&message(seconds, note.text()))].concat();
    SignatureLine { name: key.name.to_string(), id: key.id, signature }
}

/// Type and key of a witness that signs in a way not known here; `None` for any other text.
pub(super) fn of_unknown_type(text: &str) -> Option<Vec<u8>> {
    let (name, rest) = text.split_once('+')?;
    let (id, key) = rest.split_once('+')?;
    let (id, key) = (data_encoding::HEXLOWER.decode(id.as_bytes()).ok()?, STANDARD.decode(key).ok()?);
    let known = matches!(key.first()?, &TYPE_COSIGNATURE_V1 | &TYPE_LOG);
    (!known && id.len() == 4 && Token::new(name).is_ok()).then_some(key)
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: Vec<u8> = [TYPE_COSIGNATURE_V1].into_iter().chain(self.public).collect();
        write!(f, "{}+{}+{}", self.name, data_encoding::HEXLOWER.encode(&self.id), STANDARD.encode(key))
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for WitnessKey {
    type Err = CosignatureError;

    /// `name+key id in hexadecimal+base64(type ‖ public key)`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const BAD: CosignatureError = CosignatureError::Key;
        let mut fields = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(BAD);
        };
        let key = STANDARD.decode(key).map_err(|_| BAD)?;
        let Some((&TYPE_COSIGNATURE_V1, public)) = key.split_first() else { return Err(BAD) };
        let public = public.try_into().map_err(|_| BAD)?;
        let key = Self::new(Token::new(name).map_err(|_| BAD)?, public);
        if data_encoding::HEXLOWER.encode(&key.id) == id { Ok(key) } else { Err(BAD) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(name: &str, seed: u8) -> LogSigner {
        LogSigner::from_seed(Token::new(name).unwrap(), &[seed; 32]).unwrap()
    }

    #[test]
    fn a_cosignature_is_of_one_witness_one_head_and_one_time() {
        let witness = signer("witness.example", 5);
        let key = WitnessKey::new(witness.origin().clone(), *witness.key().public());
        assert_eq!(key.to_string().parse::<WitnessKey>(), Ok(key.clone()));
        assert_eq!(witness.key().to_string().parse::<WitnessKey>(), Err(CosignatureError::Key));
        let at = Timestamp::from_unix(1_795_344_127).unwrap();
        let mut note = signer("log.example", 1).sign_note("log.example\n1\nAAAA\n".into());
        assert!(matches!(key.check(&note), Err(CosignatureError::Absent(_))));
        let line = cosign(&note, &witness, at);
        note.push(line.clone());
        let read: SignedNote = note.to_string().parse().unwrap();
        assert_eq!(key.check(&read), Ok(at));
        // Another head, another time, another witness of that name, the same twice.
        let mut other = signer("log.example", 1).sign_note("log.example\n2\nAAAA\n".into());
        other.push(line.clone());
        assert!(matches!(key.check(&other), Err(CosignatureError::Forged(_))));
        let mut earlier = line.clone();
        earlier.signature[7] ^= 1;
        let mut moved = signer("log.example", 1).sign_note("log.example\n1\nAAAA\n".into());
        moved.push(earlier);
        assert!(matches!(key.check(&moved), Err(CosignatureError::Forged(_))));
        let stranger = signer("witness.example", 6);
        let stranger = WitnessKey::new(stranger.origin().clone(), *stranger.key().public());
        assert!(matches!(stranger.check(&read), Err(CosignatureError::OtherKey(_))));
        note.push(line);
        assert!(matches!(key.check(&note), Err(CosignatureError::Forged(_))));
    }
}
