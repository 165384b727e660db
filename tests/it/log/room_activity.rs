//! What a structure and an aidant did, and the daily counts that make silence visible.
use entremise::app::count_activity::count_days;
use entremise::app::read_activity::{self, Activity, Subject};
use entremise::app::search_log::{AuditError, Wanted};
use entremise::domain::time::Timestamp;
use entremise::log::entry::Fact;
use time::Duration;

use super::room::{Room, count};
use super::*;
use crate::flows::mandate_support::fatou;

/// Two days around now.
fn days(room: &Room) -> Vec<Timestamp> {
    let now = room.app().now();
    vec![now - Duration::days(1), now - Duration::minutes(30), now + Duration::days(1)]
}

async fn read(room: &Room, subject: &Subject) -> Activity {
    read_activity::read(room.app(), &room.auditor, subject, &days(room)).await.unwrap()
}

on_both_engines! {
    async fn a_structure_and_an_aidant_are_counted_from_the_log(app: TestApp) {
        let room = Room::set(app).await;
        let third = room.desk.ready(fatou(), &["famille"], "31").await;
        room.desk.sign(&third, "000000").await.assert_status(422);
        let activity = read(&room, &Subject::Structure(room.desk.structure)).await;
        assert_eq!(activity.name, "CCAS de Gannat");
        let (before, today) = (activity.days[0], activity.days[1]);
        assert_eq!((before.done, before.refused), (0, 0));
        assert_eq!((today.signed, today.opened), (2, 1));
        assert!(today.done > 10);
        assert_eq!(activity.domains.iter().map(|(domain, uses)| (domain.key.as_str(), *uses)).collect::<Vec<_>>(), [("argent", 1)]);
        let first = activity.first_use;
        assert_eq!((first.within_ten_minutes, first.not_yet, first.within_a_day), (1, 1, 0));
        assert_eq!(activity.users, 1);
        assert!(activity.refusals.iter().any(|(kind, _, lines)| *kind == Kind::MandateSignRefused && *lines == 1), "{:?}", activity.refusals);
        let (aidant, _) = room.people().await;
        let theirs = read(&room, &Subject::Aidant(aidant)).await;
        assert_eq!((theirs.days[1].signed, theirs.days[1].opened, theirs.users), (2, 1, 1));
        assert!(theirs.names.people.is_empty(), "masked");
    }

    async fn the_pages_draw_what_their_tables_say(app: TestApp) {
        let room = Room::set(app).await;
        let (aidant, _) = room.people().await;
        let structure = room.get(&format!("/log/structures/{}", room.desk.structure)).await;
        structure.assert_status(200);
        for said in ["CCAS de Gannat", "2 mandats signés, un service ouvert pour une personne", "<rect class=\"done\"", "role=\"img\"",
            "Dans les dix minutes", "Argent, impôts, consommation", "Aucun refus ces jours-là"] {
            structure.assert_contains(said);
        }
        assert!(!structure.body.contains("style="), "no inline style");
        let page = room.get(&format!("/log/aidants/{aidant}?lang=en")).await;
        page.assert_status(200).assert_contains(&format!("Aidant {}", aidant.short('a'))).assert_contains(&aidant.to_string());
        assert!(!page.body.contains("Benali"));
        room.get(&format!("/log/aidants/{aidant}?from=2020-01-01&until=2026-01-01")).await
            .assert_status(422).assert_contains("Quatre-vingt-douze jours au plus");
        room.get(&format!("/log/aidants/{aidant}?from=2026-02-30")).await.assert_status(422);
        room.get("/log/aidants/nobody").await.assert_status(404);
    }

    async fn days_are_those_of_the_structure_and_silence_stays_silent(app: TestApp) {
        let room = Room::set(app).await;
        force(&room.app().store, "UPDATE structure SET time_zone = 'Indian/Reunion' WHERE name = 'CCAS de Gannat'").await.unwrap();
        room.desk.app.clock.advance(Duration::days(1));
        // What auditors read is in the log of the structure, and no work of it.
        entremise::app::read_story::read(room.app(), &room.auditor, &room.used, 0).await.unwrap();
        room.desk.app.clock.advance(Duration::days(2));
        count_days(room.app()).await.unwrap();
        let session = room.desk.app.session(room.auditor.person_id, None).await;
        let page = room.desk.app.get(&format!("/log/structures/{}", room.desk.structure)).session(&session).send().await;
        page.assert_status(200).assert_contains("Indian/Reunion").assert_contains("Les lectures du journal");
        let wanted = Wanted { kind: Some(Kind::ActivityCounted), structure_id: Some(room.desk.structure), ..Wanted::default() };
        let lines = room.search(wanted).await.lines;
        let instant = |leaf: &entremise::log::entry::Leaf, name: &str| match leaf.facts.get(name) {
            Some(Fact::Instant(at)) => *at,
            other => panic!("{name}: {other:?}"),
        };
        let number = |leaf: &entremise::log::entry::Leaf, name: &str| match leaf.facts.get(name) {
            Some(Fact::Integer(number)) => *number,
            other => panic!("{name}: {other:?}"),
        };
        // Each day of the page is a day that was counted, with its numbers.
        let zone = read_activity::time_zone(room.app(), room.desk.structure).await.unwrap();
        let l = entremise::web::ui::L::in_zone(entremise::web::ui::Locale::Fr, &zone);
        let mut silent = 0;
        for leaf in lines.iter().filter_map(|line| line.leaf.as_ref()) {
            let (from, until) = (instant(leaf, "from"), instant(leaf, "until"));
            let read = read_activity::read(room.app(), &room.auditor, &Subject::Structure(room.desk.structure), &[from, until]).await.unwrap();
            let day = read.days[0];
            assert_eq!((day.opened, day.signed, day.refused), (number(leaf, "uses"), number(leaf, "signed"), number(leaf, "refused")));
            if day.opened == 0 {
                assert_eq!(day.done, 0, "no line of work on {}", l.day(from));
                silent += 1;
            }
            let shown = format!("<th scope=\"row\">{}</th>", l.day(from));
            assert!(page.body.contains(&shown), "{shown} in {}", page.body);
        }
        assert!(silent >= 2, "{silent}");
        assert!(!page.body.contains("Il y en a plus"));
    }

    async fn an_auditor_of_another_place_counts_nothing(app: TestApp) {
        let room = Room::set(app).await;
        let (aidant, _) = room.people().await;
        for subject in [Subject::Structure(room.desk.structure), Subject::Aidant(aidant)] {
            let tried = read_activity::read(room.app(), &room.stranger, &subject, &days(&room)).await;
            assert!(matches!(tried, Err(AuditError::NotFound)), "{tried:?}");
        }
        let refused = "SELECT COUNT(*) FROM entry WHERE kind = 'log.searched' AND outcome = 'refused'";
        assert_eq!(count(&room, refused).await, 2);
    }

    async fn each_day_of_each_structure_is_counted_once(app: TestApp) {
        let room = Room::set(app).await;
        count_days(room.app()).await.unwrap();
        let so_far = count(&room, "SELECT COUNT(*) FROM activity_day").await;
        room.desk.app.clock.advance(Duration::days(3));
        assert_eq!(count_days(room.app()).await.unwrap(), 6, "three days of two structures");
        assert_eq!(count_days(room.app()).await.unwrap(), 0, "once");
        assert_eq!(count(&room, "SELECT COUNT(*) FROM activity_day").await, so_far + 6);
        let wanted = Wanted { kind: Some(Kind::ActivityCounted), structure_id: Some(room.desk.structure), ..Wanted::default() };
        let mut lines = room.search(wanted).await.lines;
        let day = |line: &entremise::app::log_line::Line| line.leaf.as_ref().unwrap().facts.get("day").cloned();
        lines.sort_by_key(|line| std::cmp::Reverse(format!("{:?}", day(line))));
        let number = |line: &entremise::app::log_line::Line, name: &str| match line.leaf.as_ref().unwrap().facts.get(name) {
            Some(Fact::Integer(number)) => *number,
            other => panic!("{name}: {other:?}"),
        };
        // The latest first: two silent days, then the day of the scene.
        let counted: Vec<_> = lines.iter().take(3).map(|line| (number(line, "uses"), number(line, "signed"))).collect();
        assert_eq!(counted, [(0, 0), (0, 0), (1, 2)]);
        assert_eq!(number(&lines[0], "entries"), 0, "silence is a line");
        let scene = &lines[2].leaf.as_ref().unwrap().facts;
        let (Some(Fact::Instant(from)), Some(Fact::Instant(until))) = (scene.get("from"), scene.get("until")) else {
            panic!("{scene:?}");
        };
        assert_eq!(until.since(*from), Duration::days(1));
        // Another node cannot count a day again.
        let again = force(&room.app().store, "INSERT INTO activity_day (structure_id, day, entry_id) SELECT structure_id, day, entry_id FROM activity_day").await;
        assert!(matches!(again, Err(StoreError::Constraint { .. })), "{again:?}");
    }
}
