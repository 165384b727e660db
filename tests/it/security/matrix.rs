//! The authorisation matrix: every route × every kind of caller, through the real router on a real database.
//! A route that is not written here fails the test, and so does a row whose route is gone.
use std::collections::BTreeSet;
use std::fmt::Write as _;

use entremise::crypto::seal::Place;
use entremise::domain::ids::{CardId, PersonId, RowId, StructureId, UserId};
use entremise::domain::secret::PlainToken;
use entremise::log::kind::Kind;
use entremise::store::StoreError;
use entremise::web::router::routes;
use http::Method;

use crate::flows::mandate_support::{Desk, fatou, josette};
use crate::flows::pro_connect;
use crate::flows::provider::{Browser, basic, json, param, redeem, server};
use crate::support::people::change;
use crate::support::services::Service;
use crate::support::{Answer, Roles, TestApp};

/// Who calls. "Other" is of another structure, or another service: what belongs to the first must not exist for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Nobody,
    /// Password right, code awaited.
    Half,
    Aidant,
    OtherAidant,
    Referent,
    OtherReferent,
    Operator,
    Auditor,
    /// The user, identified, in the act of consenting.
    User,
    Service,
    OtherService,
}

/// Those to whom the route should be closed come first, so that nothing they are shown was spent by a right use.
const CALLERS: [Caller; 11] = [
    Caller::Nobody,
    Caller::Half,
    Caller::OtherAidant,
    Caller::OtherReferent,
    Caller::Operator,
    Caller::Auditor,
    Caller::OtherService,
    Caller::Service,
    Caller::User,
    Caller::Referent,
    Caller::Aidant,
];

