//! What a service may ask to know of the user: said at its registration, and held to at every step.
use entremise::app::manage_client::{self, By};
use entremise::domain::ids::UserId;
use entremise::oidc::provider::scope::{Scope, Scopes};
use serde_json::{Value, json as value};
use time::Duration;

use super::clients::{Operator, page};
use super::provider::{Browser, basic, id_token, json, logged, param, redeem, server, userinfo};
use super::provider_claims::identity;
use super::provider_high_security::Bank;
use crate::support::app::TestApp;
use crate::support::services::{Desk, ahmed};

const ALL: &str = "birth openid profile email";

async fn scene(app: &TestApp) -> (Desk, UserId) {
    let desk = app.desk("Nadia", "35600000012345").await;
    let user = app.user(&ahmed()).await;
    app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
    (desk, user)
}

async fn allow(app: &TestApp, client_id: &str, scopes: &[Scope]) -> bool {
    manage_client::change_scopes(&app.app, By::CommandLine, client_id, &Scopes::of(scopes)).await.unwrap()
}

/// Everything by name, in both places.
fn by_name() -> String {
    let every =
        value!({ "email": { "essential": true }, "given_name": null, "birthdate": null, "birthplace": null });
    value!({ "userinfo": every, "id_token": every }).to_string()
}

