//! Pages that lead to ProConnect: their policy lets the form end where ProConnect says, from the first page on.
use entremise::domain::person::Role;
use entremise::oidc::federation::Federation;
use time::Duration;

use super::pro_connect::{Scene, beside, registration};
use crate::support::national::Fault;
use crate::support::{Answer, TestApp};

const PAGES: &str = "https://connexion.pro.exemple.fr";

/// Where forms of this page may end besides our own origin.
fn ends_at(answer: &Answer) -> String {
    let policy = answer.assert_status(200).header("content-security-policy");
    let rest = policy.split("form-action 'self'").nth(1).expect("a form-action");
    rest.split(';').next().expect("up to the next").trim().to_owned()
}

on_both_engines! {
    /// Each is the first page of a process that has not asked the provider anything yet.
    async fn the_first_page_lets_its_form_end_at_the_provider(app: TestApp) {
        let mut scene = Scene::open(app).await;
        let (_, link) = scene.app.invite("Léa Roy", "lea@exemple.fr", &[Role::Aidant], Some(scene.structure)).await;
        scene.national.signs_in_at(PAGES);
        let session = scene.aidant.session.clone();
        let pages = [("/sign-in".to_owned(), ""), (format!("/activate/{}", link.reveal()), ""), ("/account/professional".to_owned(), session.as_str())];
        for (path, session) in pages {
            scene.app.let_enter_with(Federation::new(registration(&scene.national)));
            let page = scene.app.get(&path).session(session).send().await;
            assert_eq!(ends_at(&page), PAGES, "{path}");
        }
        // Said once, it is remembered.
        scene.national.commits(Fault::NoDiscovery);
        assert_eq!(ends_at(&scene.app.get("/sign-in").send().await), PAGES);
        scene.app.clock.advance(Duration::minutes(11));
        assert_eq!(ends_at(&scene.app.get("/sign-in").send().await), PAGES, "the last word, for want of a newer one");
    }

    /// Plain words in place of a button that would lead nowhere; the password goes on to work. It is asked again soon.
    async fn a_provider_that_never_answered_is_not_offered(app: TestApp) {
        let mut app = app;
        let national = beside(&mut app).await;
        national.commits(Fault::NoDiscovery);
        let closed = async |app: &TestApp| {
            let page = app.get("/sign-in").send().await;
            assert_eq!(ends_at(&page), "");
            page.assert_contains("ne répond pas pour l").assert_contains("name=\"password\"");
            assert!(!page.body.contains("/sign-in/professional"), "{}", page.body);
        };
        closed(&app).await;
        national.commits(Fault::None);
        closed(&app).await;
        app.clock.advance(Duration::seconds(31));
        let page = app.get("/sign-in").send().await;
        page.assert_contains("/sign-in/professional");
        assert!(national.issuer().starts_with(&ends_at(&page)), "{}", ends_at(&page));

        // Where nobody listens, and where nobody ever answers.
        let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        for port in [1, mute.local_addr().unwrap().port()] {
            let mut provider = registration(&national);
            provider.issuer = format!("http://127.0.0.1:{port}/api/v2");
            app.let_enter_with(Federation::new(provider));
            let answered = tokio::time::timeout(std::time::Duration::from_secs(60), closed(&app)).await;
            answered.expect("the page does not wait for the provider");
        }
    }
}