/// One letter per caller, in the order of [`CALLERS`]: `+` the handler answered · `s` sent to sign in ·
/// `c` sent to give the code · `x` forbidden · `0` no such thing · `k` credentials refused · `b` bad request ·
/// `g` gone or used.
const MATRIX: &[(&str, &str, &str)] = &[
    ("GET", "/", "+c+++++++++"),
    ("GET", "/assets/{release}/{name}", "+++++++++++"),
    // Sign-in and one's own account.
    ("GET", "/sign-in", "+++++++++++"),
    ("POST", "/sign-in", "+++++++++++"),
    ("POST", "/sign-in/professional", "00000000000"),
    ("POST", "/activate/{token}/professional", "00000000000"),
    ("GET", "/professional/back", "00000000000"),
    ("GET", "/professional/leaving", "+++++++++++"),
    ("GET", "/professional/signed-out", "+++++++++++"),
    ("GET", "/account/professional", "sc0000sss00"),
    ("POST", "/account/professional/link", "sc0000sss00"),
    ("POST", "/account/professional/unlink", "sc0000sss00"),
    ("GET", "/sign-in/code", "s+++++sss++"),
    ("POST", "/sign-in/code", "s+++++sss++"),
    ("GET", "/sign-in/again", "sc++++sss++"),
    ("POST", "/sign-in/again", "sc++++sss++"),
    ("POST", "/sign-out", "+++++++++++"),
    ("GET", "/signed-out", "+++++++++++"),
    ("GET", "/resume", "sc++++sss++"),
    ("GET", "/account", "sc++++sss++"),
    ("GET", "/account/cards/{id}/activate", "sc0000sss0+"),
    ("POST", "/account/cards/{id}/activate", "sc0000sss0+"),
    ("GET", "/activate/{token}", "ggggggggggg"),
    ("POST", "/activate/{token}", "ggggggggggg"),
    ("GET", "/activate/{token}/card", "ggggggggggg"),
    ("POST", "/activate/{token}/card", "ggggggggggg"),
    ("POST", "/activate/{token}/app", "ggggggggggg"),
    ("GET", "/sessions", "sc++++sss++"),
    ("POST", "/sessions/{id}/end", "sc0000sss0+"),
    ("POST", "/sessions/others/end", "sc++++sss++"),
    ("POST", "/devices/{id}/forget", "sc0000sss0+"),
    ("GET", "/charter", "sc++++sss++"),
    ("POST", "/charter", "sc++++sss++"),
    ("GET", "/structures/choose", "sc++++sss++"),
    ("POST", "/structures/choose", "sc++++sss++"),
    // Cards, by the referent of the structure.
    ("GET", "/cards", "scx+xxsss+x"),
    ("GET", "/cards/{id}", "scx0xxsss+x"),
    ("POST", "/cards/{id}", "scx0xxsss+x"),
    ("GET", "/cards/{id}/resync", "scx0xxsss+x"),
    ("POST", "/cards/{id}/resync", "scx0xxsss+x"),
    ("GET", "/cards/{id}/end", "scx0xxsss+x"),
    ("POST", "/cards/{id}/end", "scx0xxsss+x"),
    // People and structures, by the operator.
    ("GET", "/people", "scxx+xsssxx"),
    ("GET", "/people/{id}", "scxx+xsssxx"),
    ("GET", "/people/{id}/suspension", "scxx+xsssxx"),
    ("POST", "/people/{id}/suspension", "scxxbxsssxx"),
    ("GET", "/people/{id}/card", "scxx+xsssxx"),
    ("POST", "/people/{id}/card", "scxx+xsssxx"),
    ("GET", "/structures/{id}/suspension", "scxx+xsssxx"),
    ("POST", "/structures/{id}/suspension", "scxxbxsssxx"),
    // Services as registered, by the operator.
    ("GET", "/clients", "scxx+xsssxx"),
    ("GET", "/clients/new", "scxx+xsssxx"),
    ("POST", "/clients/new", "scxx+xsssxx"),
    ("GET", "/clients/{id}", "scxx+xsssxx"),
    ("GET", "/clients/{id}/suspension", "scxx+xsssxx"),
    ("POST", "/clients/{id}/suspension", "scxxbxsssxx"),
    ("GET", "/clients/{id}/secret", "scxx+xsssxx"),
    ("POST", "/clients/{id}/secret", "scxx+xsssxx"),
    ("GET", "/clients/{id}/addresses", "scxx+xsssxx"),
    ("POST", "/clients/{id}/addresses", "scxx+xsssxx"),
    ("GET", "/clients/{id}/scopes", "scxx+xsssxx"),
    ("POST", "/clients/{id}/scopes", "scxx+xsssxx"),
    // Services: a request belongs to the browser that brought it, a code to the service it was made for.
    ("GET", "/authorize", "bbbbbbbbbbb"),
    ("POST", "/authorize", "bbbbbbbbbbb"),
    ("GET", "/authorize/{handle}", "bbbbbbbbbb+"),
    ("GET", "/authorize/{handle}/user", "scbxxxsssx+"),
    ("GET", "/authorize/{handle}/mandate", "scbxxxsssx+"),
    ("POST", "/authorize/{handle}/mandate", "scbxxxsssx+"),
    ("GET", "/authorize/{handle}/end", "scbxxxsssx+"),
    ("POST", "/authorize/{handle}/end", "scbxxxsssx+"),
    ("POST", "/authorize/{handle}/cancel", "scbxxxsssx+"),
    ("POST", "/par", "kkkkkkbbkkk"),
    ("POST", "/token", "kkkkkkb+kkk"),
    ("POST", "/introspect", "kkkkkk++kkk"),
    ("POST", "/revoke", "kkkkkk++kkk"),
    ("POST", "/access/v1/evaluation", "kkkkkkbbkkk"),
    ("POST", "/actions", "kkkkkkkbkkk"),
    ("GET", "/userinfo", "kkkkkkk+kkk"),
    ("POST", "/userinfo", "kkkkkkk+kkk"),
    ("GET", "/end_session", "+++++++++++"),
    ("POST", "/end_session", "+++++++++++"),
    ("GET", "/uses", "sc++++sss++"),
    ("POST", "/uses/end", "sc++++sss++"),
    ("GET", "/jwks", "+++++++++++"),
    ("GET", "/openapi.json", "+++++++++++"),
    ("GET", "/.well-known/openid-configuration", "+++++++++++"),
    ("GET", "/.well-known/oauth-authorization-server", "+++++++++++"),
    // Consent: whoever holds the browser in which the user identified; the aidant's session opens nothing here.
    ("GET", "/consent", "xxxxxxxx+xx"),
    ("POST", "/consent", "xxxxxxxx+xx"),
    ("GET", "/consent/back", "bbbbbbbbbbb"),
    ("GET", "/consent/signed-out", "+++++++++++"),
    // Mandates, at the desk of the structure that holds them.
    ("GET", "/mandates", "sc++xxsss++"),
    ("GET", "/mandates/new", "sc+xxxsssx+"),
    ("POST", "/mandates/new", "sc+xxxsssx+"),
    ("GET", "/mandates/{reference}", "sc00xxsss++"),
    ("GET", "/mandates/{reference}/state", "sc00xxsss++"),
    ("GET", "/mandates/{reference}/identity", "sc0xxxsssx+"),
    ("POST", "/mandates/{reference}/identity", "sc0xxxsssx+"),
    ("GET", "/mandates/{reference}/signature", "sc0xxxsssx+"),
    ("POST", "/mandates/{reference}/signature", "sc0xxxsssx+"),
    ("GET", "/mandates/{reference}/done", "sc0xxxsssx+"),
    ("GET", "/mandates/{reference}/attestation", "sc00xxsss++"),
    ("GET", "/mandates/{reference}/end", "sc00xxsss++"),
    ("POST", "/mandates/{reference}/end", "sc00xxsss++"),
    ("GET", "/mandates/{reference}/end/{domain}", "sc00xxsss++"),
    ("POST", "/mandates/{reference}/end/{domain}", "sc00xxsss++"),
    ("GET", "/users", "sc++xxsss++"),
    // The log: its heads and hashes are public, what it says is the auditor's.
    ("GET", "/log/checkpoint", "00000000000"),
    ("GET", "/log/tile/{*path}", "00000000000"),
    ("GET", "/log/tile/entries/{*path}", "scxxx0sssxx"),
    ("GET", "/log", "scxxx+sssxx"),
    ("GET", "/log/find", "scxxx+sssxx"),
    ("POST", "/log/find/user", "scxxx+sssxx"),
    ("POST", "/log/find/aidant", "scxxx+sssxx"),
    ("GET", "/log/export", "scxxx+sssxx"),
    ("POST", "/log/export", "scxxx+sssxx"),
    ("GET", "/log/mandates/{reference}", "scxxx+sssxx"),
    ("GET", "/log/mandates/{reference}/proof", "scxxx0sssxx"),
    ("GET", "/log/alerts", "scxxx+sssxx"),
    ("GET", "/log/alerts/review", "scxxx0sssxx"),
    ("POST", "/log/alerts/review", "scxxx0sssxx"),
    ("GET", "/log/aidants/{pseudonym}", "scxxx0sssxx"),
    ("GET", "/log/structures/{id}", "scxxx+sssxx"),
    ("GET", "/log/{kind}/{name}/unmask", "scxxx+sssxx"),
    ("POST", "/log/{kind}/{name}/unmask", "scxxx+sssxx"),
    ("GET", "/log/entries/{id}/receipt", "scxxx0sssxx"),
];

