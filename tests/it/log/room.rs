//! The auditor's room on a desk that worked: two users, two structures, a service opened; and what an auditor of
//! another perimeter gets of it, which is nothing.
use entremise::app::caller::{Caller, SignedIn, resolve};
use entremise::app::find_person::{self, Identity};
use entremise::app::search_log::{self, AuditError, Found, Unclear, Wanted};
use entremise::domain::ids::{MandateId, UserId};
use entremise::domain::secret::PlainToken;
use entremise::log::pseudonym::Pseudonym;
use time::Duration;

use super::*;
use crate::flows::mandate_support::{Desk, fatou, josette};
use crate::flows::provider::Browser;
use crate::support::services::Service;
use crate::support::{Answer, Roles};

pub(super) struct Room {
    pub desk: Desk,
    pub service: Service,
    /// Josette's mandate, under which a service was opened; Fatou's.
    pub used: String,
    pub unused: String,
    pub auditor: SignedIn,
    pub session: String,
    /// An auditor of another structure only.
    pub stranger: SignedIn,
    pub stranger_session: String,
}

impl Room {
    pub(super) async fn set(app: TestApp) -> Self {
        let desk = Desk::open(app).await;
        let app = &desk.app;
        let elsewhere = app.structure("Mairie de Brest", "21290019500016").await;
        let auditor = app.person("Paul", "Ferrand", Roles { operator: false, auditor: true }).await;
        let stranger = app.person("Rose", "Abgrall", Roles { operator: false, auditor: true }).await;
        let narrow = format!(
            "UPDATE person SET perimeter = 'listed' WHERE id = {}",
            literal(app, stranger.uuid().as_bytes())
        );
        force(&app.app.store, &narrow).await.unwrap();
        let listed = format!(
            "INSERT INTO auditor_structure (person_id, structure_id) VALUES ({}, {})",
            literal(app, stranger.uuid().as_bytes()),
            literal(app, elsewhere.uuid().as_bytes())
        );
        force(&app.app.store, &listed).await.unwrap();
        let used = desk.signed(josette(), &["argent", "social"], "31").await;
        let unused = desk.signed(fatou(), &["logement"], "31").await;
        let service = app.service("impots", |_| {}).await;
        let user = user_of(app, &used).await;
        let mut browser = Browser { app, session: Some(desk.aidant.session.clone()), cookie: None };
        app.clock.advance(Duration::seconds(60));
        browser.open(&service, user, &[]).await;
        let (auditor, session) = signed_in(app, auditor).await;
        let (stranger, stranger_session) = signed_in(app, stranger).await;
        let room = Self { service, used, unused, auditor, session, stranger, stranger_session, desk };
        room.settle().await;
        room
    }

    /// The structure that the other auditor sees.
    pub(super) async fn stranger_structure(&self) -> entremise::domain::ids::StructureId {
        id(self, "SELECT id FROM structure WHERE name = 'Mairie de Brest'").await
    }

    pub(super) async fn settle(&self) {
        let keeper = keeper(&self.desk.app, "a");
        sequence(&self.desk.app, &keeper).await;
        keeper.sign(&self.desk.app.app).await.unwrap();
    }

    pub(super) fn app(&self) -> &entremise::app::App {
        &self.desk.app.app
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.desk.app.get(path).session(&self.session).send().await
    }

    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.desk.app.post(path).session(&self.session).form(form).send().await
    }

    pub(super) async fn search(&self, wanted: Wanted) -> Found {
        search_log::search(self.app(), &self.auditor, &wanted).await.unwrap()
    }

    /// The kinds of the lines found, oldest first, without repetition one after the other.
    pub(super) async fn kinds(&self, wanted: Wanted) -> Vec<Kind> {
        let found = self.search(wanted).await;
        let mut kinds: Vec<Kind> = found.lines.iter().map(|line| line.leaf.as_ref().unwrap().kind).collect();
        kinds.reverse();
        kinds.dedup();
        kinds
    }

    /// Pseudonyms of the aidant and of Josette, as the line of the opened service has them.
    pub(super) async fn people(&self) -> (Pseudonym, Pseudonym) {
        let found = self.search(Wanted { kind: Some(Kind::UseOpened), ..Wanted::default() }).await;
        let leaf = found.lines[0].leaf.clone().unwrap();
        (leaf.actor.unwrap().pseudonym.unwrap(), leaf.user.unwrap())
    }
}

