//! What the detectors of misuse read.
use sqlx::AssertSqlSafe;

use super::search::beside;
use super::{Access, StoreError};
use crate::domain::ids::{EntryId, PersonId, StructureId, UseId, UserId, first_id};
use crate::domain::time::Timestamp;

/// A line as a detector reads it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SignalRow {
    pub id: EntryId,
    pub at: Timestamp,
    pub kind: String,
    pub structure_id: StructureId,
    pub use_id: Option<UseId>,
    pub actor: Option<Vec<u8>>,
    pub subject: Option<Vec<u8>>,
    /// Only of a refusal, for its reason.
    pub refused: Option<Vec<u8>>,
}

/// Whose lines are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    Everywhere,
    /// In the structures listed for an auditor.
    Listed(PersonId),
    Structure(StructureId),
}

impl Among {
    /// `$1` and `$2` bound the ids, `$4` says whose: the index of structures leads, and lines of others are not met. Written
    /// so that PostgreSQL does not follow the primary key instead (see [`super::search`]).
    fn source(self, kinds: &str) -> String {
        let led = |structure: &str| {
            format!(
                "e.structure_id IS NOT NULL AND (e.structure_id, e.id) > ({structure}, $1) \
                AND (e.structure_id, e.id) < ({structure}, $2) AND {}",
                beside(kinds)
            )
        };
        match self {
            Self::Everywhere => {
                format!("entry e WHERE e.id > $1 AND e.id < $2 AND e.structure_id IS NOT NULL AND ({kinds})")
            }
            Self::Listed(_) => format!(
                "auditor_structure z CROSS JOIN entry e WHERE z.person_id = $4 AND {}",
                led("z.structure_id")
            ),
            Self::Structure(_) => format!("entry e WHERE {}", led("$4")),
        }
    }

    /// Whether what is read comes together before it is put in order: of everywhere, the order is followed instead.
    const fn gathered(self) -> &'static str {
        match self {
            Self::Everywhere => "AS",
            Self::Listed(_) | Self::Structure(_) => "AS MATERIALIZED",
        }
    }
}

/// Binds the bounds and whose lines.
macro_rules! bind_among {
    ($query:expr, $among:expr, $span:expr, $limit:expr) => {{
        let query = $query.bind($span.0).bind(EntryId::from_uuid(first_id($span.1))).bind($limit);
        match $among {
            Among::Everywhere => query,
            Among::Listed(person) => query.bind(person),
            Among::Structure(structure) => query.bind(structure),
        }
    }};
}

/// A structure, its time zone and its name.
pub type Zone = (StructureId, String, String);

/// The time zones of the structures whose lines are read.
pub async fn zones(tx: &mut impl Access, among: Among) -> Result<Vec<Zone>, StoreError> {
    const ALL: &str = "SELECT id, time_zone, name FROM structure";
    const LISTED: &str = "SELECT s.id, s.time_zone, s.name FROM structure s \
        JOIN auditor_structure a ON a.structure_id = s.id WHERE a.person_id = $1";
    const ONE: &str = "SELECT id, time_zone, name FROM structure WHERE id = $1";
    match among {
        Among::Everywhere => on!(tx, c => sqlx::query_as(ALL).fetch_all(c).await),
        Among::Listed(person) => on!(tx, c => sqlx::query_as(LISTED).bind(person).fetch_all(c).await),
        Among::Structure(id) => on!(tx, c => sqlx::query_as(ONE).bind(id).fetch_all(c).await),
    }
}

/// The lines that detectors read, of a span, after `after`, in order.
pub async fn signals(
    tx: &mut impl Access,
    kinds: &[(&'static str, &'static str)],
    span: (EntryId, Timestamp),
    among: Among,
    limit: i64,
) -> Result<Vec<SignalRow>, StoreError> {
    let wanted =
        kinds.iter().map(|(kind, outcome)| format!("(e.kind = '{kind}' AND e.outcome = '{outcome}')"));
    let source = among.source(&wanted.collect::<Vec<_>>().join(" OR "));
    let sql = format!(
        "WITH read {} (SELECT e.id, e.at, e.kind, e.structure_id, e.use_id, e.actor, e.subject, \
        CASE WHEN e.outcome = 'refused' THEN e.leaf END AS refused FROM {source}) \
        SELECT * FROM read ORDER BY id LIMIT $3",
        among.gathered()
    );
    on!(tx, c => bind_among!(sqlx::query_as(AssertSqlSafe(sql)), among, span, limit).fetch_all(c).await)
}

