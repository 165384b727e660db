//! FranceConnect as our provider: it is played by the contract, over HTTP, while a person identifies at the desk.
use entremise::domain::ids::UserId;
use entremise::domain::user::CivilIdentity;
use entremise::log::entry::{Leaf, Outcome};
use entremise::oidc::federation::{Federation, IdentityProvider};
use entremise::store::user::{SealedIdentity, identity_place};
use entremise::store::{Access, StoreError, Tx};
use serde_json::{Value, json};
use time::Duration;

use super::mandate_support::Desk;
use super::no_loop::{hub, through_the_hub, user_of};
use super::people_support::Worker;
use super::provider::{logged, param};
use crate::support::national::{Addresses, Browser, FRANCE_CONNECT, Fault, National, Refused, faults};
use crate::support::{Answer, TestApp};
use entremise::domain::person::Role;

const BACK: &str = "http://localhost:8080/consent/back";
const SIGNED_OUT: &str = "http://localhost:8080/consent/signed-out";
const SCOPES: [&str; 5] = ["openid", "profile", "birth", "email", "idp_birthdate"];

fn josette() -> Value {
    json!({ "sub": "josette", "given_name": "Josette Angélique", "family_name": "MARTIN", "birthdate": "1948-03-04",
            "gender": "female", "birthplace": "2A004", "birthcountry": "99100", "email": "josette@exemple.fr" })
}

/// The reasons of the refusals of one kind, oldest first.
pub async fn reasons(app: &TestApp, kind: &str) -> Vec<String> {
    const SQL: &str = "SELECT leaf FROM entry WHERE kind = $1 AND outcome = 'refused' ORDER BY id";
    let kind = kind.to_owned();
    let leaves = entremise::view!(app.app.store, tx => {
        Ok::<Vec<Vec<u8>>, StoreError>(match Access::tx(tx) {
            Tx::Pg(c) => sqlx::query_scalar(SQL).bind(&kind).fetch_all(&mut **c).await?,
            Tx::Lite(c) => sqlx::query_scalar(SQL).bind(&kind).fetch_all(&mut **c).await?,
        })
    });
    let reason = |leaf: &Vec<u8>| match Leaf::decode(leaf).unwrap().outcome {
        Outcome::Refused(reason) => reason.to_string(),
        Outcome::Done => unreachable!("only refusals were read"),
    };
    leaves.unwrap().iter().map(reason).collect()
}

/// A desk whose users identify with FranceConnect.
struct Scene {
    desk: Desk,
    national: National,
}

/// The browser on its way: what the provider was asked, and the cookie that binds the answer.
struct Away {
    url: String,
    cookie: String,
}

impl Scene {
    async fn open(app: TestApp) -> Self {
        Self::open_as(app, |_| {}).await
    }

    async fn open_as(app: TestApp, configure: impl FnOnce(&mut IdentityProvider)) -> Self {
        let mut desk = Desk::open(app).await;
        let addresses = Addresses { redirect: BACK, signed_out: SIGNED_OUT };
        let national =
            National::start(FRANCE_CONNECT, addresses, std::sync::Arc::new(desk.app.clock.clone())).await;
        let mut registration = national.registration(&SCOPES, &["eidas1"]);
        configure(&mut registration);
        desk.app.identify_with(Federation::new(registration));
        national.meets(&josette());
        Self { desk, national }
    }

    async fn leave(&self, reference: &str) -> Away {
        self.leave_as(&self.desk.aidant, reference).await
    }

    async fn leave_as(&self, aidant: &Worker, reference: &str) -> Away {
        let path = format!("/mandates/{reference}/identity");
        let answer = self.desk.app.post(&path).session(&aidant.session).send().await;
        let url = answer.assert_status(303).location().to_owned();
        assert!(url.starts_with(self.national.issuer()), "{url}");
        Away { url, cookie: answer.set_cookie("consent").unwrap() }
    }

