//! What deserves a look: found in lines as the product writes them, marked by whoever looked, invisible from elsewhere.
use entremise::app::count_alerts;
use entremise::app::detect_misuse::{self, Alert};
use entremise::app::search_log::AuditError;
use entremise::domain::ids::UseId;
use entremise::domain::misuse::Detector;
use entremise::domain::time::Timestamp;
use serde_json::json;
use time::Duration;

use super::room::{Room, count, user_of};
use super::*;
use crate::flows::mandate_support::{fatou, person};

fn week(room: &Room) -> (Timestamp, Timestamp) {
    let now = room.app().now();
    (now - Duration::days(6), now + Duration::days(1))
}

async fn alerts(room: &Room) -> Vec<Alert> {
    detect_misuse::detect(room.app(), &room.auditor, week(room)).await.unwrap().alerts
}

async fn found(room: &Room) -> Vec<Detector> {
    let mut found: Vec<_> = alerts(room).await.into_iter().map(|alert| alert.finding.detector).collect();
    found.sort();
    found
}

/// Services opened one after the other for the user of a mandate.
async fn open(room: &Room, mandate: &str, times: usize) -> Vec<UseId> {
    let user = user_of(&room.desk.app, mandate).await;
    let mut uses = Vec::new();
    for _ in 0..times {
        room.desk.app.clock.advance(Duration::seconds(20));
        let id = UseId::new(room.app().now(), &*room.app().entropy);
        let draft = Draft::done(Kind::UseOpened).by(room.desk.aidant.id, Role::Aidant);
        let draft = draft.structure(room.desk.structure).user(user).use_id(id);
        record::append(room.app(), draft).await.unwrap();
        uses.push(id);
    }
    uses
}

