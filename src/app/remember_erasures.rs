//! Decisions about people's data, remembered outside the database: when an older copy of it is restored, it holds again
//! what was erased since, and has forgotten holds. Each node keeps a file beside its memory of the last head, which is only
//! ever added to; it names nobody. What time alone erases is not in it: the job does that again by itself.
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::Duration;

use crate::domain::ids::{EntryId, UserId, first_id};
use crate::domain::time::Timestamp;
use crate::log::entry::Leaf;
use crate::log::kind::Kind;
use crate::store::erasure::{self, DecisionRow};
use crate::store::{Store, StoreError};
use crate::view;

use super::App;
use super::erase_user::Reason;

/// Entries read at once.
const PAGE: i64 = 500;
/// An entry that commits late has an earlier id than others that were seen.
const LATE: Duration = Duration::days(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    Erased,
    Held,
    Released,
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub what: What,
    pub user: UserId,
    pub pseudonym: String,
    /// Of an erasure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    pub entry: EntryId,
    pub at: Timestamp,
}

#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    #[error("{path}: {cause}")]
    Io { path: PathBuf, cause: std::io::Error },
    #[error("{path}, line {line}: {cause}")]
    Line { path: PathBuf, line: usize, cause: serde_json::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The file of this node.
pub fn file(app: &App) -> PathBuf {
    let mut name = app.config.log.head_file.clone().into_os_string();
    name.push(".erasures");
    PathBuf::from(name)
}

/// What a file remembers, in the order in which it was written; nothing if there is none yet.
pub fn read(path: &Path) -> Result<Vec<Decision>, MemoryError> {
    let io = |cause| MemoryError::Io { path: path.to_owned(), cause };
    let text = match std::fs::read_to_string(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(io)?,
    };
    // A line that was being written when its node stopped is written again from the database.
    let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
    let lines = whole.lines().enumerate().filter(|(_, line)| !line.is_empty());
    let mut decisions = Vec::new();
    for (number, line) in lines {
        match serde_json::from_str(line) {
            Ok(decision) => decisions.push(decision),
            Err(cause) if cause.is_eof() => {}
            Err(cause) => return Err(MemoryError::Line { path: path.to_owned(), line: number + 1, cause }),
        }
    }
    Ok(decisions)
}

/// Adds to the file of this node what the database holds and the file does not, by whichever node it was decided: of the
/// last day, or all since its last line. Durable before it returns. Gives how many lines.
pub async fn remember(app: &App, all: bool) -> Result<usize, MemoryError> {
    let path = file(app);
    let known = read(&path)?;
    let last = known.iter().map(|decision| decision.at).max();
    let since = if all { last } else { Some(app.now()) };
    let after = EntryId::from_uuid(since.map_or(uuid::Uuid::nil(), |at| first_id(at - LATE)));
    let known: BTreeSet<EntryId> = known.iter().map(|decision| decision.entry).collect();
    let mut fresh = decided(&app.store, after).await?;
    fresh.retain(|decision| !known.contains(&decision.entry));
    append(&path, &fresh)?;
    Ok(fresh.len())
}

/// As [`remember`] right after a decision. It has been committed: what fails here is told, and made good by the job.
pub(super) async fn remember_now(app: &App) {
    if let Err(error) = remember(app, false).await {
        tracing::error!(%error, "a decision about somebody's data is not remembered outside the database yet");
    }
}

fn append(path: &Path, decisions: &[Decision]) -> Result<(), MemoryError> {
    if decisions.is_empty() {
        return Ok(());
    }
    let io = |cause| MemoryError::Io { path: path.to_owned(), cause };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path).map_err(io)?;
    let mut text = String::new();
    // After a line that was cut short, a new one.
    let mut end = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut end).map_err(io)?;
    }
    if end != [b'\n'] {
        text.push('\n');
    }
    for decision in decisions {
        let line = serde_json::to_string(decision).map_err(|cause| MemoryError::Line {
            path: path.to_owned(),
            line: 0,
            cause,
        })?;
        text.push_str(&line);
        text.push('\n');
    }
    file.write_all(text.as_bytes()).map_err(io)?;
    file.sync_all().map_err(io)
}

/// What the database says was decided after an entry, in order.
async fn decided(store: &Store, after: EntryId) -> Result<Vec<Decision>, StoreError> {
    let mut found = Vec::new();
    for kind in [Kind::DataErased, Kind::HoldPlaced, Kind::HoldLifted] {
        let mut after = after;
        loop {
            let rows = view!(store, tx => { erasure::decisions(tx, kind.token(), after, PAGE).await })?;
            let full = i64::try_from(rows.len()).unwrap_or(0) == PAGE;
            if let Some(last) = rows.last() {
                after = last.id;
            }
            found.extend(rows.into_iter().filter_map(|row| decision(kind, &row)));
            if !full {
                break;
            }
        }
    }
    found.sort_by_key(|decision| decision.entry);
    Ok(found)
}

fn decision(kind: Kind, row: &DecisionRow) -> Option<Decision> {
    let leaf = Leaf::decode(&row.leaf).ok()?;
    let (what, reason) = match kind {
        Kind::HoldPlaced => (What::Held, None),
        Kind::HoldLifted => (What::Released, None),
        _ => (What::Erased, Some(Reason::of(&leaf)?)),
    };
    if reason == Some(Reason::Retention) {
        return None;
    }
    let pseudonym = leaf.user?.to_string();
    Some(Decision { what, user: row.user_id, pseudonym, reason, entry: row.id, at: row.at })
}