/// The routes of the provider of professionals, where one is configured; above there is none.
const WITH_A_PROVIDER: &[(&str, &str, &str)] = &[
    ("POST", "/sign-in/professional", "+++++++++++"),
    ("POST", "/activate/{token}/professional", "ggggggggggg"),
    ("GET", "/professional/back", "bbbbbbbbbbb"),
    ("GET", "/professional/leaving", "+++++++++++"),
    ("GET", "/professional/signed-out", "+++++++++++"),
    ("GET", "/account/professional", "sc++++sss++"),
    ("POST", "/account/professional/link", "sc++++sss++"),
    ("POST", "/account/professional/unlink", "sc++++sss++"),
];

#[test]
fn every_route_is_in_the_matrix() {
    let written: BTreeSet<(String, String)> =
        MATRIX.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(written.len(), MATRIX.len(), "a row is written twice");
    let known: BTreeSet<(String, String)> =
        routes().iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    let missing: Vec<_> = known.difference(&written).collect();
    let gone: Vec<_> = written.difference(&known).collect();
    assert!(missing.is_empty(), "routes without a row: {missing:#?}");
    assert!(gone.is_empty(), "rows without a route: {gone:#?}");
    let of_a_provider = |path: &str| path.contains("/professional");
    let twice: BTreeSet<_> =
        WITH_A_PROVIDER.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(twice, written.into_iter().filter(|(_, path)| of_a_provider(path)).collect());
    for (method, path, row) in MATRIX.iter().chain(WITH_A_PROVIDER) {
        assert_eq!(row.len(), CALLERS.len(), "{method} {path}: one letter per caller");
    }
}

