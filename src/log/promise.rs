//! The signed promise: what the person holds between the act and the first checkpoint that covers it.
//! If the leaf is not in the tree within the delay, the promise convicts the log.
use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use time::Duration;

use super::merkle::Hash;
use super::note::{LogSigner, NoteError, NoteKey};
use super::token::Token;
use crate::domain::time::Timestamp;

/// The origin of a log has no space, so no checkpoint text begins like this.
const FIRST_LINE: &str = "entremise promise v1";
const PREFIX: &str = "EP1";

/// «This leaf, recorded at this instant, will be in the tree of this log within `delay`.»
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    pub origin: Token,
    pub leaf: Hash,
    pub time: Timestamp,
    /// Whole seconds.
    pub delay: u32,
}

/// A promise with its signature; its text fits a QR code (about 200 characters).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPromise {
    promise: Promise,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

/// Why a text is no promise of this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromiseError {
    /// Not six fields of their forms: mistyped, or cut short.
    #[error("not the text of a promise")]
    Malformed,
    /// Nothing is known of its truth: it names another log, or a key that was not given.
    #[error("a promise of {0}, or under another of its keys")]
    OtherKey(Token),
    /// Changed after it was signed, or forged.
    #[error(transparent)]
    Signature(NoteError),
}

impl Promise {
    /// The instant from which a tree without the leaf is a broken promise.
    pub fn due(&self) -> Timestamp {
        self.time + Duration::seconds(i64::from(self.delay))
    }

    fn text(&self) -> String {
        format!("{FIRST_LINE}\n{}\n{}\n{}\n{}\n", self.origin, self.leaf, self.time, self.delay)
    }

    /// The promise is the signer's: its origin becomes the signer's.
    pub fn sign(leaf: Hash, time: Timestamp, delay: u32, signer: &LogSigner) -> SignedPromise {
        let promise = Self { origin: signer.origin().clone(), leaf, time, delay };
        let signature = signer.sign(promise.text().as_bytes());
        SignedPromise { promise, key_id: signer.key().id(), signature }
    }
}

impl SignedPromise {
    /// The promise, once its signature is found to be `key`'s.
    pub fn open(self, key: &NoteKey) -> Result<Promise, PromiseError> {
        if self.promise.origin != *key.name() || self.key_id != key.id() {
            return Err(PromiseError::OtherKey(self.promise.origin));
        }
        key.check(self.promise.text().as_bytes(), &self.signature).map_err(PromiseError::Signature)?;
        Ok(self.promise)
    }
}

/// `EP1~origin~leaf~time~delay~signature`, hashes and signature (key id ‖ Ed25519) in base64url.
impl fmt::Display for SignedPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Promise { origin, leaf, time, delay } = &self.promise;
        let leaf = BASE64URL_NOPAD.encode(leaf.bytes());
        let signature: Vec<u8> = self.key_id.iter().chain(&self.signature).copied().collect();
        let signature = BASE64URL_NOPAD.encode(&signature);
        write!(f, "{PREFIX}~{origin}~{leaf}~{time}~{delay}~{signature}")
    }
}

impl FromStr for SignedPromise {
    type Err = PromiseError;

    fn from_str(text: &str) -> Result<Self, PromiseError> {
        let fields: Vec<&str> = text.split('~').collect();
        let [PREFIX, origin, leaf, time, delay, signature] = *fields.as_slice() else {
            return Err(PromiseError::Malformed);
        };
        let bytes =
            |field: &str| BASE64URL_NOPAD.decode(field.as_bytes()).map_err(|_| PromiseError::Malformed);
        let signature = bytes(signature)?;
        let (key_id, signature) = signature.split_first_chunk().ok_or(PromiseError::Malformed)?;
        let promise = Promise {
            origin: Token::new(origin).map_err(|_| PromiseError::Malformed)?,
            leaf: Hash::from_slice(&bytes(leaf)?).map_err(|_| PromiseError::Malformed)?,
            time: Timestamp::parse(time).map_err(|_| PromiseError::Malformed)?,
            delay: delay.parse().map_err(|_| PromiseError::Malformed)?,
        };
        Ok(Self { promise, key_id: *key_id, signature: signature.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::merkle::leaf_hash;

    fn signer(name: &str, seed: u8) -> LogSigner {
        LogSigner::from_seed(Token::new(name).unwrap(), &[seed; 32]).unwrap()
    }

    #[test]
    fn holds_only_as_it_was_given() {
        let ours = signer("log.example", 1);
        let at = Timestamp::from_unix(1_795_344_127).unwrap();
        let text = Promise::sign(leaf_hash(b"act"), at, 60, &ours).to_string();
        assert!(text.len() < 220, "{} characters", text.len());
        let read = |text: &str| text.parse::<SignedPromise>().and_then(|signed| signed.open(ours.key()));
        let promise = read(&text).unwrap();
        assert_eq!((promise.leaf, promise.due()), (leaf_hash(b"act"), at + Duration::minutes(1)));

        let fields: Vec<&str> = text.split('~').collect();
        let with = |index: usize, value: &str| {
            let mut changed = fields.clone();
            changed[index] = value;
            read(&changed.join("~"))
        };
        let other_leaf = BASE64URL_NOPAD.encode(leaf_hash(b"other").bytes());
        for (index, value) in [(2, other_leaf.as_str()), (3, "2026-11-22T10:42:08.000000Z"), (4, "61")] {
            assert!(matches!(with(index, value), Err(PromiseError::Signature(_))), "field {index}");
        }
        assert!(matches!(with(1, "other.example"), Err(PromiseError::OtherKey(_))));
        for (index, value) in [(0, "EP2"), (2, "AA"), (3, "yesterday"), (4, "-1"), (5, "AAAA")] {
            assert_eq!(with(index, value), Err(PromiseError::Malformed), "field {index}");
        }
        let elsewhere = text.parse::<SignedPromise>().unwrap().open(signer("log.example", 2).key());
        assert!(matches!(elsewhere, Err(PromiseError::OtherKey(_))));
    }
}
