//! Columns sealed at rest and blind indexes.
//!
//! A sealed value is `version (1 byte, 1) ‖ key id (4) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag`. The additional
//! data name the table, the row and the column, so that a value copied to another place does not open there.
//! Nonces are drawn by AWS-LC (random 96 bits: up to 2³² values under one key, NIST SP 800-38D §8.3).
//! Each master key gives independent subkeys by HKDF-SHA-256 (RFC 5869).
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use aws_lc_rs::hmac;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::{Zeroize, Zeroizing};

use crate::domain::ids::Entropy;

const VERSION: u8 = 1;
const ID_LEN: usize = 4;
const NONCE_LEN: usize = 12;
const HEADER_LEN: usize = 1 + ID_LEN + NONCE_LEN;
const TAG_LEN: usize = 16;

/// 256 random bits from which all others are derived. Zeroed when dropped, never printed.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Where a sealed value lives. The row is the identifier's bytes.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub table: &'static str,
    pub row: &'a [u8],
    pub column: &'static str,
}

/// Why a value could not be sealed or opened. Says nothing of the value.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("the keyring holds no key")]
    NoKey,
    #[error("sealed with a key that is not in the keyring")]
    UnknownKey,
    #[error("not a sealed value of this place, or altered")]
    Altered,
    #[error("sealed content is not of the expected form")]
    Content,
    #[error("the cryptographic library refused")]
    Library,
}

/// Seals with the first key of the keyring and opens with any.
pub struct Sealer {
    keys: Vec<Subkeys>,
    index: hmac::Key,
}

struct Subkeys {
    id: [u8; ID_LEN],
    aead: RandomizedNonceKey,
}

impl MasterKey {
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0u8; 32]);
        entropy.fill(&mut *bytes);
        Self(bytes)
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn prk(&self) -> Prk {
        Salt::new(HKDF_SHA256, b"entremise master key 1").extract(&*self.0)
    }

    /// Public name of the key (derived, reveals nothing of it), in hexadecimal: for `keys list`.
    pub fn name(&self) -> Result<String, SealError> {
        let mut id = [0u8; ID_LEN];
        expand(&self.prk(), b"key id", &mut id)?;
        Ok(data_encoding::HEXLOWER.encode(&id))
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({} keys)", self.keys.len())
    }
}

impl Sealer {
    /// `keys`: the first seals, all open. Blind indexes come from the last (the oldest), which must
    /// therefore stay in the list for as long as the database lives; sealed values can leave it by re-sealing.
    pub fn new(keys: &[MasterKey]) -> Result<Self, SealError> {
        let oldest = keys.last().ok_or(SealError::NoKey)?;
        let mut index = Zeroizing::new([0u8; 32]);
        expand(&oldest.prk(), b"blind index", &mut *index)?;
        Ok(Self {
            keys: keys.iter().map(subkeys).collect::<Result<_, _>>()?,
            index: hmac::Key::new(hmac::HMAC_SHA256, &*index),
        })
    }

    pub fn seal(&self, place: Place<'_>, clear: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.keys.first().ok_or(SealError::NoKey)?;
        let mut body = Vec::with_capacity(clear.len() + TAG_LEN);
        body.extend_from_slice(clear);
        let aad = Aad::from(additional_data(key.id, place));
        let nonce = key.aead.seal_in_place_append_tag(aad, &mut body).map_err(|_| SealError::Library)?;
        let mut out = Vec::with_capacity(HEADER_LEN + body.len());
        out.push(VERSION);
        out.extend_from_slice(&key.id);
        out.extend_from_slice(nonce.as_ref());
        out.extend_from_slice(&body);
        Ok(out)
    }

    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (head, body) = sealed.split_at_checked(HEADER_LEN).ok_or(SealError::Altered)?;
        let (version, rest) = head.split_first().ok_or(SealError::Altered)?;
        let (id, nonce) = rest.split_at_checked(ID_LEN).ok_or(SealError::Altered)?;
        if *version != VERSION {
            return Err(SealError::Altered);
        }
        let key = self.keys.iter().find(|key| key.id == id).ok_or(SealError::UnknownKey)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Altered)?;
        let mut body = Zeroizing::new(body.to_vec());
        let aad = Aad::from(additional_data(key.id, place));
        let length = key.aead.open_in_place(nonce, aad, &mut body).map_err(|_| SealError::Altered)?.len();
        body.truncate(length);
        Ok(body)
    }

    pub fn seal_text(&self, place: Place<'_>, clear: &str) -> Result<Vec<u8>, SealError> {
        self.seal(place, clear.as_bytes())
    }

    pub fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<String, SealError> {
        let mut clear = self.open(place, sealed)?;
        String::from_utf8(std::mem::take(&mut *clear)).map_err(|bad| {
            bad.into_bytes().zeroize();
            SealError::Content
        })
    }

    pub fn seal_json<T: Serialize>(&self, place: Place<'_>, value: &T) -> Result<Vec<u8>, SealError> {
        let text = Zeroizing::new(serde_json::to_vec(value).map_err(|_| SealError::Content)?);
        self.seal(place, &text)
    }

    pub fn open_json<T: DeserializeOwned>(&self, place: Place<'_>, sealed: &[u8]) -> Result<T, SealError> {
        serde_json::from_slice(&self.open(place, sealed)?).map_err(|_| SealError::Content)
    }

    /// Was this value sealed with an older key than the one that seals now (so: to be sealed again)?
    pub fn is_stale(&self, sealed: &[u8]) -> bool {
        self.keys.first().is_none_or(|key| sealed.get(1..=ID_LEN) != Some(key.id.as_slice()))
    }

    /// HMAC-SHA-256 of exactly these bytes under a name of its own: lets an equality be looked up without
    /// storing the value. The caller normalises (case, spaces) beforehand.
    pub fn blind_index(&self, label: &'static str, exact: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.index);
        context.update(&length(label.as_bytes()));
        context.update(label.as_bytes());
        context.update(exact);
        context.sign().as_ref().to_vec()
    }
}

