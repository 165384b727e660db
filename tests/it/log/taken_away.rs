//! What is taken away of a log that the product itself wrote, verified without it.
use std::process::Command;

use entremise::app::App;
use entremise::app::create_person;
use entremise::app::export_log::Wanted;
use entremise::app::give_receipt;
use entremise::domain::ids::{EntryId, UserId};
use entremise::log::checkpoint::Checkpoint;
use entremise::log::note::SignedNote;
use entremise::log::part::PartKind;
use entremise::log::receipt;
use entremise::log::verify::{Trust, Wrong};
use time::Duration;

use super::*;
use crate::flows::mandate_support::{Desk, fatou, josette};
use crate::flows::provider::{Browser, json, param, redeem, userinfo};

use crate::support::program::{bare, finish};
use crate::support::services::Service;
use crate::support::{Roles, TempFolder, TestApp, services};

/// The offline verifier finds nothing wrong with a bundle.
pub(super) fn assert_verifies(app: &TestApp, bundle: &str) {
    let lines: Vec<String> = bundle.lines().map(str::to_owned).collect();
    let report = check(&lines, &trust(&app.app));
    assert_eq!(report.faults, [], "{bundle}");
    assert!(report.entries > 0);
}

/// A service opened for the user of the latest mandate, its code redeemed, the identity given.
async fn used(desk: &Desk, service: &Service) {
    let ours = services::Desk {
        structure: desk.structure,
        aidant: desk.aidant.id,
        card: desk.aidant.card_id,
        session: desk.aidant.session.clone(),
    };
    let user: UserId = latest(desk, "SELECT user_id FROM mandate ORDER BY signed_at DESC LIMIT 1").await;
    let back = Browser::of(&desk.app, &ours).open(service, user, &[]).await;
    let tokens = json(&redeem(&desk.app, service, &param(&back, "code").unwrap(), &[]).await);
    userinfo(&desk.app, tokens["access_token"].as_str().unwrap()).await.assert_status(200);
}

pub(crate) async fn latest(desk: &Desk, sql: &'static str) -> UserId {
    entremise::view!(desk.app.app.store, tx => {
        Ok::<_, StoreError>(match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query_scalar(sql).fetch_one(&mut **c).await?,
            entremise::store::Tx::Lite(c) => sqlx::query_scalar(sql).fetch_one(&mut **c).await?,
        })
    })
    .unwrap()
}

pub(super) async fn settle(app: &TestApp) -> Checkpoint {
    let keeper = keeper(app, "a");
    sequence(app, &keeper).await;
    keeper.sign(&app.app).await.unwrap().expect("something new")
}

/// A mandate signed, used and revoked, as the pages do it.
async fn scene(app: TestApp) -> (Desk, Service) {
    let desk = Desk::open(app).await;
    let service = desk.app.service("impots", |_| {}).await;
    let reference = desk.signed(josette(), &["argent", "logement"], "31").await;
    used(&desk, &service).await;
    desk.app.clock.advance(Duration::minutes(2));
    let end = format!("/mandates/{reference}/end");
    desk.post(&end, &[("by", "user")]).await.assert_status(303);
    (desk, service)
}

