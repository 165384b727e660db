//! The log key replaced with the commands that an operator types, on a service of two nodes.
use super::nodes::until;
use super::*;
use crate::support::TestApp;
use crate::support::program::{Program, bare, finish};

on_both_engines! {
    async fn a_rotation_by_the_commands_leaves_no_node_behind(app: TestApp) {
        let memory = |name: &str| app.app.config.log.head_file.with_file_name(name);
        let node = keeper(&app, "a");
        let old = app.app.log.signers()[0].key().to_string();
        write(&app.app, 3).await;
        sequence(&app, &node).await;
        node.sign(&app.app).await.unwrap().unwrap();
        // B was stopped since: its memory is signed by the old key alone.
        std::fs::copy(memory("log-head"), memory("head-b")).unwrap();
        let a = Program::beside(&app);
        let b = Program::beside(&app).with(memory("log-head").to_str().unwrap(), memory("head-b").to_str().unwrap());
        let unsigned = "SELECT (SELECT COUNT(*) FROM entry) - (SELECT MAX(size) FROM log_checkpoint)";

        a.run(&["keys", "retire-log"]).refused(&["one key only"]);
        let introduced = a.run(&["keys", "generate", "--log"]).ok();
        assert!(introduced.out.contains(&old), "{introduced:?}");
        a.run(&["keys", "retire-log"]).refused(&["not yet signed with the newest key"]);
        let serving = a.serve().await;
        until(&app.app.store, unsigned, 0).await;
        assert_eq!(serving.stop(), Some(0));
        a.run(&["keys", "retire-log"]).ok();
        let keys = a.run(&["log", "key"]).ok();
        assert!(keys.out.lines().count() == 1 && !keys.out.contains(&old), "{keys:?}");

        let sound = "ok    log against the head this node signed last";
        for node in [&a, &b] {
            assert!(node.run(&["doctor"]).out.contains(sound), "the old head is known by the succession of the keys");
        }
        // B leads, and signs with the new key alone.
        let serving = b.serve().await;
        until(&app.app.store, unsigned, 0).await;
        assert_eq!(serving.stop(), Some(0));
        a.run(&["log", "trust-head"]).refused(&["nothing to trust"]);

        // A memory that is torn counts as none: a human compares, and says so.
        std::fs::write(memory("log-head"), &std::fs::read(memory("log-head")).unwrap()[..40]).unwrap();
        a.run(&["doctor"]).refused(&["does not hold a head signed with this log's key"]);
        a.run(&["log", "trust-head"]).ok().says(&["trusted: "]);
        assert!(a.run(&["doctor"]).out.contains(sound));
        let trusted = rows(&app.app.store, "SELECT COUNT(*) OVER (), leaf FROM entry WHERE kind = 'log.head_trusted'").await;
        assert!(trusted.len() == 1 && String::from_utf8_lossy(&trusted[0].1).contains("\"memory\":\"damaged\""));

        let bundle = a.path("bundle.jsonl");
        a.run(&["log", "export", "--output", bundle.to_str().unwrap()]).ok();
        finish(bare(&["log", "verify", bundle.to_str().unwrap(), "--key", &old]), "").ok().says(&["SOUND"]);
    }
}
