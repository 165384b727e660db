//! What the page of a story says besides its lines: whether witnesses vouch for its head, what was erased and why; and the
//! proof that is taken away, which the program verifies alone.
use entremise::app::erase_user::{self, Reason};
use entremise::app::log_line::Fault;
use entremise::app::read_story;
use entremise::domain::ids::MandateId;
use entremise::jobs::witnesses::Witnesses;
use entremise::log::part::PartKind;
use serde_json::json;
use time::Duration;

use super::room::Room;
use super::story::{REFERENCE, Scene};
use super::witnesses::{policy, policy_text, started};
use super::*;
use crate::flows::mandate_support::{Desk, fatou, josette};
use crate::support::program::{Ended, bare, finish};
use crate::support::{Roles, TempFolder};

/// The page of a mandate's story, in French and in English.
async fn told(app: &TestApp, session: &str, reference: &str) -> [String; 2] {
    let mut pages = ["fr", "en"].map(|_| String::new());
    for (page, tag) in pages.iter_mut().zip(["fr", "en"]) {
        let path = format!("/log/mandates/{reference}?lang={tag}");
        let answer = app.get(&path).session(session).send().await;
        answer.assert_status(200);
        *page = answer.body.clone();
    }
    pages
}

#[track_caller]
fn assert_said(pages: &[String; 2], french: &str, english: &str) {
    // As typeset: the apostrophe, and a space before signs that does not break.
    let french = french.replace('\'', "’").replace(" :", "\u{a0}:").replace(" ;", "\u{a0};");
    assert!(pages[0].contains(&french), "no « {french} » in {}", pages[0]);
    assert!(pages[1].contains(english), "no “{english}” in {}", pages[1]);
}

/// `log verify` of a file that holds this.
fn verified(app: &App, text: &str) -> Ended {
    let folder = TempFolder::new();
    let file = folder.0.join("story.jsonl");
    std::fs::write(&file, text).unwrap();
    let key = app.log.signers()[0].key().to_string();
    finish(bare(&["log", "verify", file.to_str().unwrap(), "--key", &key]), "")
}

const UNWITNESSED: (&str, &str) =
    ("Sans témoin : personne d'indépendant", "Not witnessed: nobody independent");

