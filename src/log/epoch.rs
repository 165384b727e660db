//! What may change in the life of a log without breaking what was signed before: its epoch and its key.
//!
//! A log that lost signed entries (a database set back) cannot go on under its name: two trees would bear it. It goes on
//! as the next epoch, a log of its own for tools and witnesses, named `ORIGIN/epoch-N`, whose tree begins with what
//! was kept, followed by an entry that commits to the last head known of the former epoch. A new key is introduced by
//! a note that the old key and the new one both sign.
use std::fmt;
use std::str::FromStr;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::note::{LogSigner, NoteError, NoteKey, SignedNote};
use super::token::{BadToken, Token};
use crate::domain::time::Timestamp;

const MARK: &str = "/epoch-";

/// The name that the heads of an epoch bear: the log's own in the first.
pub fn origin(log: &Token, epoch: u32) -> Result<Token, BadToken> {
    if epoch <= 1 { Ok(log.clone()) } else { Token::new(format!("{log}{MARK}{epoch}")) }
}

/// The log and the epoch of a name that heads bear.
pub fn split(origin: &Token) -> (Token, u32) {
    let later = || {
        let (log, number) = origin.as_str().rsplit_once(MARK)?;
        let epoch: u32 = number.parse().ok()?;
        let written_so = epoch > 1 && number == epoch.to_string();
        written_so.then(|| Token::new(log).ok().map(|log| (log, epoch))).flatten()
    };
    later().unwrap_or_else(|| (origin.clone(), 1))
}

/// Whether two names are of one log, whatever the epochs.
pub fn same_log(one: &Token, other: &Token) -> bool {
    one == other || split(one).0 == split(other).0
}

/// A key under another name of its own log; under the name of another log it stays what it is.
pub fn renamed(key: &NoteKey, origin: &Token) -> NoteKey {
    if same_log(key.name(), origin) { NoteKey::new(origin.clone(), *key.public()) } else { key.clone() }
}

/// Of which log a head says that it is: its first line.
pub fn named(note: &SignedNote) -> Option<Token> {
    note.text().split('\n').next().and_then(|line| Token::new(line).ok())
}

/// Reads a head of any epoch of the log that `key` belongs to.
pub fn open(note: &SignedNote, key: &NoteKey) -> Result<Checkpoint, CheckpointError> {
    match named(note) {
        Some(named) => Checkpoint::open(note, &renamed(key, &named)),
        None => Checkpoint::open(note, key),
    }
}

const FIRST_LINE: &str = "entremise key succession v1";

/// «From this instant on, heads are also signed with this key.»
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    pub old: NoteKey,
    pub new: NoteKey,
    pub at: Timestamp,
}

/// Why a note does not introduce a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuccessionError {
    /// Not the four lines of a succession.
    #[error("not the note of a key succession")]
    Malformed,
    /// The two keys are not of one name: a key of one log says nothing about another.
    #[error("a key of another log")]
    OtherLog,
    /// One of the two signatures is missing or wrong.
    #[error("not signed by both keys: {0}")]
    Signature(NoteError),
}

impl fmt::Display for Succession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\n{}\n{}\n{}", self.old, self.new, self.at)
    }
}

impl FromStr for Succession {
    type Err = SuccessionError;

    fn from_str(text: &str) -> Result<Self, SuccessionError> {
        const BAD: SuccessionError = SuccessionError::Malformed;
        let lines: Vec<&str> = text.split('\n').collect();
        let [FIRST_LINE, old, new, at, ""] = lines[..] else { return Err(BAD) };
        Ok(Self {
            old: old.parse().map_err(|_| BAD)?,
            new: new.parse().map_err(|_| BAD)?,
            at: Timestamp::parse(at).map_err(|_| BAD)?,
        })
    }
}

impl Succession {
    pub fn sign(old: &LogSigner, new: &LogSigner, at: Timestamp) -> SignedNote {
        let text = Self { old: old.key().clone(), new: new.key().clone(), at }.to_string();
        let mut note = old.sign_note(text);
        note.also(new);
        note
    }

    /// Reads a note that both of its keys signed. Whether the old key is to be trusted is the reader's matter.
    pub fn open(note: &SignedNote) -> Result<Self, SuccessionError> {
        let succession: Self = note.text().parse()?;
        if succession.old.name() != succession.new.name() {
            return Err(SuccessionError::OtherLog);
        }
        for key in [&succession.old, &succession.new] {
            note.check(key).map_err(SuccessionError::Signature)?;
        }
        Ok(succession)
    }
}

