//! A log of any length in a database, written by the engine itself.
use entremise::app::record;
use entremise::domain::ids::{EntryId, PersonId, ServiceId, StructureId};
use entremise::domain::time::Timestamp;
use entremise::log::draft::Draft;
use entremise::log::kind::Kind;
use entremise::log::pseudonym::Pseudonym;
use entremise::store::{StoreError, perimeter};
use sqlx::{AssertSqlSafe, Connection};
use time::Duration;

use crate::support::people::change;
use crate::support::services::Desk;
use crate::support::{Engine, TestApp};

pub const SMALL: i64 = 100_000;
/// Entries written by one statement.
const CHUNK: i64 = 50_000;
/// Between two entries: ten million in less than three years.
const STEP_MS: i64 = 9_000;
const STRUCTURES: usize = 80;
const SERVICES: usize = 20;

/// Of a hundred lines, how many are of a kind; whether a service had a part in it, and whether it was refused.
const KINDS: [(Kind, usize, bool, bool); 8] = [
    (Kind::UserinfoGiven, 40, true, false),
    (Kind::CodeRedeemed, 20, true, false),
    (Kind::UseOpened, 10, true, false),
    (Kind::MandateRead, 10, false, false),
    (Kind::CheckGiven, 5, true, false),
    (Kind::CodeRefused, 5, true, true),
    (Kind::SignInCompleted, 5, false, false),
    (Kind::MandateSigned, 5, false, false),
];

/// One line in this many is of a rare kind, and of a very rare one: the first fills a page of the small log, the second
/// does not.
const RARE_KIND: i64 = 1_009;
const VERY_RARE_KIND: i64 = 10_007;

/// One mandate in 1 000 is of a rare domain: a hundred lines of the small log.
fn domain(mandate: &str) -> String {
    format!(
        "CASE WHEN {mandate} % 1000 = 321 THEN 'justice' WHEN {mandate} % 3 = 0 THEN 'argent'
           WHEN {mandate} % 3 = 1 THEN 'papiers' ELSE 'famille' END"
    )
}

pub struct World {
    pub test: TestApp,
    pub structures: Vec<StructureId>,
    pub services: Vec<ServiceId>,
    engine: Engine,
    base_ms: i64,
}

impl World {
    pub async fn new(engine: Engine) -> Self {
        let test = TestApp::fresh(engine).await;
        let now = test.app.now();
        let base_ms = now.unix() * 1_000 - 3 * 366 * 24 * 3_600 * 1_000;
        let desk = test.desk("Nadia", "35600000012345").await;
        let user = test.user(&crate::support::services::josette()).await;
        test.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
        let mut structures = Vec::new();
        for at in 0..STRUCTURES {
            structures.push(test.structure(&format!("Structure {at}"), &format!("{at:014}")).await);
        }
        let mut services = Vec::new();
        for at in 0..SERVICES {
            services.push(test.service(&format!("service-{at}"), |_| {}).await.id);
        }
        let world = Self { test, structures, services, engine, base_ms };
        world.templates(&desk).await;
        world
    }

    /// Gives an auditor these first structures, and no others.
    pub async fn list(&self, auditor: PersonId, structures: usize) {
        entremise::transact!(self.test.app.store, "bench_listed", tx => {
            perimeter::bound(tx, auditor, "listed").await?;
            for structure in &self.structures[..structures] {
                perimeter::add(tx, auditor, *structure).await?;
            }
            Ok::<_, StoreError>(())
        })
        .expect("a perimeter");
    }

    /// The instant of an entry.
    pub fn at(&self, place: i64) -> Timestamp {
        Timestamp::from_unix((self.base_ms + place * STEP_MS) / 1_000).expect("an instant")
    }

    pub async fn entry(&self, place: i64) -> EntryId {
        self.one(&format!("SELECT entry_id FROM log_leaf WHERE leaf_index = {place}")).await
    }

    /// The reference of a mandate.
    pub async fn mandate(&self, number: i64) -> String {
        self.one(&format!("SELECT reference FROM mandate WHERE id = {}", self.id(&number.to_string(), 0)))
            .await
    }

    /// The pseudonym, in full, of somebody in one of the lines.
    pub async fn pseudonym(&self, column: &str, place: i64) -> String {
        let sql = format!(
            "SELECT e.{column} FROM entry e JOIN log_leaf l ON l.entry_id = e.id WHERE l.leaf_index = {place}"
        );
        let bytes: Vec<u8> = self.one(&sql).await;
        Pseudonym::from_slice(&bytes).expect("a pseudonym").to_string()
    }

    /// Makes the log `size` entries long.
    pub async fn fill(&self, size: i64) {
        let mut from: i64 = self.one("SELECT COUNT(*) FROM log_leaf").await;
        while from < size {
            let until = (from + CHUNK).min(size);
            self.write(from, until).await;
            from = until;
        }
        if self.engine == Engine::Postgres {
            // As autovacuum does by itself; not in a transaction.
            self.run("VACUUM ANALYZE").await;
        }
    }

