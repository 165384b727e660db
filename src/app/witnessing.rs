//! What witnesses say of our heads, and whether it is enough for the policy.
use crate::domain::time::Timestamp;
use crate::log::note::SignedNote;
use crate::log::policy::Policy;
use crate::store::tree::CheckpointRow;
use crate::store::{Access, StoreError, cosignature, epoch, tree};
use crate::view;

use super::App;

/// The alarm of a witness that saw what this log does not hold, or of heads that nobody vouches for.
pub const LOG_WITNESS: &str = "log_witness";

/// A signed head with what witnesses said of it, as anyone may read it.
pub(super) async fn note(tx: &mut impl Access, head: &CheckpointRow) -> Result<String, StoreError> {
    let mut note = head.note.clone();
    for line in cosignature::lines(tx, head.size).await? {
        note.push_str(&line);
        note.push('\n');
    }
    Ok(note)
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
        let note: SignedNote =
            note(tx, &head).await?.parse().map_err(|bad| StoreError::Corrupt(format!("the latest head: {bad}")))?;
        let enough = policy.is_met(&|key| key.check(&note).is_ok());
        Ok(Witnessed { witnesses, head: Some((u64::try_from(head.size).unwrap_or(0), head.signed_at)), enough })
    })
}
