//! C2SP tlog-witness: what a log submits to a witness, and what a witness checks before it vouches.
use std::fmt;
use std::str::FromStr;

use super::checkpoint::Checkpoint;
use super::merkle::Hash;
use super::note::{NoteKey, SignedNote};
use super::proof::check_consistency;

/// Content type of the answer that tells which size the witness saw last.
pub const SIZE_TYPE: &str = "text/x.tlog.size";
/// Longest consistency proof that is read.
const LONGEST_PROOF: usize = 63;

/// The body of `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Size of the head that the witness vouched for last; 0 when it never did.
    pub old: u64,
    pub proof: Vec<Hash>,
    pub head: SignedNote,
}

/// Why a witness does not vouch; each with its status of HTTP.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("not a submission: {0}")]
    Malformed(&'static str),
    #[error("no log of that name is watched here")]
    UnknownLog,
    #[error("not signed with a key of that log")]
    Unsigned,
    #[error("the old size is larger than the new one")]
    Shrunk,
    #[error("the head seen last is of {0} entries")]
    Conflict(u64),
    #[error("another head of {0} entries was seen: the log shows two histories")]
    Forked(u64),
    #[error("the head does not extend the one seen last")]
    Inconsistent,
}

impl Refusal {
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::Shrunk => 400,
            Self::Unsigned => 403,
            Self::UnknownLog => 404,
            Self::Conflict(_) | Self::Forked(_) => 409,
            Self::Inconsistent => 422,
        }
    }

    /// The body: a size where the protocol wants one, otherwise a sentence.
    pub fn body(&self) -> String {
        match self {
            Self::Conflict(size) | Self::Forked(size) => format!("{size}\n"),
            other => format!("{other}\n"),
        }
    }
}

impl fmt::Display for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{hash}")?;
        }
        write!(f, "\n{}", self.head)
    }
}

impl FromStr for Submission {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let (before, head) = text.split_once("\n\n").ok_or(Refusal::Malformed("no empty line"))?;
        let mut lines = before.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.ok_or(Refusal::Malformed("it begins with the old size"))?;
        let size: u64 = old.parse().map_err(|_| Refusal::Malformed("the old size"))?;
        if size.to_string() != old {
            return Err(Refusal::Malformed("the old size has leading zeroes or a sign"));
        }
        let proof: Vec<Hash> =
            lines.map(str::parse).collect::<Result<_, _>>().map_err(|_| Refusal::Malformed("a hash"))?;
        if proof.len() > LONGEST_PROOF {
            return Err(Refusal::Malformed("too many hashes"));
        }
        let head = head.parse().map_err(|_| Refusal::Malformed("the checkpoint is not a signed note"))?;
        Ok(Self { old: size, proof, head })
    }
}

impl Submission {
    /// The origin it claims, before anything is checked.
    pub fn origin(&self) -> Option<&str> {
        self.head.text().split('\n').next()
    }

