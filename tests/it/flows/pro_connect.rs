//! ProConnect, played by its contract over HTTP: professionals enter with it instead of a password, and never without
//! their card.
use std::sync::Arc;

use entremise::domain::ids::StructureId;
use entremise::domain::person::Role;
use entremise::oidc::federation::{Federation, IdentityProvider};
use serde_json::{Value, json};
use time::Duration;

use super::france_connect_identifies::reasons;
use super::people_support::{PASSWORD, Worker};
use super::provider::logged;
use crate::support::national::{Addresses, Browser, Fault, National, PRO_CONNECT, Refused, faults};
use crate::support::{Answer, TestApp};

const BACK: &str = "http://localhost:8080/professional/back";
const SIGNED_OUT: &str = "http://localhost:8080/professional/signed-out";
const SCOPES: [&str; 6] = ["openid", "given_name", "usual_name", "email", "uid", "siret"];
pub const SIRET: &str = "21030118500013";

pub fn nadia() -> Value {
    json!({ "sub": "pro-nadia", "given_name": "Nadia", "usual_name": "Benali", "email": "nadia@exemple.fr",
            "email_verified": true, "uid": "nb", "siret": SIRET })
}

/// A structure, its aidant at work, and ProConnect.
pub struct Scene {
    pub app: TestApp,
    pub structure: StructureId,
    pub aidant: Worker,
    pub national: National,
}

/// A browser on its way to the provider, bound by a cookie.
pub struct Away {
    pub url: String,
    pub cookie: String,
}

/// ProConnect, with which people may enter from now on.
pub async fn beside(app: &mut TestApp) -> National {
    let addresses = Addresses { redirect: BACK, signed_out: SIGNED_OUT };
    let national = National::start(PRO_CONNECT, addresses, Arc::new(app.clock.clone())).await;
    app.let_enter_with(Federation::new(registration(&national)));
    national
}

pub fn registration(national: &National) -> IdentityProvider {
    national.registration(&SCOPES, PRO_CONNECT.levels)
}

impl Scene {
    pub async fn open(mut app: TestApp) -> Self {
        let national = beside(&mut app).await;
        national.meets(&nadia());
        let structure = app.structure("CCAS de Gannat", SIRET).await;
        let aidant = app.hire("Nadia Benali", "nadia@exemple.fr", &[Role::Aidant], structure).await;
        Self { app, structure, aidant, national }
    }

    /// As above, with the aidant's account linked.
    pub async fn linked(app: TestApp) -> Self {
        let scene = Self::open(app).await;
        let mut browser = Browser::fresh();
        let back = scene.link(&mut browser, &scene.aidant.session).await;
        assert_eq!(back.assert_status(303).location(), "/professional/leaving", "{}", back.body);
        scene.app.clock.advance(Duration::seconds(61));
        scene
    }

    pub fn away(answer: &Answer) -> Away {
        let url = answer.assert_status(303).location().to_owned();
        assert!(url.starts_with("http://127.0.0.1"), "{url}");
        Away { url, cookie: answer.set_cookie("professional").expect("bound to this browser") }
    }

    /// The provider's part; gives the query with which it sends the browser back.
    pub async fn identify(&self, browser: &mut Browser, away: &Away) -> String {
        let seen = browser.visit(&away.url).await;
        assert_eq!(seen.status, 303, "{}", seen.body);
        seen.location.strip_prefix(&format!("{BACK}?")).expect("our own address").to_owned()
    }

    pub async fn back(&self, cookie: &str, session: Option<&str>, query: &str) -> Answer {
        let path = format!("/professional/back?{query}");
        let call = self.app.get(&path).header("sec-fetch-site", "cross-site").cookie("professional", cookie);
        match session {
            Some(session) => call.session(session).send().await,
            None => call.send().await,
        }
    }

    pub async fn there_and_back(&self, browser: &mut Browser, away: &Away, session: Option<&str>) -> Answer {
        let query = self.identify(browser, away).await;
        self.back(&away.cookie, session, &query).await
    }

    /// From one's account, with a fresh code of the card.
    pub async fn link(&self, browser: &mut Browser, session: &str) -> Answer {
        let code = self.aidant.card.code(self.app.app.now());
        let asked = self
            .app
            .post("/account/professional/link")
            .session(session)
            .form(&[("code", &code)])
            .send()
            .await;
        self.there_and_back(browser, &Self::away(&asked), Some(session)).await
    }

    pub async fn leave(&self) -> Away {
        Self::away(&self.app.post("/sign-in/professional").send().await)
    }

    /// To the page that asks for the code; gives the cookie of the half session and of the provider's request.
    pub async fn half(&self, browser: &mut Browser) -> (String, String) {
        let away = self.leave().await;
        let back = self.there_and_back(browser, &away, None).await;
        assert_eq!(back.assert_status(303).location(), "/sign-in/code", "{}", back.body);
        (back.set_cookie("session").unwrap(), away.cookie)
    }

