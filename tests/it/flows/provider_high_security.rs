//! A service under FAPI 2.0: it pushes its request, signs its assertions, and holds the key of its tokens.
use entremise::crypto::jwt::Alg;
use entremise::domain::ids::UserId;
use entremise::oidc::provider::policy::{ClientKeys, Policy};
use serde_json::{Value, json};
use time::Duration;

use super::provider::{
    Browser, authorize, basic, first_grant, id_token, json, logged, param, redeem, server, userinfo,
};
use crate::support::app::{Answer, TestApp};
use crate::support::services::{Desk, Service, ahmed};
use crate::support::signing::{Signer, ath};

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A bank, its keys, and a user who gave a mandate to the structure of a desk.
pub struct Bank {
    pub desk: Desk,
    pub user: UserId,
    pub service: Service,
    /// Signs its assertions.
    pub signer: Signer,
    /// Holds its tokens.
    pub holder: Signer,
}

impl Bank {
    pub async fn of(app: &TestApp) -> Self {
        Self::signing(app, Alg::Es256).await
    }

    /// The same, with ID tokens of this algorithm.
    pub async fn signing(app: &TestApp, alg: Alg) -> Self {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&ahmed()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas2")).await;
        let (signer, holder) = (Signer::fresh(), Signer::fresh());
        let keys = ClientKeys::Inline(signer.jwks());
        let service = app
            .service("bank", |new| new.policy = Policy { id_token_alg: alg, ..Policy::high_security(keys) })
            .await;
        Self { desk, user, service, signer, holder }
    }

    pub fn assertion(&self, app: &TestApp) -> String {
        self.signer.assertion(app, "bank", &json!({}))
    }

    /// Pushes the good request with some parameters replaced, or with an empty value left out.
    pub async fn push(&self, app: &TestApp, proof: Option<&str>, changes: &[(&str, &str)]) -> Answer {
        let assertion = self.assertion(app);
        let mut fields = vec![
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion.as_str()),
            ("client_id", "bank"),
            ("redirect_uri", self.service.redirect_uri.as_str()),
            ("response_type", "code"),
            ("scope", "openid profile"),
            ("state", "st ate"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        fields.retain(|(name, _)| !changes.iter().any(|(other, _)| other == name));
        fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let call = server(app.post("/par"));
        let call = if let Some(proof) = proof { call.header("dpop", proof) } else { call };
        call.form(&fields).send().await
    }

    /// Where the browser goes with what was pushed.
    pub fn visit(pushed: &Answer) -> String {
        let uri = json(pushed)["request_uri"].as_str().expect("a request_uri").to_owned();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", "bank")
            .append_pair("request_uri", &uri)
            .finish();
        format!("/authorize?{query}")
    }

    /// The aidant's part of a pushed request: gives the code.
    pub async fn code(&self, app: &TestApp, pushed: &Answer) -> String {
        let mut browser = Browser::of(app, &self.desk);
        let handle = browser.get(&Self::visit(pushed)).await.assert_status(303).location().to_owned();
        assert_eq!(browser.get(&handle).await.location(), format!("{handle}/user"));
        let page = format!("{handle}/mandate?user={}", self.user);
        let grant = first_grant(&browser.get(&page).await.body);
        let answer = browser.post(&page, &[("grant", &grant), ("presence", "present")]).await;
        param(answer.location(), "code").expect("a code")
    }

    pub async fn redeem(&self, app: &TestApp, code: &str, proofs: &[&str]) -> Answer {
        self.redeem_as(app, code, proofs, &self.assertion(app)).await
    }

    pub async fn redeem_as(&self, app: &TestApp, code: &str, proofs: &[&str], assertion: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.service.redirect_uri.as_str()),
            ("code_verifier", VERIFIER),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        let call = server(app.post("/token")).form(&fields);
        proofs.iter().fold(call, |call, proof| call.also("dpop", *proof)).send().await
    }

    pub fn proof(&self, app: &TestApp) -> String {
        self.holder.proof(app, "POST", "/token", &json!({}))
    }

    /// The whole flow: an access token bound to the holder's key.
    pub async fn token(&self, app: &TestApp) -> String {
        let pushed = self.push(app, None, &[]).await;
        let code = self.code(app, &pushed).await;
        let tokens = json(self.redeem(app, &code, &[&self.proof(app)]).await.assert_status(200));
        tokens["access_token"].as_str().expect("a token").to_owned()
    }

