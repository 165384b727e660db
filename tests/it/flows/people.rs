//! Sign-in: what it asks, what it never tells, and what it bears.
use entremise::app::caller::HalfSession;
use entremise::app::sign_in::{self, Browser, CodeOutcome};
use entremise::domain::ids::SessionId;
use entremise::domain::person::Role;
use entremise::domain::secret::PlainToken;
use entremise::log::kind::Kind;
use entremise::store::StoreError;
use entremise::store::session::{NewSession, insert};
use time::Duration;

use super::people_support::{PASSWORD, VirtualCard};
use crate::support::TestApp;

const SIRET: &str = "26350238500017";
const EMAIL: &str = "nadia@mairie.fr";

on_both_engines! {
    /// Password, then code, each its own page; a new token at each step, the old one dead.
    async fn password_then_code_opens_a_session(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        app.get("/sign-in").send().await.assert_status(200)
            .assert_contains("autocomplete=\"username\"").assert_contains("autocomplete=\"current-password\"");
        let answer = app.password(" Nadia@Mairie.FR ", PASSWORD, None).await;
        answer.assert_status(303);
        assert_eq!(answer.location(), "/sign-in/code");
        let half = answer.set_cookie("session").unwrap();
        // Half a sign-in opens nothing but the code's page.
        let answer = app.get("/account").session(&half).send().await;
        assert_eq!(answer.assert_status(303).location(), "/sign-in/code");
        app.get("/sign-in/code").session(&half).send().await.assert_status(200)
            .assert_contains("autocomplete=\"one-time-code\"");
        let answer = app.code(&half, &nadia.card.code(app.app.now()), None).await;
        let full = answer.assert_status(303).set_cookie("session").unwrap();
        assert_ne!(half, full);
        assert!(answer.set_cookie("device").is_some(), "this browser is now known");
        let account = app.get("/account").session(&full).send().await;
        account.assert_status(200).assert_contains("Nadia Benali").assert_contains("CCAS de Gannat");
        assert_eq!(account.header("cache-control"), "no-store");
        let answer = app.get("/account").session(&half).send().await;
        assert!(answer.assert_status(303).location().starts_with("/sign-in?"), "the half session is dead");
    }

    /// Known failure 11: no answer tells whether an account exists, not even the wait after five failures.
    async fn no_answer_tells_whether_an_account_exists(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        app.invite("Inès Petit", "ines@mairie.fr", &[Role::Aidant], Some(structure)).await;
        let mut known = Vec::new();
        for email in [EMAIL, "ines@mairie.fr", "personne@mairie.fr", "no address at all"] {
            let mut answers = Vec::new();
            for _ in 0..6 {
                let answer = app.password(email, "une autre tisane", None).await;
                answers.push((answer.status.as_u16(), answer.body.replace(email, "…")));
            }
            assert_eq!(answers.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [422, 422, 422, 422, 422, 429]);
            known.push(answers);
        }
        assert!(known.iter().all(|answers| *answers == known[0]));
    }

    /// Known failures 5 and 12: an already used code is said to be so, tells when the next comes, and does not count.
    async fn a_used_code_says_when_the_next_comes_and_does_not_count(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        app.sign_in(&nadia).await;
        let used = nadia.card.code(app.app.now());
        for _ in 0..12 {
            let half = app.password(EMAIL, PASSWORD, None).await.set_cookie("session").unwrap();
            let answer = app.code(&half, &used, None).await;
            answer.assert_status(422).assert_contains("Ce code a déjà servi").assert_contains("data-countdown=\"30\"");
        }
        app.clock.advance(Duration::seconds(30));
        app.sign_in(&nadia).await;
    }

    /// Known failure 5: six hundred codes; the window is never widened, the wait grows, the right code waits too.
    async fn six_hundred_codes_open_nothing(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        let half = app.password(EMAIL, PASSWORD, None).await.set_cookie("session").unwrap();
        let far = nadia.card.code(app.app.now() + Duration::seconds(90));
        app.code(&half, &far, None).await.assert_status(422).assert_contains("Ce code n’est pas le bon");
        let mut checked = 1;
        for n in 0..600 {
            let answer = app.code(&half, &nadia.card.wrong_code(app.app.now()), None).await;
            answer.assert_status(422);
            checked += usize::from(answer.body.contains("Ce code n’est pas le bon"));
            if n == 100 {
                app.clock.advance(Duration::seconds(61));
            }
        }
        assert_eq!(checked, 6, "five, then one more after a minute");
        let answer = app.code(&half, &nadia.card.code(app.app.now()), None).await;
        answer.assert_status(422).assert_contains("Trop de codes faux").assert_contains("2 minutes");
        let far = nadia.card.code(app.app.now() + Duration::seconds(120 + 90));
        app.clock.advance(Duration::seconds(121));
        app.code(&half, &far, None).await.assert_status(422).assert_contains("Ce code n’est pas le bon");
        app.clock.advance(Duration::minutes(5));
        app.code(&half, &nadia.card.code(app.app.now()), None).await.assert_status(303);
    }

    /// Known failure 28: who knows an address cannot lock its owner out of a browser they already use.
    async fn a_stranger_does_not_lock_the_owner_out(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        let marc = app.hire("Marc Petit", "marc@mairie.fr", &[Role::Aidant], structure).await;
        for _ in 0..40 {
            app.password(EMAIL, "une autre tisane", None).await;
        }
        app.password(EMAIL, PASSWORD, None).await.assert_status(429).assert_contains("Trop d’essais");
        // The cookie of somebody else's browser helps nobody.
        app.password(EMAIL, PASSWORD, Some(&marc.device)).await.assert_status(429);
        app.sign_in(&nadia).await;
        // Her own failures, in her own browser, do count.
        for _ in 0..5 {
            app.password(EMAIL, "une autre tisane", Some(&nadia.device)).await.assert_status(422);
        }
        app.password(EMAIL, PASSWORD, Some(&nadia.device)).await.assert_status(429);
        app.clock.advance(Duration::seconds(61));
        app.password(EMAIL, PASSWORD, Some(&nadia.device)).await.assert_status(303);
    }

    /// Known failure 28: a town hall behind one address signs in on Monday at nine, typing errors included.
    async fn a_whole_town_hall_signs_in_from_one_address(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        let browser = Browser { address: Some("192.0.2.7".parse().unwrap()), ..Browser::default() };
        let typed = |text: &str| entremise::domain::secret::Secret::new(text);
        for n in 0..60 {
            let email = format!("collegue{n}@mairie.fr");
            let outcome = sign_in::password(&app.app, &email, typed("une autre tisane"), &browser).await.unwrap();
            assert!(matches!(outcome, sign_in::PasswordOutcome::Refused), "{n}");
        }
        let outcome = sign_in::password(&app.app, &nadia.email, typed(PASSWORD), &browser).await.unwrap();
        assert!(matches!(outcome, sign_in::PasswordOutcome::Accepted(_)));
    }

    /// Known failure 19: the next request of someone suspended is refused; likewise for their structure and card.
    async fn a_suspension_takes_effect_at_the_next_request(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Referent], structure).await;
        let session = app.sign_in(&nadia).await;
        app.get("/cards").session(&session).send().await.assert_status(200);
        app.change_status("UPDATE structure SET status = 'suspended' WHERE id = $1", structure.uuid()).await;
        app.get("/cards").session(&session).send().await.assert_status(403);
        app.change_status("UPDATE structure SET status = 'habilitated' WHERE id = $1", structure.uuid()).await;
        app.get("/cards").session(&session).send().await.assert_status(200);
        app.change_status("UPDATE person SET status = 'suspended' WHERE id = $1", nadia.id.uuid()).await;
        app.get("/cards").session(&session).send().await.assert_status(303);
        app.password(EMAIL, PASSWORD, None).await.assert_status(422).assert_contains("ne correspond pas");
        app.change_status("UPDATE person SET status = 'active' WHERE id = $1", nadia.id.uuid()).await;
        app.get("/cards").session(&session).send().await.assert_status(200);
        app.change_status("UPDATE card SET state = 'lost', ended_at = imported_at, ended_entry_id = entry_id WHERE id = $1", nadia.card_id.uuid())
            .await;
        app.get("/cards").session(&session).send().await.assert_status(303);
    }

    async fn a_session_ends_when_idle_and_ends_anyway(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        let session = app.sign_in(&nadia).await;
        app.clock.advance(Duration::minutes(59));
        app.get("/account").session(&session).send().await.assert_status(200);
        app.clock.advance(Duration::minutes(61));
        app.get("/account").session(&session).send().await.assert_status(303);
        let session = app.sign_in(&nadia).await;
        for _ in 0..19 {
            app.clock.advance(Duration::minutes(30));
            app.get("/account").session(&session).send().await.assert_status(200);
        }
        app.clock.advance(Duration::minutes(30));
        app.get("/account").session(&session).send().await.assert_status(303);
    }

    async fn sessions_are_listed_and_ended_by_their_owner_alone(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        let marc = app.hire("Marc Petit", "marc@mairie.fr", &[Role::Aidant], structure).await;
        let here = app.sign_in(&nadia).await;
        let page = app.get("/sessions").session(&here).send().await;
        page.assert_status(200).assert_contains("Ici");
        let path = page.body.split("action=\"").map(|rest| rest.split('"').next().unwrap())
            .find(|path| path.starts_with("/sessions/") && !path.contains("others")).unwrap().to_owned();
        app.post(&path).session(&marc.session).send().await.assert_status(404);
        app.get("/account").session(&nadia.session).send().await.assert_status(200);
        app.post(&path).session(&here).send().await.assert_status(303);
        app.get("/account").session(&nadia.session).send().await.assert_status(303);
        let other = { app.clock.advance(Duration::seconds(30)); app.sign_in(&nadia).await };
        app.post("/sessions/others/end").session(&other).send().await.assert_status(303);
        app.get("/account").session(&here).send().await.assert_status(303);
        app.get("/account").session(&other).send().await.assert_status(200);
    }

    /// Known failure 29: after sign-out the browser is told to forget, and the session is gone.
    async fn sign_out_leaves_nothing(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Referent], structure).await;
        for path in ["/account", "/sessions", "/cards", "/charter"] {
            let page = app.get(path).session(&nadia.session).send().await;
            assert_eq!(page.assert_status(200).header("cache-control"), "no-store", "{path}");
        }
        let out = app.post("/sign-out").session(&nadia.session).send().await;
        assert_eq!(out.assert_status(303).location(), "/signed-out");
        assert!(out.header("clear-site-data").contains("\"cache\""));
        app.get("/account").session(&nadia.session).send().await.assert_status(303);
        app.get("/signed-out").send().await.assert_status(200).assert_contains("Votre session est fermée");
        app.post("/sign-out").header("sec-fetch-site", "cross-site").send().await.assert_status(403);
    }

    /// Known failure 18: sign-in leads to our own pages only.
    async fn sign_in_leads_nowhere_else(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        for (next, leads) in [("/sessions", "/sessions"), ("//evil.example", "/"), ("https://evil.example", "/")] {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            let answer = app.post(&format!("/sign-in?{query}")).cookie("device", &nadia.device)
                .form(&[("email", EMAIL), ("password", PASSWORD)]).send().await;
            let (to, half) = (answer.location().to_owned(), answer.set_cookie("session").unwrap());
            let code = nadia.card.code(app.app.now());
            let answer = app.post(&to).session(&half).form(&[("code", &code)]).send().await;
            assert_eq!(answer.assert_status(303).location(), leads);
            app.clock.advance(Duration::seconds(30));
        }
    }

    /// A dead session in the middle of a form: what was typed comes back, to the same person only, without secrets.
    async fn what_was_typed_comes_back_after_sign_in(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Referent], structure).await;
        let marc = app.hire("Marc Petit", "marc@mairie.fr", &[Role::Referent], structure).await;
        app.clock.advance(Duration::minutes(61));
        let path = format!("/cards/{}/end", marc.card_id);
        let typed = [("how", "lost"), ("reason", "oubliée dans le train"), ("code", "123456"), ("password", "x y z")];
        let answer = app.post(&path).session(&nadia.session).form(&typed).send().await;
        assert_eq!(answer.assert_status(303).location(), "/sign-in?next=%2Fresume");
        let stash = answer.set_cookie("stash").unwrap();
        let session = app.sign_in(&marc).await;
        let other = app.get("/resume").session(&session).cookie("stash", &stash).send().await;
        assert_eq!(other.assert_status(303).location(), "/", "somebody else at the same desk gets nothing");
        let session = app.sign_in(&nadia).await;
        let page = app.get("/resume").session(&session).cookie("stash", &stash).send().await;
        page.assert_status(200).assert_contains("oubliée dans le train").assert_contains(&path);
        assert!(!page.body.contains("123456") && !page.body.contains("x y z"));
        let done = app.post(&path).session(&session).form(&typed[..2]).send().await;
        assert_eq!(done.assert_status(303).location(), "/cards");
        // A cookie that belonged to nobody keeps nothing.
        let answer = app.post(&path).session("nobody").form(&typed).send().await;
        assert_eq!(answer.assert_status(303).location(), "/sign-in");
        assert!(answer.set_cookie("stash").is_none());
    }

    /// After fifteen minutes without activity an act asks for a code; activity alone does not bring freshness back.
    async fn an_act_after_a_pause_asks_for_the_card_again(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Referent], structure).await;
        app.import(structure, &[VirtualCard::new("STOCK-1")]).await;
        let path = format!("/cards/{}/end", app.card_id("STOCK-1").await);
        let session = app.sign_in(&nadia).await;
        app.clock.advance(Duration::minutes(16));
        app.get("/cards").session(&session).send().await.assert_status(200);
        app.clock.advance(Duration::minutes(2));
        let typed = [("how", "broken"), ("reason", "écran fêlé")];
        let answer = app.post(&path).session(&session).form(&typed).send().await;
        assert_eq!(answer.assert_status(303).location(), "/sign-in/again?next=%2Fresume");
        let stash = answer.set_cookie("stash").unwrap();
        let wrong = nadia.card.wrong_code(app.app.now());
        let again = "/sign-in/again?next=%2Fresume";
        app.post(again).session(&session).form(&[("code", &wrong)]).send().await.assert_status(422);
        let code = nadia.card.code(app.app.now());
        let answer = app.post(again).session(&session).form(&[("code", &code)]).send().await;
        assert_eq!(answer.assert_status(303).location(), "/resume");
        app.get("/resume").session(&session).cookie("stash", &stash).send().await.assert_contains("écran fêlé");
        assert_eq!(app.post(&path).session(&session).form(&typed).send().await.assert_status(303).location(), "/cards");
    }

    /// Sessions, kept forms and counted failures do not outlive their use; what lives is left alone.
    async fn what_is_over_is_removed(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        let path = format!("/account/cards/{}/activate", nadia.card_id);
        app.clock.advance(Duration::minutes(61));
        app.post(&path).session(&nadia.session).form(&[("note", "x")]).send().await.assert_status(303);
        app.password("personne@mairie.fr", "une autre tisane", None).await.assert_status(422);
        app.clock.advance(Duration::minutes(61));
        assert_eq!(entremise::app::forget_over::forget(&app.app).await.unwrap(), 1, "the kept form");
        app.clock.advance(Duration::hours(49));
        let alive = app.sign_in(&nadia).await;
        assert_eq!(entremise::app::forget_over::forget(&app.app).await.unwrap(), 2, "a session and a failure");
        assert_eq!(entremise::app::forget_over::forget(&app.app).await.unwrap(), 0);
        app.get("/account").session(&alive).send().await.assert_status(200);
    }

    /// A thousand times, on two nodes at once: one code opens exactly one session.
    async fn one_code_opens_one_session_however_many_present_it(app: TestApp) {
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let nadia = app.hire("Nadia Benali", EMAIL, &[Role::Aidant], structure).await;
        let mut other = app.app.clone();
        other.store = app.db.store().await;
        for trial in 0..1_000 {
            app.clock.advance(Duration::seconds(30));
            let code = nadia.card.code(app.app.now());
            let mut tries = Vec::new();
            for node in [&app.app, &other] {
                let half = half_session(&app, nadia.id).await;
                let (node, code) = (node.clone(), code.clone());
                tries.push(tokio::spawn(async move {
                    sign_in::code(&node, &half, &code, &Browser::default()).await.unwrap()
                }));
            }
            let (mut won, mut used) = (0, 0);
            for attempt in tries {
                match attempt.await.unwrap() {
                    CodeOutcome::Complete { .. } => won += 1,
                    CodeOutcome::AlreadyUsed { next_in_seconds } => {
                        assert!((1..=60).contains(&next_in_seconds));
                        used += 1;
                    }
                    outcome => panic!("trial {trial}: {outcome:?}"),
                }
            }
            assert_eq!((won, used), (1, 1), "trial {trial}");
        }
    }
}

/// A sign-in whose password was right.
async fn half_session(app: &TestApp, person: entremise::domain::ids::PersonId) -> HalfSession {
    let now = app.app.now();
    let rules = entremise::domain::session::SessionRules::default();
    let times = rules.begin(entremise::domain::session::Stage::AwaitingCode, now);
    let id = SessionId::new(now, &*app.app.entropy);
    let token = PlainToken::generate(&*app.app.entropy).hash();
    let entry = app.entry(Kind::SignInPasswordAccepted).await;
    entremise::transact!(app.app.store, "test_half", tx => {
        insert(tx, &NewSession {
            id,
            token: &token,
            person_id: person,
            stage: entremise::domain::session::Stage::AwaitingCode,
            structure_id: None,
            card_id: None,
            entered_by: None,
            times,
            idle_ends_at: rules.dies_at(&times),
            user_agent_sealed: None,
            entry_id: entry,
        })
        .await?;
        Ok::<_, StoreError>(())
    })
    .unwrap();
    HalfSession { session_id: id, person_id: person }
}
