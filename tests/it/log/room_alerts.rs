//! What deserves a look: found in lines as the product writes them, marked by whoever looked, invisible from elsewhere.
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
}