on_both_engines! {
    async fn each_caller_gets_what_the_matrix_says(app: TestApp) {
        let mut scene = Scene::set(app).await;
        let mut wrong = scene.differences(MATRIX).await;
        let _national = pro_connect::beside(&mut scene.desk.app).await;
        wrong += &scene.differences(WITH_A_PROVIDER).await;
        assert!(wrong.is_empty(), "order: {CALLERS:?}\n{wrong}");
    }
}

fn letter(answer: &Answer) -> char {
    match (answer.status.as_u16(), answer.location()) {
        (500.., _) => panic!("{} failed: {}\n{}", answer.call, answer.status, answer.body),
        (303, to) if to.starts_with("/sign-in/code") => 'c',
        (303, to) if to.starts_with("/sign-in") => 's',
        (403, _) => 'x',
        (404, _) => '0',
        (401, _) => 'k',
        (400, _) => 'b',
        (410, _) => 'g',
        _ => '+',
    }
}

/// Two structures with their people, and one of each thing that a route names, all of the first structure.
struct Scene {
    desk: Desk,
    elsewhere: StructureId,
    other_aidant: PersonId,
    referent: PersonId,
    other_referent: PersonId,
    operator: PersonId,
    auditor: PersonId,
    /// Signed for this user.
    signed: String,
    user: UserId,
    /// Proposed for a user who is identified and has not decided.
    awaiting: String,
    /// What the consent cookie of that user's browser holds.
    deciding: String,
    service: Service,
    other_service: Service,
    /// Assigned to the aidant, not yet active.
    card: CardId,
}

impl Scene {
    async fn set(app: TestApp) -> Self {
        let desk = Desk::open(app).await;
        let app = &desk.app;
        let elsewhere = app.structure("Mairie de Brest", "21290019500016").await;
        let other_aidant = app.person("Bruno", "Le Goff", Roles::default()).await;
        let referent = app.person("Claire", "Tanguy", Roles::default()).await;
        let other_referent = app.person("Denis", "Kerjean", Roles::default()).await;
        let operator = app.person("Emma", "Riou", Roles { operator: true, auditor: false }).await;
        let auditor = app.person("Farid", "Benali", Roles { operator: false, auditor: true }).await;
        app.member(referent, desk.structure, false, true).await;
        app.member(other_aidant, elsewhere, true, false).await;
        app.member(other_referent, elsewhere, false, true).await;
        let signed = desk.signed(josette(), &["argent"], "31").await;
        let user = id(
            app,
            "SELECT user_id FROM mandate WHERE state = 'active' AND proposed_by = $1",
            desk.aidant.id,
        )
        .await;
        let awaiting = desk.propose(&["social"], "31").await;
        let leaving = desk.leave(&awaiting).await;
        desk.come_back(&leaving, fatou()).await.assert_status(303);
        desk.consent_page(&leaving.browser).await.assert_status(200);
        let service = app.service("impots", |_| {}).await;
        let other_service = app.service("allocations", |_| {}).await;
        let card = assigned_card(app, &desk).await;
        Self {
            user: UserId::from_uuid(user.uuid()),
            deciding: leaving.browser,
            desk,
            elsewhere,
            other_aidant,
            referent,
            other_referent,
            operator,
            auditor,
            signed,
            awaiting,
            service,
            other_service,
            card,
        }
    }