    /// The provider's part; gives the query with which the browser is sent back.
    async fn identify(&self, browser: &mut Browser, away: &Away) -> String {
        let seen = browser.visit(&away.url).await;
        assert_eq!(seen.status, 303, "{}", seen.body);
        seen.location.strip_prefix(&format!("{BACK}?")).expect("our own address").to_owned()
    }

    async fn back(&self, away: &Away, query: &str) -> Answer {
        self.desk.back(&away.cookie, query).await
    }

    async fn there_and_back(&self, browser: &mut Browser, reference: &str) -> (Away, Answer) {
        let away = self.leave(reference).await;
        let query = self.identify(browser, &away).await;
        let answer = self.back(&away, &query).await;
        (away, answer)
    }

    /// By the provider to sign out, and back; gives where that leads.
    async fn signed_out(&self, browser: &mut Browser, away: &Away, answer: &Answer) -> String {
        let end = answer.assert_status(303).location();
        assert!(end.starts_with(&format!("{}/session/end?", self.national.issuer())), "{end}");
        let seen = browser.visit(end).await;
        assert!(seen.location.starts_with(&format!("{SIGNED_OUT}?state=")), "{seen:?}");
        let path = seen.location.strip_prefix("http://localhost:8080").expect("our own address");
        let call =
            self.desk.app.get(path).header("sec-fetch-site", "cross-site").cookie("consent", &away.cookie);
        call.send().await.assert_status(303).location().to_owned()
    }

    /// The one user known, as kept.
    async fn kept(&self) -> CivilIdentity {
        const SQL: &str = "SELECT id, identity_sealed FROM app_user";
        let app = &self.desk.app.app;
        let (id, sealed) = entremise::view!(app.store, tx => {
            Ok::<(UserId, Vec<u8>), StoreError>(match Access::tx(tx) {
                Tx::Pg(c) => sqlx::query_as(SQL).fetch_one(&mut **c).await?,
                Tx::Lite(c) => sqlx::query_as(SQL).fetch_one(&mut **c).await?,
            })
        })
        .unwrap();
        app.sealer.open_json::<SealedIdentity>(identity_place(&id), &sealed).unwrap().identity
    }

    async fn nobody_known(&self) {
        assert_eq!(self.desk.app.count("SELECT COUNT(*) FROM app_user").await, 0);
    }
}

