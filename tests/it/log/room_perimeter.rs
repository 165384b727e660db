//! A perimeter: given by the command line, written where it holds, bounding what is found, taken and told; and a
//! structure chosen among many.
use entremise::app::create_person::{self, CreateError, NewPerson};
use entremise::app::search_log::{Unclear, Wanted};
use entremise::app::set_perimeter::{self, Perimeter};
use entremise::domain::ids::{PersonId, StructureId};
use entremise::domain::person::{Email, PersonName, Role as Quality};
use entremise::log::entry::{Fact, Leaf, Outcome};
use time::Duration;

use super::room::{Room, count, literal, signed_in};
use super::*;

const DESK: &str = "CCAS de Gannat (21030118500013)";

/// An auditor as the command line makes one, and already at work.
async fn hired(app: &TestApp, email: &Email, perimeter: Perimeter) -> PersonId {
    let new = |perimeter| NewPerson {
        email: email.clone(),
        name: PersonName::parse("Léa Moreau").unwrap(),
        roles: vec![Quality::Auditor],
        structure: None,
        perimeter,
        locale: "fr",
    };
    let refused = create_person::create(&app.app, &new(None)).await;
    assert!(matches!(refused, Err(CreateError::PerimeterNeeded)), "everything is not what nobody said");
    let id = create_person::create(&app.app, &new(Some(perimeter))).await.unwrap().person_id;
    let at_work = format!(
        "UPDATE person SET status = 'active', password_hash = '!', charter_version = 1 WHERE id = {}",
        literal(app, id.uuid().as_bytes())
    );
    force(&app.app.store, &at_work).await.unwrap();
    id
}

impl Room {
    async fn elsewhere(&self) -> StructureId {
        let found = self.search(Wanted { structure: Some("Brest".into()), ..Wanted::default() }).await;
        found.structure.expect("the other structure").id
    }

    /// Leaves of one kind, newest first.
    async fn leaves(&self, wanted: Wanted) -> Vec<Leaf> {
        self.search(wanted).await.lines.into_iter().filter_map(|line| line.leaf).collect()
    }

    async fn asked(&self, path: &str) -> crate::support::Answer {
        self.desk.app.get(path).session(&self.stranger_session).send().await
    }
}

