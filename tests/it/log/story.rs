use entremise::app::caller::{Caller, SignedIn, resolve};
use entremise::app::log_line::Fault;
use entremise::app::read_story::{self, Story};
use entremise::app::search_log::{self, AuditError, Wanted};
use entremise::domain::ids::{MandateId, PersonId, StructureId};
use entremise::domain::secret::PlainToken;
use entremise::log::part::PartKind;
use serde_json::json;
use time::Duration;

use super::*;
use crate::support::{Roles, TestApp};

pub(super) const REFERENCE: &str = "M-7Q4K-92HD";

pub(super) struct Scene {
    pub app: TestApp,
    structure: StructureId,
    mandate: MandateId,
    pub auditor: SignedIn,
    pub token: String,
}

impl Scene {
    /// A mandate with five lines, placed and signed, and an auditor.
    pub(super) async fn set(app: TestApp) -> Self {
        let structure = app.structure("CCAS de Gannat", "21030118600018").await;
        let aidant = app.person("Alice", "Morvan", Roles::default()).await;
        let auditor = app.person("Paul", "Ferrand", Roles { operator: false, auditor: true }).await;
        let id = mandate(&app, structure, aidant, REFERENCE).await;
        for kind in
            [Kind::MandateIdentified, Kind::MandateConsentGiven, Kind::MandateSigned, Kind::MandatePrinted]
        {
            app.clock.advance(Duration::seconds(40));
            let draft = Draft::done(kind)
                .by(aidant, Role::Aidant)
                .structure(structure)
                .mandate(id)
                .part(PartKind::Actor, json!({"name": "Alice Morvan"}));
            record::append(&app.app, draft).await.unwrap();
        }
        let token = app.session(auditor, None).await;
        let Caller::SignedIn(who) = resolve(&app.app, &PlainToken::presented(token.clone())).await.unwrap()
        else {
            panic!("signed in");
        };
        let scene = Self { app, structure, mandate: id, auditor: *who, token };
        scene.settle().await;
        scene
    }

    /// Places and signs all that waits.
    pub(super) async fn settle(&self) {
        let keeper = keeper(&self.app, "a");
        sequence(&self.app, &keeper).await;
        keeper.sign(&self.app.app).await.unwrap();
    }

    async fn story(&self) -> Story {
        read_story::read(&self.app.app, &self.auditor, REFERENCE, 0).await.unwrap()
    }

    /// What a forger who owns the database can do, the triggers being in the way of nobody but us.
    async fn forge(&self, statements: &[&str]) {
        let lite = self.app.db.url.starts_with("sqlite");
        let unguard: &[&str] = if lite {
            &[
                "DROP TRIGGER entry_no_update",
                "DROP TRIGGER entry_no_delete",
                "DROP TRIGGER entry_part_no_update",
                "DROP TRIGGER entry_part_no_delete",
                "DROP TRIGGER log_leaf_no_update",
                "DROP TRIGGER log_leaf_no_delete",
                "DROP TRIGGER log_checkpoint_no_update",
            ]
        } else {
            &[
                "ALTER TABLE entry DISABLE TRIGGER USER",
                "ALTER TABLE entry_part DISABLE TRIGGER USER",
                "ALTER TABLE log_leaf DISABLE TRIGGER USER",
                "ALTER TABLE log_checkpoint DISABLE TRIGGER USER",
            ]
        };
        for statement in unguard.iter().chain(statements) {
            force(&self.app.app.store, statement).await.expect(statement);
        }
    }
}

async fn mandate(app: &TestApp, structure: StructureId, aidant: PersonId, reference: &str) -> MandateId {
    let id = MandateId::new(app.app.now(), &*app.app.entropy);
    let first =
        Draft::done(Kind::MandateProposed).by(aidant, Role::Aidant).structure(structure).new_mandate(id);
    entremise::transact!(app.app.store, "test_mandate", tx => {
        let entry = record::record(&app.app, tx, first.clone()).await?;
        let sql = "INSERT INTO mandate (id, reference, structure_id, proposed_by, state, duration, proposed_at, \
            activity_at, next_sequence, entry_id) VALUES ($1, $2, $3, $4, 'draft', '31', $5, $5, 1, $6)";
        crate::support::change!(tx, sqlx::query(sql)
            .bind(id).bind(reference.to_owned()).bind(structure).bind(aidant).bind(app.app.now()).bind(entry.id))?;
        Ok::<_, record::RecordError>(())
    })
    .expect("the mandate is written");
    id
}

