//! What witnesses say of our heads, and whether it is enough for the policy.
use crate::domain::time::Timestamp;
use crate::log::note::SignedNote;
use crate::log::policy::Policy;
use crate::store::tree::CheckpointRow;
use crate::store::{Access, StoreError, cosignature, epoch, export, tree};
use crate::view;

use time::Duration;

use super::App;

/// The alarm of heads that nobody vouches for.
pub const LOG_WITNESS: &str = "log_witness";
/// The alarm of a witness that saw what this log does not hold.
pub const WITNESS_CONTRADICTS: &str = "log_contradicted:witness";

/// A signed head with what witnesses said of it, as anyone may read it.
pub(super) async fn note(tx: &mut impl Access, head: &CheckpointRow) -> Result<String, StoreError> {
    let mut note = head.note.clone();
    for line in cosignature::lines(tx, head.size).await? {
        note.push_str(&line);
        note.push('\n');
    }
    Ok(note)
}

/// Heads looked at for one that is witnessed enough: those of an hour in which too few witnesses answered.
const LOOKED_AT: usize = 360;

/// The newest head that covers the leaf at `index` and has the cosignatures that the policy wants, with them; `None` while there
/// is none.
pub(super) async fn vouched(
    tx: &mut impl Access,
    policy: &Policy,
    index: i64,
) -> Result<Option<(CheckpointRow, SignedNote)>, StoreError> {
    // Heads of a former epoch may cover leaves that were lost.
    let above = epoch::latest(tx).await?.map_or(index, |epoch| epoch.kept.max(index));
    let mut below = i64::MAX;
    for _ in 0..LOOKED_AT {
        let Some(head) = tree::witnessed_checkpoint(tx, above, below).await? else { return Ok(None) };
        let note = parsed(&note(tx, &head).await?)?;
        if policy.is_met(&|key| key.check(&note).is_ok()) {
            return Ok(Some((head, note)));
        }
        below = head.size;
    }
    Ok(None)
}

/// A head that not enough witnesses vouch for is a fault after this long.
pub const UNWITNESSED_FOR: Duration = Duration::minutes(15);

/// When the first head was signed that not enough witnesses vouch for, nor for a later one.
pub async fn lacking_since(app: &App, policy: &Policy) -> Result<Option<Timestamp>, StoreError> {
    view!(app.store, tx => {
        let vouched = vouched(tx, policy, 0).await?.map_or(0, |(head, _)| head.size);
        Ok(export::head_over(tx, vouched + 1).await?.map(|head| head.signed_at))
    })
}

fn parsed(note: &str) -> Result<SignedNote, StoreError> {
    note.parse().map_err(|bad| StoreError::Corrupt(format!("a head: {bad}")))
}

/// One witness of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub name: String,
    /// Size of the last head of the present epoch that it saw, and when; `None`: none yet.
    pub seen: Option<(u64, Timestamp)>,
}

/// How far the log is witnessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    pub witnesses: Vec<Standing>,
    /// The latest head, and since when it is signed; `None` before the first.
    pub head: Option<(u64, Timestamp)>,
    /// Whether enough witnesses vouch for the latest head.
    pub enough: bool,
}

/// How far the log is witnessed, by the policy of the configuration.
pub async fn standing(app: &App, policy: &Policy) -> Result<Witnessed, StoreError> {
    view!(app.store, tx => {
        let head = tree::latest_checkpoint(tx).await?;
        let after = epoch::latest(tx).await?.map_or(0, |epoch| epoch.kept);
        let mut witnesses = Vec::new();
        for witness in &policy.witnesses {
            let seen = cosignature::latest(tx, witness.key.name().as_str(), after).await?;
            let seen = seen.map(|row| (u64::try_from(row.size).unwrap_or(0), row.seen_at));
            witnesses.push(Standing { name: witness.key.name().to_string(), seen });
        }
        let Some(head) = head else { return Ok(Witnessed { witnesses, head: None, enough: false }) };
        let note = parsed(&note(tx, &head).await?)?;
        let enough = policy.is_met(&|key| key.check(&note).is_ok());
        Ok(Witnessed { witnesses, head: Some((u64::try_from(head.size).unwrap_or(0), head.signed_at)), enough })
    })
}
