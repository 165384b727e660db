//! A desk ready to open services: an aidant with a card, users with signed mandates, registered services. Mandates are
//! written straight into the database, as signed ones stand there.
use entremise::app::manage_client::By;
use entremise::app::record::{Who, fresh_pseudonym};
use entremise::app::register_client::{NewService, register};
use entremise::crypto::seal::Place;
use entremise::domain::ids::{CardId, GrantId, MandateId, PersonId, ServiceId, StructureId, UserId};
use entremise::domain::mandate::Reference;
use entremise::log::kind::Kind;
use entremise::oidc::provider::policy::Policy;
use entremise::store::StoreError;
use serde_json::{Value, json};
use time::Duration;

use super::app::TestApp;
use super::people::{Roles, change};

/// An aidant of a structure, signed in with a card.
#[derive(Clone, Debug)]
pub struct Desk {
    pub structure: StructureId,
    pub aidant: PersonId,
    pub card: CardId,
    /// What the session cookie holds.
    pub session: String,
}

/// A registered service and its secret.
#[derive(Clone, Debug)]
pub struct Service {
    pub id: ServiceId,
    pub client_id: String,
    pub secret: String,
    pub redirect_uri: String,
}

/// A signed mandate with its grants, in the order of the domains given.
#[derive(Clone, Debug)]
pub struct Mandate {
    pub id: MandateId,
    pub grants: Vec<GrantId>,
}

/// Josette, born on a day nobody knows, without an e-mail address.
pub fn josette() -> Value {
    json!({ "given_name": "Josette Ang\u{e9}lique", "family_name": "Martin", "birthdate": "1962-00-00", "gender": "female",
            "birthplace": "2A004", "birthcountry": "99100" })
}

/// Ahmed, born abroad.
pub fn ahmed() -> Value {
    json!({ "given_name": "Ahmed", "family_name": "Slimani", "birthdate": "1950-03-00", "gender": "male",
            "birthplace": "", "birthcountry": "99352", "preferred_username": "Slimane", "email": "ahmed@example.fr" })
}

impl TestApp {
    /// An aidant of a structure of their own, signed in.
    pub async fn desk(&self, given: &str, siret: &str) -> Desk {
        let structure = self.structure(&format!("CCAS de {given}"), siret).await;
        let aidant = self.person(given, "Benali", Roles::default()).await;
        self.member(aidant, structure, true, false).await;
        let card = self.card(aidant).await;
        let session = self.session(aidant, Some(structure)).await;
        let desk = Desk { structure, aidant, card, session };
        self.with_card(&desk).await;
        desk
    }

    async fn card(&self, person: PersonId) -> CardId {
        let id = CardId::new(self.app.now(), &*self.app.entropy);
        let (entry, now) = (self.entry(Kind::CardActivated).await, self.app.now());
        entremise::transact!(self.app.store, "test_card", tx => {
            change!(tx, sqlx::query(
                "INSERT INTO card (id, kind, seed_sealed, period, digits, algorithm, state, person_id, imported_at,
                   assigned_at, assigned_entry_id, activated_at, activated_entry_id, entry_id)
                 VALUES ($1, 'app', $2, 30, 6, 'SHA1', 'active', $3, $4, $4, $5, $4, $5, $5)")
                .bind(id).bind(vec![0u8; 8]).bind(person).bind(now).bind(entry))?;
            Ok::<_, StoreError>(())
        })
        .expect("the card is written");
        id
    }

    /// Sessions of the aidant count as opened with the card.
    pub async fn with_card(&self, desk: &Desk) {
        entremise::transact!(self.app.store, "test_session_card", tx => {
            change!(tx, sqlx::query("UPDATE session SET card_id = $1, fresh_until = ends_at WHERE person_id = $2").bind(desk.card).bind(desk.aidant))?;
            Ok::<_, StoreError>(())
        })
        .expect("the session is written");
    }

    /// A user with this civil identity.
    pub async fn user(&self, identity: &Value) -> UserId {
        let app = &self.app;
        let id = UserId::new(app.now(), &*app.entropy);
        let place = Place { table: "app_user", row: id.as_bytes(), column: "identity_sealed" };
        let sealed = app.sealer.seal_json(place, identity).expect("sealing works");
        let pseudonym = fresh_pseudonym(app, Who::User(id)).expect("a pseudonym").sealed_key;
        let (entry, now) = (self.entry(Kind::PersonCreated).await, app.now());
        entremise::transact!(app.store, "test_user", tx => {
            change!(tx, sqlx::query(
                "INSERT INTO app_user (id, subject_index, identity_index, identity_sealed, pseudonym_key_sealed,
                   created_at, updated_at, entry_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $6, $7)")
                .bind(id).bind(id.as_bytes().to_vec()).bind(id.as_bytes().to_vec()).bind(sealed.clone())
                .bind(pseudonym.clone()).bind(now).bind(entry))?;
            Ok::<_, StoreError>(())
        })
        .expect("the user is written");
        id
    }