    /// What the lines are copied from; and the sequencer, which is measured elsewhere, has nothing to do.
    async fn templates(&self, desk: &Desk) {
        let (blob, uuid, on) = match self.engine {
            Engine::Sqlite => ("BLOB", "BLOB", ""),
            Engine::Postgres => ("bytea", "uuid", " ON entry"),
        };
        self.run(&format!("DROP TRIGGER entry_is_pending{on}")).await;
        self.run(&format!(
            "CREATE TABLE bench_line (place BIGINT PRIMARY KEY, kind TEXT, outcome TEXT, served BOOLEAN, leaf {blob}, leaf_hash {blob})"
        ))
        .await;
        self.run(&format!("CREATE TABLE bench_structure (place BIGINT PRIMARY KEY, id {uuid})")).await;
        self.run(&format!("CREATE TABLE bench_service (place BIGINT PRIMARY KEY, id {uuid})")).await;
        let mut place = 0_i64;
        let rare = [Kind::LogExported, Kind::CardEnded].map(|kind| (kind, 1, false, false));
        for (kind, lines, served, refused) in KINDS.into_iter().chain(rare) {
            let draft = if refused { Draft::refused(kind, "wrong_code") } else { Draft::done(kind) };
            let draft = draft
                .structure(desk.structure)
                .service(self.services[0])
                .fact("domain_until", self.test.app.now());
            let id = record::append(&self.test.app, draft).await.expect("an entry").id;
            for _ in 0..lines {
                entremise::transact!(self.test.app.store, "bench_line", tx => {
                    change!(tx, sqlx::query(
                        "INSERT INTO bench_line SELECT $1, kind, outcome, $2, leaf, leaf_hash FROM entry WHERE id = $3")
                        .bind(place).bind(served).bind(id))
                })
                .expect("a line");
                place += 1;
            }
        }
        entremise::transact!(self.test.app.store, "bench_places", tx => {
            for (place, id) in self.structures.iter().enumerate() {
                change!(tx, sqlx::query("INSERT INTO bench_structure VALUES ($1, $2)").bind(place as i64).bind(*id))?;
            }
            for (place, id) in self.services.iter().enumerate() {
                change!(tx, sqlx::query("INSERT INTO bench_service VALUES ($1, $2)").bind(place as i64).bind(*id))?;
            }
            Ok::<_, StoreError>(())
        })
        .expect("the places");
    }