on_both_engines! {
    /// From the desk to the signature: the session at FranceConnect is closed before the text is shown.
    async fn identified_and_signed_out_at_once(app: TestApp) {
        let scene = Scene::open(app).await;
        let reference = scene.desk.propose(&["argent"], "31").await;
        let mut browser = Browser::fresh();
        let (away, back) = scene.there_and_back(&mut browser, &reference).await;
        assert_eq!(back.assert_status(303).location(), "/consent", "{}", back.body);
        assert_eq!(scene.national.open_sessions(), 1);
        let first = scene.desk.app.get("/consent").cookie("consent", &away.cookie).send().await;
        assert_eq!(scene.signed_out(&mut browser, &away, &first).await, "/consent");
        assert_eq!(scene.national.open_sessions(), 0, "nothing stays open on the aidant's computer");
        scene.desk.consent_page(&away.cookie).await.assert_status(200).assert_contains("Josette");
        assert_eq!(scene.desk.agree(&away.cookie).await.assert_status(303).location(), "/consent");
        let signed = scene.desk.sign(&reference, &scene.desk.code()).await;
        assert_eq!(signed.assert_status(303).location(), format!("/mandates/{reference}/done"));
        assert_eq!(scene.national.refused(), Vec::<String>::new());
        assert_eq!(scene.kept().await.birthplace.as_deref(), Some("2A004"));
    }

    /// A day or a month that nobody knows stays as the register has it, though FranceConnect completes `birthdate`.
    async fn presumed_dates_are_kept_to_the_letter(app: TestApp) {
        let scene = Scene::open(app).await;
        for (born, country, place) in [("1962-00-00", "99341", ""), ("1950-03-00", "99100", "75056"), ("1948-03-04", "99352", "")] {
            let mut person = josette();
            (person["birthdate"], person["birthcountry"], person["birthplace"]) = (json!(born), json!(country), json!(place));
            scene.national.meets(&person);
            let reference = scene.desk.propose(&["argent"], "31").await;
            let (_, back) = scene.there_and_back(&mut Browser::fresh(), &reference).await;
            assert_eq!(back.assert_status(303).location(), "/consent", "{}", back.body);
            let kept = scene.kept().await;
            assert_eq!(kept.birthdate.as_str(), born);
            assert_eq!((kept.birthcountry.as_deref(), kept.birthplace.as_deref()), (Some(country), Some(place)));
        }
    }

    /// What is not FranceConnect's own answer, for this client, this request and this level, identifies nobody: plain
    /// words at the desk, a line of the log, and the mandate goes on from there.
    async fn each_fault_is_told_and_nothing_is_lost(app: TestApp) {
        let scene = Scene::open(app).await;
        let reference = scene.desk.propose(&["argent"], "31").await;
        let mut told = Vec::new();
        for Refused { fault, code, words, signs_out } in faults("La personne a arrêté") {
            scene.national.commits(fault);
            let (mut browser, open) = (Browser::fresh(), scene.national.open_sessions());
            let (away, back) = scene.there_and_back(&mut browser, &reference).await;
            let page = format!("/mandates/{reference}/identity?problem={code}");
            let to = if signs_out { scene.signed_out(&mut browser, &away, &back).await } else { back.location().to_owned() };
            assert_eq!(to, page, "{fault:?}");
            // What cannot be trusted closes nothing: that session stays open there.
            let stays = !signs_out && !matches!(fault, Fault::Error(_));
            assert_eq!(scene.national.open_sessions(), open + usize::from(stays), "{fault:?}");
            scene.desk.get(&page).await.assert_status(200).assert_contains(words).assert_contains("Argent");
            scene.desk.app.get("/consent").cookie("consent", &away.cookie).send().await.assert_status(403);
            told.push(code.to_owned());
            assert_eq!(reasons(&scene.desk.app, "mandate.identification_refused").await, told, "{fault:?}");
            scene.desk.app.clock.advance(Duration::seconds(61));
        }
        assert_eq!(scene.national.refused(), Vec::<String>::new());
        scene.nobody_known().await;
        scene.national.commits(Fault::None);
        let (_, back) = scene.there_and_back(&mut Browser::fresh(), &reference).await;
        assert_eq!(back.assert_status(303).location(), "/consent", "the same mandate goes on");
    }

    /// Known failure 29: somebody whom we may not keep has a session there all the same. It is closed at once, and why
    /// nothing was kept is told on the way back, in that browser only.
    async fn whoever_is_not_kept_is_signed_out_there_at_once(app: TestApp) {
        let scene = Scene::open(app).await;
        let reference = scene.desk.propose(&["argent"], "31").await;
        let cases = [
            ("birthdate", json!("2015-05-05"), "under_age", "moins de 18 ans"),
            ("birthdate", json!("le 5 mai"), "bad_claim", "identité complète"),
            ("family_name", json!(null), "missing_claim", "identité complète"),
        ];
        for (claim, value, code, words) in cases {
            let mut person = josette();
            person[claim] = value;
            scene.national.meets(&person);
            let mut browser = Browser::fresh();
            let (away, back) = scene.there_and_back(&mut browser, &reference).await;
            let page = format!("/mandates/{reference}/identity?problem={code}");
            assert_eq!(scene.signed_out(&mut browser, &away, &back).await, page);
            assert_eq!(scene.national.open_sessions(), 0, "{code}");
            scene.desk.get(&page).await.assert_status(200).assert_contains(words);
            let state = param(back.location(), "state").unwrap();
            let told = async |cookie: &str, state: &str| {
                let path = format!("/consent/signed-out?state={state}");
                scene.desk.app.get(&path).cookie("consent", cookie).send().await.assert_status(303).location().to_owned()
            };
            assert_eq!(told(&away.cookie, &state).await, page);
            for (cookie, state) in [("another", state.as_str()), ("", &state), (&away.cookie, "another"), (&away.cookie, "")] {
                assert_eq!(told(cookie, state).await, "/consent", "{state}");
            }
            scene.desk.app.clock.advance(Duration::seconds(1));
        }
        scene.nobody_known().await;
        scene.national.meets(&josette());

        // Signed in another browser while this one was away.
        let (late, away) = (scene.leave(&reference).await, scene.leave(&reference).await);
        let query = scene.identify(&mut Browser::fresh(), &away).await;
        assert_eq!(scene.back(&away, &query).await.assert_status(303).location(), "/consent");
        scene.desk.consent_page(&away.cookie).await;
        scene.desk.agree(&away.cookie).await.assert_status(303);
        scene.desk.sign(&reference, &scene.desk.code()).await.assert_status(303);
        let (mut browser, open) = (Browser::fresh(), scene.national.open_sessions());
        let query = scene.identify(&mut browser, &late).await;
        let back = scene.back(&late, &query).await;
        let to = scene.signed_out(&mut browser, &late, &back).await;
        assert_eq!(to, format!("/mandates/{reference}/identity?problem=out_of_order"));
        assert_eq!(scene.national.open_sessions(), open);
        let told = ["under_age", "bad_claim", "missing_claim", "out_of_order"];
        assert_eq!(reasons(&scene.desk.app, "mandate.identification_refused").await, told);
        assert_eq!(scene.national.refused(), Vec::<String>::new());
    }

    /// A provider that says nothing is given up after a few seconds.
    async fn a_provider_that_keeps_silent_is_given_up(app: TestApp) {
        let scene = Scene::open(app).await;
        let reference = scene.desk.propose(&["argent"], "31").await;
        scene.national.commits(Fault::Silent);
        let away = scene.leave(&reference).await;
        let query = scene.identify(&mut Browser::fresh(), &away).await;
        let waited = tokio::time::timeout(std::time::Duration::from_secs(60), scene.back(&away, &query)).await;
        let back = waited.expect("given up long before the provider would have answered");
        assert_eq!(back.location(), format!("/mandates/{reference}/identity?problem=provider_slow"));
        assert_eq!(reasons(&scene.desk.app, "mandate.identification_refused").await, ["provider_slow"]);
    }

    /// A code lives thirty seconds there: a browser that dawdles is told, and the person begins again.
    async fn a_code_that_is_too_old_is_refused_there(app: TestApp) {
        let scene = Scene::open(app).await;
        let reference = scene.desk.propose(&["argent"], "31").await;
        let away = scene.leave(&reference).await;
        let query = scene.identify(&mut Browser::fresh(), &away).await;
        scene.desk.app.clock.advance(Duration::seconds(30));
        let back = scene.back(&away, &query).await;
        assert_eq!(back.location(), format!("/mandates/{reference}/identity?problem=code_refused"));
        scene.nobody_known().await;
    }

    /// Known failure 3: the answer completes its own browser's request, once, by its own state.
    async fn an_answer_is_its_browsers_and_is_taken_once(app: TestApp) {
        let scene = Scene::open(app).await;
        let (one, two) = (scene.desk.propose(&["argent"], "31").await, scene.desk.propose(&["social"], "31").await);
        let (mine, other) = (scene.leave(&one).await, scene.leave(&two).await);
        let query = scene.identify(&mut Browser::fresh(), &mine).await;
        scene.back(&other, &query).await.assert_status(400).assert_contains("pas été demandée par ce navigateur");
        scene.desk.back("", &query).await.assert_status(400);
        scene.national.commits(Fault::NoState);
        let stateless = scene.identify(&mut Browser::fresh(), &mine).await;
        assert_eq!(param(&format!("{BACK}?{stateless}"), "state"), None);
        scene.back(&mine, &stateless).await.assert_status(400);
        scene.national.commits(Fault::None);
        scene.nobody_known().await;
        assert_eq!(scene.back(&mine, &query).await.assert_status(303).location(), "/consent");
        scene.back(&mine, &query).await.assert_status(400).assert_contains("a déjà servi");
        assert_eq!(reasons(&scene.desk.app, "mandate.identification_refused").await, vec!["foreign_answer"; 4]);
        assert_eq!(scene.desk.app.count("SELECT COUNT(*) FROM app_user").await, 1);
    }

    /// Known failure 26, with FranceConnect in both roles: it is our client while a use is open, and would answer our own
    /// answer back to us as our provider. Refused before leaving in that browser, and on the way back in any other.
    async fn what_we_told_it_is_not_told_back_to_us(app: TestApp) {
        let scene = Scene::open(app).await;
        let app = &scene.desk.app;
        let reference = scene.desk.propose(&["argent"], "31").await;
        let (away, _) = scene.there_and_back(&mut Browser::fresh(), &reference).await;
        scene.desk.consent_page(&away.cookie).await;
        let again = app.get("/consent").cookie("consent", &away.cookie).send().await;
        again.assert_status(200);
        scene.desk.agree(&away.cookie).await.assert_status(303);
        scene.desk.sign(&reference, &scene.desk.code()).await.assert_status(303);
        app.clock.advance(Duration::seconds(30));
        let user = user_of(app, &reference).await;
        let mut desk_browser =
            crate::flows::provider::Browser { app, session: Some(scene.desk.aidant.session.clone()), cookie: None };
        through_the_hub(&mut desk_browser, &hub(app).await, user).await;

        let wider = scene.desk.propose(&["argent", "social"], "365").await;
        let identity = format!("/mandates/{wider}/identity");
        let here = scene.desk.post(&identity, &[]).await;
        assert_eq!(here.assert_status(303).location(), format!("{identity}?problem=loop"));
        assert_eq!(reasons(app, "mandate.identification_started").await, ["loop"]);

        let marc = app.hire("Marc Petit", "marc@exemple.fr", &[Role::Aidant], scene.desk.structure).await;
        let form = [("domain", "social"), ("term", "31")];
        let proposed = app.post("/mandates/new").session(&marc.session).form(&form).send().await;
        let theirs = proposed.assert_status(303).location().split('/').nth(2).unwrap().to_owned();
        let away = scene.leave_as(&marc, &theirs).await;
        let (mut browser, open) = (Browser::fresh(), scene.national.open_sessions());
        let query = scene.identify(&mut browser, &away).await;
        let back = scene.back(&away, &query).await;
        let to = scene.signed_out(&mut browser, &away, &back).await;
        assert_eq!(to, format!("/mandates/{theirs}/identity?problem=loop"));
        assert_eq!(scene.national.open_sessions(), open, "and nothing stays open there");
        assert_eq!(reasons(app, "mandate.identification_refused").await, ["loop"]);
        assert_eq!(logged(app, "mandate.consent_given").await, 1, "the one before");
    }

    /// A deployment that is not configured as the contract says is met with an error page there, and goes nowhere.
    async fn what_the_contract_does_not_list_is_an_error_page(app: TestApp) {
        let scene = Scene::open_as(app, |registration| registration.pkce = true).await;
        let reference = scene.desk.propose(&["argent"], "31").await;
        let away = scene.leave(&reference).await;
        let seen = Browser::fresh().visit(&away.url).await;
        assert_eq!((seen.status, seen.location.as_str()), (400, ""));
        assert_eq!(scene.national.refused(), ["code_challenge is not a parameter"]);
        let plain: Vec<(String, String)> = url::Url::parse(&away.url).unwrap().query_pairs().into_owned()
            .filter(|(name, _)| !name.starts_with("code_challenge")).collect();
        assert_eq!(FRANCE_CONNECT.refuses(&plain), None, "and nothing else is wrong with it");
        for name in ["login_hint", "max_age", "response_mode", "display"] {
            let mut more = plain.clone();
            more.push((name.to_owned(), "x".to_owned()));
            assert!(FRANCE_CONNECT.refuses(&more).is_some(), "{name}");
        }
        for name in ["nonce", "state", "acr_values", "scope"] {
            let less: Vec<_> = plain.iter().filter(|(known, _)| known != name).cloned().collect();
            assert!(FRANCE_CONNECT.refuses(&less).is_some(), "{name}");
        }
    }
}
