//! C2SP signed notes with Ed25519 (signature type 0x01): a text and signature lines under it.
//! Lines of unknown keys (witnesses, other types) are kept and ignored.
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::merkle::Hash;
use super::token::{BadToken, Token};

const TYPE_ED25519: u8 = 0x01;
/// More than any note with the sixteen post-quantum signatures that must be accepted.
const LARGEST_NOTE: usize = 128 * 1024;

/// Why a note cannot be read or does not bear the signature it must (C2SP signed-note), or why a key is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// What is wrong with the form.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// No line under the name and the id of the key.
    #[error("the note bears no signature of {0}")]
    Unsigned(String),
    /// A line under the name and the id of the key is not a signature of this text: changed, or forged.
    #[error("a signature of {0} does not match the text")]
    Forged(String),
    /// The text or the bytes of a key are not those of an Ed25519 key (type 0x01), or its id is not its own.
    #[error("not an Ed25519 key")]
    Key,
    /// A name that is no token.
    #[error("the name of a log: {0}")]
    Name(#[from] BadToken),
}

/// A public key under a name, as verifiers are configured with it.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: Token,
    id: [u8; 4],
    public: [u8; 32],
}

impl NoteKey {
    pub fn new(name: Token, public: [u8; 32]) -> Self {
        let mut text = format!("{name}\n").into_bytes();
        text.push(TYPE_ED25519);
        text.extend(public);
        let [a, b, c, d, ..] = *Hash::of(&text).bytes();
        Self { name, id: [a, b, c, d], public }
    }

    pub fn name(&self) -> &Token {
        &self.name
    }

    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Ed25519 (RFC 8032) over exactly these bytes.
    pub fn check(&self, text: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        UnparsedPublicKey::new(&ED25519, &self.public)
            .verify(text, signature)
            .map_err(|_| NoteError::Forged(self.name.to_string()))
    }
}

/// The usual text of a verifier key: `name+key id in hexadecimal+base64(type ‖ public key)`.
impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: Vec<u8> = [TYPE_ED25519].into_iter().chain(self.public).collect();
        write!(f, "{}+{}+{}", self.name, data_encoding::HEXLOWER.encode(&self.id), STANDARD.encode(key))
    }
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for NoteKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut fields = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(NoteError::Key);
        };
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let Some((&TYPE_ED25519, public)) = key.split_first() else { return Err(NoteError::Key) };
        let key = Self::new(Token::new(name)?, public.try_into().map_err(|_| NoteError::Key)?);
        if data_encoding::HEXLOWER.encode(&key.id) == id { Ok(key) } else { Err(NoteError::Key) }
    }
}

/// The key that signs heads and promises of one log. Never printed.
pub struct LogSigner {
    pair: Arc<Ed25519KeyPair>,
    key: NoteKey,
}

impl LogSigner {
    /// `name`: the origin of the log. `pkcs8`: Ed25519 in PKCS#8 (RFC 8410), version 1 or 2.
    pub fn from_pkcs8(name: Token, pkcs8: &[u8]) -> Result<Self, NoteError> {
        Self::new(name, Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| NoteError::Key)?)
    }

    /// `seed`: the 32 secret bytes of RFC 8032 §5.1.5.
    pub fn from_seed(name: Token, seed: &[u8]) -> Result<Self, NoteError> {
        Self::new(name, Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Key)?)
    }

    fn new(name: Token, pair: Ed25519KeyPair) -> Result<Self, NoteError> {
        let public = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Key)?;
        Ok(Self { key: NoteKey::new(name, public), pair: Arc::new(pair) })
    }

    pub fn key(&self) -> &NoteKey {
        &self.key
    }

    pub fn origin(&self) -> &Token {
        &self.key.name
    }

    /// The same key under another name.
    #[must_use]
    pub fn named(&self, name: &Token) -> Self {
        Self { key: NoteKey::new(name.clone(), self.key.public), pair: self.pair.clone() }
    }

    pub fn sign(&self, text: &[u8]) -> Vec<u8> {
        self.pair.sign(text).as_ref().to_vec()
    }

    /// Signs `text`, which must end in a newline.
    pub fn sign_note(&self, text: String) -> SignedNote {
        let mut note = SignedNote { text, signatures: Vec::new() };
        note.also(self);
        note
    }
}

impl fmt::Debug for LogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogSigner({:?}, …)", self.key)
    }
}

/// One line `— name base64(id ‖ signature)` under a note (C2SP signed-note). Nothing of it has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// Whose signature it claims to be.
    pub name: String,
    /// The id of the key, in which the type of the signature is hashed.
    pub id: [u8; 4],
    /// Whatever follows the id: of a log 64 bytes of Ed25519, of a witness the time before them.
    pub signature: Vec<u8>,
}