on_both_engines! {
    async fn the_story_says_who_vouches_for_its_head(app: TestApp) {
        let mut scene = Scene::set(app).await;
        let said = told(&scene.app, &scene.token, REFERENCE).await;
        assert_said(&said, UNWITNESSED.0, UNWITNESSED.1);
        let folder = TempFolder::new();
        let log = scene.app.app.log.signers()[0].key().to_string();
        let first = started(&folder, "one.example", "127.0.0.1:0", &log);
        let second = started(&folder, "two.example", "127.0.0.1:0", &log);
        let file = folder.0.join("policy");
        std::fs::write(&file, policy_text(&[&first, &second])).unwrap();
        scene.app.watched_by(file);
        let mut asking = Witnesses::new("a", policy(&[&first, &second])).unwrap();
        let listen = second.url.trim_start_matches("http://").to_owned();
        drop(second);
        assert_eq!(asking.round(&scene.app.app).await.unwrap(), 1);
        // One of the two that the policy wants is not enough, and is not said to be.
        let said = told(&scene.app, &scene.token, REFERENCE).await;
        assert_said(&said, UNWITNESSED.0, UNWITNESSED.1);
        assert!(!said[0].contains("témoins sur") && !said[1].contains("witnesses signed"));
        let second = started(&folder, "two.example", &listen, &log);
        scene.app.clock.advance(Duration::minutes(17));
        assert_eq!(asking.round(&scene.app.app).await.unwrap(), 1);
        // Long after: in a session of its own.
        let session = scene.app.session(scene.auditor.person_id, None).await;
        let said = told(&scene.app, &session, REFERENCE).await;
        assert_said(&said, "2 témoins sur 2 ont signé ce point de contrôle.", "2 of 2 witnesses signed this checkpoint.");
        assert!(!said[0].contains("Sans témoin") && !said[1].contains("Not witnessed"));
        drop(second);
    }

    async fn the_story_says_what_was_erased_and_why(app: TestApp) {
        let desk = Desk::open(app).await;
        let asked = desk.signed(josette(), &["argent"], "31").await;
        desk.app.clock.advance(Duration::minutes(5));
        let ordered = desk.signed(fatou(), &["logement"], "31").await;
        desk.app.clock.advance(Duration::minutes(2));
        let app = &desk.app;
        for (reference, reason) in [(&asked, Reason::Request), (&ordered, Reason::Order)] {
            desk.post(&format!("/mandates/{reference}/end"), &[("by", "user")]).await.assert_status(303);
            let user = erase_user::user_of(&app.app, reference).await.unwrap();
            app.clock.advance(Duration::seconds(1));
            erase_user::erase(&app.app, user, reason, None).await.unwrap();
        }
        let keeper = keeper(app, "a");
        sequence(app, &keeper).await;
        keeper.sign(&app.app).await.unwrap().unwrap();
        let auditor = app.person("Paul", "Ferrand", Roles { operator: false, auditor: true }).await;
        let session = app.session(auditor, None).await;
        let said = told(app, &session, &asked).await;
        assert_said(&said, " : demande de la personne", ": asked by the person");
        assert_said(&said, "Une partie a été effacée ; la preuve du reste tient.", "One part was erased; the proof of the rest stands.");
        assert_said(&said, "Effacement du ", "Erased ");
        assert!(!said[0].contains("Anomalie") && !said[0].contains("MARTIN"));
        let said = told(app, &session, &ordered).await;
        assert_said(&said, " : décision de justice ou d'autorité", ": ordered by a court or an authority");
    }

    async fn only_an_erasure_explains_a_missing_part(app: TestApp) {
        let room = Room::set(app).await;
        let app = &room.desk.app;
        let story = async || read_story::read(&app.app, &room.auditor, &room.used, 0).await.unwrap();
        // An act of this mandate, and others on the days that follow: a year later each day has its own erasure.
        let reference = format!("SELECT id FROM mandate WHERE reference = '{}'", room.used);
        let mandate: MandateId = super::room::id(&room, &reference).await;
        let printed = Draft::done(Kind::MandatePrinted).by(room.desk.aidant.id, Role::Aidant).structure(room.desk.structure);
        let printed = printed.mandate(mandate).part(PartKind::Technical, json!({ "address": "192.0.2.1" }));
        record::append(&app.app, printed).await.unwrap();
        for _ in 0..3 {
            app.clock.advance(Duration::days(1));
            let draft = Draft::done(Kind::UseOpened).by(room.desk.aidant.id, Role::Aidant).structure(room.desk.structure);
            record::append(&app.app, draft.part(PartKind::Technical, json!({ "address": "192.0.2.1" }))).await.unwrap();
        }
        app.clock.advance(Duration::days(363));
        for _ in 0..4 {
            erase_user::keep_retention(&app.app).await.unwrap();
            app.clock.advance(Duration::days(1));
        }
        assert_eq!(number(&app.app.store, "SELECT COUNT(*) FROM erasure").await, 4);
        room.settle().await;
        let told = story().await;
        assert!(told.evidence.is_sound(), "{:?}", told.evidence);
        assert!(told.evidence.erased >= 1);
        assert_eq!(told.evidence.erasures.len(), 1, "the round that took something of it");
        // What somebody took by hand is not explained by it, though an address of that line was erased.
        let unguard = if app.db.url.starts_with("sqlite") { "DROP TRIGGER entry_part_no_delete" } else { "ALTER TABLE entry_part DISABLE TRIGGER USER" };
        force(&app.app.store, unguard).await.unwrap();
        let opened = "DELETE FROM entry_part WHERE part = 'actor' AND entry_id IN (SELECT id FROM entry WHERE kind = 'use.opened')";
        force(&app.app.store, opened).await.unwrap();
        let told = story().await;
        let faults: Vec<_> = told.lines.iter().filter_map(|line| Some((line.leaf.as_ref()?.kind, line.fault?))).collect();
        assert_eq!(faults, [(Kind::UseOpened, Fault::Missing)]);
        assert!(!told.evidence.is_sound());
        // An erasure that was written after the head, and then changed, explains nothing.
        let changed = if app.db.url.starts_with("sqlite") { "DROP TRIGGER entry_no_update" } else { "ALTER TABLE entry DISABLE TRIGGER USER" };
        force(&app.app.store, changed).await.unwrap();
        force(&app.app.store, "UPDATE entry SET outcome = 'refused' WHERE kind = 'data.erased'").await.unwrap();
        assert_eq!(story().await.evidence.erased, 0);
    }

    async fn a_story_is_taken_away_and_proven_without_us(app: TestApp) {
        let scene = Scene::set(app).await;
        let app = &scene.app;
        let path = format!("/log/mandates/{REFERENCE}/proof");
        let page = told(app, &scene.token, REFERENCE).await;
        assert_said(&page, "Télécharger la preuve de cette histoire", "Download the proof of this story");
        assert!(page[0].contains(&path));
        let answer = app.get(&path).session(&scene.token).send().await;
        assert_eq!(answer.assert_status(200).header("content-disposition"), "attachment; filename=\"entremise-M-7Q4K-92HD.jsonl\"");
        let story = answer.body.clone();
        assert!(!story.contains("Morvan"), "a proof names nobody");
        verified(&app.app, &story).ok().says(&["SOUND: 5 entries of the mandate", "its numbers 1 to 5 without gap",
            "mandate.signed at", "not witnessed", "nothing in it says whether there was more"]);
        // Each line is a receipt by itself too.
        let lines: Vec<&str> = story.lines().collect();
        verified(&app.app, lines[2]).ok().says(&["SOUND: entry "]);
        // Taking it is a line of this story, and proven with it once it is under a signed head.
        scene.settle().await;
        let later = app.get(&path).session(&scene.token).send().await.body.clone();
        verified(&app.app, &later).ok().says(&["SOUND: 8 entries", "log.story_read at", "log.exported at"]);

        // Whatever is done to the file is told, where it lies.
        let write = |lines: &[&str]| lines.join("\n") + "\n";
        let without = |place: usize| {
            let mut left = lines.clone();
            left.remove(place);
            write(&left)
        };
        let mut swapped = lines.clone();
        swapped.swap(1, 2);
        let more: Vec<&str> = lines.iter().copied().chain([lines[0]]).collect();
        for (changed, told) in [
            (story.replace("mandate.signed", "mandate.closed"), "line 4: "),
            (without(2), "line 3: the mandate's number 3 was awaited, and not 4"),
            (write(&swapped), "line 2: the mandate's number 2 was awaited, and not 3"),
            (without(5), "the file is cut short"),
            (without(4), "line 5: the last line counts 5 entries, and 4 came before it"),
            (story[..story.len() / 2].to_owned(), "NOT SOUND: line "),
            (write(&more), "line 7: something follows the line that ends the story"),
            (write(&[&lines[..3], &later.lines().skip(3).collect::<Vec<_>>()[..]].concat()), "line 4: the receipt is under another head"),
        ] {
            verified(&app.app, &changed).refused(&["NOT SOUND", told]);
        }
        let stranger = TestApp::fresh(app.db.engine).await;
        verified(&stranger.app, &story).refused(&["NOT SOUND: line 1: "]);
        let taken = "SELECT COUNT(*) FROM entry WHERE kind = 'log.exported' AND outcome = 'done' AND mandate_id IS NOT NULL";
        assert_eq!(number(&app.app.store, taken).await, 2);
    }

    async fn the_proof_of_a_story_is_for_its_perimeter(app: TestApp) {
        let room = Room::set(app).await;
        let path = format!("/log/mandates/{}/proof", room.used);
        let mine = room.get(&path).await;
        mine.assert_status(200);
        verified(room.app(), &mine.body).ok().says(&["mandate.signed at", "use.opened at"]);
        room.desk.app.get(&path).session(&room.stranger_session).send().await.assert_status(404);
        room.get("/log/mandates/M-0000-0000/proof").await.assert_status(404);
        room.desk.get(&path).await.assert_status(403);
        let refused = "SELECT COUNT(*) FROM entry WHERE kind = 'log.exported' AND outcome = 'refused'";
        assert_eq!(number(&room.app().store, refused).await, 2);
    }
}