on_both_engines! {
    async fn a_true_log_verifies_whole_and_in_ranges(app: TestApp) {
        let (desk, service) = scene(app).await;
        let app = &desk.app;
        let first = settle(app).await;
        app.clock.advance(Duration::seconds(1));
        let then = app.app.now();
        let whole = lines(&app.app, &Wanted { parts: true, ..Wanted::default() }).await;
        let report = check(&whole, &trust(&app.app));
        assert_eq!(report.faults, []);
        assert_eq!((report.entries, report.told, report.absent_parts), (first.size, first.size, 0));
        assert!(report.parts >= 6, "{}", report.parts);
        let text = whole.join("\n");
        assert!(text.contains("MARTIN"), "the identity that was checked is a part");
        let masked = lines(&app.app, &Wanted::default()).await;
        let report = check(&masked, &trust(&app.app));
        assert_eq!((report.wrong, report.parts), (0, 0));
        assert!(report.absent_parts >= 6);
        assert!(!masked.join("\n").contains("MARTIN"), "nobody is named unless parts were asked for");

        // Later: another person's mandate, lived from proposal to use, and the first one read again.
        app.clock.advance(Duration::minutes(5));
        let since = app.app.now();
        desk.signed(fatou(), &["argent"], "31").await;
        used(&desk, &service).await;
        let second = settle(app).await;
        let seen = Trust { seen: Some(first.clone()), ..trust(&app.app) };
        for wanted in [
            Wanted { after: Some(first.size), parts: true, ..Wanted::default() },
            Wanted { from: Some(since), ..Wanted::default() },
        ] {
            let range = lines(&app.app, &wanted).await;
            let report = check(&range, &trust(&app.app));
            assert_eq!(report.faults, []);
            assert!(report.first >= first.size && report.context >= 5, "{report:?}");
            assert_eq!(report.size, second.size);
        }
        let range = lines(&app.app, &Wanted { after: Some(first.size), ..Wanted::default() }).await;
        assert_eq!(check(&range, &seen).continues, Some(first.size));
        // The first part alone, under the head that was signed then.
        let until = lines(&app.app, &Wanted { until: Some(then), ..Wanted::default() }).await;
        assert_eq!((check(&until, &trust(&app.app)).size, check(&until, &trust(&app.app)).wrong), (first.size, 0));
        // Each bundle that left is an entry, with its range and whether it named people.
        let exported = number(&app.app.store, "SELECT COUNT(*) FROM entry WHERE kind = 'log.exported'").await;
        assert_eq!(exported, 6);
    }

    async fn a_perimeter_tells_its_own_and_hashes_the_others(app: TestApp) {
        let (desk, _) = scene(app).await;
        let app = &desk.app;
        let elsewhere = app.structure("CCAS de Moulins", "21030190400015").await;
        app.hire("Marc Petit", "marc@exemple.fr", &[entremise::domain::person::Role::Aidant], elsewhere).await;
        let head = settle(app).await;
        let ours = lines(&app.app, &Wanted { perimeter: Some([desk.structure].into()), ..Wanted::default() }).await;
        let report = check(&ours, &trust(&app.app));
        assert_eq!(report.faults, []);
        assert_eq!(report.entries, head.size);
        assert!(report.perimeter.is_some() && report.told < report.entries);
        assert!(!ours.iter().skip(1).any(|line| line.contains(&elsewhere.to_string())), "another structure's acts");
        let theirs = lines(&app.app, &Wanted { perimeter: Some([elsewhere].into()), ..Wanted::default() }).await;
        let report = check(&theirs, &trust(&app.app));
        assert_eq!(report.faults, []);
        assert!(!theirs.iter().skip(1).any(|line| line.contains(&desk.structure.to_string())));
        assert!(!theirs.iter().any(|line| line.contains("mandate.signed")));
    }

    /// A colleague ends a mandate that somebody signed before the range: the signature is told again, and with it that who
    /// signed was at work, with their own card.
    async fn a_range_within_a_perimeter_tells_who_signed_before_it(app: TestApp) {
        let desk = Desk::open(app).await;
        let app = &desk.app;
        let reference = desk.signed(josette(), &["argent"], "31").await;
        let colleague = app.hire("Marc Petit", "marc@exemple.fr", &[entremise::domain::person::Role::Aidant], desk.structure).await;
        app.clock.advance(Duration::minutes(2));
        let before = settle(app).await;
        app.clock.advance(Duration::minutes(2));
        let since = app.app.now();
        let end = app.post(&format!("/mandates/{reference}/end")).session(&colleague.session);
        end.form(&[("by", "user")]).send().await.assert_status(303);
        settle(app).await;
        let perimeter = Some([desk.structure].into());
        for wanted in [
            Wanted { after: Some(before.size), perimeter: perimeter.clone(), parts: true, ..Wanted::default() },
            Wanted { from: Some(since), perimeter, ..Wanted::default() },
        ] {
            let range = lines(&app.app, &wanted).await;
            let text = range.join("\n");
            assert!(text.contains("mandate.signed") && text.contains("mandate.revoked"));
            let report = check(&range, &trust(&app.app));
            assert_eq!(report.faults, []);
            assert!(report.first >= before.size && report.context > 5, "{report:?}");
        }
    }

    /// An operator who oversees two structures, and an aidant of both, carry nothing from one bundle to the other.
    async fn a_bundle_tells_nothing_of_the_other_structures_its_people_touch(app: TestApp) {
        let (desk, _) = scene(app).await;
        let app = &desk.app;
        let elsewhere = app.structure("CCAS de Moulins", "21030190400015").await;
        let other = app.hire("Marc Petit", "marc@exemple.fr", &[entremise::domain::person::Role::Aidant], elsewhere).await;
        let email = entremise::domain::person::Email::parse("nadia@exemple.fr").unwrap();
        create_person::join(&app.app, &email, elsewhere, &[entremise::domain::person::Role::Aidant]).await.unwrap();
        let operator = app.person("Claire", "Roussel", Roles { operator: true, auditor: false }).await;
        let write = |draft: Draft| async move { record::append(&app.app, draft).await.unwrap(); };
        for structure in [elsewhere, desk.structure] {
            for kind in [Kind::StructureSuspended, Kind::StructureRestored] {
                write(Draft::done(kind).by(operator, Role::Operator).structure(structure)).await;
            }
        }
        for kind in [Kind::PersonSuspended, Kind::PersonRestored] {
            write(Draft::done(kind).by(operator, Role::Operator).about(other.id)).await;
            write(Draft::done(kind).by(operator, Role::Operator).about(desk.aidant.id).structure(elsewhere)).await;
        }
        write(Draft::done(Kind::StructureSwitched).by(desk.aidant.id, Role::Aidant).structure(elsewhere)).await;
        settle(app).await;
        let ours = lines(&app.app, &Wanted { perimeter: Some([desk.structure].into()), ..Wanted::default() }).await;
        assert_eq!(check(&ours, &trust(&app.app)).faults, []);
        let told = ours[1..].join("\n");
        assert!(!told.contains(&elsewhere.to_string()), "{told}");
        assert!(!told.contains("person.suspended"), "whom else the operator suspended: {told}");
        assert!(told.contains("structure.suspended") && told.contains("charter.accepted") && told.contains("card.activated"));
        let theirs = lines(&app.app, &Wanted { perimeter: Some([elsewhere].into()), ..Wanted::default() }).await;
        assert_eq!(check(&theirs, &trust(&app.app)).faults, []);
        assert!(!theirs[1..].join("\n").contains("mandate.signed"));
    }

    /// Whoever owns the database changes what was done; the checkpoint an auditor kept convicts them.
    async fn a_database_rewritten_by_its_owner_is_convicted(app: TestApp) {
        let (desk, _) = scene(app).await;
        let app = &desk.app;
        let kept = settle(app).await;
        let other = TestApp::fresh(if app.db.url.starts_with("sqlite") { crate::support::Engine::Sqlite } else { crate::support::Engine::Postgres }).await;
        // The same keys over another history, longer than the true one: signed correctly, and yet.
        let rewritten = App { store: other.app.store.clone(), ..app.app.clone() };
        write(&rewritten, usize::try_from(kept.size).unwrap() + 5).await;
        let keeper = other_keeper(app, "forger");
        while keeper.sequence(&rewritten).await.unwrap() > 0 {}
        keeper.sign(&rewritten).await.unwrap().unwrap();
        let bundle = lines(&rewritten, &Wanted::default()).await;
        assert_eq!(check(&bundle, &trust(&app.app)).faults, [], "nothing inside it can tell");
        let seen = Trust { seen: Some(kept.clone()), ..trust(&app.app) };
        assert_eq!(check(&bundle, &seen).faults[0].what, Wrong::Forked(kept.size));
    }

    async fn a_receipt_is_verified_by_its_holder(app: TestApp) {
        let (desk, _) = scene(app).await;
        let app = &desk.app;
        let auditor = app.person("Paul", "Ferrand", Roles { operator: false, auditor: true }).await;
        let session = app.session(auditor, None).await;
        let signed = entremise::view!(app.app.store, tx => {
            Ok::<_, StoreError>(match entremise::store::Access::tx(tx) {
                entremise::store::Tx::Pg(c) => sqlx::query_scalar::<_, EntryId>("SELECT id FROM entry WHERE kind = 'mandate.signed'").fetch_one(&mut **c).await?,
                entremise::store::Tx::Lite(c) => sqlx::query_scalar::<_, EntryId>("SELECT id FROM entry WHERE kind = 'mandate.signed'").fetch_one(&mut **c).await?,
            })
        }).unwrap();
        let path = format!("/log/entries/{signed}/receipt");
        app.get(&path).session(&session).send().await.assert_status(404);
        settle(app).await;
        let answer = app.get(&path).session(&session).send().await;
        assert!(answer.assert_status(200).header("content-disposition").starts_with("attachment;"));
        let trust = trust(&app.app);
        let proven = receipt::verify(answer.body.trim_end(), &trust).unwrap();
        assert_eq!((proven.leaf.id, proven.parts.len()), (signed, 0), "a receipt names nobody by itself");
        let named = give_receipt::for_command_line(&app.app, signed, &[PartKind::Actor]).await.unwrap();
        let proven = receipt::verify(&named, &trust).unwrap();
        assert_eq!(proven.parts[0].content().unwrap()["name"], "Nadia Benali");
        assert!(receipt::verify(&named.replace("Benali", "Durand"), &trust).is_err());
        force(&app.app.store, "UPDATE person SET perimeter = 'listed' WHERE is_auditor").await.unwrap();
        app.get(&path).session(&session).send().await.assert_status(404);
        let written = "SELECT COUNT(*) FROM entry WHERE kind = 'log.exported' AND outcome = 'refused'";
        assert_eq!(number(&app.app.store, written).await, 1);
    }
}

