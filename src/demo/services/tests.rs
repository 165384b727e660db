//! A service signs in at any standard provider: here the demonstration's identity provider stands for Entremise.
use std::sync::Arc;

use time::Duration;

use super::*;
use crate::crypto::random::SystemEntropy;
use crate::demo::identity_provider::{Client, Fault, IdentityProvider, PERSONAS, Userinfo};
use crate::demo::testing::{Browser, Hand, Page, listen, serve};

struct Scene {
    provider: IdentityProvider,
    origin: String,
    clock: Arc<Hand>,
    browser: Browser,
}

async fn scene() -> Scene {
    let clock = Hand::at(1_795_344_127);
    let (at_provider, issuer) = listen("localhost").await;
    let (at_service, origin) = listen("impots.localhost").await;
    let registration = Registration {
        kind: Kind::Taxes,
        issuer: issuer.clone(),
        origin: origin.clone(),
        client_id: "taxes".into(),
        client_secret: Secret::new("secret"),
        algorithm: Algorithm::Es256,
    };
    let client = Client {
        id: "taxes".into(),
        secret: Secret::new("secret"),
        name: "Impôts".into(),
        redirect_uris: vec![registration.redirect_uri()],
        post_logout_redirect_uris: vec![registration.post_logout_redirect_uri()],
        userinfo: Userinfo::Json,
        professionals: false,
    };
    let entropy = Arc::new(SystemEntropy);
    let provider = IdentityProvider::new(issuer, vec![client], clock.clone(), entropy.clone()).unwrap();
    let service = Service::new(registration, clock.clone(), entropy).unwrap();
    serve(at_provider, provider.router());
    serve(at_service, service.router());
    Scene { provider, origin, clock, browser: Browser::new() }
}

impl Scene {
    /// From the service's button to the redirection back to it.
    async fn sign_in_until_return(&mut self) -> Page {
        let page = self.browser.get(&format!("{}/sign-in", self.origin)).await;
        let page = self.browser.follow(page, &self.origin).await;
        let request = page.asked("request");
        let josette = &PERSONAS[0];
        let form = [
            ("request", request.as_str()),
            ("identifier", josette.identifier),
            ("password", josette.password),
        ];
        let issuer = self.provider.issuer().to_owned();
        self.browser.post(&format!("{issuer}/sign-in"), &form).await;
        let form = [("request", request.as_str()), ("choice", "continue")];
        self.browser.post(&format!("{issuer}/consent"), &form).await
    }

    async fn sign_in(&mut self) -> Page {
        let page = self.sign_in_until_return().await;
        self.browser.follow(page, "none:").await
    }
}

#[tokio::test]
async fn shows_the_identity_takes_a_formality_and_signs_out_at_the_provider() {
    let mut scene = scene().await;
    let page = scene.sign_in().await;
    assert_eq!(page.url.path(), "/space");
    assert!(page.text.contains("Josette Martin") && page.text.contains("1948-03-04"));
    assert!(page.text.contains("aucun mandat n’a été transmis"));
    let form = format!("{}/formality", scene.origin);
    assert_eq!(scene.browser.post(&form, &[("amount", "beaucoup")]).await.status, 422);
    let sent = scene.browser.post(&form, &[("amount", "14 200")]).await;
    let confirmed = scene.browser.follow(sent, "none:").await;
    assert!(confirmed.text.contains("La déclaration est enregistrée") && confirmed.text.contains("14200"));

    let out = scene.browser.post(&format!("{}/sign-out", scene.origin), &[]).await;
    let bye = scene.browser.follow(out, "none:").await;
    assert_eq!(bye.url.path(), "/signed-out");
    let again = scene.browser.get(&format!("{}/space", scene.origin)).await;
    assert_eq!(again.location.as_deref(), Some("/"));
    let page = scene.browser.get(&format!("{}/sign-in", scene.origin)).await;
    assert_eq!(scene.browser.follow(page, "none:").await.url.path(), "/sign-in", "asked again who it is");
}

#[tokio::test]
async fn a_formality_is_refused_once_the_provider_says_no() {
    let mut scene = scene().await;
    scene.sign_in().await;
    scene.clock.pass(Duration::seconds(61));
    let refused = scene.browser.post(&format!("{}/formality", scene.origin), &[("amount", "1")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("n’a pas été enregistrée"));
}

#[tokio::test]
async fn the_answer_of_one_browser_does_not_complete_anothers_request() {
    let mut scene = scene().await;
    let back = scene.sign_in_until_return().await;
    let target = back.location.unwrap();
    let stolen = Browser::new().get(&target).await;
    assert_eq!(stolen.status, 400);
    let own = scene.browser.get(&target).await;
    assert_eq!(own.location.as_deref(), Some("/space"));
    assert_eq!(scene.browser.get(&target).await.status, 400, "answered once");
}

#[tokio::test]
async fn a_refusal_and_every_bad_answer_leave_nobody_signed_in() {
    let mut scene = scene().await;
    let page = scene.browser.get(&format!("{}/sign-in", scene.origin)).await;
    let request = scene.browser.follow(page, &scene.origin).await.asked("request");
    let issuer = scene.provider.issuer().to_owned();
    let form = [("request", request.as_str()), ("choice", "refuse")];
    let back = scene.browser.post(&format!("{issuer}/consent"), &form).await;
    let told = scene.browser.follow(back, "none:").await;
    assert_eq!(told.status, 200);
    assert!(told.text.contains("abandonnée"));
    for fault in [
        Fault::WrongState,
        Fault::WrongRedirectIssuer,
        Fault::WrongIssuer,
        Fault::WrongAudience,
        Fault::WrongNonce,
        Fault::MissingNonce,
        Fault::WrongSignature,
        Fault::UnknownKey,
        Fault::Unsigned,
        Fault::MalformedIdToken,
        Fault::Expired,
        Fault::TokenRefused,
        Fault::NotJson,
        Fault::CutOff,
        Fault::Huge,
        Fault::OtherSubject,
        Fault::MissingName,
        Fault::UserinfoMalformed,
        Fault::UserinfoRefused,
    ] {
        scene.provider.set_fault(fault);
        let page = scene.sign_in().await;
        assert_eq!((page.status, page.url.path()), (400, "/callback"), "{fault:?}");
        let space = scene.browser.get(&format!("{}/space", scene.origin)).await;
        assert_eq!(space.location.as_deref(), Some("/"), "{fault:?}");
        // The provider's session stays open when the service does not come to its end: start from nobody.
        scene.browser = Browser::new();
    }
    scene.provider.set_fault(Fault::Down);
    assert_eq!(scene.browser.get(&format!("{}/sign-in", scene.origin)).await.status, 502);
}
