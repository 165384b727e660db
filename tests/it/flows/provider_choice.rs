//! Who is chosen, and that no one can be mistaken for another.
use serde_json::json;
use time::Duration;

use super::provider::{Browser, first_grant, json, param, redeem, userinfo};
use crate::support::app::TestApp;
use crate::support::services::{ahmed, josette};

on_both_engines! {
    async fn one_user_at_a_time_in_a_browser(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let (a, b) = (app.user(&josette()).await, app.user(&ahmed()).await);
        app.mandate(&desk, a, &["argent"], Duration::days(31), None).await;
        app.mandate(&desk, b, &["argent"], Duration::days(31), None).await;
        let (one, two) = (app.service("one", |_| {}).await, app.service("two", |_| {}).await);
        let mut browser = Browser::of(&app, &desk);
        let back = browser.open(&one, a, &[]).await;
        let token_a = json(&redeem(&app, &one, &param(&back, "code").unwrap(), &[]).await)["access_token"].as_str().unwrap().to_owned();

        // The same person at another service: nothing to end.
        browser.open(&two, a, &[]).await;
        // Another person: to be ended first, whatever address is typed.
        let handle = browser.arrive(&two, &[]).await;
        browser.get(&handle).await;
        let page = format!("{handle}/mandate?user={b}");
        let end = format!("{handle}/end?user={b}");
        assert_eq!(browser.get(&page).await.location(), end);
        let shown = browser.get(&end).await;
        shown.assert_status(200).assert_contains("ONE").assert_contains("TWO").assert_contains("Josette Martin");
        assert_eq!(browser.post(&page, &[("grant", "x"), ("presence", "present")]).await.location(), end);
        userinfo(&app, &token_a).await.assert_status(200);
        browser.get("/account").await.assert_contains("Vous agissez au nom de").assert_contains("Josette Martin");

        assert_eq!(browser.post(&end, &[]).await.location(), page);
        userinfo(&app, &token_a).await.assert_status(401);
        let grant = first_grant(&browser.get(&page).await.body);
        let back = browser.post(&page, &[("grant", &grant), ("presence", "present")]).await.location().to_owned();
        let tokens = json(&redeem(&app, &two, &param(&back, "code").unwrap(), &[]).await);
        let info = json(&userinfo(&app, tokens["access_token"].as_str().unwrap()).await);
        assert_eq!(info["family_name"], "Slimani", "the code is for the person chosen");
        app.get("/uses").session(&desk.session).send().await.assert_status(200).assert_contains("Ahmed");
    }

    async fn what_an_earlier_session_left_open_in_this_browser_counts(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let (a, b) = (app.user(&josette()).await, app.user(&ahmed()).await);
        app.mandate(&desk, a, &["argent"], Duration::days(31), None).await;
        let service = app.service("one", |_| {}).await;
        let mut browser = Browser::of(&app, &desk);
        browser.open(&service, a, &[]).await;

        let other = app.desk("Paul", "35600000023453").await;
        app.mandate(&other, b, &["argent"], Duration::days(31), None).await;
        browser.session = Some(other.session.clone());
        let handle = browser.arrive(&service, &[]).await;
        browser.get(&handle).await;
        let end = format!("{handle}/end?user={b}");
        assert_eq!(browser.get(&format!("{handle}/mandate?user={b}")).await.location(), end);
        let shown = browser.get(&end).await;
        shown.assert_status(200);
        assert!(!shown.body.contains("Josette"), "another structure's user is not named");
        browser.post(&end, &[]).await.assert_status(303);
        browser.get(&format!("{handle}/mandate?user={b}")).await.assert_status(200);
    }

    async fn ids_in_forms_open_nothing_of_others(app: TestApp) {
        let (desk, other) = (app.desk("Nadia", "35600000012345").await, app.desk("Paul", "35600000023453").await);
        let (ours, theirs) = (app.user(&josette()).await, app.user(&ahmed()).await);
        app.mandate(&desk, ours, &["argent"], Duration::days(31), None).await;
        let foreign = app.mandate(&other, theirs, &["argent"], Duration::days(31), None).await;
        let service = app.service("one", |_| {}).await;
        let mut browser = Browser::of(&app, &desk);
        let handle = browser.arrive(&service, &[]).await;
        browser.get(&handle).await;
        // A user of another structure, by address.
        assert_eq!(browser.get(&format!("{handle}/mandate?user={theirs}")).await.location(), format!("{handle}/user"));
        // A grant of another structure, posted for a user of ours.
        let page = format!("{handle}/mandate?user={ours}");
        let grant = foreign.grants[0].to_string();
        browser.post(&page, &[("grant", &grant), ("presence", "present")]).await.assert_status(422);
        // Nothing said of where the user is.
        let grant = first_grant(&browser.get(&page).await.body);
        let answer = browser.post(&page, &[("grant", &grant), ("presence", "elsewhere")]).await;
        answer.assert_status(422).assert_contains("presence-error");
        assert_eq!(app.count("SELECT COUNT(*) FROM use_session").await, 0);
    }

    async fn a_session_that_lost_its_right_opens_nothing(app: TestApp) {
        for sql in [
            "UPDATE structure SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE membership SET status = 'suspended' WHERE created_at <= $1",
            "UPDATE person SET charter_version = NULL WHERE created_at <= $1",
        ] {
            let app = TestApp::fresh(app.db.engine).await;
            let desk = app.desk("Nadia", "35600000012345").await;
            let user = app.user(&josette()).await;
            app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
            let service = app.service("one", |_| {}).await;
            let mut browser = Browser::of(&app, &desk);
            let handle = browser.arrive(&service, &[]).await;
            browser.get(&handle).await;
            let page = format!("{handle}/mandate?user={user}");
            let grant = first_grant(&browser.get(&page).await.body);
            app.change_by_hand(sql).await;
            let answer = browser.post(&page, &[("grant", &grant), ("presence", "present")]).await;
            assert!(!answer.location().starts_with("https://"), "{sql}: {}", answer.location());
            assert_eq!(app.count("SELECT COUNT(*) FROM use_session").await, 0, "{sql}");
        }
    }

    async fn names_are_found_without_accents_page_by_page(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        for at in 0..45 {
            let name = if at % 2 == 0 { "Lef\u{e8}vre" } else { "Durand" };
            let identity = json!({ "given_name": format!("Ana{at}"), "family_name": name, "birthdate": "1950-01-01" });
            let user = app.user(&identity).await;
            app.mandate(&desk, user, &["argent", "social", "logement"], Duration::days(31), None).await;
            app.clock.advance(Duration::milliseconds(5));
        }
        let service = app.service("one", |_| {}).await;
        let mut browser = Browser::of(&app, &desk);
        let handle = browser.arrive(&service, &[]).await;
        browser.get(&handle).await;
        let mut seen = std::collections::BTreeSet::new();
        let mut address = format!("{handle}/user?q=LEFEVRE");
        let mut pages = 0;
        loop {
            let page = browser.get(&address).await;
            page.assert_status(200);
            pages += 1;
            for line in page.body.split("choice-label\">").skip(1) {
                assert!(seen.insert(line.split('<').next().unwrap().to_owned()), "nobody twice");
            }
            assert!(!page.body.contains("Durand"));
            let Some(next) = page.body.split(r#"rel="next" href=""#).nth(1) else { break };
            address = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        }
        assert_eq!((seen.len(), pages), (23, 2));
        browser.get(&format!("{handle}/user?q=ana7%20dur")).await.assert_contains("Ana7 Durand");
        browser.get(&format!("{handle}/user?q=zzz")).await.assert_contains("Aucune personne trouv\u{e9}e");
    }

    async fn a_service_ends_its_use_and_the_desk_goes_on(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
        let service = app.service("one", |_| {}).await;
        let mut browser = Browser::of(&app, &desk);
        let back = browser.open(&service, user, &[]).await;
        let tokens = json(&redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await);
        let (access, hint) = (tokens["access_token"].as_str().unwrap(), tokens["id_token"].as_str().unwrap());
        // Nothing proves who asks: a page, and nothing ends.
        for query in ["", "?post_logout_redirect_uri=https://one.example/bye", "?id_token_hint=x.y.z&post_logout_redirect_uri=https://one.example/bye"] {
            let answer = browser.get(&format!("/end_session{query}")).await;
            answer.assert_status(200);
            userinfo(&app, access).await.assert_status(200);
        }
        app.clock.advance(Duration::minutes(6)); // the hint has expired: it still proves
        let query = |uri: &str| format!("/end_session?id_token_hint={hint}&state=s%26t&post_logout_redirect_uri={uri}");
        let answer = browser.get(&query("https://one.example/bye")).await;
        answer.assert_status(303);
        assert_eq!(answer.location(), "https://one.example/bye?state=s%26t");
        userinfo(&app, access).await.assert_status(401);
        let answer = browser.get(&query("https://evil.example/")).await;
        answer.assert_status(200);
        assert_eq!(answer.location(), "");
        // The desk session goes on, and acts for nobody.
        browser.get("/uses").await.assert_status(200).assert_contains("Aucun service ouvert");
        let other = app.user(&ahmed()).await;
        app.mandate(&desk, other, &["argent"], Duration::days(31), None).await;
        browser.open(&service, other, &[]).await;
    }

    async fn signing_out_ends_every_use(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
        let service = app.service("one", |_| {}).await;
        let mut browser = Browser::of(&app, &desk);
        let back = browser.open(&service, user, &[]).await;
        let tokens = json(&redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await);
        browser.post("/sign-out", &[]).await.assert_status(303);
        userinfo(&app, tokens["access_token"].as_str().unwrap()).await.assert_status(401);
        assert_eq!(app.count("SELECT COUNT(*) FROM use_session WHERE end_cause = 'sign_out'").await, 1);
    }

    async fn the_aidant_ends_a_use_in_one_click(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
        let service = app.service("one", |_| {}).await;
        let mut browser = Browser::of(&app, &desk);
        let back = browser.open(&service, user, &[]).await;
        let tokens = json(&redeem(&app, &service, &param(&back, "code").unwrap(), &[]).await);
        assert_eq!(browser.post("/uses/end", &[]).await.location(), "/uses?ended=yes");
        userinfo(&app, tokens["access_token"].as_str().unwrap()).await.assert_status(401);
        assert_eq!(app.count("SELECT COUNT(*) FROM session WHERE acting_user_id IS NOT NULL").await, 0);
        assert_eq!(app.count("SELECT COUNT(*) FROM session").await, 1);
        let cross = app.post("/uses/end").session(&desk.session).header("sec-fetch-site", "cross-site").send().await;
        cross.assert_status(403);
    }
}
