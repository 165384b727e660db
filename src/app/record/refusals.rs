//! Refusals come in floods: beyond a rate they are counted, not copied.
use std::collections::BTreeMap;

use serde_json::json;
use time::Duration;

use super::{RecordError, Recorded, record_all};
use crate::app::{App, together};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::store::{WriteTx, refusal};
use crate::transact;

/// Refusals of one kind from one source that are copied in a minute; the others are counted.
const COPIED_PER_SOURCE: i64 = 20;
/// Refusals copied in a minute whatever their kind and source.
const COPIED_IN_ALL: i64 = 600;
/// Sources told apart in the entry of one kind and minute.
const SOURCES_TOLD: usize = 20;

/// Writes an entry in a commit shared with others; returns after the commit.
pub async fn append(app: &App, draft: Draft) -> Result<Recorded, RecordError> {
    together::entry(app, draft, None).await?.ok_or(RecordError::Shared)
}

/// Writes a refusal, or a lock that began, in a transaction of its own: the act's was rolled back, or is not to wait for
/// what all refusals are counted in. `source` tells one origin of
/// requests from another (an address, a client); beyond a rate its refusals are only counted, and `None` returned.
pub async fn refuse(app: &App, draft: Draft, source: &str) -> Result<Option<Recorded>, RecordError> {
    let source = app.sealer.blind_index("refusal source", source.as_bytes());
    together::entry(app, draft, Some(source)).await
}

/// Which of the entries are copied into the log; the others are refusals of a flood, counted here. What has no source
/// always is.
pub(in crate::app) async fn copied(
    tx: &mut WriteTx,
    entries: &[(&Draft, Option<&[u8]>)],
    now: Timestamp,
) -> Result<Vec<bool>, RecordError> {
    let minute = minute(now);
    let mut by_source: BTreeMap<(&str, &[u8]), Vec<usize>> = BTreeMap::new();
    for (place, (draft, source)) in entries.iter().enumerate() {
        if let Some(source) = source {
            by_source.entry((draft.kind().token(), source)).or_default().push(place);
        }
    }
    // Every source in one order on all nodes, and only then the count of all: no two commits wait for each other.
    let mut counted = Vec::with_capacity(by_source.len());
    for ((kind, source), places) in by_source {
        let more = i64::try_from(places.len()).unwrap_or(i64::MAX);
        let so_far = refusal::count(tx, kind, source, minute, more).await? - more;
        counted.push((kind, source, places, (COPIED_PER_SOURCE - so_far).clamp(0, more)));
    }
    let wanted: i64 = counted.iter().map(|(.., room)| room).sum();
    let in_all = if wanted == 0 { 0 } else { refusal::count(tx, "", &[], minute, wanted).await? - wanted };
    let mut left = (COPIED_IN_ALL - in_all).max(0);
    let mut copied = vec![true; entries.len()];
    for (kind, source, places, room) in counted {
        let room = room.min(left);
        left -= room;
        let room = usize::try_from(room).unwrap_or(0);
        if room < places.len() {
            let beyond = i64::try_from(places.len() - room).unwrap_or(i64::MAX);
            refusal::leave_out(tx, kind, source, minute, beyond).await?;
        }
        for place in places.into_iter().skip(room) {
            if let Some(one) = copied.get_mut(place) {
                *one = false;
            }
        }
    }
    Ok(copied)
}

fn minute(now: Timestamp) -> Timestamp {
    now - Duration::microseconds(now.unix_micros().rem_euclid(60_000_000))
}

/// Turns the counts of past minutes into entries, one per kind and source, and one more for the kind when the
/// sources are too many. Run every minute by one node.
pub async fn count_refusals(app: &App) -> Result<usize, RecordError> {
    let before = minute(app.now());
    transact!(app.store, "count_refusals", tx => {
        let mut drafts = Vec::new();
        let mut told: BTreeMap<(Timestamp, String), (usize, i64)> = BTreeMap::new();
        for row in refusal::take_before(tx, before).await? {
            let (sources, rest) = told.entry((row.minute, row.kind.clone())).or_default();
            *sources += 1;
            if *sources > SOURCES_TOLD {
                *rest += row.left_out;
                continue;
            }
            // An index of an address is personal, and goes when addresses go.
            let source = data_encoding::HEXLOWER.encode(row.source.get(..8).unwrap_or_default());
            let draft = counted(&row.kind, row.minute, row.left_out);
            drafts.push(draft.part(PartKind::Technical, json!({ "source": source })));
        }
        for ((minute, kind), (sources, rest)) in told {
            if rest > 0 {
                let others = i64::try_from(sources - SOURCES_TOLD).unwrap_or(i64::MAX);
                drafts.push(counted(&kind, minute, rest).fact("sources", others));
            }
        }
        let written = drafts.len();
        record_all(app, tx, drafts).await?;
        Ok::<_, RecordError>(written)
    })
}

fn counted(kind: &str, minute: Timestamp, refusals: i64) -> Draft {
    Draft::done(Kind::RefusalsCounted)
        .by_role(Role::System)
        .fact("of", kind)
        .fact("minute", minute)
        .fact("refusals", refusals)
}