/// The command, as an auditor without the service runs it.
#[tokio::test]
async fn the_command_explains_and_exits() {
    let (desk, _) = scene(TestApp::fresh(crate::support::Engine::Sqlite).await).await;
    let app = &desk.app;
    let head = settle(app).await;
    let folder = TempFolder::new();
    let file = |name: &str, text: &str| {
        let path = folder.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let bundle = lines(&app.app, &Wanted::default()).await.join("\n") + "\n";
    let key = app.app.log.signers()[0].key().to_string();
    let run = |path: &std::path::Path, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_entremise"));
        let output =
            command.args(["log", "verify"]).arg(path).args(["--key", &key]).args(more).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code(), text)
    };
    let note: SignedNote =
        entremise::app::publish_log::checkpoint(&app.app).await.unwrap().unwrap().parse().unwrap();
    let kept = file("checkpoint", &note.to_string());
    let kept = kept.to_str().unwrap();
    let (code, told) = run(&file("true", &bundle), &["--seen", kept]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("SOUND: ")
            && told.contains(&format!("continues your checkpoint of {} entries", head.size))
    );
    assert!(told.contains("not witnessed"));
    let (code, told) =
        run(&file("changed", &bundle.replace("\"presence\":\"present\"", "\"presence\":\"absent\"")), &[]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("at least one was changed") && told.contains("NOT SOUND: 1 thing wrong"), "{told}");
    let half = &bundle[..bundle.len() / 2];
    let (code, told) = run(&file("cut", half), &[]);
    assert!(code == Some(1) && told.contains("cut short"), "{told}");
    let (code, _) = run(&folder.0.join("absent"), &[]);
    assert_eq!(code, Some(1));
    // How far each check reaches is said.
    let (_, told) = run(&file("true", &bundle), &[]);
    for said in [
        "perimeter: everybody",
        "  people, structures and cards: complete",
        "  erasures: each missing part has its entry: not made: its header says that no parts were asked for",
        "  continuity: not made",
        &format!("root {}", head.root),
    ] {
        assert!(told.contains(said), "no «{said}» in {told}");
    }
    let within = Wanted { perimeter: Some([desk.structure].into()), after: Some(5), ..Wanted::default() };
    let (code, told) = run(&file("within", &(lines(&app.app, &within).await.join("\n") + "\n")), &[]);
    assert_eq!(code, Some(0), "{told}");
    let limited = "people, structures and cards: limited by the range: of what came before entry 5, only what this bundle \
        chose to tell; by the perimeter: what is only hashed";
    assert!(told.contains(limited) && told.contains(&format!("1 structure: {}", desk.structure)), "{told}");
    // Parts that were asked for, whatever the header says.
    let (code, told) = run(&file("true", &bundle), &["--parts"]);
    assert!(code == Some(1) && told.contains("the part «user» is missing"), "{told}");
}