/// A signature, what became of the mandate, and the sealed names of both sides.
#[derive(sqlx::FromRow)]
pub struct SignedRow {
    pub entry_id: EntryId,
    pub signed_at: Timestamp,
    pub structure_id: StructureId,
    pub reference: String,
    pub actor: Vec<u8>,
    pub person_id: PersonId,
    pub name_sealed: Vec<u8>,
    pub user_id: UserId,
    pub identity_sealed: Vec<u8>,
    /// The first service opened under it.
    pub used_at: Option<Timestamp>,
    /// When, after that, it was first ended or suspended, or what was used of it ended.
    pub ended_at: Option<Timestamp>,
}

/// What makes a line a signature.
const SIGNATURE: &str = "e.kind = 'mandate.signed' AND e.outcome = 'done' AND e.actor IS NOT NULL";

/// When a service was first opened under the mandate of the signature `e`.
const USED: &str = "(SELECT u.at FROM entry u WHERE u.mandate_id = e.mandate_id AND u.kind = 'use.opened' \
    AND u.outcome = 'done' ORDER BY u.mandate_sequence LIMIT 1)";

/// When, after that, it was first ended or suspended, whole or in a grant that was used.
const ENDED: &str = "(SELECT u.at FROM entry u WHERE u.mandate_id = e.mandate_id AND u.outcome = 'done' \
      AND u.mandate_sequence > (SELECT MIN(v.mandate_sequence) FROM entry v \
        WHERE v.mandate_id = e.mandate_id AND v.kind = 'use.opened' AND v.outcome = 'done') \
      AND (u.kind IN ('mandate.revoked', 'mandate.renounced', 'mandate.replaced', 'mandate.closed', 'mandate.suspended') \
        OR u.kind IN ('grant.revoked', 'grant.replaced') AND EXISTS (SELECT 1 FROM entry v \
          WHERE v.mandate_id = e.mandate_id AND v.kind = 'use.opened' AND v.outcome = 'done' \
          AND v.grant_id = u.grant_id AND v.mandate_sequence < u.mandate_sequence)) \
      ORDER BY u.mandate_sequence LIMIT 1)";

/// What is read of a signature `e`.
fn of_signature() -> String {
    format!(
        "SELECT e.id AS entry_id, e.at AS signed_at, m.structure_id, m.reference, e.actor, p.id AS person_id, \
        p.name_sealed, a.id AS user_id, a.identity_sealed, {USED} AS used_at, {ENDED} AS ended_at \
        FROM read e JOIN mandate m ON m.id = e.mandate_id JOIN person p ON p.id = m.signed_by \
        JOIN app_user a ON a.id = m.user_id"
    )
}

/// Signatures of a span, after `after`, in order.
pub async fn signed(
    tx: &mut impl Access,
    span: (EntryId, Timestamp),
    among: Among,
    limit: i64,
) -> Result<Vec<SignedRow>, StoreError> {
    let source = among.source(SIGNATURE);
    let sql = format!(
        "WITH found {} (SELECT e.id, e.at, e.actor, e.mandate_id FROM {source}), \
        read AS (SELECT * FROM found ORDER BY id LIMIT $3) {} ORDER BY e.id",
        among.gathered(),
        of_signature()
    );
    on!(tx, c => bind_among!(sqlx::query_as(AssertSqlSafe(sql)), among, span, limit).fetch_all(c).await)
}

/// A signature, and the first service opened under it.
#[derive(sqlx::FromRow)]
pub struct UsedRow {
    pub id: EntryId,
    pub at: Timestamp,
    pub structure_id: StructureId,
    pub actor: Vec<u8>,
    pub used_at: Option<Timestamp>,
}

/// Signatures of a span, after `after`, in order, and nothing but their first use: there are whole months of them.
pub async fn used(
    tx: &mut impl Access,
    span: (EntryId, Timestamp),
    among: Among,
    limit: i64,
) -> Result<Vec<UsedRow>, StoreError> {
    let source = among.source(SIGNATURE);
    let sql = format!(
        "WITH found {} (SELECT e.id, e.at, e.structure_id, e.actor, e.mandate_id FROM {source}), \
        read AS (SELECT * FROM found ORDER BY id LIMIT $3) \
        SELECT e.id, e.at, e.structure_id, e.actor, {USED} AS used_at FROM read e ORDER BY e.id",
        among.gathered()
    );
    on!(tx, c => bind_among!(sqlx::query_as(AssertSqlSafe(sql)), among, span, limit).fetch_all(c).await)
}

/// The signature of the mandate of this reference.
pub async fn signed_one(tx: &mut impl Access, reference: &str) -> Result<Option<SignedRow>, StoreError> {
    let sql = format!(
        "WITH read AS (SELECT e.id, e.at, e.actor, e.mandate_id FROM entry e JOIN mandate n ON n.id = e.mandate_id \
        WHERE n.reference = $1 AND {SIGNATURE}) {}",
        of_signature()
    );
    on!(tx, c => sqlx::query_as(AssertSqlSafe(sql)).bind(reference.to_owned()).fetch_optional(c).await)
}
