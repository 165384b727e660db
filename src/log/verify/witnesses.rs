//! Who vouches for a head, and whether they are enough.
use super::Trust;
use super::fault::Wrong;
use crate::domain::time::Timestamp;
use crate::log::cosignature::{CosignatureError, WitnessKey};
use crate::log::note::SignedNote;
use crate::log::token::Token;

/// Those of the trusted witnesses that vouch for the head, with the instant at which they saw it; and what is wrong.
pub(in crate::log) fn check(head: &SignedNote, trust: &Trust) -> (Vec<(Token, Timestamp)>, Vec<Wrong>) {
    let (mut vouched, mut keys, mut wrong) = (Vec::new(), Vec::<&WitnessKey>::new(), Vec::new());
    // These alone convict nobody: they explain why there are not enough.
    let mut lacking = Vec::new();
    for key in &trust.witnesses {
        match (key.check(head), trust.vouched_since) {
            (Ok(at), Some(since)) if at < since => {
                lacking.push(Wrong::Stale { name: key.name().clone(), at, since });
            }
            (Ok(at), _) => {
                vouched.push((key.name().clone(), at));
                keys.push(key);
            }
            (Err(CosignatureError::Absent(_)), _) => {}
            (Err(error @ CosignatureError::OtherKey(_)), _) => lacking.push(Wrong::Witness(error)),
            (Err(error), _) => wrong.push(Wrong::Witness(error)),
        }
    }
    let (found, wanted) = (vouched.len(), trust.quorum);
    let met = trust.policy.as_ref().is_none_or(|policy| policy.is_met(&|key| keys.contains(&key)));
    if found < wanted || !met {
        wrong.append(&mut lacking);
        wrong.push(if found < wanted { Wrong::Quorum { found, wanted } } else { Wrong::Policy });
    }
    (vouched, wrong)
}
