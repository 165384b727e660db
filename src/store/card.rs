//! Cards. A code is accepted once ever: `accept_step` is the only place that moves the last step.
use crate::crypto::seal::Place;
use crate::domain::card::{
    CardAlgorithm, CardEnd, CardKind, CardParams, CardPeriod, CardState, DIGITS, Seed,
};
use crate::domain::ids::{CardId, EntryId, PersonId, StructureId};
use crate::domain::time::Timestamp;

use super::{Access, StoreError, WriteTx};

/// Where the sealed seed of a card lives.
pub fn seed_place(id: &CardId) -> Place<'_> {
    Place { table: "card", row: id.as_bytes(), column: "seed_sealed" }
}

#[derive(sqlx::FromRow)]
pub struct CardRow {
    pub id: CardId,
    kind: String,
    pub serial: Option<String>,
    pub seed_sealed: Vec<u8>,
    period: i64,
    algorithm: String,
    state: String,
    pub structure_id: Option<StructureId>,
    person_id: Option<PersonId>,
    pub last_step: i64,
    pub drift: i64,
    imported_at: Timestamp,
    assigned_at: Option<Timestamp>,
    activated_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

impl CardRow {
    pub fn kind(&self) -> Result<CardKind, StoreError> {
        self.kind.parse().map_err(|_| corrupt("kind"))
    }

    pub fn params(&self) -> Result<CardParams, StoreError> {
        let algorithm: CardAlgorithm = self.algorithm.parse().map_err(|_| corrupt("algorithm"))?;
        let seconds = u32::try_from(self.period).map_err(|_| corrupt("period"))?;
        Ok(CardParams {
            algorithm,
            period: CardPeriod::from_seconds(seconds).map_err(|_| corrupt("period"))?,
        })
    }

    pub fn state(&self) -> Result<CardState, StoreError> {
        let holder = || self.person_id.ok_or_else(|| corrupt("person_id"));
        Ok(match self.state.as_str() {
            "stock" => CardState::InStock,
            "assigned" => {
                CardState::Assigned { holder: holder()?, at: self.assigned_at.unwrap_or(self.imported_at) }
            }
            "active" => CardState::Active {
                holder: holder()?,
                since: self.activated_at.ok_or_else(|| corrupt("activated_at"))?,
            },
            ended => CardState::Ended {
                how: ended.parse::<CardEnd>().map_err(|_| corrupt("state"))?,
                holder: self.person_id,
                at: self.ended_at.ok_or_else(|| corrupt("ended_at"))?,
            },
        })
    }
}

fn corrupt(column: &str) -> StoreError {
    StoreError::Corrupt(format!("card.{column}"))
}

const BY_ID: &str = "
SELECT id, kind, serial, seed_sealed, period, algorithm, state, structure_id, person_id, last_step, drift,
       imported_at, assigned_at, activated_at, ended_at
FROM card WHERE id = $1";

pub async fn by_id(tx: &mut impl Access, id: CardId) -> Result<Option<CardRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, CardRow>(BY_ID).bind(id).fetch_optional(c).await)
}

const HELD: &str = "
SELECT id, kind, serial, seed_sealed, period, algorithm, state, structure_id, person_id, last_step, drift,
       imported_at, assigned_at, activated_at, ended_at
FROM card WHERE person_id = $1 AND state IN ('assigned', 'active') ORDER BY id LIMIT 10";

/// The cards someone holds, working or not yet.
pub async fn held_by(tx: &mut impl Access, person: PersonId) -> Result<Vec<CardRow>, StoreError> {
    on!(tx, c => sqlx::query_as::<_, CardRow>(HELD).bind(person).fetch_all(c).await)
}

const ACCEPT_STEP: &str = "
UPDATE card SET last_step = $2, drift = $3
WHERE id = $1 AND last_step < $2 AND state IN ('assigned', 'active')";

/// Compare-and-set: true for exactly one of those who present a code of this step, on any node.
pub async fn accept_step(tx: &mut WriteTx, id: CardId, step: i64, drift: i64) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(ACCEPT_STEP).bind(id).bind(step).bind(drift))? == 1)
}

const ACTIVATE: &str = "
UPDATE card SET state = 'active', activated_at = $2, activated_entry_id = $4
WHERE id = $1 AND state = 'assigned' AND person_id = $3";

/// `entry` says so.
pub async fn activate(
    tx: &mut WriteTx,
    id: CardId,
    now: Timestamp,
    person: PersonId,
    entry: EntryId,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(ACTIVATE).bind(id).bind(now).bind(person).bind(entry))? == 1)
}

const ASSIGN: &str = "
UPDATE card SET state = 'assigned', person_id = $2, assigned_at = $3, assigned_entry_id = $5
WHERE id = $1 AND state = 'stock' AND structure_id = $4
  AND EXISTS (SELECT 1 FROM membership m JOIN person p ON p.id = m.person_id
              WHERE m.person_id = $2 AND m.structure_id = $4 AND m.status = 'active' AND p.status <> 'suspended')";