on_both_engines! {
    async fn an_ordinary_day_raises_nothing(app: TestApp) {
        let room = Room::set(app).await;
        assert_eq!(found(&room).await, []);
        room.get("/log/alerts").await.assert_status(200).assert_contains("Rien à signaler").assert_contains("10 services ou plus");
        room.get("/log/alerts?from=2020-01-01&until=2026-11-02").await.assert_status(422).assert_contains("Trente et un jours");
    }

    async fn a_burst_for_one_while_another_was_open_is_seen_and_marked(app: TestApp) {
        let room = Room::set(app).await;
        let uses = open(&room, &room.used, 10).await;
        assert_eq!(found(&room).await, [Detector::Burst]);
        // Josette's are still open: the next one, for Fatou, is a mix-up; once they are ended it is not.
        open(&room, &room.unused, 1).await;
        assert_eq!(found(&room).await, [Detector::Burst, Detector::MixUp]);
        assert_eq!(uses.len(), 10);
        let burst = alerts(&room).await.into_iter().find(|alert| alert.finding.detector == Detector::Burst).unwrap();
        let page = room.get("/log/alerts").await;
        page.assert_status(200).assert_contains("Rafale").assert_contains("Marquer comme regardée").assert_contains("CCAS de Gannat");
        assert!(!page.body.contains("Benali") && !page.body.contains("MARTIN"));
        let form = |note: &'static str| [("finding", burst.id.clone()), ("note", note.to_owned())];
        let post = async |form: [(&str, String); 2], session: &str| {
            let fields = form.each_ref().map(|(name, value)| (*name, value.as_str()));
            room.desk.app.post("/log/alerts/review").session(session).form(&fields).send().await
        };
        post(form("vu"), &room.session).await.assert_status(422).assert_contains("Écrivez ce que vous avez vu");
        post(form("ce n'est pas chez moi"), &room.stranger_session).await.assert_status(404);
        post(form("atelier collectif, feuille vue"), &room.session).await.assert_status(303);
        let marked = alerts(&room).await.into_iter().find(|alert| alert.id == burst.id).unwrap().review.unwrap();
        assert_eq!((marked.by.as_str(), marked.note.as_str()), ("Paul Ferrand", "atelier collectif, feuille vue"));
        room.get("/log/alerts").await.assert_contains("Regardée par Paul Ferrand");
        let said = "SELECT COUNT(*) FROM entry WHERE kind = 'log.alert_reviewed' AND outcome = 'done'";
        assert_eq!(count(&room, said).await, 1);
        // The mark holds whatever days are looked at.
        let (from, until) = week(&room);
        let again = detect_misuse::one(room.app(), &room.auditor, (from + Duration::days(5), until), &burst.id).await;
        assert!(again.unwrap().review.is_some());
        let stranger = detect_misuse::detect(room.app(), &room.stranger, week(&room)).await.unwrap();
        assert!(stranger.alerts.is_empty());
        let there = detect_misuse::one(room.app(), &room.stranger, week(&room), &burst.id).await;
        assert!(matches!(there, Err(AuditError::NotFound)));
    }

    async fn signatures_are_held_against_what_became_of_them(app: TestApp) {
        let room = Room::set(app).await;
        let cousin = person("cousin", json!({ "given_name": "Karim", "family_name": "BENALI", "birthdate": "1970-01-01",
            "gender": "male", "birthplace": "03118", "birthcountry": "99100" }));
        let reference = room.desk.signed(cousin, &["argent"], "31").await;
        let same = alerts(&room).await;
        assert_eq!(same.len(), 1);
        assert_eq!((same[0].finding.detector, same[0].finding.mandate.as_deref()), (Detector::SameName, Some(reference.as_str())));
        // Josette's mandate, used a minute after it was signed, is revoked the same hour.
        room.desk.post(&format!("/mandates/{}/end", room.used), &[("by", "user")]).await.assert_status(303);
        assert_eq!(found(&room).await, [Detector::UsedAndRevoked, Detector::SameName]);
        for reason in ["code_wrong", "code_wrong", "lapsed", "code_wrong", "code_wrong", "code_wrong"] {
            let draft = Draft::refused(Kind::MandateSignRefused, reason).by(room.desk.aidant.id, Role::Aidant);
            record::append(room.app(), draft.structure(room.desk.structure)).await.unwrap();
        }
        let codes = alerts(&room).await.into_iter().find(|alert| alert.finding.detector == Detector::FailedCodes);
        assert_eq!(codes.unwrap().finding.count, 5, "only codes");
        assert_eq!(found(&room).await, [Detector::FailedCodes, Detector::UsedAndRevoked, Detector::SameName]);
    }

    async fn mandates_never_used_are_seen_a_month_later(app: TestApp) {
        let room = Room::set(app).await;
        for domain in ["famille", "transports"] {
            room.desk.signed(fatou(), &[domain], "31").await;
        }
        assert_eq!(found(&room).await, []);
        room.desk.app.clock.advance(Duration::days(32));
        let unused = alerts(&room).await;
        assert_eq!(unused.iter().map(|alert| (alert.finding.detector, alert.finding.count)).collect::<Vec<_>>(), [(Detector::Unused, 3)]);
        room.desk.app.clock.advance(Duration::days(32));
        assert_eq!(found(&room).await, [], "told in its time");
    }

    async fn the_bar_counts_what_nobody_has_looked_into(app: TestApp) {
        const SHOWN: &str = "class=\"badge\"";
        let room = Room::set(app).await;
        let page = async |path: &str, session: &str| {
            let answer = room.desk.app.get(path).session(session).send().await;
            answer.assert_status(200);
            answer.body.clone()
        };
        open(&room, &room.used, 10).await;
        assert!(!page("/log", &room.session).await.contains(SHOWN), "nothing was read yet");
        room.desk.app.clock.advance(Duration::seconds(1));
        // The service reads the days by itself, and tells each auditor what is within their sight.
        let jobs = entremise::jobs::Jobs::start(room.app(), None);
        let read = tokio::time::timeout(std::time::Duration::from_secs(120), async {
            while count(&room, "SELECT COUNT(*) FROM open_alert").await == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        });
        read.await.expect("the days are read");
        jobs.stop().await;
        for (path, said) in [("/log", "une alerte à regarder"), ("/log/alerts", "une alerte à regarder"),
            ("/log?lang=en", "one alert to look at")] {
            let told = page(path, &room.session).await;
            assert!(told.contains(SHOWN) && told.contains(said), "{path}: {told}");
            assert!(told.contains("<span aria-hidden=\"true\">1</span>"), "the number is shown, and read with its sense");
        }
        assert!(!page("/log", &room.stranger_session).await.contains(SHOWN), "not within that perimeter");
        assert!(!page("/mandates", &room.desk.aidant.session).await.contains(SHOWN), "no auditor");
        // Another one, and it is two; one is looked into, and it is one at once.
        open(&room, &room.unused, 1).await;
        room.desk.app.clock.advance(Duration::seconds(1));
        assert_eq!(count_alerts::refresh(room.app()).await.unwrap(), 2);
        assert!(page("/log", &room.session).await.contains("2 alertes à regarder"));
        let burst = alerts(&room).await.into_iter().find(|alert| alert.finding.detector == Detector::Burst).unwrap();
        let form = [("finding", burst.id.as_str()), ("note", "atelier collectif, feuille vue")];
        room.post("/log/alerts/review", &form).await.assert_status(303);
        assert!(page("/log", &room.session).await.contains("une alerte à regarder"));
        // Reading again does not bring it back; a hundred and more are not counted out.
        count_alerts::refresh(room.app()).await.unwrap();
        assert!(page("/log", &room.session).await.contains("une alerte à regarder"));
        for other in 0..100 {
            let more = format!("INSERT INTO open_alert (finding, structure_id) SELECT 'burst:{other}', structure_id \
                FROM open_alert WHERE finding LIKE 'mix-up:%'");
            force(&room.app().store, &more).await.unwrap();
        }
        let told = page("/log", &room.session).await;
        assert!(told.contains("99+") && told.contains("plus de 99 alertes à regarder"), "{told}");
        // What is over is no longer counted.
        room.desk.app.clock.advance(Duration::days(8));
        assert_eq!(count_alerts::refresh(room.app()).await.unwrap(), 0);
        assert_eq!(count(&room, "SELECT COUNT(*) FROM open_alert").await, 0);
    }
}
