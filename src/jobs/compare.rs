//! What is known of the log beside this node's memory: asked before a recovery commits to that memory for ever.
use super::keeper::{KeepError, Keeper, state};
use super::witnesses::{WitnessError, client, size_seen};
use crate::app::App;
use crate::app::alarms::{self, LOG_CONTRADICTED};
use crate::app::tree as stored;
use crate::log::checkpoint::Checkpoint;
use crate::log::note::NoteError;
use crate::store::tree;
use crate::view;

const REMEMBERS: &str = " remembers a head of ";

/// How an alarm says what the node that raises it remembers.
pub(super) fn remembering(file: &str, size: u64) -> String {
    format!("{file}{REMEMBERS}{size} entries")
}

fn remembered_in(detail: &str) -> Option<u64> {
    detail.rsplit_once(REMEMBERS)?.1.strip_suffix(" entries")?.parse().ok()
}

/// What was compared.
#[derive(Debug, Default)]
pub struct Compared {
    /// In sentences, each source by its name.
    pub lines: Vec<String>,
    /// The largest head known to be later than this node's, and who knows of it.
    pub later: Option<(u64, String)>,
}

impl Compared {
    fn add(&mut self, ours: u64, size: u64, who: &str) {
        self.lines.push(format!("{who}: a head of {size} entries"));
        let most = self.later.as_ref().map_or(ours, |(size, _)| *size);
        if size > most {
            self.later = Some((size, who.to_owned()));
        }
    }

    /// Refuses when somebody knows of a later head than the one that would be committed to.
    pub fn latest_is_ours(&self, ours: u64) -> Result<(), KeepError> {
        match self.later.clone() {
            Some((later, who)) => Err(KeepError::Later { ours, later, who }),
            None => Ok(()),
        }
    }
}

/// Compares this node's memory with what the database published, what other nodes say in their alarms, and what the
/// witnesses saw.
pub async fn compare(app: &App, keeper: &Keeper, ours: &Checkpoint) -> Result<Compared, KeepError> {
    let mut compared = Compared::default();
    published(app, ours, &mut compared).await?;
    for alarm in alarms::standing(app).await? {
        if let (true, Some(size)) = (alarm.name.starts_with(LOG_CONTRADICTED), remembered_in(&alarm.detail)) {
            compared.add(ours.size, size, &alarm.name);
        }
    }
    let Some(policy) = app.config.log.policy().map_err(KeepError::Witness)? else {
        compared.lines.push("no witness is named: nobody else was asked".to_owned());
        return Ok(compared);
    };
    let Some(note) = keeper.head.load()? else { return Err(KeepError::NoMemory) };
    let http = client()?;
    for witness in &policy.witnesses {
        let who = format!("the witness {}", witness.key.name());
        match size_seen(&http, witness, &note, ours.size).await {
            Ok(Some(size)) => compared.add(ours.size, size, &who),
            Ok(None) => {}
            Err(WitnessError::Store(error)) => return Err(error.into()),
            Err(error) => compared.lines.push(format!("{who} was not heard: {error}")),
        }
    }
    Ok(compared)
}

/// The latest head that the database published. One of another history is no later one: that is what a recovery is for.
async fn published(app: &App, ours: &Checkpoint, compared: &mut Compared) -> Result<(), KeepError> {
    let (row, rewritten) = view!(app.store, tx => {
        let row = tree::latest_checkpoint(tx).await?;
        let held = state(tx).await?.size >= ours.size;
        let rewritten = held && stored::root(tx, ours.size).await? != ours.root;
        Ok::<_, KeepError>((row, rewritten))
    })?;
    let size = row.map_or(0, |row| u64::try_from(row.size).unwrap_or(0));
    if rewritten {
        compared.lines.push(format!("the database published a head of {size} entries, of another history"));
    } else {
        compared.add(ours.size, size, "the database");
    }
    Ok(())
}

impl From<NoteError> for KeepError {
    fn from(error: NoteError) -> Self {
        Self::Store(crate::store::StoreError::Corrupt(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_remembers_is_read_from_its_alarm() {
        let detail = format!("it was rolled back; {}", remembering("/var/lib/a head of 7 entries", 1_000));
        assert_eq!(remembered_in(&detail), Some(1_000));
        assert_eq!(remembered_in("not witnessed: the head of 3 entries"), None);
    }
}
