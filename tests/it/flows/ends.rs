//! What ends takes with it what was opened from it.
use time::Duration;

use super::provider::{Browser, json, logged, opened, param, redeem, userinfo};
use crate::support::TestApp;
use crate::support::services::{Desk, ahmed};

on_both_engines! {
    /// Known failure 19: ending one's other sessions ends what was opened from them, and only that.
    async fn ending_the_other_sessions_ends_their_uses(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let token = opened(&app, &desk, "one").await;
        let here = app.session(desk.aidant, Some(desk.structure)).await;
        app.with_card(&desk).await;
        let ours = Desk { session: here.clone(), ..desk.clone() };
        let other = app.user(&ahmed()).await;
        app.mandate(&desk, other, &["argent"], Duration::days(31), None).await;
        let second = app.service("two", |_| {}).await;
        let back = Browser::of(&app, &ours).open(&second, other, &[]).await;
        let kept = json(&redeem(&app, &second, &param(&back, "code").unwrap(), &[]).await);

        app.post("/sessions/others/end").session(&here).send().await.assert_status(303);
        app.get("/account").session(&desk.session).send().await.assert_status(303);
        userinfo(&app, &token).await.assert_status(401);
        userinfo(&app, kept["access_token"].as_str().unwrap()).await.assert_status(200);
        assert_eq!((logged(&app, "session.revoked").await, logged(&app, "use.ended").await), (1, 1));
        assert_eq!(app.count("SELECT COUNT(*) FROM use_session WHERE end_cause = 'sign_out'").await, 1);
        app.post("/sessions/others/end").session(&here).send().await.assert_status(303);
        assert_eq!(logged(&app, "session.revoked").await, 1, "nothing was left to end");
    }

    /// The session from which it was opened had died by itself; what it left open ends all the same.
    async fn what_a_dead_session_left_open_ends_with_the_others(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        let token = opened(&app, &desk, "one").await;
        app.change_by_hand("DELETE FROM session WHERE created_at <= $1").await;
        let here = app.session(desk.aidant, Some(desk.structure)).await;
        app.post("/sessions/others/end").session(&here).send().await.assert_status(303);
        userinfo(&app, &token).await.assert_status(401);
        assert_eq!((logged(&app, "session.revoked").await, logged(&app, "use.ended").await), (1, 1));
    }

    /// The end of a session is in the log whatever ended it; a sign-in never completed has none.
    async fn a_session_that_time_ended_is_told_once(app: TestApp) {
        let desk = app.desk("Nadia", "35600000012345").await;
        app.half_session(desk.aidant).await;
        app.clock.advance(Duration::hours(20));
        assert_eq!(entremise::app::forget_over::forget(&app.app).await.unwrap(), 0, "the form posted in it still finds its owner");
        app.clock.advance(Duration::hours(20));
        assert_eq!(entremise::app::forget_over::forget(&app.app).await.unwrap(), 2);
        assert_eq!(entremise::app::forget_over::forget(&app.app).await.unwrap(), 0);
        assert_eq!(logged(&app, "session.expired").await, 1);
    }
}
