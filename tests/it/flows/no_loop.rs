//! Nobody is identified towards this service through this service, and no use outlives what allowed it.
use entremise::domain::ids::UserId;
use entremise::oidc::federation::Federation;
use entremise::oidc::provider::policy::{ClientAuthMethod, Policy, Profile};
use entremise::store::{Access, StoreError, Tx};
use time::Duration;

use super::mandate_support::{Desk, Leaving, fatou, josette};
use super::provider::{Browser, first_grant, json, logged, param, redeem, userinfo};
use crate::support::TestApp;
use crate::support::services::Service;

/// The user of the one mandate of this reference.
pub(super) async fn user_of(app: &TestApp, reference: &str) -> UserId {
    const SQL: &str = "SELECT user_id FROM mandate WHERE reference = $1";
    let reference = reference.to_owned();
    entremise::view!(app.app.store, tx => {
        Ok::<UserId, StoreError>(match Access::tx(tx) {
            Tx::Pg(c) => sqlx::query_scalar(SQL).bind(&reference).fetch_one(&mut **c).await?,
            Tx::Lite(c) => sqlx::query_scalar(SQL).bind(&reference).fetch_one(&mut **c).await?,
        })
    })
    .unwrap()
}

pub(super) async fn hub(app: &TestApp) -> Service {
    app.service("hub", |new| {
        new.policy = Policy {
            profile: Profile::General,
            auth_method: ClientAuthMethod::ClientSecretBasic,
            ..Policy::france_connect()
        };
    })
    .await
}

/// Off to the provider, from the session of another aidant.
async fn leave(app: &TestApp, session: &str, identity: &str) -> Leaving {
    let answer = app.post(identity).session(session).send().await;
    let to = answer.assert_status(303).location().to_owned();
    let value = |name: &str| param(&to, name).unwrap();
    Leaving { state: value("state"), nonce: value("nonce"), browser: answer.set_cookie("consent").unwrap() }
}

/// Opens the hub in the user's name; gives the access token.
pub(super) async fn through_the_hub(browser: &mut Browser<'_>, hub: &Service, user: UserId) -> String {
    let handle = browser.arrive(hub, &[]).await;
    assert_eq!(browser.get(&handle).await.location(), format!("{handle}/user"));
    let page = format!("{handle}/mandate?user={user}");
    let grant = first_grant(&browser.get(&page).await.body);
    let fields = [("grant", grant.as_str()), ("presence", "present"), ("declared", "Les impôts")];
    let back = browser.post(&page, &fields).await.assert_status(303).location().to_owned();
    let tokens = json(&redeem(browser.app, hub, &param(&back, "code").unwrap(), &[]).await);
    tokens["access_token"].as_str().unwrap().to_owned()
}