/// The keys that came before the present ones, newest first, by notes given oldest first. Each is named by the key that
/// came after it: whoever trusts the present keys may trust them for what was signed at that time.
pub fn replaced(present: Vec<NoteKey>, notes: impl DoubleEndedIterator<Item = SignedNote>) -> Vec<NoteKey> {
    let (first, mut known) = (present.len(), present);
    for succession in notes.rev().filter_map(|note| Succession::open(&note).ok()) {
        if known.contains(&succession.new) && !known.contains(&succession.old) {
            known.push(succession.old);
        }
    }
    known.split_off(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::merkle::leaf_hash;

    fn token(text: &str) -> Token {
        Token::new(text).unwrap()
    }

    fn signer(name: &str, seed: u8) -> LogSigner {
        LogSigner::from_seed(token(name), &[seed; 32]).unwrap()
    }

    #[test]
    fn names_of_epochs_come_back() {
        let log = token("log.example/a");
        assert_eq!(origin(&log, 1).unwrap(), log);
        let third = origin(&log, 3).unwrap();
        assert_eq!((third.as_str(), split(&third)), ("log.example/a/epoch-3", (log.clone(), 3)));
        for same in ["log.example/a/epoch-1", "log.example/a/epoch-03", "log.example/a/epoch-", "epoch-2"] {
            assert_eq!(split(&token(same)), (token(same), 1), "{same}");
        }
        assert!(same_log(&third, &log) && !same_log(&third, &token("log.example/b/epoch-3")));
    }

    #[test]
    fn a_head_of_any_epoch_is_read_with_the_key_of_the_log() {
        let ours = signer("log.example", 1);
        let second = origin(ours.origin(), 2).unwrap();
        let head = Checkpoint { origin: second.clone(), size: 3, root: leaf_hash(b"x") };
        let note = head.sign(&ours.named(&second));
        assert_eq!(open(&note, ours.key()), Ok(head.clone()));
        assert_eq!(open(&note, ours.named(&origin(ours.origin(), 5).unwrap()).key()), Ok(head));
        assert!(open(&note, signer("log.example", 2).key()).is_err());
        assert!(open(&note, signer("other.example", 1).key()).is_err(), "the same key, another log");
    }

    #[test]
    fn the_keys_before_are_those_that_the_present_one_succeeded() {
        let key = |seed| signer("log.example", seed);
        let at = Timestamp::from_unix(1_795_344_127).unwrap();
        let next = |old: u8, new: u8| Succession::sign(&key(old), &key(new), at);
        let notes = || [next(1, 2), next(9, 8), next(2, 3)].into_iter();
        let public = |seed| key(seed).key().clone();
        assert_eq!(replaced(vec![public(3)], notes()), [public(2), public(1)]);
        assert_eq!(replaced(vec![public(2)], notes()), [public(1)]);
        assert_eq!(replaced(vec![public(1)], notes()), [], "what came later is no matter of the past");
        // Somebody else's word for being our predecessor.
        let alone = key(7).sign_note(next(1, 2).text().into());
        assert_eq!(replaced(vec![public(3)], std::iter::once(alone)), []);
    }

    #[test]
    fn a_succession_is_signed_by_both_keys() {
        let (old, new) = (signer("log.example", 1), signer("log.example", 2));
        let at = Timestamp::from_unix(1_795_344_127).unwrap();
        let note: SignedNote = Succession::sign(&old, &new, at).to_string().parse().unwrap();
        let read = Succession::open(&note).unwrap();
        assert_eq!((&read.old, &read.new, read.at), (old.key(), new.key(), at));
        // Signed by the new key alone; by the old key alone; for another log.
        let alone = |signer: &LogSigner| Succession::open(&signer.sign_note(read.to_string()));
        assert!(matches!(alone(&new), Err(SuccessionError::Signature(_))));
        assert!(matches!(alone(&old), Err(SuccessionError::Signature(_))));
        let foreign = Succession::sign(&old, &signer("other.example", 2), at);
        assert_eq!(Succession::open(&foreign), Err(SuccessionError::OtherLog));
        assert_eq!(
            Succession::open(&old.sign_note("another text\n".into())),
            Err(SuccessionError::Malformed)
        );
    }
}
