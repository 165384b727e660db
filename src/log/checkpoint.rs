//! C2SP tlog-checkpoint: the signed head of the tree, the only thing a verifier has to trust.
use std::fmt;
use std::str::FromStr;

use super::merkle::Hash;
use super::note::{LogSigner, NoteError, NoteKey, SignedNote};
use super::token::Token;

/// The head of a log: whose, how many leaves, which root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: Token,
    pub size: u64,
    pub root: Hash,
}

/// Why a text is no signed head of this log (C2SP tlog-checkpoint).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note, or not signed with the key asked for.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Signed, and not of the three lines of a head.
    #[error("not a checkpoint: {0}")]
    Malformed(&'static str),
    /// Of another origin: another log, or another epoch of it.
    #[error("a checkpoint of {found}, not of {wanted}")]
    OtherLog { wanted: Token, found: Token },
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Extension lines are refused: this log writes none, and nobody could check them.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines =
            text.strip_suffix('\n').ok_or(CheckpointError::Malformed("no last newline"))?.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Malformed("three lines: origin, size, root"));
        };
        let checkpoint = Self {
            origin: Token::new(origin).map_err(NoteError::from)?,
            size: size.parse().map_err(|_| CheckpointError::Malformed("the size"))?,
            root: root.parse().map_err(|_| CheckpointError::Malformed("the root"))?,
        };
        if checkpoint.to_string() == text {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Malformed("the size has leading zeroes or a sign"))
        }
    }
}

impl Checkpoint {
    /// Callers make sure that it extends every head this key signed before.
    pub fn sign(&self, signer: &LogSigner) -> SignedNote {
        signer.sign_note(self.to_string())
    }

    /// Reads a signed checkpoint of the log that `key` belongs to. Other signatures stay in the note.
    pub fn open(note: &SignedNote, key: &NoteKey) -> Result<Self, CheckpointError> {
        note.check(key)?;
        let checkpoint: Self = note.text().parse()?;
        if checkpoint.origin != *key.name() {
            return Err(CheckpointError::OtherLog { wanted: key.name().clone(), found: checkpoint.origin });
        }
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::merkle::{empty_root, leaf_hash};

    fn signer(name: &str, seed: u8) -> LogSigner {
        LogSigner::from_seed(Token::new(name).unwrap(), &[seed; 32]).unwrap()
    }

    #[test]
    fn signed_and_read_again() {
        let signer = signer("log.example", 1);
        let head = Checkpoint { origin: signer.origin().clone(), size: 3, root: leaf_hash(b"x") };
        let note: SignedNote = head.sign(&signer).to_string().parse().unwrap();
        assert_eq!(Checkpoint::open(&note, signer.key()), Ok(head));
    }

    #[test]
    fn another_log_another_key_another_size_are_refused() {
        let ours = signer("log.example", 1);
        let head = Checkpoint { origin: ours.origin().clone(), size: 3, root: empty_root() };
        let open = |note: &SignedNote| Checkpoint::open(note, ours.key());
        let error = open(&head.sign(&signer("log.example", 2))).unwrap_err();
        assert_eq!(error, NoteError::Unsigned("log.example".into()).into());
        let larger: SignedNote = head.sign(&ours).to_string().replace("\n3\n", "\n4\n").parse().unwrap();
        assert_eq!(open(&larger), Err(NoteError::Forged("log.example".into()).into()));
        let foreign = Checkpoint { origin: Token::new("other.example").unwrap(), ..head };
        assert!(matches!(open(&foreign.sign(&ours)), Err(CheckpointError::OtherLog { .. })));
    }

    #[test]
    fn only_the_exact_text_is_read() {
        let root = empty_root();
        assert!(format!("log\n0\n{root}\n").parse::<Checkpoint>().is_ok());
        for bad in [
            format!("log\n0\n{root}"),
            format!("log\n00\n{root}\n"),
            format!("log\n+1\n{root}\n"),
            format!("log\n1\n{root}\nextension\n"),
            format!("\n1\n{root}\n"),
            "log\n1\nAAAA\n".to_owned(),
        ] {
            assert!(bad.parse::<Checkpoint>().is_err(), "{bad:?}");
        }
    }
}
