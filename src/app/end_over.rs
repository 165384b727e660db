//! Writes down what time alone has ended: mandates past their end, drafts nobody went on with. Every check has
//! refused them since that instant; this only makes the tables and the log say so.
use crate::domain::mandate::LAPSES_AFTER;
use crate::domain::use_session::UseEnd;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::{mandate, use_session};
use crate::transact;

use super::fault::Fault;
use super::{App, end_use, record};

/// At most this many in one transaction.
const ROUND: i64 = 50;

/// One round; how many mandates were ended.
pub async fn end_over(app: &App) -> Result<usize, Fault> {
    transact!(app.store, "end_over", tx => {
        let now = app.now();
        let expired = mandate::due_to_expire(tx, now, ROUND).await?;
        for over in &expired {
            let entry = record::reserve(app);
            if !mandate::expire(tx, over, entry).await? {
                continue;
            }
            let mut draft = Draft::done(Kind::MandateExpired)
                .named(entry)
                .by_role(Role::System)
                .structure(over.structure_id)
                .mandate(over.id)
                .fact("effective_at", over.at);
            if let Some(user) = over.user_id {
                draft = draft.user(user);
            }
            record::record(app, tx, draft).await?;
            let uses = use_session::live_of_mandate(tx, over.id).await?;
            end_use::end_all(app, tx, uses, UseEnd::Expired, now).await?;
        }
        let lapsed = mandate::due_to_lapse(tx, now - LAPSES_AFTER, now, ROUND).await?;
        for over in &lapsed {
            let entry = record::reserve(app);
            if !mandate::lapse(tx, over.id, (now - LAPSES_AFTER, now), entry).await? {
                continue;
            }
            let mut draft = Draft::done(Kind::MandateLapsed)
                .named(entry)
                .by_role(Role::System)
                .structure(over.structure_id)
                .mandate(over.id);
            if let Some(user) = over.user_id {
                draft = draft.user(user);
            }
            record::record(app, tx, draft).await?;
        }
        Ok::<_, Fault>(expired.len() + lapsed.len())
    })
}