fn ids(leaf: &Leaf) -> Vec<String> {
    match leaf.facts.get("within") {
        Some(Fact::Tokens(tokens)) => tokens.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

on_both_engines! {
    async fn a_perimeter_is_given_withdrawn_and_told_where_it_holds(app: TestApp) {
        let room = Room::set(app).await;
        let (app, desk, elsewhere) = (&room.desk.app, room.desk.structure, room.elsewhere().await);
        let email = Email::parse("lea@audit.example").unwrap();
        let only = |structure| Perimeter::Structures([structure].into());
        let id = hired(app, &email, only(desk)).await;
        let (_, session) = signed_in(app, id).await;
        let page = |path: String| { let session = session.clone(); async move { app.get(&path).session(&session).send().await } };
        let story = format!("/log/mandates/{}", room.used);
        page("/log".into()).await.assert_status(200).assert_contains("une structure").assert_contains(&room.used);
        assert!(set_perimeter::set(&app.app, &email, &only(elsewhere)).await.unwrap());
        assert!(!set_perimeter::set(&app.app, &email, &only(elsewhere)).await.unwrap(), "nothing to change");
        assert!(!page("/log".into()).await.assert_status(200).body.contains(&room.used));
        page(story.clone()).await.assert_status(404);
        set_perimeter::set(&app.app, &email, &Perimeter::All).await.unwrap();
        page(story.clone()).await.assert_status(200).assert_contains("toutes les structures");
        set_perimeter::set(&app.app, &email, &Perimeter::Structures([desk, elsewhere].into())).await.unwrap();
        page("/log".into()).await.assert_contains("2 structures").assert_contains(&room.used);
        let nobody = Email::parse("nadia@exemple.fr").unwrap();
        assert!(matches!(set_perimeter::set(&app.app, &nobody, &Perimeter::All).await, Err(CreateError::NoAuditor)));
        // Who may look at a structure is told among its own lines.
        let told = |structure_id, kind| {
            let wanted = Wanted { structure_id, kind: Some(kind), ..Wanted::default() };
            let room = &room;
            async move {
                let leaves = room.leaves(wanted).await;
                leaves.iter().filter(|leaf| matches!(leaf.facts.get("roles"), Some(Fact::Tokens(roles)) if roles[0].as_str() == "auditor")).count()
            }
        };
        assert_eq!(told(Some(desk), Kind::RoleGiven).await, 2);
        assert_eq!(told(Some(desk), Kind::RoleWithdrawn).await, 1);
        assert_eq!(told(Some(elsewhere), Kind::RoleGiven).await, 2);
        assert_eq!(told(Some(elsewhere), Kind::RoleWithdrawn).await, 0, "every structure was given instead");
        assert_eq!(told(None, Kind::RoleGiven).await, 5);
        assert_eq!(told(None, Kind::RoleWithdrawn).await, 2);
        // And the log so written is as sound as before.
        room.settle().await;
        super::taken_away::assert_verifies(app, &(lines(&app.app, &entremise::app::export_log::Wanted::default()).await.join("\n") + "\n"));
    }

    async fn a_structure_is_found_by_name_or_siret_and_stays_chosen(app: TestApp) {
        let room = Room::set(app).await;
        let chosen = format!("value=\"{DESK}\"");
        for typed in [room.desk.structure.to_string(), "gannat".into(), "210+301+185+00013".into(), DESK.replace(' ', "+")] {
            let page = room.get(&format!("/log?structure={typed}&kind=mandate.signed")).await;
            page.assert_status(200).assert_contains(&chosen).assert_contains(&room.used);
            page.assert_contains("/log/export?structure=CCAS+de+Gannat+%2821030118500013%29");
        }
        room.get("/log").await.assert_contains(&format!("<option {chosen}>"));
        room.get("/log?structure=Vichy").await.assert_status(422).assert_contains("Aucune structure de votre périmètre");
        room.asked("/log?structure=gannat").await.assert_status(422).assert_contains("Aucune structure de votre périmètre");
        room.desk.app.structure("CCAS de Gannat-Est", "21030118500999").await;
        let several = room.get("/log?structure=ccas").await;
        several.assert_status(422).assert_contains("value=\"ccas\"").assert_contains(DESK).assert_contains("Gannat-Est (21030118500999)");
        assert!(!several.body.contains(&room.used), "nothing is searched instead");
        // Beyond a hundred none is offered, and each is still found.
        for n in 0..100 {
            room.desk.app.structure(&format!("Mairie {n}"), &format!("{:014}", 30_000 + n)).await;
        }
        let page = room.get("/log").await;
        assert!(!page.body.contains("<option value=\"Mairie"));
        room.get("/log?structure=gannat-est").await.assert_contains("value=\"CCAS de Gannat-Est (21030118500999)\"");
        let found = room.search(Wanted { structure: Some("mairie".into()), ..Wanted::default() }).await;
        assert!(matches!(found.unclear.as_slice(), [Unclear::Structures(alike)] if alike.len() == 5));
    }

    /// A leaf is for ever: what an auditor typed where a reference or a pseudonym belongs may be a name.
    async fn a_name_typed_as_a_criterion_is_not_kept(app: TestApp) {
        let room = Room::set(app).await;
        for typed in ["MORVAN", "Morvan-ABED", "Morvan-abed-1"] {
            let typed = || Some(typed.to_owned());
            room.search(Wanted { mandate: typed(), aidant: typed(), user: typed(), ..Wanted::default() }).await;
        }
        room.asked("/log/mandates/MORVAN").await.assert_status(404);
        room.asked("/log/alerts/review?id=MORVAN").await;
        let mut told = Vec::new();
        for leaf in room.leaves(Wanted::default()).await {
            for name in ["mandate", "aidant", "user", "finding"] {
                if let Some(Fact::Token(text)) = leaf.facts.get(name) {
                    told.push(format!("{name} {text}"));
                }
            }
        }
        assert_eq!(told, ["aidant a-ABED", "user u-ABED"]);
    }

    async fn what_was_tried_outside_a_perimeter_is_written(app: TestApp) {
        let room = Room::set(app).await;
        let (aidant, _) = room.people().await;
        let entry = room.search(Wanted { mandate: Some(room.used.clone()), ..Wanted::default() }).await.lines[0].id;
        let (used, structure) = (&room.used, room.desk.structure.to_string());
        for path in [
            format!("/log/mandates/{used}"),
            format!("/log/mandates/{used}/proof"),
            format!("/log/structures/{structure}"),
            format!("/log/aidants/{aidant}"),
            format!("/log/entries/{entry}/receipt"),
        ] {
            room.asked(&path).await.assert_status(404);
        }
        let app = &room.desk.app;
        for (path, form) in [
            (format!("/log/mandates/{used}/unmask"), vec![("reason", "curiosité déplacée")]),
            ("/log/export".to_owned(), vec![("format", "bundle"), ("structure", structure.as_str())]),
        ] {
            app.post(&path).session(&room.stranger_session).form(&form).send().await.assert_status(404);
        }
        let refusals = room.leaves(Wanted { refused: Some(true), ..Wanted::default() }).await;
        let tried: Vec<String> = refusals
            .iter()
            .filter(|leaf| matches!(&leaf.outcome, Outcome::Refused(reason) if reason.as_str() == "not_within_perimeter"))
            .rev()
            .map(|leaf| {
                let facts = ["mandate", "structure", "aidant", "entry"].iter().filter_map(|name| Some((name, leaf.facts.get(*name)?)));
                facts.map(|(name, fact)| match fact {
                    Fact::Token(text) => format!("{name} {text}"),
                    Fact::Id(id) => format!("{name} {id}"),
                    _ => String::new(),
                }).collect()
            })
            .collect();
        let mut expected = vec![
            format!("mandate {used}"), format!("mandate {used}"), format!("structure {structure}"), format!("aidant {aidant}"),
            format!("entry {entry}"), format!("mandate {used}"), format!("structure {structure}"),
        ];
        let mut tried = tried;
        tried.sort();
        expected.sort();
        assert_eq!(tried, expected);
    }

    async fn who_took_a_structure_away_can_be_found(app: TestApp) {
        let room = Room::set(app).await;
        let elsewhere = room.elsewhere().await;
        let exported = |structure_id| Wanted { structure_id: Some(structure_id), kind: Some(Kind::LogExported), ..Wanted::default() };
        for format in ["csv", "bundle"] {
            room.post("/log/export", &[("format", format), ("structure", "Gannat")]).await.assert_status(200);
        }
        assert_eq!(room.leaves(exported(room.desk.structure)).await.len(), 2);
        // A listed perimeter is named whole.
        let form = [("format", "bundle")];
        room.desk.app.post("/log/export").session(&room.stranger_session).form(&form).send().await.assert_status(200);
        assert_eq!(room.leaves(exported(elsewhere)).await.len(), 1);
        let email = Email::parse("lea@audit.example").unwrap();
        let both = Perimeter::Structures([room.desk.structure, elsewhere].into());
        let id = hired(&room.desk.app, &email, both).await;
        let (_, session) = signed_in(&room.desk.app, id).await;
        room.desk.app.post("/log/export").session(&session).form(&form).send().await.assert_status(200);
        let last = room.leaves(Wanted { kind: Some(Kind::LogExported), ..Wanted::default() }).await;
        let mut named = vec![room.desk.structure.to_string(), elsewhere.to_string()];
        named.sort();
        assert!(last.iter().any(|leaf| ids(leaf) == named), "{last:?}");
    }

    async fn a_search_that_is_wrong_is_not_made_without_what_is_wrong(app: TestApp) {
        let room = Room::set(app).await;
        let searched = "SELECT COUNT(*) FROM entry WHERE kind = 'log.searched'";
        let before = count(&room, searched).await;
        let page = room.get("/log?from=hier&kind=mandate.signed").await;
        page.assert_status(422).assert_contains("value=\"hier\"").assert_contains("Écrivez la date");
        assert!(!page.body.contains(&room.used) && !page.body.contains("/log/export"), "{}", page.body);
        assert_eq!(count(&room, searched).await, before, "nothing was searched");
        let page = room.get("/log/export?from=hier&kind=mandate.signed").await;
        page.assert_status(422).assert_contains("href=\"#from\"").assert_contains("<div id=\"from\"");
        page.assert_contains("href=\"/log?from=hier&#38;kind=mandate.signed\"");
        assert!(!page.body.contains("action=\"/log/export\""), "nothing can be taken");
        let page = room.get("/log/export?from=2026-01-05&kind=mandate.signed&outcome=done").await;
        page.assert_status(200).assert_contains("5\u{a0}janvier 2026").assert_contains("<span class=\"line\">Mandat signé");
        let wrong = [("format", "csv"), ("aidant", "a-XX")];
        room.post("/log/export", &wrong).await.assert_status(422).assert_contains("<div id=\"aidant\"");
        assert_eq!(count(&room, "SELECT COUNT(*) FROM entry WHERE kind = 'log.exported'").await, 0);
    }

    async fn a_grant_is_a_criterion_reached_from_a_line(app: TestApp) {
        let room = Room::set(app).await;
        let story = room.get(&format!("/log/mandates/{}", room.used)).await;
        let (_, link) = story.body.split_once("/log?grant=").expect("a line under a grant");
        let grant = link.split_once('"').unwrap().0.to_owned();
        let page = room.get(&format!("/log?grant={grant}")).await;
        page.assert_status(200).assert_contains(&format!("value=\"{grant}\"")).assert_contains(&room.used);
        let of = |mandate: &str| Wanted { grant_id: grant.parse().ok(), mandate: Some(mandate.to_owned()), ..Wanted::default() };
        let lines = room.search(of(&room.used)).await.lines;
        assert!(!lines.is_empty() && lines.iter().all(|line| line.leaf.as_ref().unwrap().grant == grant.parse().ok()));
        assert_eq!(room.search(of(&room.unused)).await.unclear, [Unclear::Grant]);
        room.asked(&format!("/log?grant={grant}")).await.assert_status(422);
        room.get("/log?grant=x").await.assert_status(422);
    }

    async fn an_identity_typed_comes_back_after_the_code(app: TestApp) {
        let room = Room::set(app).await;
        room.desk.app.clock.advance(Duration::minutes(16));
        let form = [("given_name", "Josette Angélique"), ("family_name", "MARTIN"), ("birthdate", "1948-03-04")];
        let first = room.post("/log/find/user", &form).await;
        assert_eq!(first.assert_status(303).location(), "/sign-in/again?next=%2Fresume");
        let kept = first.set_cookie("stash").expect("a sealed form");
        let page = room.desk.app.get("/resume").session(&room.session).cookie("stash", &kept).send().await;
        page.assert_status(200).assert_contains("Josette Angélique").assert_contains("1948-03-04");
        page.assert_contains("action=\"/log/find/user\"").assert_contains("name=\"family_name\" value=\"MARTIN\"");
        let elsewhere = room.desk.app.get("/resume").session(&room.stranger_session).cookie("stash", &kept).send().await;
        assert!(!elsewhere.body.contains("Josette"), "theirs alone");
    }
}
