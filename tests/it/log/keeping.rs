use std::time::Duration as Wait;

use entremise::app::App;
use entremise::app::publish_log;
use entremise::jobs::keeper::KeepError;
use entremise::log::checkpoint::Checkpoint;
use entremise::log::note::SignedNote;
use entremise::log::tile::Tile;
use entremise::store::tree;
use time::Duration;

use super::*;
use crate::support::{Engine, Roles, TestApp, TestDb};

on_both_engines! {
    async fn entries_are_placed_once_in_order_and_the_head_is_signed(app: TestApp) {
        let keeper = keeper(&app, "a");
        assert!(keeper.sign(&app.app).await.unwrap().is_none(), "nothing to sign yet");
        write(&app.app, 3).await;
        app.clock.advance(Duration::seconds(-3600));
        write(&app.app, 1).await;
        app.clock.advance(Duration::seconds(3600));
        sequence(&app, &keeper).await;
        let root = assert_sound(&app.app.store).await;
        let earliest = rows(&app.app.store, "SELECT l.leaf_index, e.leaf_hash FROM log_leaf l JOIN entry e ON e.id = l.entry_id ORDER BY e.at, e.id").await;
        assert_eq!(earliest, placed(&app.app.store).await, "one batch is ordered by time, then id");

        let head = keeper.sign(&app.app).await.unwrap().expect("something new to sign");
        assert_eq!((head.size, head.root), (4, root));
        assert!(keeper.sign(&app.app).await.unwrap().is_none(), "the same head is not signed again");
        let note: SignedNote = publish_log::checkpoint(&app.app).await.unwrap().unwrap().parse().unwrap();
        assert_eq!(Checkpoint::open(&note, app.app.log.signers()[0].key()), Ok(head));

        // A later batch extends the tree: full and partial tiles, as anyone can fetch them.
        write(&app.app, 600).await;
        sequence(&app, &keeper).await;
        assert_sound(&app.app.store).await;
        let unsigned = Tile { level: 0, index: 0, width: 256 };
        assert_eq!(publish_log::tile(&app.app, unsigned).await.unwrap(), None, "only what is signed is public");
        keeper.sign(&app.app).await.unwrap().expect("more to sign");
        let leaves: Vec<u8> = placed(&app.app.store).await.into_iter().flat_map(|(_, hash)| hash).collect();
        for tile in Tile::all(604).filter(|tile| tile.level == 0) {
            let public = publish_log::tile(&app.app, tile).await.unwrap().expect("a tile under the head");
            let first = usize::try_from(tile.index * 256 * 32).unwrap();
            assert_eq!(public, leaves[first..first + public.len()], "{tile}");
            assert_eq!(public.len(), usize::try_from(tile.width * 32).unwrap());
        }
        let answer = app.get("/log/tile/1/000.p/2").send().await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "public, max-age=31536000, immutable"));
        assert_eq!(app.get("/log/tile/1/000.p/3").send().await.status, 404);
        assert_eq!(app.get("/log/tile/entries/000").send().await.status, 303, "entries are for auditors");
        assert!(app.get("/log/checkpoint").send().await.body.starts_with("test.example/log\n604\n"));
    }

    async fn two_nodes_and_many_writers_place_each_line_once(app: TestApp) {
        let other_node = App { store: app.db.store().await, ..app.app.clone() };
        let writers: Vec<_> = [&app.app, &other_node, &app.app, &other_node]
            .into_iter()
            .map(|node| {
                let node = node.clone();
                tokio::spawn(async move { write(&node, 75).await })
            })
            .collect();
        let keepers: Vec<_> = [(&app.app, keeper(&app, "a")), (&other_node, other_keeper(&app, "b"))]
            .into_iter()
            .map(|(node, keeper)| {
                let (node, clock) = (node.clone(), app.clock.clone());
                tokio::spawn(async move {
                    let mut placed = 0;
                    for _ in 0..400 {
                        placed += keeper.sequence(&node).await.expect("the log is kept");
                        // Leases run out all the time: both nodes keep taking over from each other.
                        clock.advance(Duration::seconds(4));
                        tokio::time::sleep(Wait::from_millis(1)).await;
                    }
                    placed
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let mut shares = Vec::new();
        for keeper in keepers {
            shares.push(keeper.await.unwrap());
        }
        app.clock.advance(Duration::seconds(60));
        let last = keeper(&app, "c").sequence(&app.app).await.unwrap();
        assert_eq!(shares.iter().sum::<u64>() + last, 300, "{shares:?}");
        assert_sound(&app.app.store).await;
    }

    async fn a_keeper_killed_anywhere_leaves_nothing_half_done(app: TestApp) {
        let keeper = keeper(&app, "a");
        let writer = {
            let app = app.app.clone();
            tokio::spawn(async move { write(&app, 250).await })
        };
        for round in 0..200_u64 {
            // The future is dropped at whatever statement it had reached.
            let _ = tokio::time::timeout(Wait::from_micros(round * 37 % 5_000), async {
                keeper.sequence(&app.app).await?;
                keeper.sign(&app.app).await
            })
            .await;
        }
        writer.await.unwrap();
        sequence(&app, &keeper).await;
        assert_sound(&app.app.store).await;
        keeper.sign(&app.app).await.unwrap();
        assert_eq!(number(&app.app.store, "SELECT MAX(size) FROM log_checkpoint").await, 250);
    }

    async fn a_database_rolled_back_or_rewritten_is_not_continued(app: TestApp) {
        let node = keeper(&app, "a");
        write(&app.app, 5).await;
        sequence(&app, &node).await;
        node.sign(&app.app).await.unwrap().expect("signed");

        // Last week's backup: the same keys and memory, an older database.
        let older = TestDb::fresh(if app.db.url.starts_with("sqlite") { Engine::Sqlite } else { Engine::Postgres }).await;
        let restored = App { store: older.store().await, ..app.app.clone() };
        write(&restored, 3).await;
        assert!(matches!(node.sequence(&restored).await, Err(KeepError::Behind { found: 0, signed: 5 })));
        assert!(matches!(node.sign(&restored).await, Err(KeepError::Behind { found: 0, signed: 5 })));
        assert_eq!(placed(&restored.store).await, [], "nothing is placed on it");

        // Another history of at least that length.
        write(&restored, 3).await;
        let unaware = other_keeper(&app, "b");
        unaware.sequence(&restored).await.unwrap();
        unaware.sign(&restored).await.unwrap().expect("signed by a node that remembers nothing");
        app.clock.advance(Duration::seconds(60));
        assert!(matches!(node.sequence(&restored).await, Err(KeepError::Rewritten { signed: 5 })));

        // A node without memory does not continue a log that has heads.
        app.clock.advance(Duration::seconds(60));
        let amnesiac = other_keeper(&app, "c");
        assert!(matches!(amnesiac.sign(&app.app).await, Err(KeepError::NoMemory)));
        assert_eq!(amnesiac.trust(&app.app).await.unwrap().size, 5, "a human looked and said so");
        assert!(matches!(amnesiac.trust(&app.app).await, Err(KeepError::Remembers(5))));
        assert!(matches!(node.trust(&restored).await, Err(KeepError::Remembers(5))));
        assert_eq!(amnesiac.sequence(&app.app).await.unwrap(), 1, "that trust is itself an entry");
        app.clock.advance(Duration::seconds(60));
        write(&app.app, 1).await;
        assert_eq!(node.sequence(&app.app).await.unwrap(), 1, "the true database goes on");
    }

    async fn the_runner_raises_an_alarm_and_takes_it_down(app: TestApp) {
        write(&app.app, 2).await;
        std::fs::write(&app.app.config.log.head_file, "not a head").unwrap();
        let jobs = entremise::jobs::Jobs::start(&app.app, None);
        let alarm = async |raised: bool| {
            for _ in 0..200 {
                let alarms = entremise::view!(app.app.store, tx => { tree::alarms(tx).await }).unwrap();
                if alarms.is_empty() != raised {
                    return alarms;
                }
                tokio::time::sleep(Wait::from_millis(50)).await;
            }
            panic!("raised: {raised}");
        };
        assert!(alarm(true).await[0].detail.contains("does not hold a head"));
        let operator = app.person("Emma", "Riou", Roles { operator: true, auditor: false }).await;
        let session = app.session(operator, None).await;
        app.get("/").session(&session).send().await.assert_contains("Le journal n’est plus signé");
        assert_eq!(placed(&app.app.store).await, []);
        std::fs::remove_file(&app.app.config.log.head_file).unwrap();
        alarm(false).await;
        for _ in 0..200 {
            if publish_log::checkpoint(&app.app).await.unwrap().is_some() {
                break;
            }
            tokio::time::sleep(Wait::from_millis(50)).await;
        }
        jobs.stop().await;
        assert!(number(&app.app.store, "SELECT MAX(size) FROM log_checkpoint").await >= 2);
        let page = app.get("/").session(&session).send().await;
        assert!(!page.body.contains("Le journal n’est plus signé"));
    }
}