on_both_engines! {
    async fn what_a_service_may_not_ask_for_is_ignored(app: TestApp) {
        let (desk, user) = scene(&app).await;
        let service = app.service("impots", |new| new.policy.scopes = Scopes::of(&[Scope::Email])).await;
        let claims = by_name();
        for (asked, granted, told) in
            [(ALL, "openid email", vec!["email"]), ("openid profile", "openid", vec!["email"]), ("openid", "openid", vec!["email"])]
        {
            let more = [("scope", asked), ("claims", claims.as_str())];
            let back = Browser::of(&app, &desk).open(&service, user, &more).await;
            let tokens = json(redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await.assert_status(200));
            assert_eq!(tokens["scope"], granted, "the answer says what was given");
            let signed = id_token(&app, &service, tokens["id_token"].as_str().unwrap()).await;
            let info = json(userinfo(&app, tokens["access_token"].as_str().unwrap()).await.assert_status(200));
            assert_eq!((identity(&signed), identity(&info)), (told.clone(), told), "{asked}");
            assert_eq!(signed["sub"], info["sub"], "an identifier it always gets");
        }
        // Without the claims, the scope alone.
        let back = Browser::of(&app, &desk).open(&service, user, &[("scope", "openid profile birth")]).await;
        let tokens = json(redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await.assert_status(200));
        let info = json(userinfo(&app, tokens["access_token"].as_str().unwrap()).await.assert_status(200));
        assert!(identity(&info).is_empty(), "{info}");
    }

    async fn what_is_pushed_beyond_it_is_ignored_too(app: TestApp) {
        let bank = Bank::of(&app).await;
        assert!(allow(&app, "bank", &[Scope::Birth]).await);
        let pushed = bank.push(&app, None, &[("scope", ALL), ("claims", &by_name())]).await;
        let code = bank.code(&app, pushed.assert_status(201)).await;
        let proof = bank.holder.proof(&app, "POST", "/token", &value!({}));
        let tokens = json(bank.redeem(&app, &code, &[&proof]).await.assert_status(200));
        assert_eq!(tokens["scope"], "openid birth");
        let token = tokens["access_token"].as_str().unwrap();
        let proof = bank.holder.proof_with(&app, "GET", "/userinfo", token);
        let info: Value = json(bank.userinfo(&app, &format!("DPoP {token}"), &[&proof]).await.assert_status(200));
        assert_eq!(identity(&info), ["birthplace", "birthcountry"]);
    }

    async fn a_service_allowed_less_gets_less_at_once(app: TestApp) {
        let (desk, user) = scene(&app).await;
        let service = app.service("impots", |new| new.policy.may_refresh = true).await;
        let claims = by_name();
        let open = async || {
            let more = [("scope", ALL), ("claims", claims.as_str())];
            param(&Browser::of(&app, &desk).open(&service, user, &more).await, "code").unwrap()
        };
        let tokens = json(redeem(&app, &service, &open().await, &[]).await.assert_status(200));
        let before = tokens["access_token"].as_str().unwrap().to_owned();
        assert_eq!((&tokens["scope"], identity(&json(&userinfo(&app, &before).await)).len()), (&value!("openid profile email birth"), 8));
        assert!(allow(&app, "impots", &[Scope::Email]).await);
        assert!(!allow(&app, "impots", &[Scope::Email, Scope::OpenId]).await, "it is so already");
        assert_eq!(logged(&app, "client.changed").await, 1);
        assert_eq!(identity(&json(userinfo(&app, &before).await.assert_status(200))), ["email"], "a token given before");
        let question = [("token", before.as_str())];
        let told = server(app.post("/introspect")).header("authorization", basic(&service)).form(&question).send().await;
        assert_eq!(json(told.assert_status(200))["scope"], "openid email", "told to whoever asks");
        let fields = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
        let renewed = server(app.post("/token")).header("authorization", basic(&service)).form(&fields).send().await;
        assert_eq!(json(renewed.assert_status(200))["scope"], "openid email", "a token renewed");
        assert!(allow(&app, "impots", &[]).await);
        assert!(identity(&json(userinfo(&app, &before).await.assert_status(200))).is_empty());

        assert!(allow(&app, "impots", &Scope::ALL).await);
        let code = open().await;
        assert!(allow(&app, "impots", &[Scope::Email]).await);
        let later = json(redeem(&app, &service, &code, &[]).await.assert_status(200));
        assert_eq!(later["scope"], "openid email", "a code given before");
        let signed = id_token(&app, &service, later["id_token"].as_str().unwrap()).await;
        assert_eq!(identity(&signed), ["email"]);
    }

    async fn an_operator_says_what_a_service_may_ask_for(app: TestApp) {
        entremise::app::signing_keys::ensure(&app.app).await.unwrap();
        let emma = Operator::of(&app).await;
        emma.get("/clients/new").await.assert_contains("Rien de coché\u{a0}: un identifiant").assert_contains("La commune et le pays de naissance");
        let form = [
            ("client_id", "impots"), ("name", "Les impôts"), ("profile", "general"), ("scopes", "email"),
            ("redirect_uris", ""), ("id_token_alg", "ES256"),
        ];
        let kept = emma.post("/clients/new", &form).await;
        kept.assert_status(422).assert_contains("value=\"email\" checked");
        assert!(!kept.body.contains("value=\"birth\" checked"));
        let mut good = form;
        good[4].1 = "https://impots.example/cb";
        let mut strange = good;
        strange[3].1 = "phone";
        emma.post("/clients/new", &strange).await.assert_status(400);
        emma.post("/clients/new", &good).await.assert_status(200);
        assert_eq!(app.count("SELECT COUNT(*) FROM client WHERE scopes = 'openid email'").await, 1);

        let service = app.service("banque", |_| {}).await;
        let (one, change) = (page(&service), format!("{}/scopes", page(&service)));
        emma.get(&one).await.assert_contains("L’identité (profile)").assert_contains("Le lieu de naissance (birth)").assert_contains(&change);
        let now = emma.get(&change).await;
        for scope in ["profile", "email", "birth"] {
            now.assert_status(200).assert_contains(&format!("value=\"{scope}\" checked"));
        }
        emma.post(&change, &[("scopes", "phone")]).await.assert_status(400);
        for _ in 0..2 {
            assert_eq!(emma.post(&change, &[("scopes", "profile")]).await.assert_status(303).location(), one);
        }
        let told = emma.get(&one).await;
        assert!(told.body.contains("L’identité (profile)") && !told.body.contains("(birth)"));
        emma.post(&change, &[]).await.assert_status(303);
        assert_eq!(app.count("SELECT COUNT(*) FROM client WHERE scopes = 'openid'").await, 1, "nothing ticked: an identifier");
        assert_eq!(logged(&app, "client.changed").await, 2, "twice is once");
    }
}
