//! Each day of each structure is counted in a line of the log, days without any act too: so silence is visible, and
//! what was taken out of a day no longer agrees with its count.
use jiff::civil::Date;
use jiff::tz::TimeZone;
use time::Duration;
use uuid::Uuid;

use crate::domain::ids::StructureId;
use crate::domain::mandate::local_day;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::activity::{self, CountRow, DueRow, Whose};
use crate::store::{AsStoreError, StoreError};
use crate::{transact, view};

use super::App;
use super::fault::Fault;
use super::record;

/// Structures looked at together.
const CHUNK: i64 = 200;
/// A day is counted once it has been over this long: what was written at its last second has committed.
const REST: Duration = Duration::minutes(15);

/// Counts every day that is over and not counted yet. Gives how many lines it wrote. Safe to repeat, on any node: the
/// database refuses a second count of a day.
pub async fn count_days(app: &App) -> Result<usize, Fault> {
    let now = app.now();
    // In every time zone that is behind UTC this day may not be over yet: nothing is due there before it is.
    let recent = local_date(now - Duration::days(1), &TimeZone::UTC)?.to_string();
    let (mut after, mut written) = (StructureId::from_uuid(Uuid::nil()), 0);
    loop {
        let rows = view!(app.store, tx => { activity::due(tx, &recent, after, CHUNK).await })?;
        let Some(last) = rows.last() else { return Ok(written) };
        after = last.id;
        for row in &rows {
            written += catch_up(app, row, now).await?;
        }
    }
}

async fn catch_up(app: &App, row: &DueRow, now: Timestamp) -> Result<usize, Fault> {
    let zone = TimeZone::get(&row.time_zone).unwrap_or(TimeZone::UTC);
    let today = local_date(now - REST, &zone)?;
    let mut day = match row.counted.as_deref().and_then(|day| day.parse::<Date>().ok()) {
        Some(counted) => counted.tomorrow().map_err(|_| Fault::Interrupted)?,
        None => local_date(row.habilitated_from, &zone)?,
    };
    let mut written = 0;
    while day < today {
        let next = day.tomorrow().map_err(|_| Fault::Interrupted)?;
        if !count_day(app, row.id, day, (start(day, &zone)?, start(next, &zone)?)).await? {
            break;
        }
        written += 1;
        day = next;
    }
    Ok(written)
}

/// False when another node has counted it already.
async fn count_day(
    app: &App,
    structure: StructureId,
    day: Date,
    (from, until): (Timestamp, Timestamp),
) -> Result<bool, Fault> {
    let day = day.to_string();
    let outcome = transact!(app.store, "count_day", tx => {
        let rows = activity::counts(tx, &Whose::Structure(structure), (from, until)).await?;
        let sum = |keep: &dyn Fn(&CountRow) -> bool| {
            rows.iter().filter(|row| keep(row)).map(|row| row.lines).sum::<i64>()
        };
        let of = |kind: Kind| sum(&|row| row.outcome == "done" && row.kind == kind.token());
        let draft = Draft::done(Kind::ActivityCounted)
            .by_role(Role::System)
            .structure(structure)
            .fact("day", day.as_str())
            .fact("from", from)
            .fact("until", until)
            .fact("entries", sum(&|_| true))
            .fact("refused", sum(&|row| row.outcome == "refused"))
            .fact("uses", of(Kind::UseOpened))
            .fact("signed", of(Kind::MandateSigned));
        let entry = record::record(app, tx, draft).await?;
        activity::counted(tx, structure, &day, entry.id).await?;
        Ok::<_, Fault>(true)
    });
    match outcome {
        Err(error) if matches!(error.as_store_error(), Some(StoreError::Constraint { .. })) => Ok(false),
        outcome => outcome,
    }
}

fn local_date(at: Timestamp, zone: &TimeZone) -> Result<Date, Fault> {
    local_day(at, zone).map_err(|_| Fault::Interrupted)
}

fn start(day: Date, zone: &TimeZone) -> Result<Timestamp, Fault> {
    let start = day.to_zoned(zone.clone()).map_err(|_| Fault::Interrupted)?.timestamp();
    Timestamp::from_unix(start.as_second()).map_err(|_| Fault::Interrupted)
}