/// A text with its signatures, of which none has been checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl SignedNote {
    /// The text, which means nothing before [`SignedNote::check`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds a signature of the same text.
    pub fn also(&mut self, signer: &LogSigner) {
        self.signatures.push(SignatureLine {
            name: signer.key.name.to_string(),
            id: signer.key.id,
            signature: signer.sign(self.text.as_bytes()),
        });
    }

    /// Adds a signature made elsewhere, such as a witness's.
    pub fn push(&mut self, line: SignatureLine) {
        self.signatures.push(line);
    }

    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Every signature under this key's name and id must be right, and there must be one.
    pub fn check(&self, key: &NoteKey) -> Result<(), NoteError> {
        let mut ours =
            self.signatures.iter().filter(|line| line.name == key.name.as_str() && line.id == key.id);
        let first = ours.next().ok_or_else(|| NoteError::Unsigned(key.name.to_string()))?;
        std::iter::once(first)
            .chain(ours)
            .try_for_each(|line| key.check(self.text.as_bytes(), &line.signature))
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = self.id.iter().chain(&self.signature).copied().collect();
        write!(f, "\u{2014} {} {}", self.name, STANDARD.encode(bytes))
    }
}

impl FromStr for SignedNote {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        const LINE: NoteError = NoteError::Malformed("a signature line is «— name base64»");
        if note.len() > LARGEST_NOTE {
            return Err(NoteError::Malformed("too long"));
        }
        if note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Malformed("control characters"));
        }
        let end = note.rfind("\n\n").ok_or(NoteError::Malformed("no blank line before signatures"))?;
        let (text, signatures) = note.split_at_checked(end + 1).ok_or(LINE)?;
        let lines = signatures.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n')).ok_or(LINE)?;
        let signatures = lines.split('\n').map(|line| line.parse().map_err(|()| LINE));
        Ok(Self { text: text.to_owned(), signatures: signatures.collect::<Result<_, _>>()? })
    }
}

impl FromStr for SignatureLine {
    type Err = ();
    fn from_str(line: &str) -> Result<Self, ()> {
        let rest = line.strip_prefix("\u{2014} ").ok_or(())?;
        let (name, bytes) = rest.split_once(' ').ok_or(())?;
        let bytes = STANDARD.decode(bytes).map_err(|_| ())?;
        let (id, signature) = bytes.split_first_chunk().ok_or(())?;
        if name.is_empty() || name.contains(char::is_whitespace) || name.contains('+') || signature.is_empty()
        {
            return Err(());
        }
        Ok(Self { name: name.to_owned(), id: *id, signature: signature.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key and note of the Go implementation's public example (golang.org/x/mod/sumdb/note).
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn reads_a_note_signed_by_the_reference_implementation() {
        let key: NoteKey = GO_KEY.parse().unwrap();
        assert_eq!(key.to_string(), GO_KEY);
        let note: SignedNote = GO_NOTE.parse().unwrap();
        assert_eq!(note.check(&key), Ok(()));
        assert_eq!(note.to_string(), GO_NOTE);
        let forged: SignedNote = GO_NOTE.replace("is the answer", "is no answer").parse().unwrap();
        assert_eq!(forged.check(&key), Err(NoteError::Forged("PeterNeumann".into())));
    }

    #[test]
    fn unknown_signatures_are_kept_and_ignored() {
        let signer = LogSigner::from_seed(Token::new("log.example").unwrap(), &[9; 32]).unwrap();
        let other = LogSigner::from_seed(Token::new("log.example").unwrap(), &[8; 32]).unwrap();
        let note = signer.sign_note("text\n".into()).to_string();
        let witnessed = format!("{note}\u{2014} witness.example AAAAAAQ=\n");
        let read: SignedNote = witnessed.parse().unwrap();
        assert_eq!(read.check(signer.key()), Ok(()));
        assert_eq!(read.check(other.key()), Err(NoteError::Unsigned("log.example".into())));
        assert_eq!(read.to_string(), witnessed);
        assert_eq!(format!("{signer:?}"), format!("LogSigner({}, …)", signer.key()));
    }

    #[test]
    fn what_is_not_a_note_is_refused() {
        let line = "\u{2014} a.example AAAAAAQ=\n";
        for bad in [
            String::new(),
            "text\n\n".into(),
            format!("text\n{line}"),
            format!("text\n\n{}", line.trim_end()),
            format!("te\rxt\n\n{line}"),
            "text\n\n- a.example AAAAAAQ=\n".into(),
            "text\n\n\u{2014} a+b AAAAAAQ=\n".into(),
            "text\n\n\u{2014} a.example AAAA\n".into(),
            "text\n\n\u{2014} a.example !!!!\n".into(),
            format!("{}\n\n{line}", "a".repeat(LARGEST_NOTE)),
        ] {
            assert!(bad.parse::<SignedNote>().is_err(), "{bad:?}");
        }
    }
}
