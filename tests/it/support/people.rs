//! Two structures and everyone who works in them, written straight into the database: tests of pages need people
//! in a known state, not the story of how they came.
use entremise::app::caller::{CHARTER_VERSION, PersonName};
use entremise::app::record::{self, Who, fresh_pseudonym};
use entremise::crypto::seal::Place;
use entremise::domain::ids::{PersonId, SessionId, StructureId};
use entremise::domain::secret::PlainToken;
use entremise::log::draft::Draft;
use entremise::log::kind::Kind;
use entremise::store::StoreError;
use time::Duration;

use super::app::TestApp;

/// Runs one statement on whichever engine a test's transaction is on.
macro_rules! change {
    ($tx:expr, $query:expr) => {
        match entremise::store::Access::tx($tx) {
            entremise::store::Tx::Pg(c) => $query.execute(&mut **c).await.map(|done| done.rows_affected()),
            entremise::store::Tx::Lite(c) => $query.execute(&mut **c).await.map(|done| done.rows_affected()),
        }
        .map_err(StoreError::from)
    };
}
pub(crate) use change;

/// The kinds of professionals a test may call as.
#[derive(Clone, Copy, Debug, Default)]
pub struct Roles {
    pub operator: bool,
    pub auditor: bool,
}

impl TestApp {
    /// A habilitated structure, for the ten domains of the catalogue.
    pub async fn structure(&self, name: &str, siret: &str) -> StructureId {
        let id = StructureId::new(self.app.now(), &*self.app.entropy);
        let habilitated = Draft::done(Kind::StructureHabilitated).structure(id);
        let entry = record::append(&self.app, habilitated).await.expect("the log is written").id;
        let now = self.app.now();
        entremise::transact!(self.app.store, "test_structure", tx => {
            change!(tx, sqlx::query(
                "INSERT INTO structure (id, name, kind, siret, time_zone, territory, status, habilitated_from,
                   habilitated_until, created_at, entry_id)
                 VALUES ($1, $2, 'ccas', $3, 'Europe/Paris', '35238', 'habilitated', $4, $5, $4, $6)")
                .bind(id).bind(name).bind(siret).bind(now).bind(now + Duration::days(1000)).bind(entry))?;
            change!(tx, sqlx::query("INSERT INTO structure_domain (structure_id, domain) SELECT $1, key FROM domain")
                .bind(id))?;
            Ok::<_, StoreError>(())
        })
        .expect("the structure is written");
        id
    }

    /// An active person who accepted the charter. The password is one that no test types.
    pub async fn person(&self, given: &str, family: &str, roles: Roles) -> PersonId {
        let app = &self.app;
        let id = PersonId::new(app.now(), &*app.entropy);
        let entry = self.entry(Kind::PersonCreated).await;
        let email = format!("{given}.{family}@example.fr").to_lowercase();
        let sealed = |column, text: &str| {
            let place = Place { table: "person", row: id.as_bytes(), column };
            app.sealer.seal_text(place, text).expect("sealing works")
        };
        let name = PersonName { given: given.to_owned(), family: family.to_owned() };
        let name_place = entremise::store::person::name_place(&id);
        let name_sealed = app.sealer.seal_json(name_place, &name).expect("sealing works");
        let pseudonym = fresh_pseudonym(app, Who::Person(id)).expect("a pseudonym");
        entremise::transact!(app.store, "test_person", tx => {
            change!(tx, sqlx::query(
                "INSERT INTO person (id, email_index, email_sealed, name_sealed, pseudonym_key_sealed, password_hash,
                   status, is_operator, is_auditor, perimeter, charter_version, created_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, 'none', 'active', $6, $7, $8, $9, $10, $11)")
                .bind(id).bind(app.sealer.blind_index("test email", email.as_bytes()))
                .bind(sealed("email_sealed", &email)).bind(name_sealed.clone())
                .bind(pseudonym.sealed_key.clone())
                .bind(roles.operator).bind(roles.auditor).bind(if roles.auditor { "all" } else { "none" })
                .bind(CHARTER_VERSION).bind(app.now()).bind(entry))?;
            Ok::<_, StoreError>(())
        })
        .expect("the person is written");
        id
    }

    pub async fn member(&self, person: PersonId, structure: StructureId, aidant: bool, referent: bool) {
        let entry = self.entry(Kind::RoleGiven).await;
        let now = self.app.now();
        entremise::transact!(self.app.store, "test_member", tx => {
            change!(tx, sqlx::query(
                "INSERT INTO membership (person_id, structure_id, is_aidant, is_referent, status, created_at, entry_id)
                 VALUES ($1, $2, $3, $4, 'active', $5, $6)")
                .bind(person).bind(structure).bind(aidant).bind(referent).bind(now).bind(entry))?;
            Ok::<_, StoreError>(())
        })
        .expect("the membership is written");
    }

    /// A session just signed in, acting for `structure`: the token its cookie holds.
    pub async fn session(&self, person: PersonId, structure: Option<StructureId>) -> String {
        self.session_at(person, structure, "full").await
    }

    /// A session whose password was right and whose code is awaited.
    pub async fn half_session(&self, person: PersonId) -> String {
        self.session_at(person, None, "password").await
    }

    async fn session_at(&self, person: PersonId, structure: Option<StructureId>, stage: &str) -> String {
        let app = &self.app;
        let id = SessionId::new(app.now(), &*app.entropy);
        let token = PlainToken::generate(&*app.entropy);
        let now = app.now();
        let code_at = (stage == "full").then_some(now);
        let fresh_until = (stage == "full").then_some(now + Duration::minutes(15));
        entremise::transact!(app.store, "test_session", tx => {
            change!(tx, sqlx::query(
                "INSERT INTO session (id, token_hash, person_id, stage, structure_id, created_at, last_seen_at,
                   last_code_at, fresh_until, idle_ends_at, ends_at, entry_id)
                 SELECT $1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, entry_id FROM person WHERE id = $3")
                .bind(id).bind(token.hash()).bind(person).bind(stage.to_owned()).bind(structure).bind(now)
                .bind(code_at).bind(fresh_until).bind(now + Duration::hours(2)).bind(now + Duration::hours(10)))?;
            Ok::<_, StoreError>(())
        })
        .expect("the session is written");
        token.reveal().to_owned()
    }
}
