//! What an auditor takes away on the web: exactly the lines of the search, nobody named, nothing a spreadsheet would
//! compute; and a bundle that the offline verifier accepts.
use entremise::app::export_search::{self, Format};
use entremise::app::search_log::Wanted;
use serde_json::Value;
use time::Duration;

use super::room::{Room, count};
use super::*;

on_both_engines! {
    async fn a_search_is_taken_away_whole_and_written_down(app: TestApp) {
        let room = Room::set(app).await;
        // More lines than are read at once.
        write(room.app(), 1_100).await;
        room.desk.app.clock.advance(Duration::seconds(1));
        let asked = [("format", "jsonl"), ("kind", "notice.sent")];
        let page = room.post("/log/export", &asked).await;
        page.assert_status(200);
        assert!(page.header("content-disposition").starts_with("attachment"), "{}", page.header("content-disposition"));
        assert_eq!(page.header("cache-control"), "private, no-store");
        let mut lines: Vec<Value> = page.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.pop().unwrap(), serde_json::json!({ "end": 1_100 }), "whoever holds the file knows it is whole");
        assert_eq!(lines.len(), 1_100);
        let distinct: std::collections::BTreeSet<_> = lines.iter().map(|line| line["leaf"]["id"].to_string()).collect();
        assert_eq!(distinct.len(), lines.len(), "each line once");
        let written = "SELECT COUNT(*) FROM entry WHERE kind = 'log.exported' AND actor IS NOT NULL";
        assert_eq!(count(&room, written).await, 1);
        // The leaf is given to the byte: its hash is the one beside it.
        for raw in page.body.lines().take(20) {
            let leaf = raw.split_once("\"leaf\":").unwrap().1.strip_suffix('}').unwrap();
            let told: Value = serde_json::from_str(raw).unwrap();
            assert_eq!(told["hash"], entremise::log::merkle::leaf_hash(leaf.as_bytes()).to_string());
        }
        let story = room.post("/log/export", &[("format", "csv"), ("mandate", &room.used)]).await;
        let mut read = csv::Reader::from_reader(story.body.as_bytes());
        let columns = read.headers().unwrap().clone();
        let place = |name: &str| columns.iter().position(|column| column == name).unwrap();
        let rows: Vec<csv::StringRecord> = read.records().collect::<Result<_, _>>().unwrap();
        assert!(rows.len() >= 6 && rows.iter().all(|row| row[place("mandate")] == room.used), "{}", story.body);
        assert!(rows.iter().any(|row| &row[place("kind")] == "use.opened" && !row[place("service")].is_empty()));
        for body in [&page.body, &story.body] {
            assert!(!body.contains("MARTIN") && !body.contains("Benali"), "nobody is named");
        }
    }

    async fn a_name_typed_by_somebody_computes_nothing(app: TestApp) {
        let room = Room::set(app).await;
        let hostile = "UPDATE structure SET name = '=HYPERLINK(\"http://evil.example\",\"x\")' WHERE name = 'CCAS de Gannat'";
        force(&room.app().store, hostile).await.unwrap();
        let page = room.post("/log/export", &[("format", "csv"), ("mandate", &room.used)]).await;
        assert!(page.body.contains("\"'=HYPERLINK"), "{}", page.body);
        let mut read = csv::Reader::from_reader(page.body.as_bytes());
        for row in read.records() {
            assert!(row.unwrap().iter().all(|cell| !cell.starts_with(['=', '+', '@', '-'])));
        }
    }

    async fn a_form_that_cannot_be_taken_says_why(app: TestApp) {
        let room = Room::set(app).await;
        room.get("/log/export?kind=use.opened").await
            .assert_status(200).assert_contains("sort du système").assert_contains("value=\"use.opened\"");
        room.post("/log/export", &[]).await.assert_status(422).assert_contains("Choisissez une forme");
        let unknown = [("format", "csv"), ("aidant", "a-XX")];
        room.post("/log/export", &unknown).await.assert_status(422);
        assert_eq!(count(&room, "SELECT COUNT(*) FROM entry WHERE kind = 'log.exported'").await, 0, "nothing was taken");
    }

    async fn the_bundle_of_a_perimeter_is_verified_offline_and_tells_nothing_else(app: TestApp) {
        let room = Room::set(app).await;
        let told = |body: &str| body.lines().filter(|line| line.contains("use.opened")).count();
        let whole = room.post("/log/export", &[("format", "bundle")]).await;
        whole.assert_status(200);
        assert_eq!(told(&whole.body), 1);
        let structure = room.desk.structure.to_string();
        let narrow = room.post("/log/export", &[("format", "bundle"), ("structure", &structure)]).await;
        assert_eq!(told(&narrow.body), 1);
        let stranger = room.desk.app.post("/log/export").session(&room.stranger_session).form(&[("format", "bundle")]).send().await;
        stranger.assert_status(200);
        assert_eq!(told(&stranger.body), 0, "other structures are hashes");
        let other = [("format", "bundle"), ("structure", structure.as_str())];
        room.desk.app.post("/log/export").session(&room.stranger_session).form(&other).send().await.assert_status(404);
        for bundle in [&whole.body, &narrow.body, &stranger.body] {
            assert!(!bundle.contains("MARTIN") && !bundle.contains("Benali"));
            super::taken_away::assert_verifies(&room.desk.app, bundle);
        }
    }

    async fn what_is_written_meanwhile_is_not_taken(app: TestApp) {
        let room = Room::set(app).await;
        let before = count(&room, "SELECT COUNT(*) FROM entry").await;
        room.desk.app.clock.advance(Duration::seconds(1));
        let taking = export_search::take(room.app(), &room.auditor, &Wanted::default(), Format::JsonLines).await;
        let mut taking = taking.unwrap().unwrap();
        write(room.app(), 3).await;
        let mut text = String::new();
        while let Some(more) = taking.next(room.app()).await.unwrap() {
            text.push_str(&more);
        }
        assert!(!text.contains("notice.sent") && !text.contains("log.exported"));
        assert_eq!(i64::try_from(text.lines().count()).unwrap(), before + 1, "and the mark of the end");
    }
}
