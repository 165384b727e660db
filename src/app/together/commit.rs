//! The transaction that acts share. Each is first looked at; the mandates it stands on are then held, by taking the
//! next number of their sequence; and what was seen is checked once more under that hold, so that a revocation is
//! either seen here or comes after.
use std::collections::BTreeSet;

use crate::app::App;
use crate::app::caller::CHARTER_VERSION;
use crate::app::give_userinfo::{self, Seen};
use crate::app::record::{self, RecordError, refusals};
use crate::app::redeem_code::exchange::{self, Looked, Redeemed};
use crate::app::shown_once::{self, Again};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::store::authorization::{self, NewRequest};
use crate::store::{StoreError, WriteTx, token};
use crate::transact;

use super::{Act, Done};

/// Does all of them, or none; what became of each, in their order.
pub(super) async fn all(app: &App, acts: &[Act]) -> Result<Vec<Done>, RecordError> {
    transact!(app.store, "acts_together", tx => {
        let now = app.now();
        let refusals = acts.iter().filter_map(|act| match act {
            Act::Entry { draft, source } => Some((draft, source.as_deref())),
            _ => None,
        });
        let copied = refusals::copied(tx, &refusals.collect::<Vec<_>>(), now).await?;
        let requests = acts.iter().filter_map(|act| match act {
            Act::Redeem(request) => Some(request),
            _ => None,
        });
        let looked = exchange::look(tx, &requests.collect::<Vec<_>>(), now).await?;
        let tokens = acts.iter().filter_map(|act| match act {
            Act::Userinfo(token, once) => Some((token, once.jkt())),
            _ => None,
        });
        let seen = give_userinfo::look(app, tx, &tokens.collect::<Vec<_>>(), now).await?;
        let again = spend(tx, acts, &seen).await?;

        let Plan { mut done, places, drafts } = plan(acts, again, copied, looked, seen)?;
        authorization::insert(tx, &kept(acts, &done)).await?;
        // From here on the mandates are held.
        let entries = record::prepare(app, tx, drafts).await?;
        still_in_force(tx, &done, now).await?;
        exchange::redeem(tx, &done.iter().filter_map(redeemed).collect::<Vec<_>>(), now).await?;
        record::insert(tx, &entries).await?;

        let written = || places.iter().zip(&entries);
        let tokens: Vec<_> = written()
            .filter_map(|(place, entry)| Some((redeemed(done.get(*place)?)?, entry.recorded().id)))
            .collect();
        exchange::keep_tokens(tx, &tokens, now).await?;
        for (place, entry) in written() {
            if let Some(Done::Entry(told)) = done.get_mut(*place) {
                *told = Some(entry.recorded());
            }
        }
        Ok::<_, RecordError>(done)
    })
}

/// What becomes of each act; what is to be written, and the places of the acts that write it.
struct Plan {
    done: Vec<Done>,
    places: Vec<usize>,
    drafts: Vec<Draft>,
}

/// Spends what the acts show once; what each had shown before. A proof is spent only on a token that is bound to its key:
/// anybody can make one for another.
async fn spend(tx: &mut WriteTx, acts: &[Act], seen: &[Seen]) -> Result<Vec<Option<Again>>, StoreError> {
    let mut seen = seen.iter();
    let shown = acts.iter().map(|act| match act {
        Act::Entry { .. } => None,
        Act::Spend(once) | Act::Keep(_, once) => Some(once),
        Act::Redeem(request) => Some(request.once()),
        Act::Userinfo(_, once) => seen.next().filter(|seen| seen.shows_its_key()).map(|_| once),
    });
    shown_once::spend(tx, &shown.collect::<Vec<_>>()).await
}

/// The requests to keep.
fn kept<'a>(acts: &'a [Act], done: &[Done]) -> Vec<&'a NewRequest> {
    let each = acts.iter().zip(done);
    let kept = each.filter_map(|(act, done)| match (act, done) {
        (Act::Keep(request, _), Done::Spent(None)) => Some(&**request),
        _ => None,
    });
    kept.collect()
}

fn plan(
    acts: &[Act],
    again: Vec<Option<Again>>,
    copied: Vec<bool>,
    looked: Vec<Looked>,
    seen: Vec<Seen>,
) -> Result<Plan, RecordError> {
    let (mut copied, mut looked, mut seen) = (copied.into_iter(), looked.into_iter(), seen.into_iter());
    let mut plan = Plan { done: Vec::with_capacity(acts.len()), places: Vec::new(), drafts: Vec::new() };
    for (place, (act, again)) in acts.iter().zip(again).enumerate() {
        let (one, draft) = match act {
            Act::Entry { draft, .. } => {
                let copied = copied.next().ok_or(RecordError::Shared)?;
                (Done::Entry(None), copied.then(|| draft.clone()))
            }
            Act::Spend(_) | Act::Keep(..) => (Done::Spent(again), None),
            Act::Redeem(_) => {
                let looked = looked.next().ok_or(RecordError::Shared)?;
                let looked = again.map_or(looked, Looked::ShownAgain);
                let draft = looked.draft();
                (Done::Redeem(looked), draft)
            }
            Act::Userinfo(..) => {
                let seen = seen.next().ok_or(RecordError::Shared)?;
                let seen = if again.is_some() { Seen::ProofSpent } else { seen };
                let draft = seen.draft();
                (Done::Userinfo(seen), draft)
            }
        };
        plan.done.push(one);
        if let Some(draft) = draft {
            plan.places.push(place);
            plan.drafts.push(draft);
        }
    }
    Ok(plan)
}

fn redeemed(done: &Done) -> Option<&Redeemed> {
    match done {
        Done::Redeem(Looked::Redeemed(redeemed)) => Some(redeemed),
        _ => None,
    }
}

/// Makes sure that the uses at work may still go on; what has changed since the look is looked at again.
async fn still_in_force(tx: &mut WriteTx, done: &[Done], now: Timestamp) -> Result<(), StoreError> {
    let uses = done.iter().filter_map(|done| match done {
        Done::Redeem(Looked::Redeemed(redeemed)) => Some(redeemed.code.standing.use_id),
        Done::Userinfo(Seen::Given(given)) => Some(given.row.standing.use_id),
        _ => None,
    });
    let uses: Vec<_> = uses.collect::<BTreeSet<_>>().into_iter().collect();
    let in_force = token::in_force(tx, &uses, now, CHARTER_VERSION).await?;
    if in_force == uses.len() { Ok(()) } else { Err(StoreError::Overtaken) }
}
