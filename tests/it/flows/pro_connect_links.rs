//! Who links an account to ProConnect: its owner, signed in and with a fresh code, or invited at the same address into
//! the structure of the same SIRET.
use entremise::app::manage_cards::{self, Manager};
use entremise::domain::person::Role;
use entremise::oidc::federation::Federation;
use serde_json::json;
use time::Duration;

use super::france_connect_identifies::reasons;
use super::people_support::{PASSWORD, VirtualCard};
use super::pro_connect::{Scene, nadia, registration};
use super::provider::logged;
use crate::support::TestApp;
use crate::support::national::Browser;

on_both_engines! {
    /// Nothing is linked without a code typed for it, and unlinking asks for one too.
    async fn linking_and_unlinking_ask_for_a_fresh_code(app: TestApp) {
        let scene = Scene::open(app).await;
        let session = scene.aidant.session.clone();
        let post = async |path: &'static str, code: &str| {
            scene.app.post(path).session(&session).form(&[("code", code)]).send().await
        };
        scene.app.get("/account").session(&session).send().await.assert_contains("Votre compte et ProConnect");
        post("/account/professional/link", "").await.assert_status(422);
        let wrong = scene.aidant.card.wrong_code(scene.app.app.now());
        post("/account/professional/link", &wrong).await.assert_status(422).assert_contains("Ce code n");
        assert_eq!(scene.app.count("SELECT COUNT(*) FROM professional_request").await, 0);
        let mut browser = Browser::fresh();
        let back = scene.link(&mut browser, &session).await;
        assert_eq!(back.assert_status(303).location(), "/professional/leaving");
        assert_eq!(logged(&scene.app, "professional.linked").await, 1);
        scene.app.get("/account/professional").session(&session).send().await.assert_contains("est relié à ProConnect");
        post("/account/professional/unlink", &wrong).await.assert_status(422);
        assert_eq!(logged(&scene.app, "professional.unlinked").await, 0);
        scene.app.clock.advance(Duration::seconds(30));
        let code = scene.aidant.card.code(scene.app.app.now());
        post("/account/professional/unlink", &code).await.assert_status(303);
        assert_eq!(logged(&scene.app, "professional.unlinked").await, 1);
        let away = scene.leave().await;
        scene.there_and_back(&mut Browser::fresh(), &away, None).await.assert_status(303);
        assert_eq!(reasons(&scene.app, "sign_in.refused").await, ["unknown_professional"]);
    }

    /// The session there is closed as soon as the link is made, and the browser comes back to the account.
    async fn linking_leaves_no_session_open_there(app: TestApp) {
        let scene = Scene::open(app).await;
        let code = scene.aidant.card.code(scene.app.app.now());
        let call = scene.app.post("/account/professional/link").session(&scene.aidant.session);
        let away = Scene::away(&call.form(&[("code", &code)]).send().await);
        let mut browser = Browser::fresh();
        let back = scene.there_and_back(&mut browser, &away, Some(&scene.aidant.session)).await;
        assert_eq!(back.location(), "/professional/leaving");
        assert_eq!(scene.closed(&mut browser, &away.cookie).await, "/account/professional");
        assert_eq!(scene.national.open_sessions(), 0);
        scene.app.get("/professional/leaving").cookie("professional", &away.cookie).send().await.assert_status(303);
    }

    /// The answer links the account of the session that asked, no other's: an identity of one, an account of another.
    async fn an_identity_is_linked_to_its_own_account_once(app: TestApp) {
        let scene = Scene::linked(app).await;
        let marc = scene.app.hire("Marc Petit", "marc@exemple.fr", &[Role::Aidant], scene.structure).await;
        let ask = async |code: String| {
            let call = scene.app.post("/account/professional/link").session(&marc.session);
            Scene::away(&call.form(&[("code", &code)]).send().await)
        };
        let away = ask(marc.card.code(scene.app.app.now())).await;
        scene.there_and_back(&mut Browser::fresh(), &away, Some(&marc.session)).await.assert_status(303);
        scene.app.clock.advance(Duration::seconds(61));
        scene.national.meets(&json!({ "sub": "pro-marc", "email": "marc@exemple.fr" }));
        for session in [None, Some(scene.aidant.session.as_str())] {
            let away = ask(marc.card.code(scene.app.app.now())).await;
            scene.there_and_back(&mut Browser::fresh(), &away, session).await.assert_status(303);
            scene.app.clock.advance(Duration::seconds(61));
        }
        let away = Scene::away(&{
            let code = scene.aidant.card.code(scene.app.app.now());
            let call = scene.app.post("/account/professional/link").session(&scene.aidant.session);
            call.form(&[("code", &code)]).send().await
        });
        scene.there_and_back(&mut Browser::fresh(), &away, Some(&scene.aidant.session)).await.assert_status(303);
        let told = ["linked_elsewhere", "other_session", "other_session", "linked_already"];
        assert_eq!(reasons(&scene.app, "professional.linked").await, told);
        assert_eq!(scene.app.count("SELECT COUNT(*) FROM professional_identity").await, 1);
    }

    /// An invitation is answered with ProConnect by the same verified address and SIRET; the card comes all the same,
    /// and whoever has no password cannot cut off their only way in.
    async fn an_invited_aidant_needs_the_same_address_and_siret(app: TestApp) {
        let scene = Scene::open(app).await;
        let (id, link) = scene.app.invite("Léa Roy", "lea@exemple.fr", &[Role::Aidant], Some(scene.structure)).await;
        let card = VirtualCard::new("C-lea");
        scene.app.import(scene.structure, std::slice::from_ref(&card)).await;
        let card_id = scene.app.card_id(&card.serial).await;
        manage_cards::assign(&scene.app.app, Manager::CommandLine(scene.structure), card_id, id).await.unwrap().unwrap();
        let here = format!("/activate/{}", link.reveal());
        scene.app.get(&here).send().await.assert_contains("Continuer avec ProConnect");
        let mut lea = nadia();
        (lea["sub"], lea["email"]) = (json!("pro-lea"), json!("lea@exemple.fr"));
        let cases = [
            ("email", json!("nadia@exemple.fr"), "other_email"),
            ("email_verified", json!(false), "other_email"),
            ("email_verified", json!("true"), "other_email"),
            ("email_verified", json!(null), "other_email"),
            ("siret", json!("21290019500016"), "other_organisation"),
        ];
        let mut told = Vec::new();
        for (claim, value, code) in cases {
            let mut wrong = lea.clone();
            wrong[claim] = value;
            scene.national.meets(&wrong);
            let away = Scene::away(&scene.app.post(&format!("{here}/professional")).send().await);
            let mut browser = Browser::fresh();
            scene.there_and_back(&mut browser, &away, None).await.assert_status(303);
            assert_eq!(scene.closed(&mut browser, &away.cookie).await, format!("{here}?problem={code}"));
            scene.app.get(&format!("{here}?problem={code}")).send().await.assert_contains("ProConnect n");
            told.push(code.to_owned());
            assert_eq!(reasons(&scene.app, "professional.linked").await, told);
            scene.app.clock.advance(Duration::seconds(1));
        }
        assert_eq!(scene.app.get(&format!("{here}/card")).send().await.assert_status(303).location(), here);
        scene.national.meets(&lea);
        let away = Scene::away(&scene.app.post(&format!("{here}/professional")).send().await);
        let mut browser = Browser::fresh();
        scene.there_and_back(&mut browser, &away, None).await.assert_status(303);
        assert_eq!(scene.closed(&mut browser, &away.cookie).await, format!("{here}/card"));
        assert_eq!(scene.national.open_sessions(), 0);
        let code = card.code(scene.app.app.now());
        let done = scene.app.post(&format!("{here}/card")).form(&[("code", &code)]).send().await;
        let session = done.assert_status(303).set_cookie("session").unwrap();
        scene.app.get("/account").session(&session).send().await.assert_status(200);
        scene.app.clock.advance(Duration::seconds(61));
        let code = card.code(scene.app.app.now());
        let call = scene.app.post("/account/professional/unlink").session(&session).form(&[("code", &code)]);
        assert_eq!(call.send().await.location(), "/account/professional?problem=no_password");
        scene.app.password("lea@exemple.fr", PASSWORD, None).await.assert_status(422);
        scene.app.post(&format!("{here}/professional")).send().await.assert_status(410);
    }

    /// An address counts when it is said to be verified, or when nothing is said and the deployment knows that the
    /// provider's contract promises it of all: never when it is said not to be.
    async fn an_address_is_verified_when_it_is_said_or_promised(app: TestApp) {
        let mut scene = Scene::open(app).await;
        let (_, link) = scene.app.invite("Léa Roy", "lea@exemple.fr", &[Role::Aidant], Some(scene.structure)).await;
        let here = format!("/activate/{}", link.reveal());
        let (refused, linked) = (format!("{here}?problem=other_email"), format!("{here}/card"));
        for (promised, said, to) in [
            (false, None, &refused),
            (true, Some(false), &refused),
            (false, Some(false), &refused),
            (true, None, &linked),
        ] {
            let mut provider = registration(&scene.national);
            provider.emails_verified = promised;
            scene.app.let_enter_with(Federation::new(provider));
            let mut lea = nadia();
            (lea["sub"], lea["email"]) = (json!("pro-lea"), json!("lea@exemple.fr"));
            match said {
                Some(said) => lea["email_verified"] = json!(said),
                None => drop(lea.as_object_mut().unwrap().remove("email_verified")),
            }
            scene.national.meets(&lea);
            let away = Scene::away(&scene.app.post(&format!("{here}/professional")).send().await);
            let mut browser = Browser::fresh();
            scene.there_and_back(&mut browser, &away, None).await.assert_status(303);
            assert_eq!(scene.closed(&mut browser, &away.cookie).await, *to, "promised {promised}, said {said:?}");
        }
        assert_eq!(reasons(&scene.app, "professional.linked").await, ["other_email"; 3]);
        assert_eq!(scene.app.count("SELECT COUNT(*) FROM professional_identity").await, 1);
    }
}