pub(super) fn literal(app: &TestApp, bytes: &[u8]) -> String {
    let hex = data_encoding::HEXLOWER.encode(bytes);
    if app.db.url.starts_with("sqlite") { format!("X'{hex}'") } else { format!("'{hex}'") }
}

pub(super) async fn signed_in(app: &TestApp, person: entremise::domain::ids::PersonId) -> (SignedIn, String) {
    let token = app.session(person, None).await;
    let Caller::SignedIn(who) = resolve(&app.app, &PlainToken::presented(token.clone())).await.unwrap()
    else {
        panic!("signed in");
    };
    (*who, token)
}

pub(super) async fn user_of(app: &TestApp, reference: &str) -> UserId {
    let (_, user): (MandateId, UserId) = entremise::view!(app.app.store, tx => {
        let sql = "SELECT id, user_id FROM mandate WHERE reference = $1";
        Ok::<_, StoreError>(match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query_as(sql).bind(reference.to_owned()).fetch_one(&mut **c).await?,
            entremise::store::Tx::Lite(c) => sqlx::query_as(sql).bind(reference.to_owned()).fetch_one(&mut **c).await?,
        })
    })
    .unwrap();
    user
}

pub(super) async fn id<T>(room: &Room, sql: &str) -> T
where
    T: Send + Unpin,
    for<'r> T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    for<'r> T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    let text = || sqlx::AssertSqlSafe(sql.to_owned());
    entremise::view!(room.app().store, tx => {
        Ok::<_, StoreError>(match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query_scalar(text()).fetch_one(&mut **c).await?,
            entremise::store::Tx::Lite(c) => sqlx::query_scalar(text()).fetch_one(&mut **c).await?,
        })
    })
    .unwrap()
}

pub(super) async fn count(room: &Room, sql: &'static str) -> i64 {
    number(&room.desk.app.app.store, sql).await
}

