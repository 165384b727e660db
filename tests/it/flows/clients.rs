//! An operator's pages of services: registered by form, watched, changed, stopped at once.
use entremise::domain::ids::PersonId;
use entremise::store::StoreError;
use time::Duration;

use super::provider::{Browser, authorize, basic, json, logged, param, redeem, server, userinfo};
use crate::support::app::{Answer, TestApp};
use crate::support::services::{Service, josette};
use crate::support::signing::Signer;
use crate::support::{Roles, change};

/// An operator at their screen.
pub struct Operator<'a> {
    app: &'a TestApp,
    id: PersonId,
    session: String,
}

impl<'a> Operator<'a> {
    pub async fn of(app: &'a TestApp) -> Self {
        let id = app.person("Emma", "Riou", Roles { operator: true, auditor: false }).await;
        Self { app, id, session: app.session(id, None).await }
    }

    /// Signed in anew.
    async fn again(&mut self) {
        self.session = self.app.session(self.id, None).await;
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.app.get(path).session(&self.session).send().await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.app.post(path).session(&self.session).form(form).send().await
    }
}

/// The one secret that a page shows.
fn secret_on(page: &str) -> String {
    let shown = page.split("Secret</dt>").nth(1).expect("a secret is shown");
    let text = shown.split("<span class=\"line\">").nth(1).expect("its line");
    text.split('<').next().expect("its end").to_owned()
}

/// What the token endpoint says to a service that shows its secret with a code of nobody.
async fn error(app: &TestApp, client_id: &str, secret: &str) -> String {
    let service = Service {
        id: entremise::domain::ids::ServiceId::from_uuid(uuid::Uuid::nil()),
        client_id: client_id.to_owned(),
        secret: secret.to_owned(),
        redirect_uri: format!("https://{client_id}.example/cb"),
    };
    json(&redeem(app, &service, "no-code", &[]).await)["error"].as_str().expect("an error").to_owned()
}

pub fn page(service: &Service) -> String {
    format!("/clients/{}", service.id)
}