    /// The rows as they should be written, where they are not.
    async fn differences(&self, rows: &[(&str, &str, &str)]) -> String {
        let mut wrong = String::new();
        for (method, path, row) in rows {
            let mut seen = String::new();
            for caller in CALLERS {
                seen.push(letter(&self.call(method, path, caller).await));
            }
            if seen != *row {
                let _ = writeln!(wrong, "(\"{method}\", \"{path}\", \"{seen}\"), // written: {row}");
            }
        }
        wrong
    }

    async fn call(&self, method: &str, path: &str, caller: Caller) -> Answer {
        let app = &self.desk.app;
        let method: Method = method.parse().expect("a method");
        let own = Browser { app, session: Some(self.aidant_session().await), cookie: None };
        let (path, browser) = self.fill(path, own).await;
        let mut call = app.call(method.clone(), &path);
        let mut form: Vec<(&str, String)> = Vec::new();
        match caller {
            Caller::Aidant => {
                call = call.session(browser.session.as_deref().expect("signed in"));
                call = call.cookie("authorization", browser.cookie.as_deref().unwrap_or(""));
            }
            Caller::Service | Caller::OtherService if path == "/token" => {
                let who = if caller == Caller::Service { &self.service } else { &self.other_service };
                call = server(call).header("authorization", basic(who));
                form.push(("grant_type", "authorization_code".to_owned()));
                form.push(("code", self.code(browser).await));
                form.push(("redirect_uri", self.service.redirect_uri.clone()));
            }
            Caller::Service | Caller::OtherService if ["/introspect", "/revoke"].contains(&path.as_str()) => {
                let who = if caller == Caller::Service { &self.service } else { &self.other_service };
                call = server(call).header("authorization", basic(who));
                form.push(("token", "unknown".to_owned()));
            }
            Caller::Service if ["/userinfo", "/actions"].contains(&path.as_str()) => {
                let code = self.code(browser).await;
                let tokens = json(&redeem(app, &self.service, &code, &[]).await);
                let token = tokens["access_token"].as_str().expect("a token").to_owned();
                call = server(call).header("authorization", format!("Bearer {token}"));
            }
            Caller::Service => call = server(call).header("authorization", basic(&self.service)),
            Caller::OtherService => call = server(call).header("authorization", basic(&self.other_service)),
            Caller::Nobody => {}
            Caller::User => call = call.cookie("consent", &self.deciding),
            Caller::Half => call = call.session(&app.half_session(self.desk.aidant.id).await),
            Caller::OtherAidant => {
                call = call.session(&app.session(self.other_aidant, Some(self.elsewhere)).await);
            }
            Caller::Referent => {
                call = call.session(&app.session(self.referent, Some(self.desk.structure)).await);
            }
            Caller::OtherReferent => {
                call = call.session(&app.session(self.other_referent, Some(self.elsewhere)).await);
            }
            Caller::Operator => call = call.session(&app.session(self.operator, None).await),
            Caller::Auditor => call = call.session(&app.session(self.auditor, None).await),
        }
        if method == Method::POST {
            let fields: Vec<(&str, &str)> =
                form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            call = call.form(&fields);
            if !["/token", "/userinfo", "/introspect", "/revoke", "/access/v1/evaluation", "/actions"]
                .contains(&path.as_str())
            {
                call = call.header("sec-fetch-site", "same-origin");
            }
        }
        call.send().await
    }