fn subkeys(master: &MasterKey) -> Result<Subkeys, SealError> {
    let prk = master.prk();
    let mut id = [0u8; ID_LEN];
    expand(&prk, b"key id", &mut id)?;
    let mut sealing = Zeroizing::new([0u8; 32]);
    expand(&prk, b"seal aes-256-gcm", &mut *sealing)?;
    let aead = RandomizedNonceKey::new(&AES_256_GCM, &*sealing).map_err(|_| SealError::Library)?;
    Ok(Subkeys { id, aead })
}

/// Length of an HKDF output, in bytes.
struct Length(usize);

impl aws_lc_rs::hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(prk: &Prk, purpose: &[u8], out: &mut [u8]) -> Result<(), SealError> {
    prk.expand(&[purpose], Length(out.len())).and_then(|key| key.fill(out)).map_err(|_| SealError::Library)
}

/// Every part preceded by its length, so that no two places give the same bytes.
fn additional_data(id: [u8; ID_LEN], place: Place<'_>) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&id);
    for part in [place.table.as_bytes(), place.row, place.column.as_bytes()] {
        out.extend_from_slice(&length(part));
        out.extend_from_slice(part);
    }
    out
}

fn length(part: &[u8]) -> [u8; 8] {
    (part.len() as u64).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemEntropy;

    const PLACE: Place<'_> = Place { table: "card", row: b"row-1", column: "seed" };

    fn key() -> MasterKey {
        MasterKey::generate(&SystemEntropy)
    }

    #[test]
    fn opens_at_its_place_only() {
        let sealer = Sealer::new(&[key()]).unwrap();
        let closed = sealer.seal(PLACE, b"graine").unwrap();
        assert_eq!(&**sealer.open(PLACE, &closed).unwrap(), b"graine");
        assert!(!closed.windows(6).any(|part| part == b"graine"));
        for elsewhere in [
            Place { table: "person", ..PLACE },
            Place { row: b"row-2", ..PLACE },
            Place { column: "note", ..PLACE },
            // the same letters cut otherwise
            Place { table: "cardr", row: b"ow-1", ..PLACE },
        ] {
            assert!(matches!(sealer.open(elsewhere, &closed), Err(SealError::Altered)));
        }
    }

    #[test]
    fn any_altered_or_missing_byte_is_refused() {
        let sealer = Sealer::new(&[key()]).unwrap();
        let closed = sealer.seal(PLACE, b"x").unwrap();
        for at in 0..closed.len() {
            let mut other = closed.clone();
            other[at] ^= 1;
            assert!(sealer.open(PLACE, &other).is_err(), "byte {at}");
            assert!(sealer.open(PLACE, &closed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn rotation_seals_with_the_first_and_opens_with_all() {
        let (old, new) = (key(), key());
        let before = Sealer::new(std::slice::from_ref(&old)).unwrap();
        let closed = before.seal(PLACE, b"x").unwrap();
        let both = Sealer::new(&[new.clone(), old]).unwrap();
        assert!(both.is_stale(&closed));
        assert_eq!(&**both.open(PLACE, &closed).unwrap(), b"x");
        let again = both.seal(PLACE, b"x").unwrap();
        assert!(!both.is_stale(&again));
        assert!(matches!(before.open(PLACE, &again), Err(SealError::UnknownKey)));
        assert_eq!(before.blind_index("email", b"a@b"), both.blind_index("email", b"a@b"));
        let only_new = Sealer::new(&[new]).unwrap();
        assert_eq!(&**only_new.open(PLACE, &again).unwrap(), b"x");
    }

    #[test]
    fn the_same_value_never_seals_alike_but_indexes_alike() {
        let sealer = Sealer::new(&[key()]).unwrap();
        assert_ne!(sealer.seal(PLACE, b"x").unwrap(), sealer.seal(PLACE, b"x").unwrap());
        assert_eq!(sealer.blind_index("email", b"x"), sealer.blind_index("email", b"x"));
        assert_ne!(sealer.blind_index("email", b"x"), sealer.blind_index("phone", b"x"));
        let other = Sealer::new(&[key()]).unwrap();
        assert_ne!(sealer.blind_index("email", b"x"), other.blind_index("email", b"x"));
    }

    #[test]
    fn json_and_text_come_back() {
        let sealer = Sealer::new(&[key()]).unwrap();
        let closed = sealer.seal_json(PLACE, &("Élodie", 7)).unwrap();
        assert_eq!(sealer.open_json::<(String, u8)>(PLACE, &closed).unwrap(), ("Élodie".to_owned(), 7));
        assert!(matches!(sealer.open_json::<u8>(PLACE, &closed), Err(SealError::Content)));
        let closed = sealer.seal_text(PLACE, "Élodie").unwrap();
        assert_eq!(sealer.open_text(PLACE, &closed).unwrap(), "Élodie");
        let closed = sealer.seal(PLACE, &[0xff]).unwrap();
        assert!(matches!(sealer.open_text(PLACE, &closed), Err(SealError::Content)));
    }

    #[test]
    fn an_empty_keyring_is_refused() {
        assert!(matches!(Sealer::new(&[]), Err(SealError::NoKey)));
    }
}