    /// The page that sends the browser off to close the session there, and the way back.
    pub async fn closed(&self, browser: &mut Browser, cookie: &str) -> String {
        let page = self.app.get("/professional/leaving").cookie("professional", cookie).send().await;
        page.assert_status(200).assert_contains("http-equiv=\"refresh\"");
        let url = page.body.split("content=\"0; url=").nth(1).unwrap().split('"').next().unwrap();
        let url = url.replace("&#38;", "&").replace("&amp;", "&");
        assert!(url.starts_with(&format!("{}/session/end?", self.national.issuer())), "{url}");
        let seen = browser.visit(&url).await;
        let path = seen.location.strip_prefix("http://localhost:8080").expect("our own address").to_owned();
        let call = self.app.get(&path).header("sec-fetch-site", "cross-site").cookie("professional", cookie);
        call.send().await.assert_status(303).location().to_owned()
    }

    async fn sign_in_page(&self, query: &str) -> Answer {
        let page = self.app.get(&format!("/sign-in{query}")).send().await;
        page.assert_status(200);
        page
    }
}

on_both_engines! {
    /// Linked once, the aidant enters with ProConnect and their card; signing out closes both sessions.
    async fn a_linked_aidant_enters_with_their_card(app: TestApp) {
        let scene = Scene::linked(app).await;
        scene.sign_in_page("").await.assert_contains("Continuer avec ProConnect");
        let mut browser = Browser::fresh();
        let (half, cookie) = scene.half(&mut browser).await;
        scene.app.get("/mandates").session(&half).send().await.assert_status(303);
        assert_eq!(logged(&scene.app, "sign_in.provider_accepted").await, 1);
        let completed = logged(&scene.app, "sign_in.completed").await;
        let wrong = scene.aidant.card.wrong_code(scene.app.app.now());
        scene.app.code(&half, &wrong, None).await.assert_status(422);
        let right = scene.aidant.card.code(scene.app.app.now());
        let entered = scene.app.code(&half, &right, None).await;
        let session = entered.assert_status(303).set_cookie("session").unwrap();
        assert_ne!(session, half, "another token once more is known");
        assert_eq!(logged(&scene.app, "sign_in.completed").await, completed + 1);
        scene.app.get("/mandates").session(&session).send().await.assert_status(200);
        scene.app.get("/mandates").session(&half).send().await.assert_status(303);
        assert_eq!(scene.national.open_sessions(), 2, "that of the link was never visited again in this test");
        let out = scene.app.post("/sign-out").session(&session).send().await;
        assert_eq!(out.assert_status(303).location(), "/professional/leaving");
        assert_eq!(scene.closed(&mut browser, &cookie).await, "/signed-out");
        assert_eq!(scene.national.open_sessions(), 1);
        scene.app.get("/mandates").session(&session).send().await.assert_status(303);
        assert_eq!(scene.national.refused(), Vec::<String>::new());
        // The password goes on to work, and its sign-out leads nowhere else.
        scene.app.clock.advance(Duration::seconds(61));
        let session = scene.app.sign_in(&scene.aidant).await;
        let out = scene.app.post("/sign-out").session(&session).send().await;
        assert_eq!(out.assert_status(303).location(), "/signed-out");
    }

    /// What is not ProConnect's own answer lets nobody in: plain words, a line of the log, and the password still works.
    async fn each_fault_of_proconnect_lets_nobody_in(app: TestApp) {
        let scene = Scene::linked(app).await;
        let mut told = Vec::new();
        for Refused { fault, code, words, signs_out } in faults("Vous avez arrêté") {
            scene.national.commits(fault);
            let away = scene.leave().await;
            let (mut browser, open) = (Browser::fresh(), scene.national.open_sessions());
            let back = scene.there_and_back(&mut browser, &away, None).await;
            assert_eq!(back.set_cookie("session"), None, "{fault:?}");
            let mut to = back.assert_status(303).location().to_owned();
            if signs_out {
                assert_eq!(to, "/professional/leaving", "{fault:?}");
                to = scene.closed(&mut browser, &away.cookie).await;
            }
            assert_eq!(to, format!("/sign-in?problem={code}"), "{fault:?}");
            let stays = !signs_out && !matches!(fault, Fault::Error(_));
            assert_eq!(scene.national.open_sessions(), open + usize::from(stays), "{fault:?}");
            scene.sign_in_page(&format!("?problem={code}")).await.assert_contains(words);
            told.push(code.to_owned());
            assert_eq!(reasons(&scene.app, "sign_in.refused").await, told, "{fault:?}");
            scene.app.clock.advance(Duration::seconds(61));
        }
        assert_eq!(scene.national.refused(), Vec::<String>::new());
        scene.app.password(&scene.aidant.email, PASSWORD, None).await.assert_status(303);
    }

    /// Nobody unknown, suspended, or without a structure in force enters; no account is made, nothing stays open there.
    async fn who_may_not_work_does_not_enter(app: TestApp) {
        let scene = Scene::linked(app).await;
        let people = scene.app.count("SELECT COUNT(*) FROM person").await;
        let suspend = "UPDATE person SET status = 'suspended' WHERE id = $1";
        let close = "UPDATE structure SET status = 'suspended' WHERE id = $1";
        let mut told = Vec::new();
        for (code, words) in [
            ("unknown_professional", "Aucun compte n"),
            ("no_structure_in_force", "Aucune de vos structures"),
            ("account_not_active", "pas actif"),
        ] {
            let mut pro = nadia();
            match code {
                "unknown_professional" => pro["sub"] = "pro-somebody".into(),
                "account_not_active" => scene.app.change_status(suspend, scene.aidant.id.uuid()).await,
                _ => scene.app.change_status(close, scene.structure.uuid()).await,
            }
            scene.national.meets(&pro);
            let away = scene.leave().await;
            let mut browser = Browser::fresh();
            let open = scene.national.open_sessions();
            let back = scene.there_and_back(&mut browser, &away, None).await;
            assert_eq!(back.assert_status(303).location(), "/professional/leaving", "{code}");
            assert_eq!(back.set_cookie("session"), None, "{code}");
            assert_eq!(scene.closed(&mut browser, &away.cookie).await, format!("/sign-in?problem={code}"));
            assert_eq!(scene.national.open_sessions(), open, "{code}");
            scene.sign_in_page(&format!("?problem={code}")).await.assert_contains(words);
            told.push(code.to_owned());
            assert_eq!(reasons(&scene.app, "sign_in.refused").await, told);
            scene.app.clock.advance(Duration::seconds(1));
        }
        assert_eq!(scene.app.count("SELECT COUNT(*) FROM person").await, people);
        assert_eq!(logged(&scene.app, "sign_in.provider_accepted").await, 0);
    }

    /// State and nonce belong to the browser that asked and are used once; a code is asked for whatever session was there.
    async fn an_answer_of_proconnect_is_its_browsers_and_is_taken_once(app: TestApp) {
        let scene = Scene::linked(app).await;
        let (mine, other) = (scene.leave().await, scene.leave().await);
        let query = scene.identify(&mut Browser::fresh(), &mine).await;
        scene.back(&other.cookie, None, &query).await.assert_status(400).assert_contains("pas été demandée par ce navigateur");
        scene.back("", None, &query).await.assert_status(400);
        let stateless: String = query.split('&').filter(|pair| !pair.starts_with("state=")).collect::<Vec<_>>().join("&");
        scene.back(&mine.cookie, None, &stateless).await.assert_status(400);
        // Whoever was signed in before in that browser is not any more.
        let before = scene.aidant.session.clone();
        let back = scene.back(&mine.cookie, Some(&before), &query).await;
        let half = back.assert_status(303).set_cookie("session").unwrap();
        assert_ne!(half, before);
        scene.app.get("/mandates").session(&before).send().await.assert_status(303);
        scene.back(&mine.cookie, Some(&half), &query).await.assert_status(400).assert_contains("a déjà servi");
        assert_eq!(reasons(&scene.app, "sign_in.refused").await, vec!["foreign_answer"; 4]);
        scene.app.clock.advance(Duration::minutes(16));
        let late = scene.identify(&mut Browser::fresh(), &other).await;
        scene.back(&other.cookie, None, &late).await.assert_status(400);
    }

    /// A form of another site starts nothing; where there is no such provider there is nothing to start.
    async fn nothing_is_started_from_elsewhere_nor_without_a_provider(app: TestApp) {
        app.get("/sign-in").send().await.assert_status(200);
        assert!(!app.get("/sign-in").send().await.body.contains("/sign-in/professional"));
        app.post("/sign-in/professional").send().await.assert_status(404);
        app.get("/professional/back?state=x&code=y").send().await.assert_status(404);
        let scene = Scene::open(app).await;
        let call = scene.app.post("/sign-in/professional").header("sec-fetch-site", "cross-site");
        call.send().await.assert_status(403);
        assert_eq!(scene.app.count("SELECT COUNT(*) FROM professional_request").await, 0);
        let away = scene.leave().await;
        let asked: Vec<(String, String)> = url::Url::parse(&away.url).unwrap().query_pairs().into_owned().collect();
        assert_eq!(PRO_CONNECT.refuses(&asked), None);
        for name in ["nonce", "state", "claims"] {
            let less: Vec<_> = asked.iter().filter(|(known, _)| known != name).cloned().collect();
            assert!(PRO_CONNECT.refuses(&less).is_some(), "{name}");
        }
    }
}
