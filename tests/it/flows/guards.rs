//! What comes before any act: the charter, and the limits on attempts to sign in.
use entremise::app::sign_in::{self, Browser, PasswordOutcome};
use entremise::domain::person::Role;
use entremise::domain::secret::{PlainToken, Secret};
use time::Duration;

use super::people_support::PASSWORD;
use super::provider::Browser as AtService;
use crate::support::TestApp;

on_both_engines! {
    /// Known failure 19: without the charter in force, no page of a role answers; one's own account still does.
    async fn nothing_is_done_before_the_charter_is_accepted(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let both = [Role::Aidant, Role::Referent];
        let nadia = app.hire("Nadia Benali", "nadia@mairie.fr", &both, structure).await;
        let service = app.service("impots", |_| {}).await;
        for sql in [
            "UPDATE person SET charter_version = NULL WHERE id = $1",
            "UPDATE person SET charter_version = 0 WHERE id = $1",
        ] {
            app.change_status(sql, nadia.id.uuid()).await;
            for path in ["/mandates", "/mandates/new", "/mandates/M-0000-0000", "/cards", "/cards/x", "/users"] {
                let answer = app.get(path).session(&nadia.session).send().await;
                let wanted = format!("/charter?next={}", path.replace('/', "%2F"));
                assert_eq!(answer.assert_status(303).location(), wanted, "{sql}");
            }
            let form = [("domain", "argent"), ("term", "31")];
            let answer = app.post("/mandates/new").session(&nadia.session).form(&form).send().await;
            assert!(answer.assert_status(303).location().starts_with("/charter"), "{}", answer.location());
            let mut browser = AtService { app: &app, session: Some(nadia.session.clone()), cookie: None };
            let handle = browser.arrive(&service, &[]).await;
            browser.get(&handle).await;
            let page = browser.get(&format!("{handle}/user")).await;
            assert!(page.assert_status(303).location().starts_with("/charter"), "{}", page.location());
            for path in ["/account", "/sessions", "/charter"] {
                app.get(path).session(&nadia.session).send().await.assert_status(200);
            }
        }
        assert_eq!(app.count("SELECT COUNT(*) FROM mandate").await, 0);
        app.post("/charter").session(&nadia.session).form(&[]).send().await.assert_status(422);
        app.get("/mandates").session(&nadia.session).send().await.assert_status(303);
        let answer = app.post("/charter?next=%2Fmandates").session(&nadia.session).form(&[("accept", "yes")]).send().await;
        assert_eq!(answer.assert_status(303).location(), "/mandates");
        app.get("/mandates").session(&nadia.session).send().await.assert_status(200);
    }

    /// Known failures 12 and 28: guessing from one address stops at a ceiling, for that address and that hour only,
    /// and never for a browser that its owner has used before.
    async fn one_address_guesses_three_hundred_times_an_hour(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let nadia = app.hire("Nadia Benali", "nadia@mairie.fr", &[Role::Aidant], structure).await;
        let from = |address: &str| Browser { address: Some(address.parse().unwrap()), ..Browser::default() };
        let attempt = async |email: &str, password: &str, browser: &Browser| {
            sign_in::password(&app.app, email, Secret::new(password), browser).await.unwrap()
        };
        let stranger = from("2001:db8:1:2::7");
        assert!(matches!(attempt("a@mairie.fr", "une autre tisane", &stranger).await, PasswordOutcome::Refused));
        // 298 more failures, all of this address.
        app.change_by_hand("UPDATE throttle SET failures = 299 WHERE updated_at <= $1").await;
        assert!(matches!(attempt("b@mairie.fr", "une autre tisane", &stranger).await, PasswordOutcome::Refused));
        let neighbour = from("2001:db8:1:2::8");
        assert!(matches!(attempt("c@mairie.fr", "une autre tisane", &neighbour).await, PasswordOutcome::TooMany));
        assert!(matches!(attempt(&nadia.email, PASSWORD, &stranger).await, PasswordOutcome::TooMany), "the right one too");
        let known = Browser { device: Some(PlainToken::presented(&nadia.device)), ..from("2001:db8:1:2::7") };
        assert!(matches!(attempt(&nadia.email, PASSWORD, &known).await, PasswordOutcome::Accepted(_)));
        let elsewhere = from("2001:db8:1:3::7");
        assert!(matches!(attempt(&nadia.email, PASSWORD, &elsewhere).await, PasswordOutcome::Accepted(_)));
        app.clock.advance(Duration::hours(1));
        assert!(matches!(attempt(&nadia.email, PASSWORD, &stranger).await, PasswordOutcome::Accepted(_)));
    }
}
