//! Before a node takes over the log from another, it asks the witnesses what they saw last: a database restored from
//! yesterday, on a machine that never signed, contradicts no memory of its own.
use time::Duration;

use super::keeper::{KeepError, Keeper};
use super::witnesses::{WitnessError, client, latest, vouch};
use crate::app::App;
use crate::domain::time::Timestamp;
use crate::log::note::NoteError;
use crate::log::policy::{Policy, Witness};

/// A witness that contradicted is asked again after this long.
const ASK_AGAIN: Duration = Duration::seconds(10);
/// Another node may publish heads while the witnesses are asked.
const LOOKS: usize = 3;

/// What one node asks before it continues a log that it did not continue last.
#[derive(Debug)]
pub struct Takeover {
    policy: Option<Policy>,
    http: reqwest::Client,
    refused: Option<(Timestamp, String)>,
}

impl Takeover {
    /// Without a policy nobody is asked.
    pub fn new(policy: Option<Policy>) -> Result<Self, NoteError> {
        Ok(Self { policy, http: client()?, refused: None })
    }

    /// Fails when continuing the log would be taking it over, and a witness knows a head that this database does not
    /// continue. A witness that does not answer stops nothing: what it saw cannot be known, and the node's own memory of
    /// what it signed is checked in any case.
    pub async fn ask(&mut self, app: &App, keeper: &Keeper) -> Result<(), KeepError> {
        let Some(policy) = &self.policy else { return Ok(()) };
        if !keeper.takes_over(app).await? {
            return Ok(());
        }
        let now = app.now();
        if let Some((at, why)) = &self.refused
            && now < *at + ASK_AGAIN
        {
            return Err(KeepError::Witness(why.clone()));
        }
        self.refused = None;
        for witness in &policy.witnesses {
            let name = witness.key.name();
            match contradicts(app, &self.http, witness).await {
                Ok(()) => {}
                Err(WitnessError::Store(error)) => return Err(error.into()),
                Err(error @ (WitnessError::Ahead { .. } | WitnessError::Contradicted)) => {
                    let why = format!("the witness {name}: {error}");
                    self.refused = Some((now, why.clone()));
                    return Err(KeepError::Witness(why));
                }
                Err(error) => {
                    tracing::warn!(witness = %name, %error, "not heard before the log was taken over");
                }
            }
        }
        Ok(())
    }
}

/// Asks one witness about our latest head as if it had seen it: it tells what it saw instead.
async fn contradicts(app: &App, http: &reqwest::Client, witness: &Witness) -> Result<(), WitnessError> {
    let Some(url) = &witness.url else { return Ok(()) };
    let mut before = None;
    for _ in 0..LOOKS {
        let Some(head) =
            latest(app).await?.filter(|head| i64::try_from(head.size).is_ok_and(|size| size > head.after))
        else {
            return Ok(());
        };
        match vouch(app, http, witness, url, &head, head.size).await {
            // Meanwhile this database may have come to hold more: only what stays behind is behind.
            Err(error @ WitnessError::Ahead { .. }) if before == Some(head.size) => return Err(error),
            Err(WitnessError::Ahead { .. }) => before = Some(head.size),
            other => return other.map(|_| ()),
        }
    }
    Ok(())
}
