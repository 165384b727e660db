//! What the service does by itself goes on step by step, and what does not is told.
use entremise::app::alarms::{self, CLOCK_BACK, HOUSE_LATE};
use entremise::jobs::house::House;
use entremise::jobs::watch::{Watch, look_at_clock};
use time::Duration;

use super::*;
use crate::support::{Roles, TestApp};

async fn alarm(app: &App, name: &str) -> Option<String> {
    let alarms = alarms::standing(app).await.unwrap();
    alarms.into_iter().find(|alarm| alarm.name == name).map(|alarm| alarm.detail)
}

on_both_engines! {
    async fn a_step_that_fails_keeps_no_other_from_being_done(app: TestApp) {
        let operator = app.person("Emma", "Riou", Roles { operator: true, auditor: false }).await;
        app.session(operator, None).await;
        force(&app.app.store, "ALTER TABLE refusal_count RENAME TO mislaid").await.unwrap();
        app.clock.advance(Duration::hours(48));
        let mut house = House::new("h");
        house.round(&app.app).await.unwrap();
        let expired = "SELECT COUNT(*) FROM entry WHERE kind = 'session.expired'";
        assert_eq!(number(&app.app.store, expired).await, 1, "what comes after is done");
        assert_eq!(alarm(&app.app, HOUSE_LATE).await, None, "not at once");
        app.clock.advance(Duration::minutes(61));
        house.round(&app.app).await.unwrap();
        let told = alarm(&app.app, HOUSE_LATE).await.unwrap();
        assert!(told.starts_with("counting refusals has failed since 2026-11-04T08:00:00"), "{told}");
        let session = app.session(operator, None).await;
        app.get("/").session(&session).send().await.assert_contains("Ce que le service fait de lui-même");
        force(&app.app.store, "ALTER TABLE mislaid RENAME TO refusal_count").await.unwrap();
        house.round(&app.app).await.unwrap();
        assert_eq!(alarm(&app.app, HOUSE_LATE).await, None);

        // Nobody begins any more: whoever watches says so.
        let mut watch = Watch::new(std::time::Duration::ZERO);
        watch.look_at_house(&app.app).await.unwrap();
        assert_eq!(alarm(&app.app, HOUSE_LATE).await, None);
        app.clock.advance(Duration::hours(2));
        watch.look_at_house(&app.app).await.unwrap();
        assert!(alarm(&app.app, HOUSE_LATE).await.unwrap().starts_with("no node has begun its housekeeping since"));
        house.round(&app.app).await.unwrap();
        assert_eq!(alarm(&app.app, HOUSE_LATE).await, None);
    }

    async fn a_clock_behind_what_was_written_is_told(app: TestApp) {
        let name = format!("{CLOCK_BACK}one");
        write(&app.app, 1).await;
        app.clock.advance(-Duration::minutes(4));
        look_at_clock(&app.app, "one").await.unwrap();
        assert_eq!(alarm(&app.app, &name).await, None, "clocks differ a little");
        app.clock.advance(-Duration::minutes(4));
        look_at_clock(&app.app, "one").await.unwrap();
        assert!(alarm(&app.app, &name).await.unwrap().contains("an entry was written at 2026-11-02T08:00:00"));
        let operator = app.person("Emma", "Riou", Roles { operator: true, auditor: false }).await;
        let session = app.session(operator, None).await;
        app.get("/").session(&session).send().await.assert_contains("L’horloge d’une machine retarde");
        app.clock.advance(Duration::minutes(8));
        // A node that is right does not take down what another says.
        look_at_clock(&app.app, "two").await.unwrap();
        assert!(alarm(&app.app, &name).await.is_some());
        look_at_clock(&app.app, "one").await.unwrap();
        assert_eq!(alarm(&app.app, &name).await, None);
    }
}