on_both_engines! {
    async fn each_criterion_finds_its_lines_and_no_other(app: TestApp) {
        let room = Room::set(app).await;
        let (aidant, josette) = room.people().await;
        let any = Wanted::default;
        assert_eq!(room.kinds(Wanted { domain: Some("argent".into()), ..any() }).await, [Kind::UseOpened]);
        assert_eq!(room.kinds(Wanted { domain: Some("logement".into()), ..any() }).await, []);
        let service = room.search(any()).await.choices.services[0].id;
        assert_eq!(room.service.client_id, "impots");
        assert_eq!(room.kinds(Wanted { service_id: Some(service), ..any() }).await, [Kind::ClientCreated, Kind::UseOpened]);
        for typed in [aidant.to_string(), aidant.short('a'), aidant.short('a').to_lowercase()] {
            let kinds = room.kinds(Wanted { aidant: Some(typed), ..any() }).await;
            assert!(kinds.contains(&Kind::MandateSigned) && kinds.contains(&Kind::UseOpened), "{kinds:?}");
            assert!(!kinds.contains(&Kind::LogSearched), "what somebody else did is not theirs");
        }
        for typed in [josette.to_string(), josette.short('u')] {
            let mut kinds = room.kinds(Wanted { user: Some(typed), ..any() }).await;
            assert!(kinds.contains(&Kind::LogSearched), "the search itself: whom it was about can see it");
            kinds.retain(|kind| *kind != Kind::LogSearched);
            assert_eq!(kinds.last(), Some(&Kind::UseOpened));
            assert!(kinds.contains(&Kind::MandateSigned));
        }
        let of_both = Wanted { user: Some(josette.to_string()), mandate: Some(room.unused.clone()), ..any() };
        assert!(room.search(of_both).await.lines.is_empty(), "criteria hold together");
        let refused = room.search(Wanted { refused: Some(true), ..any() }).await;
        assert!(refused.lines.iter().all(|line| line.leaf.as_ref().unwrap().outcome != entremise::log::entry::Outcome::Done));
        // Time: everything before the service was opened, and from then on.
        let opened = room.search(Wanted { kind: Some(Kind::UseOpened), ..any() }).await.lines[0].leaf.clone().unwrap().time;
        let before = room.kinds(Wanted { until: Some(opened), mandate: Some(room.used.clone()), ..any() }).await;
        assert!(before.contains(&Kind::MandateSigned) && !before.contains(&Kind::UseOpened));
        let since = room.kinds(Wanted { from: Some(opened), mandate: Some(room.used.clone()), ..any() }).await;
        assert_eq!(since, [Kind::UseOpened]);
    }

    async fn a_name_that_means_nothing_is_told_beside_its_field(app: TestApp) {
        let room = Room::set(app).await;
        for typed in ["x", "a-ZZZZ", "a-0000-1", "Nadia", ""] {
            let found = room.search(Wanted { aidant: Some(typed.into()), ..Wanted::default() }).await;
            assert_eq!((found.unclear.as_slice(), found.lines.len()), (&[Unclear::Aidant][..], 0), "{typed}");
        }
        let page = room.get("/log?aidant=Nadia&user=u-XX&kind=use.opened&service=&from=2026-01-05").await;
        page.assert_status(422).assert_contains("Aucune ligne de votre périmètre ne porte ce pseudonyme");
        for kept in ["value=\"Nadia\"", "value=\"u-XX\"", "value=\"2026-01-05\"", "value=\"use.opened\" selected"] {
            page.assert_contains(kept);
        }
    }

    async fn someone_is_found_by_exact_identity_or_address_only(app: TestApp) {
        let room = Room::set(app).await;
        let (aidant, josette) = room.people().await;
        let exact = Identity { given_name: "Josette Angélique".into(), family_name: "Martin".into(), birthdate: "1948-03-04".into() };
        assert_eq!(find_person::user(room.app(), &room.auditor, &exact).await.unwrap(), std::slice::from_ref(&josette));
        for wrong in [
            Identity { given_name: "Josette".into(), ..exact.clone() },
            Identity { birthdate: "1948-03-05".into(), ..exact.clone() },
            Identity { family_name: "MARTINE".into(), ..exact.clone() },
        ] {
            assert!(find_person::user(room.app(), &room.auditor, &wrong).await.unwrap().is_empty());
        }
        let form = [("given_name", "Josette Angélique"), ("family_name", "MARTIN"), ("birthdate", "1948-03-04")];
        let to = room.post("/log/find/user", &form).await;
        assert_eq!(to.assert_status(303).location(), format!("/log?user={josette}"), "no name in an address");
        let to = room.post("/log/find/aidant", &[("email", "Nadia@exemple.fr")]).await;
        assert_eq!(to.assert_status(303).location(), format!("/log/aidants/{aidant}"));
        room.post("/log/find/aidant", &[("email", "personne@exemple.fr")]).await
            .assert_status(422).assert_contains("Personne de ce nom");
        room.post("/log/find/user", &[("given_name", "A"), ("family_name", ""), ("birthdate", "4 mars")]).await
            .assert_status(422).assert_contains("Indiquez le nom de naissance").assert_contains("Écrivez la date");
        // An auditor of another place cannot even learn that the person exists.
        let (app, stranger) = (room.app(), &room.stranger);
        assert!(find_person::user(app, stranger, &exact).await.unwrap().is_empty());
        assert!(find_person::aidant(app, stranger, "nadia@exemple.fr").await.unwrap().is_none());
        let looked = "SELECT COUNT(*) FROM entry WHERE kind = 'log.searched' AND outcome = 'done' AND subject IS NOT NULL";
        assert_eq!(count(&room, looked).await, 2, "the person can see who looked for them");
    }

    async fn an_auditor_of_another_place_finds_nothing_by_any_criterion(app: TestApp) {
        let room = Room::set(app).await;
        let (aidant, josette) = room.people().await;
        let any = Wanted::default;
        let service = room.search(any()).await.choices.services[0].id;
        let tries = [
            any(),
            Wanted { structure_id: Some(room.desk.structure), ..any() },
            Wanted { mandate: Some(room.used.clone()), ..any() },
            Wanted { aidant: Some(aidant.to_string()), ..any() },
            Wanted { aidant: Some(aidant.short('a')), ..any() },
            Wanted { user: Some(josette.to_string()), ..any() },
            Wanted { domain: Some("argent".into()), ..any() },
            Wanted { service_id: Some(service), ..any() },
            Wanted { kind: Some(Kind::UseOpened), ..any() },
            Wanted { refused: Some(false), ..any() },
        ];
        for wanted in tries {
            let found = search_log::search(room.app(), &room.stranger, &wanted).await.unwrap();
            let habilitated = |line: &entremise::app::log_line::Line| line.structure_name.as_deref() == Some("Mairie de Brest");
            assert!(found.lines.iter().all(habilitated), "{wanted:?}: {:?}", found.lines);
        }
        for path in [format!("/log/mandates/{}", room.used), format!("/log/mandates/{}/unmask", room.used)] {
            let call = if path.ends_with("unmask") {
                room.desk.app.post(&path).form(&[("reason", "curiosité déplacée")])
            } else {
                room.desk.app.get(&path)
            };
            call.session(&room.stranger_session).send().await.assert_status(404);
        }
        assert_eq!(count(&room, "SELECT COUNT(*) FROM unmasking").await, 0);
        assert_eq!(count(&room, "SELECT COUNT(*) FROM entry WHERE kind = 'log.unmasked' AND outcome = 'refused'").await, 1);
    }

    async fn names_are_shown_for_a_reason_and_for_a_while(app: TestApp) {
        let room = Room::set(app).await;
        let (story, unmask) = (format!("/log/mandates/{}", room.used), format!("/log/mandates/{}/unmask", room.used));
        let masked = room.get(&story).await;
        assert!(!masked.body.contains("MARTIN") && !masked.body.contains("Benali"), "{}", masked.body);
        room.post(&unmask, &[("reason", "trop bref")]).await.assert_status(422).assert_contains("Écrivez un motif");
        let to = room.post(&unmask, &[("reason", "plainte reçue le 3 novembre")]).await;
        assert_eq!(to.assert_status(303).location(), story);
        let shown = room.get(&story).await;
        for name in ["Josette Angélique MARTIN", "Nadia Benali", "4\u{a0}mars 1948", "Noms dévoilés"] {
            shown.assert_contains(name);
        }
        // What was written in words too: this very reason, and the service that was opened.
        for said in ["<dt>Motif</dt><dd>plainte reçue le 3 novembre</dd>", "<dt>Service</dt><dd>"] {
            assert!(shown.body.contains(said) && !masked.body.contains(said), "{said} in {}", shown.body);
        }
        // For that mandate only, in that session only.
        let other = room.get(&format!("/log/mandates/{}", room.unused)).await;
        assert!(!other.body.contains("DIALLO") && !other.body.contains("Benali"));
        let again = room.desk.app.session(room.auditor.person_id, None).await;
        let elsewhere = room.desk.app.get(&story).session(&again).send().await;
        assert!(!elsewhere.body.contains("MARTIN"));
        let said = "SELECT COUNT(*) FROM entry e JOIN entry_part p ON p.entry_id = e.id \
            WHERE e.kind = 'log.unmasked' AND e.outcome = 'done' AND e.mandate_id IS NOT NULL AND p.part = 'details'";
        assert_eq!(count(&room, said).await, 1, "in the mandate's own story, with its reason");
        room.desk.app.clock.advance(Duration::minutes(15));
        let over = room.get(&story).await;
        over.assert_status(200);
        assert!(!over.body.contains("MARTIN") && !over.body.contains("Benali") && !over.body.contains("plainte"));
        // After a quarter of an hour without a code, the act asks for one.
        let first = room.post(&unmask, &[("reason", "plainte reçue le 3 novembre")]).await;
        assert!(first.assert_status(303).location().starts_with("/sign-in/again"));
    }

    async fn an_aidant_is_named_apart(app: TestApp) {
        let room = Room::set(app).await;
        let (aidant, _) = room.people().await;
        let unmask = format!("/log/aidants/{aidant}/unmask");
        let no = room.desk.app.post(&unmask).session(&room.stranger_session).form(&[("reason", "curiosité déplacée")]);
        no.send().await.assert_status(404);
        room.post(&unmask, &[("reason", "contrôle annuel du CCAS")]).await.assert_status(303);
        let names = entremise::app::unmask::seen(room.app(), &room.auditor, &aidant).await.unwrap();
        assert_eq!(names.people.get(&aidant).map(String::as_str), Some("Nadia Benali"));
        let stranger = entremise::app::unmask::seen(room.app(), &room.stranger, &aidant).await;
        assert!(matches!(stranger, Err(AuditError::NotFound)));
    }
}
