//! What strangers wrote is shown as text, on every page that shows it.
use time::Duration;

use crate::flows::provider::{Browser, authorize};
use crate::support::services::josette;
use crate::support::{Roles, TestApp};

const HOSTILE: &str = "\"'><script>alert(1)</script>";
const ENCODED: &str = "%22%27%3E%3Cscript%3Ealert(1)%3C/script%3E";

fn assert_harmless(body: &str, page: &str) {
    assert!(!body.contains("<script>alert"), "{page}: ran");
    assert!(!body.contains("\"'>"), "{page}: left its attribute");
}

on_both_engines! {
    /// Known failure 7: a person's name, a structure's, a service's, and what is typed into forms.
    async fn hostile_text_is_shown_as_text(app: TestApp) {
        let desk = app.desk(HOSTILE, "35600000012345").await;
        let mut identity = josette();
        identity["given_name"] = format!("Zoé {HOSTILE}").into();
        identity["preferred_username"] = HOSTILE.into();
        let user = app.user(&identity).await;
        app.mandate(&desk, user, &["argent"], Duration::days(31), None).await;
        let service = app.service("one", |new| new.name = format!("Impôts {HOSTILE}")).await;
        let operator = app.person("Emma", HOSTILE, Roles { operator: true, auditor: true }).await;
        let emma = app.session(operator, None).await;

        // Each page that shows it, with the words near which it stands, so that a page that lost them is seen too.
        for (page, session, near) in [
            ("/".to_owned(), &desk.session, "&#60;script"),
            ("/users".to_owned(), &desk.session, "Zoé"),
            ("/mandates".to_owned(), &desk.session, "Zoé"),
            (format!("/users?q={ENCODED}"), &desk.session, "&#60;script"),
            (format!("/mandates?q={ENCODED}"), &desk.session, "&#60;script"),
            ("/account".to_owned(), &desk.session, "&#60;script"),
            (format!("/people?q={ENCODED}"), &emma, "&#60;script"),
            (format!("/people/{}", desk.aidant), &emma, "&#60;script"),
            (format!("/people/{}/suspension", desk.aidant), &emma, "&#60;script"),
            (format!("/structures/{}/suspension", desk.structure), &emma, "&#60;script"),
            (format!("/log?reference={ENCODED}"), &emma, ""),
        ] {
            let answer = app.get(&page).session(session).send().await;
            answer.assert_status(200).assert_contains(near);
            assert_harmless(&answer.body, &page);
        }
        let refused = app.post("/sign-in").form(&[("email", HOSTILE), ("password", "")]).send().await;
        refused.assert_status(422).assert_contains("&#60;script");
        assert_harmless(&refused.body, "/sign-in");

        let mut browser = Browser::of(&app, &desk);
        let handle = browser.arrive(&service, &[]).await;
        assert_eq!(browser.get(&handle).await.location(), format!("{handle}/user"));
        for page in [format!("{handle}/user"), format!("{handle}/user?q={ENCODED}"), format!("{handle}/mandate?user={user}")] {
            let answer = browser.get(&page).await;
            answer.assert_status(200).assert_contains("Impôts");
            assert_harmless(&answer.body, &page);
        }
        let nowhere = browser.get(&authorize(&service, &[("redirect_uri", HOSTILE)])).await;
        nowhere.assert_status(400);
        assert_harmless(&nowhere.body, "/authorize");
        assert_harmless(&app.get(&format!("/{ENCODED}")).session(&emma).send().await.body, "an address");
    }
}
