//! What deserves a look: found in lines as the product writes them, marked by whoever looked, invisible from elsewhere.
use entremise::app::count_alerts;
use entremise::app::detect_misuse;
use entremise::app::review_alert::{self, Alert, Marked};
use entremise::app::search_log::AuditError;
use entremise::domain::ids::{GrantId, MandateId, StructureId, UseId};
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

/// The days of the page when none are asked for.
async fn shown(room: &Room) -> usize {
    let page = room.get("/log/alerts").await;
    page.assert_status(200).body.matches("<li class=\"card\">").count()
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
        let marked = alerts(&room).await.into_iter().find(|alert| alert.id == burst.id).unwrap();
        assert!(marked.is_reviewed);
        let mark = &marked.reviews[0];
        assert_eq!((mark.by.as_str(), mark.note.as_str(), mark.count), ("Paul Ferrand", "atelier collectif, feuille vue", Some(12)));
        room.get("/log/alerts").await.assert_contains("Regardée par Paul Ferrand");
        let said = "SELECT COUNT(*) FROM entry WHERE kind = 'log.alert_reviewed' AND outcome = 'done'";
        assert_eq!(count(&room, said).await, 1);
        // The mark holds whatever days are looked at.
        let again = review_alert::one(room.app(), &room.auditor, &burst.id).await;
        assert!(again.unwrap().is_reviewed);
        let stranger = detect_misuse::detect(room.app(), &room.stranger, week(&room)).await.unwrap();
        assert!(stranger.alerts.is_empty());
    }

    async fn looking_at_one_finding_is_an_entry_and_reads_it_whole(app: TestApp) {
        let room = Room::set(app).await;
        open(&room, &room.used, 10).await;
        let burst = alerts(&room).await.remove(0);
        // Whatever days the page stood on, and however odd: the finding is that of its own day.
        let path = |days: &str| format!("/log/alerts/review?finding={}{days}", burst.id);
        for days in ["", "&from=2020-01-01", "&from=x&until=2020-13-01"] {
            let page = room.get(&path(days)).await;
            page.assert_status(200).assert_contains("Rafale");
            assert!(!page.body.contains("href=\"#from\"") && !page.body.contains("href=\"#until\""), "{days}");
        }
        let seen = "SELECT COUNT(*) FROM entry WHERE kind = 'log.searched' AND outcome = 'done' AND structure_id IS NOT NULL";
        assert_eq!(count(&room, seen).await, 3);
        let there = review_alert::one(room.app(), &room.stranger, &burst.id).await;
        assert!(matches!(there, Err(AuditError::NotFound)));
        for odd in ["x", "burst::", "burst:x:y:z", "same-name:x:y:M-1", &burst.id.replace("burst", "mix-up")] {
            room.get(&format!("/log/alerts/review?finding={odd}")).await.assert_status(404);
        }
        let refused = "SELECT COUNT(*) FROM entry WHERE kind = 'log.searched' AND outcome = 'refused'";
        assert_eq!(count(&room, refused).await, 6);
        // A note that says nothing, from days that are none: the page says what to correct, and only that.
        let form = [("finding", burst.id.as_str()), ("read", "0"), ("from", "2020-01-01"), ("note", "vu")];
        let page = room.post("/log/alerts/review", &form).await;
        page.assert_status(422).assert_contains("href=\"#note\"").assert_contains("id=\"note\"");
        assert!(!page.body.contains("href=\"#until\""));
    }

    async fn a_mark_holds_for_what_was_seen(app: TestApp) {
        let room = Room::set(app).await;
        open(&room, &room.used, 10).await;
        let burst = alerts(&room).await.remove(0);
        let (app, who) = (room.app(), &room.auditor);
        let mark = async |who, read, note| review_alert::review(app, who, &burst.id, read, note).await.unwrap();
        assert_eq!(mark(who, 0, "atelier collectif, feuille vue").await, Marked::Done);
        room.desk.app.clock.advance(Duration::seconds(1));
        count_alerts::refresh(app).await.unwrap();
        assert_eq!(count(&room, "SELECT COUNT(*) FROM open_alert").await, 1);
        let badge = async || room.get("/log").await.body.contains("class=\"badge\"");
        assert!(!badge().await, "looked into");
        // Many more the same day: what was seen is not all there is.
        open(&room, &room.used, 20).await;
        let grown = alerts(&room).await.remove(0);
        assert_eq!((grown.id.as_str(), grown.is_reviewed, grown.reviews.len()), (burst.id.as_str(), false, 1));
        assert!(grown.finding.count > burst.finding.count);
        let page = room.get("/log/alerts").await;
        page.assert_contains("Il s’est passé autre chose depuis").assert_contains("(Nombre alors\u{a0}: 11.)").assert_contains("Marquer comme regardée");
        room.desk.app.clock.advance(Duration::seconds(1));
        count_alerts::refresh(app).await.unwrap();
        assert!(badge().await, "to be looked into again");
        // A second auditor, who has not read the first note, is told; both notes stay.
        let second = room.desk.app.person("Anne", "Colin", crate::support::Roles { operator: false, auditor: true }).await;
        let session = room.desk.app.session(second, None).await;
        let form = |read: &'static str| [("finding", burst.id.as_str()), ("read", read), ("note", "la feuille ne suffit pas")];
        let post = async |read| room.desk.app.post("/log/alerts/review").session(&session).form(&form(read)).send().await;
        let told = post("0").await;
        told.assert_status(422).assert_contains("Quelqu’un d’autre a marqué cette alerte entre-temps");
        told.assert_contains("atelier collectif, feuille vue").assert_contains("name=\"read\" value=\"1\"");
        post("1").await.assert_status(303);
        let marked = alerts(&room).await.remove(0);
        assert!(marked.is_reviewed);
        let by: Vec<_> = marked.reviews.iter().map(|one| (one.by.as_str(), one.note.as_str())).collect();
        assert_eq!(by, [("Paul Ferrand", "atelier collectif, feuille vue"), ("Anne Colin", "la feuille ne suffit pas")]);
        assert_eq!(count(&room, "SELECT COUNT(*) FROM entry WHERE kind = 'log.alert_reviewed'").await, 2, "nothing of what was refused");
        assert!(!badge().await);
    }

    async fn two_people_at_once_in_two_structures_are_seen_by_who_sees_both(app: TestApp) {
        let room = Room::set(app).await;
        let elsewhere: StructureId = room.stranger_structure().await;
        let (app, aidant) = (&room.desk.app, room.desk.aidant.id);
        let user = user_of(app, &room.unused).await;
        app.clock.advance(Duration::minutes(1));
        let id = UseId::new(room.app().now(), &*room.app().entropy);
        let draft = Draft::done(Kind::UseOpened).by(aidant, Role::Aidant).structure(elsewhere).user(user).use_id(id);
        record::append(room.app(), draft).await.unwrap();
        // Josette's is still open in Gannat.
        assert_eq!(found(&room).await, [Detector::MixUp]);
        let one = alerts(&room).await.remove(0);
        assert_eq!((one.finding.structure, one.finding.also), (elsewhere, Some(room.desk.structure)));
        assert!(review_alert::one(room.app(), &room.auditor, &one.id).await.is_ok());
        // Who sees only one of the two learns nothing of the other, on the page and in the bar alike.
        let there = detect_misuse::detect(room.app(), &room.stranger, week(&room)).await.unwrap();
        assert!(there.alerts.is_empty());
        assert!(matches!(review_alert::one(room.app(), &room.stranger, &one.id).await, Err(AuditError::NotFound)));
        app.clock.advance(Duration::seconds(1));
        assert_eq!(count_alerts::refresh(room.app()).await.unwrap(), 1);
        let badge = async |session: &str| app.get("/log").session(session).send().await.body.contains("class=\"badge\"");
        assert!(badge(&room.session).await && !badge(&room.stranger_session).await);
        assert_eq!(shown(&room).await, 1);
    }

    async fn who_sees_one_structure_finds_there_what_everybody_finds(app: TestApp) {
        let room = Room::set(app).await;
        open(&room, &room.used, 10).await;
        open(&room, &room.unused, 1).await;
        let cousin = person("cousin", json!({ "given_name": "Karim", "family_name": "BENALI", "birthdate": "1970-01-01",
            "gender": "male", "birthplace": "03118", "birthcountry": "99100" }));
        room.desk.signed(cousin, &["argent"], "31").await;
        force(&room.app().store, "UPDATE auditor_structure SET structure_id = (SELECT id FROM structure WHERE name = 'CCAS de Gannat')").await.unwrap();
        let ids = |alerts: Vec<Alert>| alerts.into_iter().map(|alert| alert.id).collect::<Vec<_>>();
        let everywhere = ids(alerts(&room).await);
        let there = detect_misuse::detect(room.app(), &room.stranger, week(&room)).await.unwrap();
        assert_eq!(ids(there.alerts), everywhere);
        assert_eq!(everywhere.len(), 3);
        for id in &everywhere {
            assert_eq!(review_alert::one(room.app(), &room.stranger, id).await.unwrap().id, *id);
        }
    }

    async fn used_and_ended_in_any_way_is_seen(app: TestApp) {
        let room = Room::set(app).await;
        let later = || room.desk.app.clock.advance(Duration::minutes(1));
        assert_eq!(found(&room).await, []);
        // Not the domain that was used, then the one that was.
        let end = async |domain: &str| {
            let path = format!("/mandates/{}/end/{domain}", room.used);
            room.desk.post(&path, &[("by", "structure")]).await.assert_status(303);
            later();
        };
        end("social").await;
        assert_eq!(found(&room).await, []);
        end("argent").await;
        assert_eq!(found(&room).await, [Detector::UsedAndRevoked]);
        let seen = alerts(&room).await.remove(0);
        let one = review_alert::one(room.app(), &room.auditor, &seen.id).await.unwrap();
        assert_eq!((one.finding.mandate.as_deref(), one.finding.until), (Some(room.used.as_str()), seen.finding.until));
    }

    async fn each_way_to_end_a_mandate_counts(app: TestApp) {
        let room = Room::set(app).await;
        let user = user_of(&room.desk.app, &room.unused).await;
        let mandate: MandateId = {
            let sql = format!("SELECT id FROM mandate WHERE reference = '{}'", room.unused);
            super::room::id(&room, &sql).await
        };
        let write = async |kind: Kind, grant: Option<GrantId>| {
            room.desk.app.clock.advance(Duration::seconds(10));
            let mut draft = Draft::done(kind).by(room.desk.aidant.id, Role::Aidant);
            draft = draft.structure(room.desk.structure).mandate(mandate).user(user);
            if let Some(grant) = grant {
                draft = draft.grant(grant);
            }
            record::append(room.app(), draft).await.unwrap();
        };
        let grant = {
            let sql = format!("SELECT g.id FROM mandate_grant g JOIN mandate m ON m.id = g.mandate_id WHERE m.reference = '{}'", room.unused);
            super::room::id(&room, &sql).await
        };
        write(Kind::MandateSuspended, None).await;
        write(Kind::UseOpened, Some(grant)).await;
        // Josette's use is open meanwhile: that is another finding.
        let ended = async || alerts(&room).await.into_iter().any(|one| one.finding.detector == Detector::UsedAndRevoked);
        assert!(!ended().await, "what came before the use does not count");
        write(Kind::GrantReplaced, None).await;
        assert!(!ended().await, "of no grant that was used");
        write(Kind::GrantReplaced, Some(grant)).await;
        assert!(ended().await);
        for kind in ["mandate.suspended", "mandate.closed", "mandate.renounced", "mandate.replaced", "mandate.revoked"] {
            let lite = room.desk.app.db.url.starts_with("sqlite");
            let unguard = if lite { "DROP TRIGGER IF EXISTS entry_no_update" } else { "ALTER TABLE entry DISABLE TRIGGER USER" };
            force(&room.app().store, unguard).await.unwrap();
            let other = format!("UPDATE entry SET kind = '{kind}', grant_id = NULL WHERE mandate_sequence = (SELECT MAX(mandate_sequence) FROM entry e \
                JOIN mandate m ON m.id = e.mandate_id WHERE m.reference = '{0}') AND mandate_id = (SELECT id FROM mandate WHERE reference = '{0}')", room.unused);
            force(&room.app().store, &other).await.unwrap();
            assert!(ended().await, "{kind}");
        }
    }

    async fn wrong_codes_at_work_are_held_against_whose_session_it_is(app: TestApp) {
        let room = Room::set(app).await;
        let third = room.desk.ready(fatou(), &["famille"], "31").await;
        for _ in 0..4 {
            room.desk.sign(&third, "000000").await.assert_status(422);
        }
        assert_eq!(found(&room).await, [], "four are not told");
        room.desk.sign(&third, "000000").await.assert_status(422);
        let told = alerts(&room).await;
        assert_eq!(told.iter().map(|one| (one.finding.detector, one.finding.count)).collect::<Vec<_>>(), [(Detector::FailedCodes, 5)]);
        let (aidant, _) = room.people().await;
        assert_eq!(told[0].aidant.as_ref(), Some(&aidant), "nobody acted: it is about who was at work");
        let placed = "SELECT COUNT(*) FROM entry WHERE kind IN ('card.code_refused', 'lock.started') AND structure_id IS NOT NULL";
        assert!(count(&room, placed).await >= 5);
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
        let one = review_alert::one(room.app(), &room.auditor, &unused[0].id).await.unwrap();
        assert_eq!((one.finding.count, one.finding.until), (3, unused[0].finding.until));
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
        assert_eq!(shown(&room).await, 2, "the page shows what the bar counts");
        assert!(page("/log", &room.session).await.contains("2 alertes à regarder"));
        let burst = alerts(&room).await.into_iter().find(|alert| alert.finding.detector == Detector::Burst).unwrap();
        let form = [("finding", burst.id.as_str()), ("read", "0"), ("note", "atelier collectif, feuille vue")];
        room.post("/log/alerts/review", &form).await.assert_status(303);
        assert!(page("/log", &room.session).await.contains("une alerte à regarder"));
        // Reading again does not bring it back; a hundred and more are not counted out.
        count_alerts::refresh(room.app()).await.unwrap();
        assert!(page("/log", &room.session).await.contains("une alerte à regarder"));
        for other in 0..100 {
            let more = format!("INSERT INTO open_alert (finding, structure_id, counted, until_at) \
                SELECT 'burst:{other}', structure_id, counted, until_at FROM open_alert WHERE finding LIKE 'mix-up:%'");
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