/// A checkpoint is kept by the program itself, and never lost to another one.
#[tokio::test]
async fn a_checkpoint_is_kept_and_never_replaced_by_an_older_one() {
    let app = TestApp::fresh(crate::support::Engine::Sqlite).await;
    let folder = TempFolder::new();
    let path = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
    let key = app.app.log.signers()[0].key().to_string();
    let bundle = async |name: &str| {
        write(&app.app, 3).await;
        app.clock.advance(Duration::seconds(30));
        settle(&app).await;
        let text = lines(&app.app, &Wanted::default()).await.join("\n") + "\n";
        std::fs::write(path(name), text).unwrap();
    };
    let run = |name: &str, more: &[&str]| {
        let name = path(name);
        finish(bare(&[&["log", "verify", &name, "--key", &key], more].concat()), "")
    };
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    bundle("first").await;
    bundle("second").await;
    let kept = path("kept");
    run("first", &["--keep", &kept]).ok().says(&["not made: no checkpoint of yours"]);
    let first = read("kept");
    assert!(first.starts_with("test.example/log\n3\n"), "{first}");
    run("second", &["--keep", &kept]).ok().says(&["continues your checkpoint of 3 entries"]);
    let second = read("kept");
    assert_ne!(second, first);
    run("first", &["--keep", &kept]).refused(&["older than the one"]);
    assert_eq!(read("kept"), second);
    std::fs::write(path("other"), &first).unwrap();
    run("second", &["--keep", &kept, "--seen", &path("other")])
        .refused(&["the file holds another checkpoint than --seen"]);
    run("second", &["--keep", &path("new"), "--seen", &path("other")]).ok();
    assert_eq!(read("new"), second);
    // Of another deployment: its key, its checkpoint, its file.
    let stranger = entremise::log::note::LogSigner::from_seed(
        entremise::log::token::Token::new("other.example").unwrap(),
        &[3; 32],
    )
    .unwrap();
    let theirs = stranger.key().to_string();
    let first = path("first");
    finish(bare(&["log", "verify", &first, "--key", &theirs]), "")
        .refused(&["another deployment's file, or key"]);
    std::fs::write(path("policy"), "quorum none\n").unwrap();
    finish(bare(&["log", "verify", &first, "--policy", &path("policy")]), "")
        .refused(&["no key of the log: give it with --key, or in a line `log`"]);
}