/// The faults found, by place in the story.
fn faults(story: &Story) -> Vec<(usize, Fault)> {
    story.lines.iter().enumerate().filter_map(|(place, line)| Some((place + 1, line.fault?))).collect()
}

on_both_engines! {
    async fn a_story_is_proven_line_by_line(app: TestApp) {
        let scene = Scene::set(app).await;
        let story = scene.story().await;
        assert_eq!((story.lines.len(), story.evidence.proven, story.evidence.waiting), (5, 5, 0));
        assert!(story.evidence.is_complete());
        assert_eq!(story.domains.len(), 0);
        // That reading is itself a line, first waiting, then proven.
        let again = scene.story().await;
        assert_eq!((again.lines.len(), again.evidence.proven, again.evidence.waiting), (6, 5, 1));
        assert!(again.evidence.is_sound() && !again.evidence.is_complete());
        assert_eq!(again.lines[5].leaf.as_ref().unwrap().kind, Kind::LogStoryRead);
        scene.settle().await;
        assert_eq!(scene.story().await.evidence.proven, 7);
    }

    async fn a_story_of_a_year_is_on_one_page(app: TestApp) {
        let scene = Scene::set(app).await;
        let more = read_story::PAGE - 5;
        for draft in vec![Draft::done(Kind::UserinfoGiven).by_role(Role::Service).structure(scene.structure).mandate(scene.mandate); more] {
            record::append(&scene.app.app, draft).await.unwrap();
        }
        scene.settle().await;
        // The line of this reading is not one of its lines: it goes to the next page.
        let story = scene.story().await;
        assert_eq!((story.lines.len(), story.evidence.proven), (read_story::PAGE, read_story::PAGE));
        assert!(story.evidence.is_complete() && story.next.is_some());
        scene.settle().await;
        let rest = read_story::read(&scene.app.app, &scene.auditor, REFERENCE, story.next.unwrap()).await.unwrap();
        assert_eq!((rest.lines.len(), rest.evidence.missing, rest.next), (1, 0, None));
        assert!(rest.evidence.is_complete());
    }

    async fn the_verdict_is_of_the_lines_of_its_page(app: TestApp) {
        let scene = Scene::set(app).await;
        let page = async |query: &str| {
            let path = format!("/log/mandates/{REFERENCE}{query}");
            scene.app.get(&path).session(&scene.token).send().await.assert_status(200).body.clone()
        };
        let after = page("?after=3&lang=en").await;
        assert!(after.contains("which has 6"), "{after}");
        scene.settle().await;
        let after = read_story::read(&scene.app.app, &scene.auditor, REFERENCE, 3).await.unwrap();
        assert!(!after.whole && after.evidence.is_complete() && after.lines.len() == 3);
        scene.settle().await;
        let after = page("?after=3").await;
        assert!(after.contains("Preuve de ces lignes vérifiée") && !after.contains("Preuve vérifiée"), "{after}");
        let nothing = page("?after=9999").await;
        assert!(nothing.contains("Rien à vérifier sur cette page") && !nothing.contains("vérifiée"), "{nothing}");
        scene.settle().await;
        assert!(page("").await.contains("Preuve vérifiée"));
    }

    async fn the_page_shows_the_proof_and_no_name(app: TestApp) {
        let scene = Scene::set(app).await;
        let page = scene.app.get(&format!("/log/mandates/{REFERENCE}")).session(&scene.token).send().await;
        page.assert_status(200);
        for said in ["Histoire du mandat M-7Q4K-92HD", "CCAS de Gannat", "Mandat signé avec la carte", "Preuve vérifiée",
            "5 lignes sur 5", "Sans témoin", "root "] {
            page.assert_contains(said);
        }
        assert!(!page.body.contains("Alice") && !page.body.contains("Morvan"));
        let page = scene.app.get(&format!("/log/mandates/{REFERENCE}?lang=en")).session(&scene.token).send().await;
        page.assert_contains("Not witnessed").assert_contains("Mandate signed with the card");
        let page = scene.app.get("/log?kind=mandate.signed").session(&scene.token).send().await;
        page.assert_status(200).assert_contains("Mandat signé avec la carte").assert_contains("a-");
        let page = scene.app.get("/log?mandate=M-0000-0000").session(&scene.token).send().await;
        page.assert_status(422).assert_contains("Aucun mandat de votre périmètre");
        let page = scene.app.get("/log?from=2026-13-01&until=x").session(&scene.token).send().await;
        page.assert_status(422);
        let page = scene.app.get("/log?until=2020-01-01").session(&scene.token).send().await;
        page.assert_status(200).assert_contains("Aucune ligne");
        scene.app.get("/log/mandates/M-0000-0000").session(&scene.token).send().await.assert_status(404);
        let searches = "SELECT COUNT(*) FROM entry WHERE kind = 'log.searched'";
        assert_eq!(number(&scene.app.app.store, searches).await, 3, "each search is a line, and what is wrong is not searched");
        let denied = "SELECT COUNT(*) FROM entry WHERE kind = 'log.story_read' AND outcome = 'refused'";
        assert_eq!(number(&scene.app.app.store, denied).await, 1);
    }

    async fn pages_of_a_search_follow_each_other_without_overlap(app: TestApp) {
        let scene = Scene::set(app).await;
        write(&scene.app.app, 120).await;
        let mut wanted = Wanted { kind: Some(Kind::NoticeSent), ..Wanted::default() };
        let mut seen = std::collections::BTreeSet::new();
        let mut pages = 0;
        loop {
            let found = search_log::search(&scene.app.app, &scene.auditor, &wanted).await.unwrap();
            assert!(found.lines.windows(2).all(|pair| pair[0].id > pair[1].id));
            assert!(found.lines.iter().all(|line| seen.insert(line.id)));
            pages += 1;
            let Some(next) = found.next else { break };
            wanted.before = Some(next);
        }
        assert_eq!((pages, seen.len()), (3, 120));
    }

    async fn an_auditor_sees_only_their_perimeter(app: TestApp) {
        let scene = Scene::set(app).await;
        let elsewhere = scene.app.structure("Mairie de Brest", "21290019500016").await;
        let aidant = scene.app.person("Bruno", "Le Goff", Roles::default()).await;
        mandate(&scene.app, elsewhere, aidant, "M-2222-2222").await;
        force(&scene.app.app.store, "UPDATE person SET perimeter = 'listed' WHERE is_auditor").await.unwrap();
        let (app, who) = (&scene.app.app, &scene.auditor);
        assert!(search_log::search(app, who, &Wanted::default()).await.unwrap().lines.is_empty());
        force(app_store(&scene), "INSERT INTO auditor_structure (person_id, structure_id) \
            SELECT p.id, s.id FROM person p, structure s WHERE p.is_auditor AND s.name = 'CCAS de Gannat'").await.unwrap();
        let found = search_log::search(app, who, &Wanted::default()).await.unwrap();
        assert!(!found.lines.is_empty());
        for line in &found.lines {
            assert_eq!(line.leaf.as_ref().unwrap().structure, Some(scene.structure));
        }
        assert_eq!(found.choices.structures.len(), 1);
        assert!(matches!(read_story::read(app, who, "M-2222-2222", 0).await, Err(AuditError::NoMandate)));
        assert!(read_story::read(app, who, REFERENCE, 0).await.is_ok());
        force(app_store(&scene), "UPDATE person SET is_auditor = FALSE, perimeter = 'none' WHERE is_auditor").await.unwrap();
        assert!(matches!(read_story::read(app, who, REFERENCE, 0).await, Err(AuditError::NoPerimeter)));
        scene.app.get("/log").session(&scene.token).send().await.assert_status(403);
    }

    async fn a_changed_leaf_is_found(app: TestApp) {
        let scene = Scene::set(app).await;
        scene.forge(&["UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE mandate_sequence = 2) WHERE mandate_sequence = 3"]).await;
        let story = scene.story().await;
        assert_eq!(faults(&story), [(3, Fault::Altered)]);
        assert!(!story.evidence.is_sound());
    }

    async fn a_leaf_changed_with_its_hash_is_not_the_one_that_was_signed(app: TestApp) {
        let scene = Scene::set(app).await;
        let row = entremise::view!(scene.app.app.store, tx => {
            let ids = entremise::store::search::search(tx, &Default::default(), 100).await?.ids;
            let rows = entremise::store::auditor::named(tx, &ids).await?;
            Ok::<_, StoreError>(rows.into_iter().find(|row| row.entry.mandate_sequence == Some(4)).unwrap().entry)
        }).unwrap();
        let mut leaf = entremise::log::entry::Leaf::decode(&row.leaf).unwrap();
        leaf.kind = Kind::MandateRevoked;
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        let lite = scene.app.db.url.starts_with("sqlite");
        let literal = |bytes: &[u8]| if lite { format!("X'{}'", hex(bytes)) } else { format!("decode('{}', 'hex')", hex(bytes)) };
        let forged = format!(
            "UPDATE entry SET kind = 'mandate.revoked', leaf = {}, leaf_hash = {} WHERE mandate_sequence = 4",
            literal(&leaf.encode()), literal(leaf.hash().bytes())
        );
        scene.forge(&[&forged]).await;
        let story = scene.story().await;
        assert_eq!(faults(&story), [(4, Fault::NotInTree)]);
        let page = scene.app.get(&format!("/log/mandates/{REFERENCE}")).session(&scene.token).send().await;
        page.assert_contains("Anomalie trouvée").assert_contains("Le journal signé a une autre ligne à cette place");
    }

    async fn a_line_taken_out_leaves_a_gap(app: TestApp) {
        let scene = Scene::set(app).await;
        let of_third = "(SELECT id FROM entry WHERE mandate_sequence = 3)";
        scene.forge(&[
            &format!("DELETE FROM entry_part WHERE entry_id = {of_third}"),
            &format!("DELETE FROM log_leaf WHERE entry_id = {of_third}"),
            "DELETE FROM entry WHERE mandate_sequence = 3",
        ]).await;
        let story = scene.story().await;
        assert_eq!(faults(&story), [(3, Fault::Sequence)]);
        assert_eq!(story.evidence.missing, 1);
    }

    async fn a_replaced_part_a_moved_column_and_a_missing_part_are_told_apart(app: TestApp) {
        let scene = Scene::set(app).await;
        scene.forge(&[
            "UPDATE entry_part SET sealed = (SELECT sealed FROM entry_part WHERE entry_id = (SELECT id FROM entry WHERE mandate_sequence = 3)) \
             WHERE entry_id = (SELECT id FROM entry WHERE mandate_sequence = 2)",
            "UPDATE entry SET outcome = 'refused' WHERE mandate_sequence = 4",
            "DELETE FROM entry_part WHERE entry_id = (SELECT id FROM entry WHERE mandate_sequence = 5)",
        ]).await;
        let story = scene.story().await;
        assert_eq!(faults(&story), [(2, Fault::Part), (4, Fault::Columns), (5, Fault::Missing)]);
        assert_eq!((story.evidence.erased, story.evidence.proven), (0, 2));
        let page = scene.app.get(&format!("/log/mandates/{REFERENCE}")).session(&scene.token).send().await;
        page.assert_contains("Anomalie trouvée").assert_contains("aucune ligne du journal ne l’a effacée");
        assert!(!page.body.contains("Preuve vérifiée"));
    }

    async fn swapped_places_a_torn_tile_and_a_forged_head_are_found(app: TestApp) {
        let scene = Scene::set(app).await;
        scene.forge(&["UPDATE log_checkpoint SET note = replace(note, 'test.example', 'fest.example')"]).await;
        let story = scene.story().await;
        assert!(story.evidence.forged_head && !story.evidence.is_sound());
        assert_eq!(story.evidence.proven, 0);
        force(app_store(&scene), "UPDATE log_checkpoint SET note = replace(note, 'fest.example', 'test.example')").await.unwrap();
        assert!(scene.story().await.evidence.is_sound());
        let of = |sequence| format!("WHERE entry_id = (SELECT id FROM entry WHERE mandate_sequence = {sequence})");
        let moved = async |sequence, by: i64| {
            let sql = format!("UPDATE log_leaf SET leaf_index = leaf_index + ({by}) {}", of(sequence));
            force(app_store(&scene), &sql).await.unwrap();
        };
        moved(2, 1000).await;
        let story = scene.story().await;
        assert_eq!(story.evidence.proven, 4, "the line whose place is beyond the head is not proven");
        // The second takes the place of the third, and the third that of the second.
        moved(3, -1).await;
        moved(2, -999).await;
        let story = scene.story().await;
        assert_eq!(faults(&story), [(2, Fault::NotInTree), (3, Fault::NotInTree)]);
        assert_eq!(story.evidence.proven, 3);
        let torn = if scene.app.db.url.starts_with("sqlite") { "zeroblob(32)" } else { "sha256('')" };
        let torn = format!("UPDATE log_tile SET hashes = {torn}");
        force(app_store(&scene), &torn).await.unwrap();
        let story = scene.story().await;
        assert_eq!(story.evidence.proven, 0);
        assert!(faults(&story).iter().all(|(_, fault)| *fault == Fault::NotInTree));
    }
}

fn app_store(scene: &Scene) -> &Store {
    &scene.app.app.store
}