on_both_engines! {
    async fn a_service_is_registered_by_form(app: TestApp) {
        entremise::app::signing_keys::ensure(&app.app).await.unwrap();
        let emma = Operator::of(&app).await;
        emma.get("/clients").await.assert_status(200).assert_contains("Aucun service enregistré");
        emma.get("/clients/new").await.assert_status(200).assert_contains("franceconnect");
        let good = [
            ("client_id", "impots"), ("name", "Les impôts"), ("profile", "general"),
            ("redirect_uris", "https://impots.example/cb\nhttps://impots.example/two"), ("id_token_alg", "ES256"),
        ];
        let with = |name: &'static str, value: &'static str| {
            let mut form: Vec<_> = good.into_iter().filter(|(known, _)| *known != name).collect();
            form.push((name, value));
            form
        };
        for (form, said) in [
            (with("client_id", "des espaces"), "lettres, chiffres"),
            (with("client_id", ""), "lettres, chiffres"),
            (with("name", ""), "un nom de 1 à 100"),
            (with("profile", ""), "Choisissez un profil"),
            (with("profile", "high_security"), "demande les clés publiques"),
            (with("auth_method", "private_key_jwt"), "demande les clés publiques"),
            (with("redirect_uris", ""), "au moins une adresse"),
            (with("redirect_uris", "http://impots.example/cb"), "http://impots.example/cb\u{a0}: l’adresse doit"),
            (with("redirect_uris", "https://a.example/\nhttps://b.example/"), "indiquez le secteur"),
            (with("backchannel_uri", "ftp://impots.example/"), "ftp://impots.example/\u{a0}: l’adresse doit"),
            (with("jwks", "{\"keys\":[]}"), "pas un jeu de clés"),
        ] {
            let answer = emma.post("/clients/new", &form).await;
            answer.assert_status(422).assert_contains(said).assert_contains("id=\"error-summary\"");
            for (name, typed) in form.iter().filter(|(name, typed)| *name == "name" && !typed.is_empty()) {
                assert!(answer.body.contains(typed), "{name} is kept");
            }
        }
        emma.post("/clients/new", &with("domains", "no-such-domain")).await.assert_status(400);
        assert_eq!((logged(&app, "client.created").await, app.count("SELECT COUNT(*) FROM client").await), (0, 0));

        let shown = emma.post("/clients/new", &good).await;
        shown.assert_status(200).assert_contains("Affiché une seule fois");
        assert_eq!(shown.header("cache-control"), "no-store");
        let secret = secret_on(&shown.body);
        assert_eq!(error(&app, "impots", &secret).await, "invalid_grant", "the secret serves");
        assert_eq!(logged(&app, "client.created").await, 1);
        let listed = emma.get("/clients").await;
        listed.assert_contains("Les impôts").assert_contains("En service").assert_contains("Jamais");
        let href = listed.body.split("href=\"/clients/").nth(2).and_then(|rest| rest.split('"').next()).unwrap();
        let address = format!("/clients/{href}");
        for path in [address.clone(), format!("{address}/secret"), format!("{address}/addresses"), "/clients".into()] {
            let answer = emma.get(&path).await;
            answer.assert_status(200);
            assert!(!answer.body.contains(&secret), "{path}: never again");
        }
        emma.get(&address).await.assert_contains("https://impots.example/two").assert_contains("Secret en service depuis");
        emma.post("/clients/new", &good).await.assert_status(422).assert_contains("déjà cet identifiant");

        let signer = Signer::fresh();
        let keys = serde_json::to_string(&signer.jwks()).unwrap();
        let bank = [
            ("client_id", "bank"), ("name", "Banque"), ("profile", "high_security"), ("jwks", keys.as_str()),
            ("redirect_uris", "https://bank.example/cb"), ("id_token_alg", "ES256"), ("flags", "refresh"),
        ];
        let made = emma.post("/clients/new", &bank).await;
        let to = made.assert_status(303).location().to_owned();
        emma.get(&to).await.assert_status(200).assert_contains(&signer.thumbprint()).assert_contains("déposées d’avance");
        emma.get(&format!("{to}/secret")).await.assert_status(404);
        emma.post(&format!("{to}/secret"), &[("overlap", "0")]).await.assert_status(404);
    }

    async fn what_a_service_does_and_what_is_refused_is_seen(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
        let service = app.service("impots", |_| {}).await;
        let other = app.service("allocations", |_| {}).await;
        let mut emma = Operator::of(&app).await;
        emma.get(&page(&service)).await.assert_contains("Rien en 30 jours").assert_contains("aucune ouverture, aucune action rapportée, 0 refus");
        let code = param(&Browser::of(&app, &desk).open(&service, user, &[]).await, "code").unwrap();
        let tokens = json(&redeem(&app, &service, &code, &[]).await);
        let token = tokens["access_token"].as_str().unwrap();
        userinfo(&app, token).await.assert_status(200);
        for _ in 0..3 {
            let call = server(app.post("/introspect")).header("authorization", basic(&service));
            call.form(&[("token", token)]).send().await.assert_status(200);
        }
        entremise::app::give_check::count_checks(&app.app, true).await.unwrap();
        let action = r#"{"type": "tax.declared", "label": "Déclaration", "reference": "17", "outcome": "done"}"#;
        let call = server(app.post("/actions")).header("authorization", format!("Bearer {token}"));
        call.header("idempotency-key", "1").json(action).send().await.assert_status(201);
        assert_eq!(error(&app, "impots", "wrong").await, "invalid_client");
        assert_eq!(error(&app, "impots", &service.secret).await, "invalid_grant");
        assert_eq!(error(&app, "nobody", "wrong").await, "invalid_client");

        let watched = emma.get(&page(&service)).await;
        watched.assert_status(200).assert_contains("une ouverture, une action rapportée, 2 refus");
        let today = watched.body.split("<tbody>").nth(1).and_then(|body| body.split("</tbody>").next()).unwrap();
        let today: Vec<&str> = today.trim_end().rsplit("<tr>").next().unwrap().split("class=\"number\">").skip(1)
            .map(|cell| cell.split('<').next().unwrap()).collect();
        assert_eq!(today, ["1", "1", "1", "3", "1", "2"], "opened, tokens, userinfo, checks, actions, refused");
        watched.assert_contains("identifiants faux").assert_contains("code inconnu").assert_contains("class=\"refused\"");
        assert!(!watched.body.contains("Josette") && !watched.body.contains("Nadia"), "nobody is named");
        emma.get("/clients").await.assert_contains("1 / 1").assert_contains("2 / 2").assert_contains("0 / 0");
        let elsewhere = emma.get(&page(&other)).await;
        assert!(!elsewhere.body.contains("identifiants faux"), "of its own only");
        app.clock.advance(Duration::days(8));
        emma.again().await;
        emma.get("/clients").await.assert_contains("0 / 1").assert_contains("0 / 2");
        app.clock.advance(Duration::days(25));
        emma.again().await;
        emma.get(&page(&service)).await.assert_contains("Rien en 30 jours");
        for nothing in ["/clients/x", "/clients/00000000-0000-0000-0000-000000000000"] {
            emma.get(nothing).await.assert_status(404);
        }
    }

    async fn refusals_are_shown_page_by_page(app: TestApp) {
        let service = app.service("impots", |_| {}).await;
        // Twenty of one origin are written in a minute.
        for _ in 0..3 {
            app.clock.advance(Duration::minutes(1));
            for _ in 0..20 {
                assert_eq!(error(&app, "impots", "wrong").await, "invalid_client");
            }
        }
        assert_eq!(error(&app, "impots", &service.secret).await, "invalid_grant");
        let emma = Operator::of(&app).await;
        let shown = |answer: &Answer| answer.body.matches("identifiants faux").count();
        let first = emma.get(&page(&service)).await;
        first.assert_status(200).assert_contains("code inconnu").assert_contains("61 en 30 jours, 50 par page");
        assert_eq!(shown(&first), 49, "fifty with the latest");
        assert!(!first.body.contains("Derniers refus"));
        let older = first.body.split(&format!("{}?before=", page(&service))).nth(1).and_then(|rest| rest.split('#').next());
        let older = format!("{}?before={}", page(&service), older.expect("older ones"));
        let second = emma.get(&older).await;
        second.assert_status(200).assert_contains("Derniers refus");
        assert_eq!(shown(&second), 11);
        assert!(!second.body.contains("Refus plus anciens") && !second.body.contains("code inconnu"));
        assert_eq!(shown(&emma.get(&format!("{}?before=x", page(&service))).await), 49, "not one of ours");
    }

    async fn a_service_is_stopped_and_its_secret_changed_by_its_page(app: TestApp) {
        let service = app.service("impots", |_| {}).await;
        let mut emma = Operator::of(&app).await;
        let turn = format!("{}/suspension", page(&service));
        emma.get(&turn).await.assert_status(200).assert_contains("pour de bon");
        emma.post(&turn, &[("turn", "suspend"), ("reason", "")]).await.assert_status(422).assert_contains("Indiquez le motif");
        emma.post(&turn, &[("turn", "x"), ("reason", "Fuite")]).await.assert_status(400);
        assert_eq!(error(&app, "impots", &service.secret).await, "invalid_grant");
        let stop = [("turn", "suspend"), ("reason", "Fuite de son secret")];
        assert_eq!(emma.post(&turn, &stop).await.assert_status(303).location(), page(&service));
        assert_eq!(error(&app, "impots", &service.secret).await, "invalid_client");
        app.get(&authorize(&service, &[])).send().await.assert_status(400);
        emma.get(&page(&service)).await.assert_contains("Suspendu").assert_contains("Remettre en service");
        emma.post(&turn, &stop).await.assert_status(422).assert_contains("déjà fait");
        assert_eq!(logged(&app, "client.changed").await, 1, "twice is once");

        let renew = format!("{}/secret", page(&service));
        emma.post(&renew, &[("overlap", "12")]).await.assert_status(422).assert_contains("Choisissez une durée");
        let new = secret_on(&emma.post(&renew, &[("overlap", "24")]).await.assert_status(200).body);
        emma.post(&turn, &[("turn", "restore"), ("reason", "Secret changé")]).await.assert_status(303);
        for secret in [&service.secret, &new] {
            assert_eq!(error(&app, "impots", secret).await, "invalid_grant");
        }
        emma.get(&page(&service)).await.assert_contains("Le secret d’avant sert encore");
        app.clock.advance(Duration::hours(25));
        emma.again().await;
        assert_eq!(error(&app, "impots", &service.secret).await, "invalid_client");
        assert_eq!(error(&app, "impots", &new).await, "invalid_grant");
        assert_eq!(logged(&app, "client.changed").await, 3);

        // A quarter of an hour without activity: the code of the card comes first, and nothing has changed.
        emma.again().await;
        app.clock.advance(Duration::minutes(16));
        for path in [&turn, &renew, &format!("{}/addresses", page(&service)), "/clients/new"] {
            let answer = emma.post(path, &stop).await;
            assert!(answer.assert_status(303).location().starts_with("/sign-in/again"), "{path}");
        }
        assert_eq!(error(&app, "impots", &new).await, "invalid_grant");
        assert_eq!(logged(&app, "client.changed").await, 3);
    }

    async fn addresses_and_keys_are_changed_under_the_rules_of_a_registration(app: TestApp) {
        let service = app.service("impots", |_| {}).await;
        let emma = Operator::of(&app).await;
        let path = format!("{}/addresses", page(&service));
        emma.get(&path).await.assert_status(200).assert_contains("https://impots.example/cb");
        for bad in ["", "http://impots.example/new", "https://impots.example/#x", "javascript:alert(1)"] {
            let answer = emma.post(&path, &[("redirect_uris", bad)]).await;
            answer.assert_status(422).assert_contains(if bad.is_empty() { "au moins une adresse" } else { bad });
        }
        assert_eq!(logged(&app, "client.changed").await, 0);
        app.get(&authorize(&service, &[])).send().await.assert_status(303);
        let new = [("redirect_uris", "https://impots.example/new"), ("backchannel_uri", "https://impots.example/out")];
        emma.post(&path, &new).await.assert_status(303);
        app.get(&authorize(&service, &[])).send().await.assert_status(400);
        let moved = Service { redirect_uri: "https://impots.example/new".to_owned(), ..service.clone() };
        app.get(&authorize(&moved, &[])).send().await.assert_status(303);
        emma.post(&path, &new).await.assert_status(303);
        assert_eq!(logged(&app, "client.changed").await, 1, "the same again changes nothing");
        emma.get(&page(&service)).await.assert_contains("https://impots.example/out");

        let signer = Signer::fresh();
        let keys = serde_json::to_string(&signer.jwks()).unwrap();
        let both = [("redirect_uris", "https://impots.example/new"), ("jwks", keys.as_str()), ("jwks_uri", "https://impots.example/jwks")];
        emma.post(&path, &both).await.assert_status(422).assert_contains("l’un ou l’autre");
        entremise::transact!(app.app.store, "test_method", tx => {
            change!(tx, sqlx::query("UPDATE client SET auth_method = 'private_key_jwt', secret_hash = NULL"))
        }).unwrap();
        let none = [("redirect_uris", "https://impots.example/new")];
        emma.post(&path, &none).await.assert_status(422).assert_contains("demande les clés publiques");
        emma.post(&path, &both[..2]).await.assert_status(303);
        let shows = async |assertion: String| {
            let fields = [
                ("token", "nothing"),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion.as_str()),
            ];
            server(app.post("/introspect")).form(&fields).send().await.status.as_u16()
        };
        assert_eq!(shows(signer.assertion(&app, "impots", &serde_json::json!({}))).await, 200);
        emma.get(&page(&service)).await.assert_contains("Clés publiques");
        // Published where nobody answers: what this node found there is told.
        let by_uri = [("redirect_uris", "https://impots.example/new"), ("jwks_uri", "https://127.0.0.1:1/jwks")];
        emma.post(&path, &by_uri).await.assert_status(303);
        emma.get(&page(&service)).await.assert_contains("Pas encore par ce serveur");
        assert_eq!(shows(signer.assertion(&app, "impots", &serde_json::json!({}))).await, 401);
        emma.get(&page(&service)).await.assert_contains("Pas de réponse").assert_contains("assertion signée d’une clé inconnue");
        assert_eq!(logged(&app, "client.changed").await, 3);
    }
}