    /// The head, once it is found to be one of a log that is watched and to extend `latest`, the head of that log that
    /// this witness vouched for last.
    pub fn judge(&self, keys: &[NoteKey], latest: Option<&Checkpoint>) -> Result<Checkpoint, Refusal> {
        let mut ours = keys.iter().filter(|key| Some(key.name().as_str()) == self.origin()).peekable();
        if ours.peek().is_none() {
            return Err(Refusal::UnknownLog);
        }
        if !ours.any(|key| self.head.check(key).is_ok()) {
            return Err(Refusal::Unsigned);
        }
        let next: Checkpoint =
            self.head.text().parse().map_err(|_| Refusal::Malformed("a checkpoint of three lines"))?;
        if self.old > next.size {
            return Err(Refusal::Shrunk);
        }
        let Some(latest) = latest else {
            return match (self.old, self.proof.is_empty()) {
                (0, true) => Ok(next),
                (0, false) => Err(Refusal::Inconsistent),
                _ => Err(Refusal::Conflict(0)),
            };
        };
        if self.old != latest.size {
            return Err(Refusal::Conflict(latest.size));
        }
        if next.size == latest.size && next.root != latest.root {
            return Err(Refusal::Forked(latest.size));
        }
        check_consistency((latest.size, &latest.root), (next.size, &next.root), &self.proof)
            .map_err(|_| Refusal::Inconsistent)?;
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::merkle::{Frontier, leaf_hash, root_of};
    use crate::log::note::LogSigner;
    use crate::log::proof::{self, ProofError};
    use crate::log::token::Token;
    use std::collections::BTreeMap;

    fn signer(name: &str, seed: u8) -> LogSigner {
        LogSigner::from_seed(Token::new(name).unwrap(), &[seed; 32]).unwrap()
    }

    fn leaves(size: u64) -> Vec<Hash> {
        (0..size).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect()
    }

    fn head(size: u64) -> Checkpoint {
        let root = root_of(&leaves(size));
        Checkpoint { origin: Token::new("log.example").unwrap(), size, root }
    }

    fn submission(old: u64, new: u64) -> Submission {
        let (mut nodes, mut frontier) = (BTreeMap::new(), Frontier::default());
        for leaf in leaves(new) {
            frontier.append_with(leaf, |node, hash| _ = nodes.insert(node, hash));
        }
        let proof = proof::consistency(old, new, |node| Ok::<_, ProofError>(nodes[&node])).unwrap();
        Submission { old, proof, head: head(new).sign(&signer("log.example", 1)) }
    }

    #[test]
    fn only_what_extends_the_last_head_is_vouched_for() {
        let keys = [signer("log.example", 1).key().clone(), signer("other.example", 3).key().clone()];
        let read: Submission = submission(5, 9).to_string().parse().unwrap();
        assert_eq!(read, submission(5, 9));
        assert_eq!(read.judge(&keys, Some(&head(5))), Ok(head(9)));
        assert_eq!(submission(0, 4).judge(&keys, None), Ok(head(4)));
        assert_eq!(submission(9, 9).judge(&keys, Some(&head(9))), Ok(head(9)));
        let refused = |submission: &Submission, latest: Option<&Checkpoint>| {
            let refusal = submission.judge(&keys, latest).unwrap_err();
            (refusal.status(), refusal.body())
        };
        assert_eq!(refused(&submission(5, 9), Some(&head(7))), (409, "7\n".into()));
        assert_eq!(refused(&submission(5, 9), None), (409, "0\n".into()));
        let other = Checkpoint { root: leaf_hash(b"other"), ..head(9) };
        assert_eq!(refused(&submission(9, 9), Some(&other)), (409, "9\n".into()));
        let other = Checkpoint { root: leaf_hash(b"other"), ..head(5) };
        assert_eq!(refused(&submission(5, 9), Some(&other)).0, 422);
        let mut cut = submission(5, 9);
        cut.proof.pop();
        assert_eq!(refused(&cut, Some(&head(5))).0, 422);
        let mut shrunk = submission(5, 9);
        shrunk.old = 10;
        assert_eq!(refused(&shrunk, Some(&head(10))).0, 400);
        let forged = Submission { head: head(9).sign(&signer("log.example", 2)), ..submission(5, 9) };
        assert_eq!(refused(&forged, Some(&head(5))).0, 403);
        assert_eq!(submission(5, 9).judge(&keys[1..], None).unwrap_err(), Refusal::UnknownLog);
    }

    #[test]
    fn only_the_exact_form_is_read() {
        let good = submission(5, 9).to_string();
        for bad in [
            good.replacen("old 5", "old 05", 1),
            good.replacen("old 5", "old +5", 1),
            good.replacen("old 5", "5", 1),
            good.replacen("old 5\n", "old 5\nAAAA\n", 1),
            good.replacen("\n\n", "\n", 2),
            format!("old 5\n{}{}", format!("{}\n", leaf_hash(b"x")).repeat(64), "\nx\n1\nx\n\n"),
            String::new(),
        ] {
            assert_eq!(bad.parse::<Submission>().unwrap_err().status(), 400, "{bad:?}");
        }
    }
}