    /// A mandate of the user with the structure of the desk, signed now.
    pub async fn mandate(
        &self,
        desk: &Desk,
        user: UserId,
        domains: &[&str],
        lasts: Duration,
        acr: Option<&str>,
    ) -> Mandate {
        let app = &self.app;
        let (entry, now) = (self.entry(Kind::PersonCreated).await, app.now());
        let id = MandateId::new(now, &*app.entropy);
        let reference = Reference::generate(&*app.entropy);
        let grants: Vec<GrantId> = domains.iter().map(|_| GrantId::new(now, &*app.entropy)).collect();
        let ends = now + lasts;
        entremise::transact!(app.store, "test_mandate", tx => {
            change!(tx, sqlx::query(
                "INSERT INTO mandate (id, reference, structure_id, user_id, proposed_by, state, duration, proposed_at,
                   activity_at, consent_means, consented_at, acr, text_version, text_sealed, text_hash, signed_at,
                   signed_by, signed_card, signed_step, ends_at, attestation_sealed, next_sequence, entry_id,
                   signed_entry_id, consent_entry_id)
                 VALUES ($1, $2, $3, $4, $5, 'active', '31', $6, $6, 'screen', $6, $7, '1', $8, $8, $6, $5, $9, 1, $10,
                   $8, 1, $11, $11, $11)")
                .bind(id).bind(reference.as_str().to_owned()).bind(desk.structure).bind(user).bind(desk.aidant).bind(now)
                .bind(acr.map(str::to_owned)).bind(vec![0u8; 32]).bind(desk.card).bind(ends).bind(entry))?;
            for (grant, domain) in grants.iter().zip(domains) {
                change!(tx, sqlx::query(
                    "INSERT INTO mandate_grant (id, mandate_id, structure_id, user_id, domain, state, ends_at)
                     VALUES ($1, $2, $3, $4, $5, 'live', $6)")
                    .bind(*grant).bind(id).bind(desk.structure).bind(user).bind((*domain).to_owned()).bind(ends))?;
            }
            Ok::<_, StoreError>(())
        })
        .expect("the mandate is written");
        Mandate { id, grants }
    }

    /// A service registered with common terms, changed by `with`.
    pub async fn service(&self, client_id: &str, with: impl FnOnce(&mut NewService)) -> Service {
        entremise::app::signing_keys::ensure(&self.app).await.expect("the first signing keys");
        let redirect_uri = format!("https://{client_id}.example/cb");
        let mut new = NewService {
            client_id: client_id.to_owned(),
            name: client_id.to_uppercase(),
            redirect_uris: vec![redirect_uri.clone()],
            post_logout_redirect_uris: vec![format!("https://{client_id}.example/bye")],
            domains: None,
            sector: None,
            policy: Policy::general(),
        };
        with(&mut new);
        let (id, secret) =
            register(&self.app, By::CommandLine, &new).await.expect("the service is registered");
        Service {
            id,
            client_id: client_id.to_owned(),
            secret: secret.map(|secret| secret.reveal().to_owned()).unwrap_or_default(),
            redirect_uri,
        }
    }

    /// Changes rows by hand, as something elsewhere in the product would. `$1` is the current time.
    pub async fn change_by_hand(&self, sql: &'static str) {
        let now = self.app.now();
        let changed = entremise::transact!(self.app.store, "test_change", tx => {
            change!(tx, sqlx::query(sql).bind(now))
        })
        .expect(sql);
        assert!(changed > 0, "nothing changed by {sql}");
    }

    /// How many rows a count gives.
    pub async fn count(&self, sql: &'static str) -> i64 {
        entremise::view!(self.app.store, tx => {
            match entremise::store::Access::tx(tx) {
                entremise::store::Tx::Pg(c) => sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut **c).await,
                entremise::store::Tx::Lite(c) => sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut **c).await,
            }
            .map_err(StoreError::from)
        })
        .expect(sql)
    }
}