/// What goes with a receipt on the command line is either checked or refused.
#[tokio::test]
async fn a_promise_is_held_against_its_receipt() {
    let app = TestApp::fresh(crate::support::Engine::Sqlite).await;
    let folder = TempFolder::new();
    let id = record::append(&app.app, Draft::done(Kind::NoticeSent).by_role(Role::System)).await.unwrap().id;
    write(&app.app, 1).await;
    settle(&app).await;
    let signer = &app.app.log.signers()[0];
    let promised = |leaf| entremise::log::promise::Promise::sign(leaf, app.app.now(), 60, signer).to_string();
    let placed = placed(&app.app.store).await;
    let leaf = |at: usize| Hash::from_slice(&placed[at].1).unwrap();
    let receipt = give_receipt::for_command_line(&app.app, id, &[]).await.unwrap();
    let index = receipt::verify(&receipt, &trust(&app.app)).unwrap().index;
    let file = folder.0.join("receipt");
    std::fs::write(&file, &receipt).unwrap();
    let run = |more: &[&str]| {
        let (file, key) = (file.to_str().unwrap(), signer.key().to_string());
        finish(bare(&[&["log", "verify", file, "--key", &key], more].concat()), "")
    };
    let [ours, other] = [index, 1 - index].map(|at| promised(leaf(usize::try_from(at).unwrap())));
    run(&[]).ok().says(&[&format!("SOUND: entry {index} of the log test.example/log")]);
    run(&["--promise", &ours]).ok().says(&["promises kept: 1"]);
    run(&["--promise", &ours, "--promise", &other])
        .refused(&["NOT SOUND: promise 2 is of no entry of this file"]);
    let note = entremise::app::publish_log::checkpoint(&app.app).await.unwrap().unwrap();
    let kept = folder.0.join("checkpoint");
    std::fs::write(&kept, note).unwrap();
    run(&["--seen", kept.to_str().unwrap()]).refused(&["nothing in a receipt ties its head to another one"]);
    run(&["--keep", kept.to_str().unwrap()]).refused(&["nothing in a receipt ties its head to another one"]);
    let not_yet = kept.with_extension("new");
    run(&["--keep", not_yet.to_str().unwrap()])
        .refused(&["nothing in a receipt ties its head to another one"]);
    assert!(!not_yet.exists());
    let long = format!("{{\"receipt\":1,{}", " ".repeat(16 * 1024 * 1024));
    std::fs::write(&file, long).unwrap();
    run(&[]).refused(&["a line is longer than any receipt"]);
    std::fs::write(&file, [receipt.as_bytes(), b"\n\xff\n"].concat()).unwrap();
    run(&[]).refused(&["the file is not UTF-8"]);
}