/// From the stock of a structure to a member of that same structure; the statement itself holds the rule. `entry` says so.
pub async fn assign(
    tx: &mut WriteTx,
    id: CardId,
    person: PersonId,
    now: Timestamp,
    structure: StructureId,
    entry: EntryId,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(ASSIGN).bind(id).bind(person).bind(now).bind(structure).bind(entry))? == 1)
}

const END: &str = "
UPDATE card SET state = $2, ended_at = $3, ended_entry_id = $4
WHERE id = $1 AND state IN ('stock', 'assigned', 'active')";

/// `entry` says so.
pub async fn end(
    tx: &mut WriteTx,
    id: CardId,
    how: CardEnd,
    now: Timestamp,
    entry: EntryId,
) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(END).bind(id).bind(how.as_str()).bind(now).bind(entry))? == 1)
}

const PENDING_APPS: &str =
    "SELECT id FROM card WHERE person_id = $1 AND kind = 'app' AND state = 'assigned' ORDER BY id";

/// Enrolments never finished.
pub async fn pending_apps(tx: &mut impl Access, person: PersonId) -> Result<Vec<CardId>, StoreError> {
    on!(tx, c => sqlx::query_scalar(PENDING_APPS).bind(person).fetch_all(c).await)
}

pub struct NewCard<'a> {
    pub id: CardId,
    pub kind: CardKind,
    pub serial: Option<&'a str>,
    pub seed_sealed: &'a [u8],
    pub params: CardParams,
    pub structure_id: Option<StructureId>,
    /// Whose it is from the start: an app enrolled by its owner.
    pub holder: Option<PersonId>,
    pub now: Timestamp,
    pub entry_id: EntryId,
}

const INSERT: &str = "
INSERT INTO card (id, kind, serial, seed_sealed, period, digits, algorithm, state, structure_id, person_id,
                  imported_at, assigned_at, assigned_entry_id, entry_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (serial) DO NOTHING";

/// False if the serial number is already known.
pub async fn insert(tx: &mut WriteTx, new: &NewCard<'_>) -> Result<bool, StoreError> {
    let done = changed!(
        tx,
        sqlx::query(INSERT)
            .bind(new.id)
            .bind(new.kind.as_str())
            .bind(new.serial)
            .bind(new.seed_sealed)
            .bind(i64::from(new.params.period.seconds()))
            .bind(i64::from(DIGITS))
            .bind(new.params.algorithm.as_str())
            .bind(if new.holder.is_some() { "assigned" } else { "stock" })
            .bind(new.structure_id)
            .bind(new.holder)
            .bind(new.now)
            .bind(new.holder.map(|_| new.now))
            .bind(new.holder.map(|_| new.entry_id))
            .bind(new.entry_id)
    )?;
    Ok(done == 1)
}

/// A card in a structure's list, with its holder's sealed name.
#[derive(sqlx::FromRow)]
pub struct ListedRow {
    #[sqlx(flatten)]
    pub card: CardRow,
    pub name_sealed: Option<Vec<u8>>,
}

const PAGE: &str = "
SELECT c.id, c.kind, c.serial, c.seed_sealed, c.period, c.algorithm, c.state, c.structure_id, c.person_id, c.last_step,
       c.drift, c.imported_at, c.assigned_at, c.activated_at, c.ended_at, p.name_sealed
FROM card c LEFT JOIN person p ON p.id = c.person_id
WHERE c.structure_id = $1
ORDER BY CASE c.state WHEN 'stock' THEN 0 WHEN 'assigned' THEN 1 WHEN 'active' THEN 2 ELSE 3 END, c.serial, c.id
LIMIT $2 OFFSET $3";
const COUNT: &str = "SELECT COUNT(*) FROM card WHERE structure_id = $1";

/// One page of a structure's cards: those to give first, those that ended last.
pub async fn page(
    tx: &mut impl Access,
    structure: StructureId,
    limit: i64,
    offset: i64,
) -> Result<Vec<ListedRow>, StoreError> {
    on!(tx, c => {
        sqlx::query_as::<_, ListedRow>(PAGE).bind(structure).bind(limit).bind(offset).fetch_all(c).await
    })
}

pub async fn count(tx: &mut impl Access, structure: StructureId) -> Result<i64, StoreError> {
    on!(tx, c => sqlx::query_scalar::<_, i64>(COUNT).bind(structure).fetch_one(c).await)
}

/// The seed of a card, opened.
pub fn open_seed(
    sealer: &crate::crypto::seal::Sealer,
    row: &CardRow,
) -> Result<Seed, crate::crypto::seal::SealError> {
    let bytes = sealer.open(seed_place(&row.id), &row.seed_sealed)?;
    Seed::new(bytes.to_vec()).map_err(|_| crate::crypto::seal::SealError::Content)
}
