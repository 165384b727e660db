//! The proof of a mandate's whole story: the receipts of its entries in the mandate's own order, all under one signed head,
//! one line each; and a last line that says how many there are, so that a file cut short is told.
use serde::Deserialize;

use super::checkpoint::Checkpoint;
use super::receipt::{self, Proven};
use super::verify::{Trust, Wrong};
use crate::domain::ids::MandateId;

const VERSION: u64 = 1;

/// The last line, without its end.
pub fn end(mandate: MandateId, entries: i64) -> String {
    format!("{{\"story\":{VERSION},\"mandate\":\"{mandate}\",\"entries\":{entries}}}")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    story: u64,
    mandate: MandateId,
    entries: i64,
}

/// What is wrong with a story, besides what may be with each receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStory {
    #[error("{0}")]
    Receipt(#[from] Wrong),
    #[error("version {0} of the story is not known to this program")]
    Version(u64),
    #[error("the entry is of no mandate, or of another than the first")]
    Mandate,
    #[error(
        "the mandate's number {wanted} was awaited, and not {found}: entries were taken out, swapped or repeated"
    )]
    Number { wanted: i64, found: i64 },
    #[error("the receipt is under another head than the first")]
    Head,
    #[error("the file is cut short: its last line, which counts the entries, is missing")]
    CutShort,
    #[error("the last line counts {said} entries, and {found} came before it")]
    Count { said: i64, found: i64 },
    #[error("something follows the line that ends the story")]
    AfterEnd,
}

/// A story checked line by line; only what all lines share is kept.
#[derive(Debug, Default)]
pub struct Checking {
    first: Option<(MandateId, Checkpoint)>,
    entries: i64,
    ended: bool,
}

impl Checking {
    /// Takes the next line: what its receipt proves, or nothing for the line that ends the story.
    pub fn line(&mut self, text: &str, trust: &Trust) -> Result<Option<Proven>, BadStory> {
        if self.ended {
            return Err(BadStory::AfterEnd);
        }
        if !receipt::is_receipt(text) {
            self.end(text)?;
            return Ok(None);
        }
        let proven = receipt::verify(text, trust)?;
        let (Some(mandate), Some(found)) = (proven.leaf.mandate, proven.leaf.seq) else {
            return Err(BadStory::Mandate);
        };
        let (of, head) = self.first.get_or_insert_with(|| (mandate, proven.head.clone()));
        if *of != mandate {
            return Err(BadStory::Mandate);
        }
        if *head != proven.head {
            return Err(BadStory::Head);
        }
        let wanted = self.entries + 1;
        if found != wanted {
            return Err(BadStory::Number { wanted, found });
        }
        self.entries = wanted;
        Ok(Some(proven))
    }

    fn end(&mut self, text: &str) -> Result<(), BadStory> {
        let end: End = serde_json::from_str(text).map_err(|_| BadStory::CutShort)?;
        if end.story != VERSION {
            return Err(BadStory::Version(end.story));
        }
        if self.first.as_ref().is_none_or(|(mandate, _)| *mandate != end.mandate) {
            return Err(BadStory::Mandate);
        }
        if end.entries != self.entries {
            return Err(BadStory::Count { said: end.entries, found: self.entries });
        }
        self.ended = true;
        Ok(())
    }

    /// The mandate, and how many entries it was proven to have under the head.
    pub fn finish(self) -> Result<(MandateId, i64, Checkpoint), BadStory> {
        match self.first {
            Some((mandate, head)) if self.ended => Ok((mandate, self.entries, head)),
            _ => Err(BadStory::CutShort),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_from_later_is_told_as_such() {
        let later =
            end(MandateId::from_uuid(uuid::Uuid::from_u128(1)), 0).replace("\"story\":1", "\"story\":2");
        assert_eq!(Checking::default().line(&later, &Trust::default()).unwrap_err(), BadStory::Version(2));
    }
}