    /// A browser in which the aidant signed in before.
    async fn device(&self) -> String {
        let (app, aidant) = (&self.desk.app.app, self.desk.aidant.id);
        let id = RowId::new(app.now(), &*app.entropy);
        let hash = PlainToken::generate(&*app.entropy).hash();
        entremise::transact!(app.store, "test_device", tx => {
            change!(tx, sqlx::query(
                "INSERT INTO device (id, token_hash, person_id, created_at, last_seen_at, entry_id)
                 SELECT $1, $2, $3, $4, $4, entry_id FROM person WHERE id = $3")
                .bind(id).bind(hash.clone()).bind(aidant).bind(app.now()))?;
            Ok::<_, StoreError>(())
        })
        .expect("the device is written");
        id.to_string()
    }

    /// A new session of the aidant, opened with the card.
    async fn aidant_session(&self) -> String {
        let (app, aidant) = (&self.desk.app, &self.desk.aidant);
        let session = app.session(aidant.id, Some(self.desk.structure)).await;
        entremise::transact!(app.app.store, "test_session_card", tx => {
            change!(tx, sqlx::query("UPDATE session SET card_id = $1, fresh_until = ends_at WHERE person_id = $2")
                .bind(aidant.card_id).bind(aidant.id))?;
            Ok::<_, StoreError>(())
        })
        .expect("the session is written");
        session
    }

    /// A code just given to the service, by the whole of the aidant's part.
    async fn code(&self, mut browser: Browser<'_>) -> String {
        let back = browser.open(&self.service, self.user, &[]).await;
        param(&back, "code").expect("a code")
    }

    /// The path with the first structure's things in place of its parameters; a request of a service is brought anew
    /// by the aidant's browser.
    async fn fill<'a>(&self, path: &str, mut browser: Browser<'a>) -> (String, Browser<'a>) {
        let mut path = path
            .replace("{release}/{name}", "x/style.css")
            .replace("{*path}", "0/000")
            .replace("{pseudonym}", "0000000000000000000000000000000000000000000")
            .replace("{token}", "0000000000000000000000000000000000000000000")
            .replace("{domain}", "argent")
            .replace("{kind}/{name}", &format!("mandates/{}", self.signed));
        let undecided = path.ends_with("/identity") || path.ends_with("/signature");
        path = path.replace("{reference}", if undecided { &self.awaiting } else { &self.signed });
        if path.starts_with("/sessions/") {
            let session =
                id(&self.desk.app, "SELECT id FROM session WHERE person_id = $1", self.desk.aidant.id).await;
            path = path.replace("{id}", &session.to_string());
        } else if path.starts_with("/devices/") {
            path = path.replace("{id}", &self.device().await);
        }
        if path.starts_with("/clients/") {
            path = path.replace("{id}", &self.service.id.to_string());
        }
        if path.starts_with("/people/") {
            path = path.replace("{id}", &self.desk.aidant.id.to_string());
        } else if path.contains("/structures/") {
            path = path.replace("{id}", &self.desk.structure.to_string());
        }
        path = path.replace("{id}", &self.card.to_string());
        if path.contains("/{handle}") {
            let handle = browser.arrive(&self.service, &[]).await;
            // Whoever comes first with the handle is the browser that brought it.
            browser.get(&handle).await;
            path = path.replace("/authorize/{handle}", &handle);
            if path.ends_with("/mandate") || path.ends_with("/end") {
                path = format!("{path}?user={}", self.user);
            }
        }
        (path, browser)
    }
}

/// The id that a query about a person gives first.
async fn id(app: &TestApp, sql: &'static str, person: PersonId) -> RowId {
    entremise::view!(app.app.store, tx => {
        match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query_scalar(sql).bind(person).fetch_one(&mut **c).await,
            entremise::store::Tx::Lite(c) => sqlx::query_scalar(sql).bind(person).fetch_one(&mut **c).await,
        }
        .map_err(StoreError::from)
    })
    .expect(sql)
}

async fn assigned_card(app: &TestApp, desk: &Desk) -> CardId {
    let id = CardId::new(app.app.now(), &*app.app.entropy);
    let (entry, now) = (app.entry(Kind::CardAssigned).await, app.app.now());
    let seed = Place { table: "card", row: id.as_bytes(), column: "seed_sealed" };
    let seed = app.app.sealer.seal(seed, &[7; 20]).expect("sealing works");
    entremise::transact!(app.app.store, "test_assigned_card", tx => {
        change!(tx, sqlx::query(
            "INSERT INTO card (id, kind, serial, seed_sealed, period, digits, algorithm, state, structure_id, person_id,
               imported_at, assigned_at, assigned_entry_id, entry_id)
             VALUES ($1, 'hardware', 'T-1', $2, 30, 6, 'SHA1', 'assigned', $3, $4, $5, $5, $6, $6)")
            .bind(id).bind(seed.clone()).bind(desk.structure).bind(desk.aidant.id).bind(now).bind(entry))?;
        Ok::<_, StoreError>(())
    })
    .expect("the card is written");
    id
}
