//! While the log is not signed nothing new is granted; what ends a mandate or a use goes on.
use entremise::app::alarms;
use entremise::jobs::head::HeadFile;
use entremise::jobs::keeper::Keeper;
use entremise::jobs::watch::Watch;
use time::Duration;

use super::mandate_support::{Desk, fatou, josette};
use super::provider::{Browser, first_grant};
use crate::support::{Roles, TestApp};

const STOPPED: &str = "Aucun nouveau mandat ni nouvelle démarche pour le moment";

async fn watch(app: &TestApp) {
    Watch::new(std::time::Duration::ZERO).look(&app.app).await.expect("the log is watched");
}

async fn keep(app: &TestApp) {
    let keeper = Keeper::new("a", HeadFile::new(&app.app.config.log.head_file));
    while keeper.sequence(&app.app).await.expect("placed") > 0 {}
    keeper.sign(&app.app).await.expect("signed");
}

on_both_engines! {
    async fn a_keeper_that_hangs_stops_new_mandates(app: TestApp) {
        let desk = Desk::open(app).await;
        let signed = desk.signed(josette(), &["argent"], "31").await;
        let ready = desk.ready(fatou(), &["social"], "31").await;
        keep(&desk.app).await;
        desk.propose(&["famille"], "31").await;

        // Nobody places nor signs what was just written.
        desk.app.clock.advance(Duration::seconds(299));
        watch(&desk.app).await;
        desk.get("/mandates/new").await.assert_status(200);
        desk.app.clock.advance(Duration::seconds(3));
        Watch::new(std::time::Duration::from_secs(60)).look(&desk.app.app).await.unwrap();
        assert_eq!(alarms::standing(&desk.app.app).await.unwrap(), [], "the keeper is given time to catch up");
        watch(&desk.app).await;
        watch(&desk.app).await;
        let alarm = alarms::standing(&desk.app.app).await.unwrap();
        assert!(alarm.len() == 1 && alarm[0].name == alarms::LOG_LATE && alarm[0].detail.contains("300 s were promised"), "{alarm:?}");

        desk.get("/mandates/new").await.assert_status(503).assert_contains(STOPPED);
        let code = desk.code();
        desk.sign(&ready, &code).await.assert_status(503).assert_contains(STOPPED);
        let refused = "SELECT COUNT(*) FROM entry WHERE kind = 'mandate.sign_refused'";
        assert_eq!(desk.app.count(refused).await, 1, "the refusal is an entry");
        let operator = desk.app.person("Emma", "Riou", Roles { operator: true, auditor: false }).await;
        let session = desk.app.session(operator, None).await;
        let page = desk.app.get("/").session(&session).send().await;
        page.assert_contains("Le journal n’est plus signé").assert_contains("Les nouveaux mandats et les nouvelles démarches sont arrêtés");

        // What the user takes back is taken back.
        desk.post(&format!("/mandates/{signed}/end"), &[("by", "user")]).await.assert_status(303);

        keep(&desk.app).await;
        watch(&desk.app).await;
        assert_eq!(alarms::standing(&desk.app.app).await.unwrap(), []);
        desk.get("/mandates/new").await.assert_status(200);
        desk.sign(&ready, &code).await.assert_status(303);
    }

    async fn a_log_that_cannot_be_signed_stops_new_uses(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let user = app.user(&crate::support::services::josette()).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await;
        let service = app.service("impots", |_| {}).await;
        let mut browser = Browser::of(&app, &desk);
        browser.open(&service, user, &[]).await;

        std::fs::write(&app.app.config.log.head_file, "not a head").unwrap();
        let jobs = entremise::jobs::Jobs::start(&app.app, None);
        let standing = async |raised: bool| {
            for _ in 0..400 {
                if alarms::standing(&app.app).await.unwrap().is_empty() != raised {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            panic!("raised: {raised}");
        };
        standing(true).await;
        app.clock.advance(Duration::seconds(299));
        assert!(!alarms::is_log_stopped(&app.app).await.unwrap(), "not before the time that is configured");
        app.clock.advance(Duration::seconds(2));
        assert!(alarms::is_log_stopped(&app.app).await.unwrap());
        let handle = browser.arrive(&service, &[]).await;
        let page = format!("{handle}/mandate?user={user}");
        browser.get(&handle).await;
        let grant = first_grant(&browser.get(&page).await.body);
        let answer = browser.post(&page, &[("grant", &grant), ("presence", "present")]).await;
        answer.assert_status(503).assert_contains(STOPPED);
        assert_eq!(app.count("SELECT COUNT(*) FROM entry WHERE kind = 'use.opened'").await, 1);
        let ended = browser.post("/uses/end", &[]).await;
        ended.assert_status(303);
        assert_eq!(app.count("SELECT COUNT(*) FROM entry WHERE kind = 'use.ended'").await, 1, "ending goes on");

        std::fs::remove_file(&app.app.config.log.head_file).unwrap();
        standing(false).await;
        jobs.stop().await;
        let answer = browser.post(&page, &[("grant", &grant), ("presence", "present")]).await;
        answer.assert_status(303);
    }
}
