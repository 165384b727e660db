//! An export that was cut short is continued by the program where it stopped, and is then what it would have been.
use std::path::Path;

use super::*;
use crate::support::program::{Program, bare, finish};

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

on_both_engines! {
    async fn an_export_cut_short_is_resumed_by_the_program(app: TestApp) {
        // More than a page of entries, with heads signed on the way.
        let keeper = keeper(&app, "a");
        for count in [3, 400, 200, 50] {
            write(&app.app, count).await;
            app.clock.advance(time::Duration::seconds(20));
            sequence(&app, &keeper).await;
            keeper.sign(&app.app).await.unwrap().unwrap();
        }
        let program = Program::beside(&app);
        let key = app.app.log.signers()[0].key().to_string();
        let (whole, cut) = (program.path("whole.jsonl"), program.path("cut.jsonl"));
        program.run(&["log", "export", "--output", text(&whole)]).ok().says(&["entries 0 to 652"]);
        let bundle = std::fs::read_to_string(&whole).unwrap();
        assert_eq!(bundle.matches("{\"checkpoint\":").count(), 4, "each head is in it");
        let resume = || program.run(&["log", "export", "--output", text(&cut), "--resume"]);
        let after = |found: &str| bundle.find(found).expect(found) + found.len();
        let ends = |line: usize| bundle.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
        for kept in [
            // The header alone; in the middle of a line; before a head, in it, after it; all but the end.
            ends(1),
            bundle.len() / 3,
            after("\n{\"checkpoint\":") - "{\"checkpoint\":".len(),
            after("\n{\"checkpoint\":"),
            ends(5),
            ends(505),
            bundle.trim_end().rfind('\n').unwrap() + 1,
        ] {
            std::fs::write(&cut, &bundle[..kept]).unwrap();
            finish(bare(&["log", "verify", text(&cut), "--key", &key]), "").refused(&["NOT SOUND"]);
            resume().ok();
            assert_eq!(std::fs::read_to_string(&cut).unwrap(), bundle, "after {kept} bytes");
        }
        finish(bare(&["log", "verify", text(&cut), "--key", &key]), "").ok().says(&["SOUND"]);
        // Entries written meanwhile wait for the next export.
        std::fs::write(&cut, &bundle[..bundle.len() / 2]).unwrap();
        app.clock.advance(time::Duration::seconds(20));
        sequence(&app, &keeper).await;
        keeper.sign(&app.app).await.unwrap().unwrap();
        resume().ok();
        assert_eq!(std::fs::read_to_string(&cut).unwrap(), bundle);
        // Nothing is joined that does not belong together.
        resume().refused(&["the file is complete: nothing to resume"]);
        std::fs::write(&cut, &bundle[..bundle.len() / 2]).unwrap();
        let parts = program.run(&["log", "export", "--output", text(&cut), "--resume", "--parts"]);
        parts.refused(&["the file was begun for another range, perimeter or log"]);
        std::fs::write(&cut, &bundle[..bundle.find('\n').unwrap()]).unwrap();
        resume().refused(&["the file holds no begun export"]);
        assert!(number(&app.app.store, "SELECT COUNT(*) FROM entry WHERE kind = 'log.exported'").await >= 9, "each is a line");
    }
}