on_both_engines! {
    /// Known failure 26: while the hub's session opened with our own answer may live, nobody consents in that browser,
    /// and that person consents nowhere.
    async fn nobody_is_identified_through_the_hub_we_answered(app: TestApp) {
        let desk = Desk::open(app).await;
        let app = &desk.app;
        let signed = desk.signed(josette(), &["argent"], "31").await;
        let user = user_of(app, &signed).await;
        let hub = hub(app).await;
        let mut browser = Browser { app, session: Some(desk.aidant.session.clone()), cookie: None };
        through_the_hub(&mut browser, &hub, user).await;

        // This browser: not even the way to the provider is open, for a wider mandate or for somebody else.
        let draft = desk.propose(&["social"], "31").await;
        let identity = format!("/mandates/{draft}/identity");
        let refused = desk.post(&identity, &[]).await;
        assert_eq!(refused.location(), format!("{identity}?problem=loop"));
        desk.get(refused.location()).await.assert_status(200).assert_contains("moins d’une demi-heure");

        // Another browser, another aidant: this person cannot, somebody else can.
        let marc = app.hire("Marc Petit", "marc@mairie.fr", &[entremise::domain::person::Role::Aidant], desk.structure).await;
        let form = [("domain", "social"), ("term", "31")];
        let proposed = app.post("/mandates/new").session(&marc.session).form(&form).send().await;
        let identity = proposed.assert_status(303).location().to_owned();
        let leaving = leave(app, &marc.session, &identity).await;
        let back = desk.come_back(&leaving, josette()).await;
        assert_eq!(desk.signed_out(&leaving, &back).await, format!("{identity}?problem=loop"));
        let leaving = leave(app, &marc.session, &identity).await;
        assert_eq!(desk.come_back(&leaving, fatou()).await.location(), "/consent");
        assert_eq!(logged(app, "mandate.identification_refused").await, 1);

        // Ended by the aidant, the hub's own session may go on for half an hour.
        browser.post("/uses/end", &[]).await.assert_status(303);
        let draft = desk.propose(&["social"], "31").await;
        let identity = format!("/mandates/{draft}/identity");
        assert_eq!(desk.post(&identity, &[]).await.location(), format!("{identity}?problem=loop"));
        for _ in 0..3 {
            app.clock.advance(Duration::minutes(11));
            desk.get("/mandates").await.assert_status(200);
        }
        let draft = desk.propose(&["social"], "31").await;
        let leaving = desk.leave(&draft).await;
        assert_eq!(desk.come_back(&leaving, josette()).await.location(), "/consent");
    }

    /// Known failure 26: our own issuer as identity provider is refused before anybody leaves, and on the way back.
    async fn our_own_issuer_identifies_nobody(app: TestApp) {
        let mut desk = Desk::open(app).await;
        let draft = desk.propose(&["argent"], "31").await;
        let identity = format!("/mandates/{draft}/identity");
        let leaving = desk.leave(&draft).await;
        for ours in ["http://localhost:8080", "http://localhost:8080/"] {
            let mut provider = desk.app.app.federation.provider().clone();
            provider.issuer = ours.to_owned();
            desk.app.identify_with(Federation::new(provider));
            assert_eq!(desk.post(&identity, &[]).await.location(), format!("{identity}?problem=loop"), "{ours}");
        }
        let back = desk.come_back(&leaving, josette()).await;
        assert_eq!(back.location(), format!("{identity}?problem=loop"));
        assert_eq!(logged(&desk.app, "mandate.identification_refused").await, 1);
        assert_eq!(logged(&desk.app, "mandate.identified").await, 0);
    }

    /// Known failure 27: revoked at the desk, a grant or the whole mandate, the running use has ended at once: the
    /// service's next question is refused, the page of uses is empty, nobody's name stays in sight.
    async fn a_revocation_ends_the_running_use_at_once(app: TestApp) {
        let desk = Desk::open(app).await;
        let app = &desk.app;
        let service = app.service("impots", |_| {}).await;
        for (person, path) in [(josette(), "/end/argent"), (fatou(), "/end")] {
            let signed = desk.signed(person, &["argent", "social"], "31").await;
            let user = user_of(app, &signed).await;
            let mut browser = Browser { app, session: Some(desk.aidant.session.clone()), cookie: None };
            let back = browser.open(&service, user, &[]).await;
            let tokens = json(&redeem(app, &service, &param(&back, "code").unwrap(), &[]).await);
            let token = tokens["access_token"].as_str().unwrap();
            userinfo(app, token).await.assert_status(200);
            browser.get("/uses").await.assert_status(200).assert_contains("IMPOTS");
            let ended = logged(app, "use.ended").await;
            desk.post(&format!("/mandates/{signed}{path}"), &[("by", "user")]).await.assert_status(303);
            userinfo(app, token).await.assert_status(401);
            let page = browser.get("/uses").await;
            page.assert_status(200).assert_contains("Aucun service ouvert");
            assert!(!page.body.contains("class=\"acting\""), "a name stays in sight: {}", page.body);
            assert_eq!(logged(app, "use.ended").await, ended + 1);
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM use_session WHERE end_cause = 'revoked'").await, 2);
    }
}