    async fn write(&self, from: i64, until: i64) {
        // In 20 000 lines, 1 000 mandates of 20 lines each tell their stories at the same time.
        const MANDATE: &str = "(n.i / 20000 * 1000 + n.i % 1000)";
        let (first, last) = (from / 20 + i64::from(from % 20 > 0), until / 20);
        let mandate = self.id("n.i", 0);
        let reference = {
            let hex = self.hex("n.i", 8);
            format!("'M-' || upper(substr({hex}, 1, 4)) || '-' || upper(substr({hex}, 5, 4))")
        };
        self.run(&format!(
            "{} INSERT INTO mandate (id, reference, structure_id, user_id, proposed_by, state, duration, proposed_at,
               activity_at, consent_means, consented_at, acr, text_version, text_sealed, text_hash, signed_at,
               signed_by, signed_card, signed_step, ends_at, attestation_sealed, ended_at, end_reason, next_sequence, entry_id,
               signed_entry_id, consent_entry_id, ended_entry_id)
             SELECT {mandate}, {reference}, s.id, t.user_id, t.proposed_by, 'ended', t.duration, t.proposed_at,
               t.activity_at, t.consent_means, t.consented_at, t.acr, t.text_version, t.text_sealed, t.text_hash, t.signed_at,
               t.signed_by, t.signed_card, t.signed_step, t.ends_at, t.attestation_sealed, t.ends_at, 'expired', 21, t.entry_id,
               t.signed_entry_id, t.consent_entry_id, t.entry_id
             FROM n JOIN (SELECT * FROM mandate WHERE state = 'active' LIMIT 1) t ON TRUE
             JOIN bench_structure s ON s.place = n.i % {STRUCTURES}",
            self.numbers(first, last)
        ))
        .await;
        self.run(&format!(
            "{} INSERT INTO mandate_grant (id, mandate_id, structure_id, user_id, domain, state, ends_at, ended_at, end_reason, ended_entry_id)
             SELECT {}, {mandate}, s.id, t.user_id,
               {},
               'ended', t.ends_at, t.ends_at, 'expired', t.entry_id
             FROM n JOIN (SELECT * FROM mandate WHERE state = 'active' LIMIT 1) t ON TRUE
             JOIN bench_structure s ON s.place = n.i % {STRUCTURES}",
            self.numbers(first, last),
            self.id("n.i", 1),
            domain("n.i"),
        ))
        .await;
        let entry = self.entry_id();
        let at = match self.engine {
            Engine::Sqlite => format!(
                "strftime('%Y-%m-%dT%H:%M:%f', ({} + n.i * {STEP_MS}) / 1000.0, 'unixepoch') || '000Z'",
                self.base_ms
            ),
            Engine::Postgres => format!("to_timestamp(({} + n.i * {STEP_MS}) / 1000.0)", self.base_ms),
        };
        self.run(&format!(
            "{} INSERT INTO entry (id, at, kind, outcome, structure_id, mandate_id, mandate_sequence, grant_id, service_id,
               actor, subject, leaf, leaf_hash, domain)
             SELECT {entry}, {at}, t.kind, t.outcome, s.id, {}, n.i % 20000 / 1000 + 1, {}, c.id, {}, {}, t.leaf, t.leaf_hash, {}
             FROM n JOIN bench_line t ON t.place = CASE WHEN n.i % {VERY_RARE_KIND} = 0 THEN 100 WHEN n.i % {RARE_KIND} = 0 THEN 101 ELSE (n.i * 37 + n.i / 100) % 100 END
             JOIN bench_structure s ON s.place = {MANDATE} % {STRUCTURES}
             LEFT JOIN bench_service c ON t.served AND c.place = {MANDATE} % {SERVICES}",
            self.numbers(from, until),
            self.id(MANDATE, 0),
            self.id(MANDATE, 1),
            self.person(&format!("({MANDATE} % 1000)")),
            self.person(&format!("({MANDATE} / 2 + 100000)")),
            domain(MANDATE),
        ))
        .await;
        self.run(&format!(
            "{} INSERT INTO log_leaf (leaf_index, entry_id) SELECT n.i, {entry} FROM n",
            self.numbers(from, until)
        ))
        .await;
    }

    fn numbers(&self, from: i64, until: i64) -> String {
        match self.engine {
            Engine::Sqlite => format!(
                "WITH RECURSIVE n (i) AS (SELECT {from} WHERE {from} < {until} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {until})"
            ),
            Engine::Postgres => {
                format!("WITH n (i) AS (SELECT generate_series({from}::bigint, {until}::bigint - 1))")
            }
        }
    }

    fn hex(&self, number: &str, width: usize) -> String {
        match self.engine {
            Engine::Sqlite => format!("printf('%0{width}x', {number})"),
            Engine::Postgres => format!("lpad(to_hex(({number})::bigint), {width}, '0')"),
        }
    }

    /// An id of the beginning of time, `kind` telling a mandate from its grant.
    fn id(&self, number: &str, kind: u8) -> String {
        self.uuid(&format!("'0000000000007' || '00{kind}' || '8' || {}", self.hex(number, 15)))
    }

    fn entry_id(&self) -> String {
        let ms = self.hex(&format!("({} + n.i * {STEP_MS})", self.base_ms), 12);
        self.uuid(&format!("{ms} || '7000' || '8' || {}", self.hex("n.i", 15)))
    }

    fn uuid(&self, hex: &str) -> String {
        match self.engine {
            Engine::Sqlite => format!("unhex({hex})"),
            Engine::Postgres => format!("({hex})::uuid"),
        }
    }

    /// A pseudonym: all over the index, as a hash is.
    fn person(&self, number: &str) -> String {
        let first = self.hex(&format!("({number} * 2654435761) % 4294967296"), 8);
        let hex = format!("{first} || {}", self.hex(number, 56));
        match self.engine {
            Engine::Sqlite => format!("unhex({hex})"),
            Engine::Postgres => format!("decode({hex}, 'hex')"),
        }
    }

    async fn run(&self, sql: &str) {
        if self.engine == Engine::Postgres {
            // Not as the service, whose statements are stopped after a while.
            let mut owner =
                sqlx::PgConnection::connect(&self.test.db.url).await.expect("the database answers");
            let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut owner).await;
            done.unwrap_or_else(|error| panic!("{sql}: {error}"));
            return owner.close().await.expect("the connection closes");
        }
        entremise::transact!(self.test.app.store, "bench_run", tx => {
            change!(tx, sqlx::query(AssertSqlSafe(sql.to_owned())))
        })
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    async fn one<T>(&self, sql: &str) -> T
    where
        T: Send + Unpin,
        (T,): for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        let row: Result<(T,), StoreError> = entremise::view!(self.test.app.store, tx => {
            match entremise::store::Access::tx(tx) {
                entremise::store::Tx::Pg(c) => sqlx::query_as(AssertSqlSafe(sql.to_owned())).fetch_one(&mut **c).await,
                entremise::store::Tx::Lite(c) => sqlx::query_as(AssertSqlSafe(sql.to_owned())).fetch_one(&mut **c).await,
            }
            .map_err(StoreError::from)
        });
        row.unwrap_or_else(|error| panic!("{sql}: {error}")).0
    }
}
