//! An older copy of the database is restored: what was erased since is erased again, and holds stand again.
use std::os::unix::fs::PermissionsExt;

use entremise::app::App;
use entremise::app::erase_user::{self, EraseError, Reason};
use entremise::app::export_log::Wanted;
use entremise::app::remember_erasures::{self, What};
use entremise::app::replay_erasures::{self, Act, Due};
use serde_json::json;
use time::Duration;

use super::epochs::copy;
use super::*;
use crate::flows::mandate_support::{Desk, fatou, josette, person};
use crate::support::program::Program;

async fn settle(app: &TestApp, on: &App, keeper: &Keeper) {
    app.clock.advance(Duration::seconds(60));
    while keeper.sequence(on).await.expect("the log is kept") > 0 {}
    keeper.sign(on).await.unwrap().expect("something new");
}

/// A mandate that is over.
async fn over(desk: &Desk, who: crate::flows::mandate_support::Person) -> String {
    let reference = desk.signed(who, &["argent"], "31").await;
    desk.post(&format!("/mandates/{reference}/end"), &[("by", "user")]).await.assert_status(303);
    desk.app.clock.advance(Duration::minutes(2));
    reference
}

async fn due(on: &App) -> Vec<Due> {
    replay_erasures::due(on, &remember_erasures::read(&remember_erasures::file(on)).unwrap()).await.unwrap()
}

on_both_engines! {
    async fn what_was_erased_after_the_copy_is_erased_again(app: TestApp) {
        let desk = Desk::open(app).await;
        let hers = over(&desk, josette()).await;
        let living = desk.signed(fatou(), &["argent"], "31").await;
        let paul = json!({ "given_name": "Paul", "family_name": "Verdier", "birthdate": "1960-01-02", "gender": "male",
            "birthplace": "03118", "birthcountry": "99100" });
        let his = over(&desk, person("paul", paul)).await;
        let app = &desk.app;
        let user = async |reference: &str| erase_user::user_of(&app.app, reference).await.unwrap();
        let (josette, fatou, paul) = (user(&hers).await, user(&living).await, user(&his).await);
        let hold = async |user, placed| { erase_user::hold(&app.app, user, placed, "ordonnance 7").await.unwrap() };
        hold(josette, true).await;
        let node = keeper(app, "a");
        settle(app, &app.app, &node).await;
        let older = copy(app).await;

        // What the copy will not know.
        hold(josette, false).await;
        app.clock.advance(Duration::seconds(1));
        let said = erase_user::erase(&app.app, josette, Reason::Order, Some("ordonnance 8")).await.unwrap();
        desk.post(&format!("/mandates/{living}/end"), &[("by", "user")]).await.assert_status(303);
        erase_user::erase(&app.app, fatou, Reason::Request, None).await.unwrap();
        hold(paul, true).await;
        settle(app, &app.app, &node).await;
        assert_eq!(due(&app.app).await, [], "nothing is to be done where it was done");

        // The file names nobody, is its owner's alone, and is made good from the database when it lacks something.
        let file = remember_erasures::file(&app.app);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("MARTIN") && !text.contains("ordonnance") && !text.contains(&hers), "{text}");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let whole = remember_erasures::read(&file).unwrap();
        let told: Vec<_> = whole.iter().map(|line| (line.user, line.what)).collect();
        assert_eq!(told, [
            (josette, What::Held), (josette, What::Released), (josette, What::Erased), (fatou, What::Erased), (paul, What::Held),
        ]);
        assert_eq!((whole[2].entry, whole[2].reason), (said, Some(Reason::Order)));
        let cut = text.len() - 40;
        std::fs::write(&file, &text[..cut]).unwrap();
        assert_eq!(remember_erasures::read(&file).unwrap().len(), 4);
        assert_eq!(remember_erasures::remember(&app.app, true).await.unwrap(), 1);
        assert_eq!(remember_erasures::read(&file).unwrap(), whole);
        assert_eq!(remember_erasures::remember(&app.app, true).await.unwrap(), 0);

        // The copy is restored; she is in it again.
        let restored = App { store: older.store().await, ..app.app.clone() };
        let everything = async || {
            let wanted = Wanted { parts: true, ..Wanted::default() };
            lines(&restored, &wanted).await
        };
        node.recover(&restored).await.unwrap();
        assert!(everything().await.join("\n").contains("MARTIN"));
        let erase = |reason, held| Act::Erase { reason, held };
        let found = due(&restored).await;
        let acts: Vec<_> = found.iter().map(|one| (one.user, one.act, one.live.clone())).collect();
        assert_eq!(acts, [
            (josette, erase(Reason::Order, true), vec![]),
            (fatou, erase(Reason::Request, false), vec![living.clone()]),
            (paul, Act::Hold, vec![]),
        ]);
        for one in &found {
            let done = replay_erasures::again(&restored, one).await;
            app.clock.advance(Duration::seconds(1));
            assert_eq!(matches!(done, Err(EraseError::Live)), one.user == fatou, "{done:?}");
        }
        settle(app, &restored, &node).await;
        let after = everything().await;
        let text = after.join("\n");
        assert_eq!(check(&after, &trust(&restored)).faults, []);
        assert!(!text.contains("MARTIN") && text.contains("Verdier"));
        assert!(text.contains(&format!("again after a restore, as by entry {said}")));
        assert!(matches!(erase_user::erase(&restored, paul, Reason::Request, None).await, Err(EraseError::Held)));
        let left = due(&restored).await;
        assert_eq!(left.iter().map(|one| one.user).collect::<Vec<_>>(), [fatou], "twice is once");

        // As the command line tells and does it, in the restored database.
        let program = Program::beside_on(app, older.shared());
        program.run(&["users", "replay-erasures"]).refused(&["nothing was changed", &format!("end {living} first")]);
        program.run(&["doctor"]).refused(&["users replay-erasures"]);
        force(&restored.store, "UPDATE mandate SET state = 'ended', ended_at = signed_at, end_reason = 'closed', ended_entry_id = entry_id WHERE state = 'active'").await.unwrap();
        program.run(&["users", "replay-erasures"]).refused(&["1 to do again"]);
        let other = file.with_file_name("of-another-node");
        std::fs::rename(&file, &other).unwrap();
        assert!(program.run(&["users", "replay-erasures", "--yes"]).ok().out.contains("Nothing is left"));
        program.run(&["users", "replay-erasures", "--yes", other.to_str().unwrap()]).ok();
        assert_eq!(number(&restored.store, "SELECT COUNT(*) FROM app_user WHERE erased_at IS NOT NULL").await, 2);
        assert_eq!(program.run(&["users", "replay-erasures", "--yes", other.to_str().unwrap()]).ok().out.trim(), "Nothing is left to do again.");
    }
}
