//! What somebody may try at the desk, and how nothing comes of it.
use time::Duration;

use super::mandate_support::{Desk, fatou, josette};
use crate::support::TestApp;
use entremise::domain::person::Role;

on_both_engines! {
    /// Known failure 2: an id that is posted or typed is worth nothing by itself.
    async fn another_structures_mandate_does_not_exist(app: TestApp) {
        let desk = Desk::open(app).await;
        let elsewhere = desk.app.structure("Mairie de Brest", "21290019500016").await;
        let stranger = desk.app.hire("Bruno Le Goff", "bruno@exemple.fr", &[Role::Aidant, Role::Referent], elsewhere).await;
        let ready = desk.ready(josette(), &["argent"], "31").await;
        let signed = desk.signed(fatou(), &["argent"], "31").await;
        for path in ["", "/state", "/identity", "/signature", "/done", "/attestation", "/end", "/end/argent"] {
            for reference in [&ready, &signed] {
                let answer = desk.app.get(&format!("/mandates/{reference}{path}")).session(&stranger.session).send().await;
                answer.assert_status(404);
            }
        }
        let code = stranger.card.code(desk.app.app.now());
        for (path, form) in [
            (format!("/mandates/{ready}/signature"), vec![("code", code.as_str())]),
            (format!("/mandates/{ready}/identity"), vec![]),
            (format!("/mandates/{signed}/end"), vec![("by", "user")]),
            (format!("/mandates/{signed}/end/argent"), vec![("by", "user")]),
        ] {
            desk.app.post(&path).session(&stranger.session).form(&form).send().await.assert_status(404);
        }
        let page = desk.app.get("/mandates?q=josette").session(&stranger.session).send().await;
        page.assert_contains("Aucun mandat trouvé");
        let theirs = desk.structure.to_string();
        let form = [("structure", theirs.as_str()), ("domain", "argent"), ("term", "31")];
        desk.app.post("/mandates/new").session(&stranger.session).form(&form).send().await.assert_status(403);
        desk.get(&format!("/mandates/{signed}")).await.assert_contains("En cours");
    }

    /// Known failure 3: state belongs to one browser and is taken once.
    async fn an_answer_completes_only_its_own_browser_and_once(app: TestApp) {
        let desk = Desk::open(app).await;
        let (one, two) = (desk.propose(&["argent"], "31").await, desk.propose(&["social"], "31").await);
        let (mine, other) = (desk.leave(&one).await, desk.leave(&two).await);
        desk.will_answer("c1", josette(), &mine.nonce);
        let query = format!("state={}&code=c1", mine.state);
        desk.back(&other.browser, &query).await.assert_status(400).assert_contains("pas été demandée par ce navigateur");
        desk.back("", &query).await.assert_status(400);
        desk.back(&mine.browser, "code=c1").await.assert_status(400);
        desk.back(&mine.browser, "state=invented&code=c1").await.assert_status(400);
        assert_eq!(desk.back(&mine.browser, &query).await.assert_status(303).location(), "/consent");
        desk.will_answer("c1", fatou(), &mine.nonce);
        desk.back(&mine.browser, &query).await.assert_status(400);
        desk.app.clock.advance(Duration::minutes(15));
        desk.will_answer("c2", josette(), &other.nonce);
        desk.back(&other.browser, &format!("state={}&code=c2", other.state)).await.assert_status(400);
    }

    /// Known failure 23: an aidant, with their own session alone, agrees to nothing.
    async fn the_aidant_cannot_agree_in_the_users_place(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.propose(&["argent"], "31").await;
        let yes = [("declaration", "yes"), ("answer", "agree")];
        desk.post("/consent", &yes).await.assert_status(403).assert_contains("Personne n’est identifié ici");
        desk.get("/consent").await.assert_status(403);
        let leaving = desk.leave(&reference).await;
        let call = desk.app.post("/consent").session(&desk.aidant.session).cookie("consent", &leaving.browser);
        call.form(&yes).send().await.assert_status(403);
        desk.sign(&reference, &desk.code()).await.assert_status(409);
        let state = desk.get(&format!("/mandates/{reference}/state")).await;
        assert_eq!(state.body, "state-draft");
    }

    /// Known failure 14: the structure is that of the page, whatever another tab has chosen since.
    async fn switching_structure_in_another_tab_changes_nothing(app: TestApp) {
        let desk = Desk::open(app).await;
        let other = desk.app.structure("Mairie de Brest", "21290019500016").await;
        desk.app.member(desk.aidant.id, other, true, false).await;
        let here = desk.structure.to_string();
        let ready = desk.ready(josette(), &["argent"], "31").await;
        let there = desk.app.session(desk.aidant.id, Some(other)).await;
        let form = [("structure", here.as_str()), ("domain", "social"), ("term", "31")];
        let answer = desk.app.post("/mandates/new").session(&there).form(&form).send().await;
        let reference = answer.assert_status(303).location().split('/').nth(2).unwrap().to_owned();
        let code = desk.code();
        let path = format!("/mandates/{ready}/signature");
        desk.app.post(&path).session(&there).form(&[("code", &code)]).send().await.assert_status(303);
        for one in [&reference, &ready] {
            let row = entremise::view!(desk.app.app.store, tx => {
                entremise::store::mandate::by_reference(tx, &one.parse().unwrap()).await
            }).unwrap().unwrap();
            assert_eq!(row.structure_id, desk.structure);
        }
    }

    /// Known failure 14: a form sent twice makes one mandate.
    async fn a_form_sent_twice_makes_one_draft(app: TestApp) {
        let desk = Desk::open(app).await;
        let page = desk.get("/mandates/new").await;
        let attempt = page.body.split("name=\"attempt\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let form = [("attempt", attempt), ("domain", "argent"), ("term", "31")];
        let first = desk.post("/mandates/new", &form).await.assert_status(303).location().to_owned();
        assert_eq!(desk.post("/mandates/new", &form).await.assert_status(303).location(), first);
    }

    /// Known failure 18: forms of other sites, and addresses of other sites.
    async fn other_sites_forms_are_refused(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.ready(josette(), &["argent"], "31").await;
        for path in ["/mandates/new", &format!("/mandates/{reference}/signature"), "/consent"] {
            let call = desk.app.post(path).header("sec-fetch-site", "cross-site").session(&desk.aidant.session);
            call.form(&[("code", &desk.code())]).send().await.assert_status(403);
        }
    }

    /// Known failure 19: what the aidant lost since sign-in is lost at the next act.
    async fn standing_is_asked_at_each_act(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.ready(josette(), &["argent", "social"], "31").await;
        let structure = desk.structure.uuid();
        desk.app.change_status("DELETE FROM structure_domain WHERE structure_id = $1 AND domain = 'social'", structure).await;
        desk.sign(&reference, &desk.code()).await.assert_status(403);
        desk.app.change_status("INSERT INTO structure_domain (structure_id, domain) VALUES ($1, 'social')", structure).await;
        let card = desk.aidant.card_id.uuid();
        desk.app.change_status("UPDATE card SET state = 'lost' WHERE id = $1", card).await;
        desk.sign(&reference, &desk.code()).await.assert_status(303);
        desk.app.change_status("UPDATE card SET state = 'active' WHERE id = $1", card).await;
        desk.app.change_status("UPDATE structure SET status = 'suspended' WHERE id = $1", structure).await;
        let refused = desk.sign(&reference, &desk.code()).await;
        assert_ne!(refused.location(), format!("/mandates/{reference}/done"));
        desk.app.change_status("UPDATE structure SET status = 'habilitated' WHERE id = $1", structure).await;
        desk.sign(&reference, &desk.code()).await.assert_status(303);
    }

    /// Known failure 21: a list of many is read page by page.
    async fn lists_come_in_pages(app: TestApp) {
        let desk = Desk::open(app).await;
        for _ in 0..25 {
            desk.propose(&["argent"], "1").await;
        }
        let first = desk.get("/mandates").await;
        assert_eq!(first.body.matches("<tr role=\"row\" class=\"link\">").count(), 20);
        let next = first.body.split("href=\"").find(|rest| rest.contains("before=")).unwrap();
        let next = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let second = desk.get(&next).await;
        assert_eq!(second.body.matches("<tr role=\"row\" class=\"link\">").count(), 5);
    }
}