    pub async fn userinfo(&self, app: &TestApp, authorization: &str, proofs: &[&str]) -> Answer {
        let call = server(app.get("/userinfo")).header("authorization", authorization);
        proofs.iter().fold(call, |call, proof| call.also("dpop", *proof)).send().await
    }
}

pub fn error(answer: &Answer) -> String {
    json(answer)["error"].as_str().expect("an error").to_owned()
}

on_both_engines! {
    async fn from_the_pushed_request_to_the_identity(app: TestApp) {
        let bank = Bank::of(&app).await;
        let proof = bank.holder.proof(&app, "POST", "/par", &json!({}));
        let pushed = bank.push(&app, Some(&proof), &[]).await;
        pushed.assert_status(201);
        assert_eq!(pushed.header("cache-control"), "no-store");
        let said = json(&pushed);
        let reference = said["request_uri"].as_str().unwrap().strip_prefix("urn:ietf:params:oauth:request_uri:").unwrap();
        assert_eq!(data_encoding::BASE64URL_NOPAD.decode(reference.as_bytes()).unwrap().len(), 32, "256 bits");
        assert!((60..=90).contains(&said["expires_in"].as_i64().unwrap()), "{said}");

        let code = bank.code(&app, &pushed).await;
        let answer = bank.redeem(&app, &code, &[&bank.proof(&app)]).await;
        let tokens = json(answer.assert_status(200));
        assert_eq!(tokens["token_type"], "DPoP");
        let claims = id_token(&app, &bank.service, tokens["id_token"].as_str().unwrap()).await;
        assert_eq!(claims["acr"], "eidas2");

        let token = tokens["access_token"].as_str().unwrap();
        for scheme in ["DPoP", "dpop", "DPOP"] {
            let proof = bank.holder.proof_with(&app, "GET", "/userinfo", token);
            let call = server(app.get("/userinfo")).header("authorization", format!("{scheme} {token}"));
            let answer = call.header("dpop", proof).header("x-fapi-interaction-id", "c770aef3-6784-41f7-8e0e-ff5f97bddb3a").send().await;
            assert_eq!(json(answer.assert_status(200))["sub"], claims["sub"]);
            assert_eq!(answer.header("x-fapi-interaction-id"), "c770aef3-6784-41f7-8e0e-ff5f97bddb3a");
        }
        assert_eq!(logged(&app, "userinfo.given").await, 3);
    }

    async fn what_is_pushed_wrongly_is_refused(app: TestApp) {
        let bank = Bank::of(&app).await;
        let other = Signer::fresh().thumbprint();
        for (changes, code) in [
            (vec![("request_uri", "urn:ietf:params:oauth:request_uri:x")], "invalid_request"),
            (vec![("redirect_uri", "")], "invalid_request"),
            (vec![("redirect_uri", "https://evil.example/cb")], "invalid_request"),
            (vec![("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
            (vec![("code_challenge_method", "plain")], "invalid_request"),
            (vec![("code_challenge_method", "")], "invalid_request"),
            (vec![("response_type", "code id_token")], "unsupported_response_type"),
            (vec![("response_type", "")], "invalid_request"),
            (vec![("scope", "profile")], "invalid_scope"),
            (vec![("request", "a.b.c")], "request_not_supported"),
            (vec![("dpop_jkt", other.as_str())], "invalid_request"),
            (vec![("client_id", "somebody")], "invalid_client"),
            (vec![("client_assertion", "")], "invalid_client"),
            (vec![("client_assertion_type", "urn:other")], "invalid_client"),
        ] {
            let proof = bank.holder.proof(&app, "POST", "/par", &json!({}));
            let answer = bank.push(&app, Some(&proof), &changes).await;
            answer.assert_status(if code == "invalid_client" { 401 } else { 400 });
            assert_eq!(error(&answer), code, "{changes:?}");
        }
        let wrong = bank.holder.proof(&app, "POST", "/token", &json!({}));
        assert_eq!(error(bank.push(&app, Some(&wrong), &[]).await.assert_status(400)), "invalid_dpop_proof");
        app.get("/par").send().await.assert_status(405);
        assert_eq!(app.count("SELECT COUNT(*) FROM authorization_request").await, 0, "nothing is kept");
    }

    async fn a_pushed_request_waits_a_little_for_its_browser_then_as_long_as_any(app: TestApp) {
        let bank = Bank::of(&app).await;
        let late = bank.push(&app, None, &[]).await;
        app.clock.advance(Duration::seconds(91));
        app.get(&Bank::visit(&late)).send().await.assert_status(400);

        let pushed = bank.push(&app, None, &[("prompt", "none")]).await;
        let handle = json(&pushed)["request_uri"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
        app.get(&format!("/authorize/{handle}")).send().await.assert_status(400);
        // Only client_id and request_uri count: whatever else comes is not read.
        let visit = format!("{}&redirect_uri=https%3A%2F%2Fevil.example&response_type=token&state=x&request=a", Bank::visit(&pushed));
        let mut browser = Browser::of(&app, &bank.desk);
        let own = browser.get(&visit).await.assert_status(303).location().to_owned();
        assert_eq!(param(browser.get(&own).await.location(), "state").as_deref(), Some("st ate"));
        app.get(&Bank::visit(&pushed)).send().await.assert_status(400);

        let pushed = bank.push(&app, None, &[]).await;
        let own = browser.get(&Bank::visit(&pushed)).await.assert_status(303).location().to_owned();
        browser.get(&own).await.assert_status(303);
        app.clock.advance(Duration::minutes(29));
        assert_eq!(browser.get(&Bank::visit(&pushed)).await.assert_status(303).location(), own, "again until the code");
        app.clock.advance(Duration::minutes(2));
        browser.get(&Bank::visit(&pushed)).await.assert_status(400);
    }

    async fn a_pushed_request_is_its_clients_and_opens_once(app: TestApp) {
        let bank = Bank::of(&app).await;
        app.service("other", |_| {}).await;
        let pushed = bank.push(&app, None, &[]).await;
        let as_other = Bank::visit(&pushed).replace("client_id=bank", "client_id=other");
        for address in [as_other.as_str(), "/authorize?client_id=bank&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ainvented"] {
            let answer = app.get(address).send().await;
            answer.assert_status(400);
            assert_eq!(answer.location(), "", "never a redirect");
        }
        bank.code(&app, &pushed).await;
        Browser::of(&app, &bank.desk).get(&Bank::visit(&pushed)).await.assert_status(400);
    }

    async fn a_service_that_must_push_cannot_ask_through_the_browser(app: TestApp) {
        let bank = Bank::of(&app).await;
        let more = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
        let answer = app.get(&authorize(&bank.service, &more)).send().await;
        assert_eq!(param(answer.assert_status(303).location(), "error").as_deref(), Some("invalid_request"));
    }

    async fn an_assertion_that_proves_nothing_redeems_nothing(app: TestApp) {
        let bank = Bank::of(&app).await;
        let pushed = bank.push(&app, None, &[]).await;
        let code = bank.code(&app, &pushed).await;
        let now = app.app.now().unix();
        let sign = |changes: Value| bank.signer.assertion(&app, "bank", &changes);
        let mut bad = vec![
            Signer::fresh().assertion(&app, "bank", &json!({})),
            bank.signer.assertion(&app, "nobody", &json!({})),
            "a.b.c".to_owned(),
        ];
        for changes in [
            json!({ "aud": ["http://localhost:8080"] }),
            json!({ "aud": "http://localhost:8080/token" }),
            json!({ "iss": "other" }),
            json!({ "exp": null }),
            json!({ "exp": now }),
            json!({ "iat": now + 61 }),
            json!({ "nbf": now + 61 }),
            json!({ "jti": null }),
        ] {
            bad.push(sign(changes));
        }
        for assertion in &bad {
            let answer = bank.redeem_as(&app, &code, &[&bank.proof(&app)], assertion).await;
            assert_eq!(error(answer.assert_status(401)), "invalid_client");
            assert!(answer.header("www-authenticate").contains("Basic"), "every 401 has a challenge");
        }
        assert_eq!(logged(&app, "client.refused").await, i64::try_from(bad.len()).unwrap());
        let good = sign(json!({ "iat": now + 10, "nbf": now + 10 }));
        bank.redeem_as(&app, &code, &[&bank.proof(&app)], &good).await.assert_status(200);
    }

    async fn an_assertion_and_a_proof_are_taken_once_on_any_node(app: TestApp) {
        let bank = Bank::of(&app).await;
        let (assertion, proof) = (bank.assertion(&app), bank.proof(&app));
        let first = bank.redeem_as(&app, "no-code", &[&proof], &assertion).await;
        assert_eq!(error(first.assert_status(400)), "invalid_grant", "both were good");
        assert_eq!(app.count("SELECT COUNT(*) FROM spent_proof").await, 2, "nodes share what they have seen");
        let again = bank.redeem_as(&app, "no-code", &[&bank.proof(&app)], &assertion).await;
        assert_eq!(error(again.assert_status(401)), "invalid_client");
        let again = bank.redeem(&app, "no-code", &[&proof]).await;
        assert_eq!(error(again.assert_status(400)), "invalid_dpop_proof");
        app.clock.advance(Duration::hours(2));
        entremise::app::forget_over::forget(&app.app).await.expect("housekeeping");
        assert_eq!(app.count("SELECT COUNT(*) FROM spent_proof").await, 0, "too old to be taken, so not remembered");
        let old = bank.redeem_as(&app, "no-code", &[&bank.proof(&app)], &assertion).await;
        old.assert_status(401);
    }

    async fn a_code_is_redeemed_only_by_the_key_it_is_bound_to(app: TestApp) {
        let bank = Bank::of(&app).await;
        let jkt = bank.holder.thumbprint();
        for by_parameter in [true, false] {
            let proof = bank.holder.proof(&app, "POST", "/par", &json!({}));
            let pushed = if by_parameter {
                bank.push(&app, None, &[("dpop_jkt", &jkt)]).await
            } else {
                bank.push(&app, Some(&proof), &[]).await
            };
            let code = bank.code(&app, pushed.assert_status(201)).await;
            let thief = Signer::fresh().proof(&app, "POST", "/token", &json!({}));
            assert_eq!(error(bank.redeem(&app, &code, &[&thief]).await.assert_status(400)), "invalid_grant");
            assert_eq!(error(bank.redeem(&app, &code, &[]).await.assert_status(400)), "invalid_dpop_proof");
            let (one, two) = (bank.proof(&app), bank.proof(&app));
            assert_eq!(error(bank.redeem(&app, &code, &[&one, &two]).await.assert_status(400)), "invalid_dpop_proof");
            for bad in [
                bank.holder.proof(&app, "GET", "/token", &json!({})),
                bank.holder.proof(&app, "POST", "/userinfo", &json!({})),
                bank.holder.proof(&app, "POST", "/token", &json!({ "iat": app.app.now().unix() - 61 })),
                bank.holder.proof(&app, "POST", "/token", &json!({ "jti": null })),
            ] {
                assert_eq!(error(bank.redeem(&app, &code, &[&bad]).await.assert_status(400)), "invalid_dpop_proof");
            }
            bank.redeem(&app, &code, &[&bank.proof(&app)]).await.assert_status(200);
        }
    }

    async fn a_bound_token_opens_nothing_without_its_key(app: TestApp) {
        let bank = Bank::of(&app).await;
        let token = bank.token(&app).await;
        let (bearer, dpop) = (format!("Bearer {token}"), format!("DPoP {token}"));
        let good = || bank.holder.proof_with(&app, "GET", "/userinfo", &token);
        let downgraded = bank.userinfo(&app, &bearer, &[]).await;
        assert_eq!(error(downgraded.assert_status(401)), "invalid_token");
        bank.userinfo(&app, &bearer, &[&good()]).await.assert_status(401);
        let posted = server(app.post("/userinfo")).form(&[("access_token", token.as_str())]).send().await;
        posted.assert_status(401);
        let thief = Signer::fresh();
        for (proofs, code) in [
            (vec![], "invalid_dpop_proof"),
            (vec![good(), good()], "invalid_dpop_proof"),
            (vec![thief.proof_with(&app, "GET", "/userinfo", &token)], "invalid_token"),
            (vec![bank.holder.proof_with(&app, "POST", "/userinfo", &token)], "invalid_dpop_proof"),
            (vec![bank.holder.proof_with(&app, "GET", "/userinfo", "another")], "invalid_dpop_proof"),
            (vec![bank.holder.proof(&app, "GET", "/userinfo", &json!({}))], "invalid_dpop_proof"),
            (vec![bank.holder.proof(&app, "GET", "/userinfo", &json!({ "ath": ath(&token), "iat": app.app.now().unix() + 61 }))], "invalid_dpop_proof"),
        ] {
            let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
            let answer = bank.userinfo(&app, &dpop, &proofs).await;
            assert_eq!(error(answer.assert_status(401)), code);
            let challenge = answer.header("www-authenticate");
            assert!(challenge.starts_with("DPoP ") && challenge.contains("algs=\"PS256 ES256 EdDSA\""), "{challenge}");
        }
        assert_eq!(logged(&app, "userinfo.given").await, 0);
        let proof = good();
        bank.userinfo(&app, &dpop, &[&proof]).await.assert_status(200);
        let replayed = bank.userinfo(&app, &dpop, &[&proof]).await;
        assert_eq!(error(replayed.assert_status(401)), "invalid_dpop_proof");
    }

    async fn a_renewed_token_is_bound_and_told_so(app: TestApp) {
        let bank = Bank::of(&app).await;
        app.change_by_hand("UPDATE client SET may_refresh = TRUE WHERE created_at <= $1").await;
        let pushed = bank.push(&app, None, &[]).await;
        let code = bank.code(&app, &pushed).await;
        let tokens = json(bank.redeem(&app, &code, &[&bank.proof(&app)]).await.assert_status(200));
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let renewed = async |proof: Option<String>| {
            let assertion = bank.assertion(&app);
            let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh),
                ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion)];
            let call = server(app.post("/token")).form(&fields);
            proof.into_iter().fold(call, |call, proof| call.also("dpop", proof)).send().await
        };
        assert_eq!(error(renewed(None).await.assert_status(400)), "invalid_dpop_proof");
        let new_key = Signer::fresh();
        let answer = renewed(Some(new_key.proof(&app, "POST", "/token", &json!({})))).await;
        let again = json(answer.assert_status(200));
        assert_eq!(again["token_type"], "DPoP");
        assert!(again.get("refresh_token").is_none(), "it keeps the one it has");
        let token = again["access_token"].as_str().unwrap();
        let old_key = bank.holder.proof_with(&app, "GET", "/userinfo", token);
        bank.userinfo(&app, &format!("DPoP {token}"), &[&old_key]).await.assert_status(401);
        let proof = new_key.proof_with(&app, "GET", "/userinfo", token);
        bank.userinfo(&app, &format!("DPoP {token}"), &[&proof]).await.assert_status(200);
        let assertion = bank.assertion(&app);
        let fields = [("token", token), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion)];
        let told = json(server(app.post("/introspect")).form(&fields).send().await.assert_status(200));
        assert_eq!((&told["token_type"], &told["cnf"]["jkt"]), (&json!("DPoP"), &json!(new_key.thumbprint())));
        assert_eq!(error(server(app.post("/introspect")).form(&fields).send().await.assert_status(401)), "invalid_client");
    }

    async fn a_service_with_a_secret_may_bind_its_tokens_too(app: TestApp) {
        let bank = Bank::of(&app).await;
        let general = app.service("general", |_| {}).await;
        let holder = Signer::fresh();
        let back = Browser::of(&app, &bank.desk).open(&general, bank.user, &[("dpop_jkt", &holder.thumbprint())]).await;
        let code = param(&back, "code").unwrap();
        assert_eq!(error(redeem(&app, &general, &code, &[]).await.assert_status(400)), "invalid_grant");
        let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", general.redirect_uri.as_str())];
        let call = server(app.post("/token")).header("authorization", basic(&general)).form(&fields);
        let tokens = json(call.header("dpop", holder.proof(&app, "POST", "/token", &json!({}))).send().await.assert_status(200));
        assert_eq!(tokens["token_type"], "DPoP");
        // A token that is bound to nothing is not made stronger by calling it so.
        let back = Browser::of(&app, &bank.desk).open(&general, bank.user, &[]).await;
        let plain = json(&redeem(&app, &general, &param(&back, "code").unwrap(), &[]).await);
        let plain = plain["access_token"].as_str().unwrap();
        let proof = holder.proof_with(&app, "GET", "/userinfo", plain);
        bank.userinfo(&app, &format!("DPoP {plain}"), &[&proof]).await.assert_status(401);
        userinfo(&app, plain).await.assert_status(200);
    }
}
