//! The proof of a mandate's whole story, for an auditor to keep: each entry's receipt under one signed head. That it was
//! taken is itself an entry of the story, written before the first line is given.
use crate::domain::ids::MandateId;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::merkle::Hash;
use crate::log::note::SignedNote;
use crate::log::receipt::Receipt;
use crate::log::story;
use crate::store::auditor;
use crate::store::tree as stored;
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::give_receipt::{ReceiptError, head_over, proven, successions};
use super::outside_perimeter::{self, Tried};
use super::record;
use super::search_log::perimeter;
use super::tree;

/// Entries proven at once.
const CHUNK: i64 = 100;

/// A proof on its way out.
#[derive(Debug)]
pub struct Proving {
    mandate: MandateId,
    head: SignedNote,
    keys: Vec<SignedNote>,
    size: u64,
    root: Hash,
    /// How many entries were given.
    given: i64,
    over: bool,
}

/// Chooses the head and writes down who takes the proof of the mandate of this reference.
pub async fn prove(app: &App, who: &SignedIn, reference: &str) -> Result<Proving, ReceiptError> {
    let policy = app.config.log.policy().map_err(ReceiptError::Policy)?;
    let found = view!(app.store, tx => {
        let perimeter_of = perimeter(tx, who.person_id).await?;
        Ok::<_, ReceiptError>(auditor::mandate(tx, reference, perimeter_of).await?)
    })?;
    let Some(mandate) = found else {
        outside_perimeter::refuse(app, who, Kind::LogExported, Tried::Mandate(reference)).await?;
        return Err(ReceiptError::NotFound);
    };
    let (row, head, keys) = view!(app.store, tx => {
        let latest = stored::latest_checkpoint(tx).await?.ok_or(ReceiptError::Waiting)?;
        let last = auditor::last_place(tx, mandate.id, latest.size).await?.ok_or(ReceiptError::Waiting)?;
        let (row, head) = head_over(tx, policy.as_ref(), last).await?;
        let keys = successions(tx, row.size).await?;
        Ok::<_, ReceiptError>((row, head, keys))
    })?;
    let root = app.log.open_checkpoint(&head).map_err(|_| ReceiptError::Altered)?.root;
    let draft = Draft::done(Kind::LogExported)
        .by(who.person_id, Role::Auditor)
        .structure(mandate.structure_id)
        .mandate(mandate.id)
        .user_if(mandate.user_id)
        .fact("what", "story")
        .fact("after_last", row.size);
    record::append(app, draft).await?;
    let size = u64::try_from(row.size).unwrap_or(0);
    Ok(Proving { mandate: mandate.id, head, keys, size, root, given: 0, over: false })
}

impl Proving {
    /// The next lines, each with its end; `None` when all were given.
    pub async fn next(&mut self, app: &App) -> Result<Option<String>, ReceiptError> {
        if self.over {
            return Ok(None);
        }
        let (rows, paths) = view!(app.store, tx => {
            let rows = auditor::story(tx, self.mandate, self.given, CHUNK).await?;
            // Entries that the head does not cover are left out, and all after them in the mandate's own order.
            let placed = |index: Option<i64>| u64::try_from(index?).ok().filter(|index| *index < self.size);
            let rows: Vec<_> = rows
                .into_iter()
                .map_while(|row| Some((placed(row.entry.leaf_index)?, row.entry)))
                .collect();
            let indexes: Vec<u64> = rows.iter().map(|(index, _)| *index).collect();
            let paths = tree::inclusion(tx, &indexes, self.size).await?;
            Ok::<_, ReceiptError>((rows, paths))
        })?;
        let mut text = String::new();
        for ((index, row), path) in rows.iter().zip(paths) {
            let leaf = proven(&row.leaf, *index, (self.size, &self.root), &path)?;
            let (head, keys) = (&self.head, &self.keys[..]);
            let receipt = Receipt { leaf, parts: &[], index: *index, path: &path, head, keys };
            text.push_str(&receipt.write());
            text.push('\n');
            self.given += 1;
        }
        if i64::try_from(rows.len()).unwrap_or(0) < CHUNK {
            self.over = true;
            text.push_str(&story::end(self.mandate, self.given));
            text.push('\n');
        }
        Ok(Some(text))
    }
}
