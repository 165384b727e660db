//! A delivery of cards: every line good, or nothing taken.
use crate::domain::card::CardKind;
use crate::domain::card_import::{self, ImportedCard, LineError, Problem};
use crate::domain::ids::{CardId, StructureId};
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::store::card::{self, NewCard};
use crate::store::{AsStoreError, StoreError};
use crate::transact;

use super::create_person::by_command;
use super::fault::Fault;
use super::record::RecordError;
use super::{App, record};

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Every line that is wrong; nothing was taken.
    #[error("{} line(s) are wrong, nothing was imported", .0.len())]
    Lines(Vec<LineError>),
    #[error("checked only")]
    DryRun(usize),
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<RecordError> for ImportError {
    fn from(error: RecordError) -> Self {
        Self::Fault(error.into())
    }
}

impl AsStoreError for ImportError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Fault(fault) => fault.as_store_error(),
            _ => None,
        }
    }
}

/// Takes a delivery into the stock of a structure. A dry run does everything and takes it back. Gives how many cards.
pub async fn import(
    app: &App,
    text: &str,
    structure: StructureId,
    dry_run: bool,
) -> Result<usize, ImportError> {
    let cards = card_import::parse(text).map_err(ImportError::Lines)?;
    let done = transact!(app.store, "import_cards", tx => {
        let count = i64::try_from(cards.len()).unwrap_or(i64::MAX);
        let draft = by_command(Draft::done(Kind::CardImported)).structure(structure).fact("count", count);
        let entry = record::record(app, tx, draft).await?;
        let mut known = Vec::new();
        for imported in &cards {
            let id = CardId::new(app.now(), &*app.entropy);
            let sealed =
                app.sealer.seal(card::seed_place(&id), imported.card.seed.bytes()).map_err(Fault::from)?;
            let new = new_card(&imported.card, id, &sealed, structure, app, entry.id);
            if !card::insert(tx, &new).await? {
                known.push(LineError { line: imported.line, problem: Problem::Known });
            }
        }
        if !known.is_empty() {
            return Err(ImportError::Lines(known));
        }
        if dry_run {
            return Err(ImportError::DryRun(cards.len()));
        }
        Ok(cards.len())
    });
    match done {
        Err(ImportError::DryRun(count)) => Ok(count),
        done => done,
    }
}

fn new_card<'a>(
    imported: &'a ImportedCard,
    id: CardId,
    sealed: &'a [u8],
    structure: StructureId,
    app: &App,
    entry_id: crate::domain::ids::EntryId,
) -> NewCard<'a> {
    NewCard {
        id,
        kind: CardKind::Hardware,
        serial: Some(&imported.serial),
        seed_sealed: sealed,
        params: imported.params,
        structure_id: Some(structure),
        holder: None,
        now: app.now(),
        entry_id,
    }
}
