//! A mandate at the desk: the whole way, each refusal, each end.
use entremise::app::end_over;
use serde_json::json;
use time::Duration;

use super::mandate_support::{Desk, fatou, josette, person};
use crate::support::TestApp;

on_both_engines! {
    async fn the_whole_way(app: TestApp) {
        let desk = Desk::open(app).await;
        desk.get("/mandates").await.assert_status(200).assert_contains("Aucun mandat");
        let page = desk.get("/mandates/new").await;
        page.assert_status(200).assert_contains("Argent, impôts, consommation").assert_contains("surendettement");

        let reference = desk.propose(&["argent", "social"], "31").await;
        let identity = format!("/mandates/{reference}/identity");
        let page = desk.get(&identity).await;
        page.assert_status(200).assert_contains("FranceConnect");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("form-action 'self' http://identite.localhost:"), "{policy}");

        let leaving = desk.leave(&reference).await;
        assert_eq!(desk.come_back(&leaving, josette()).await.assert_status(303).location(), "/consent");
        let out = desk.app.get("/consent").cookie("consent", &leaving.browser).send().await;
        assert!(out.assert_status(303).location().contains("/logout?id_token_hint="), "signed out at once");
        let text = desk.app.get("/consent").cookie("consent", &leaving.browser).send().await;
        for said in ["Josette", "CCAS de Gannat", "Argent, impôts, consommation", "Social, santé", "tutelle",
                     "jeudi 3 décembre 2026 à minuit", &reference] {
            text.assert_status(200).assert_contains(said);
        }
        let undeclared = desk.answer(&leaving.browser, &[("answer", "agree")]).await;
        undeclared.assert_status(422).assert_contains("Cochez cette déclaration");
        assert_eq!(desk.agree(&leaving.browser).await.assert_status(303).location(), "/consent");
        assert_eq!(desk.agree(&leaving.browser).await.assert_status(303).location(), "/consent", "twice is once");
        desk.consent_page(&leaving.browser).await.assert_contains("votre accord est enregistré");

        let page = desk.get(&format!("/mandates/{reference}/signature")).await;
        page.assert_status(200).assert_contains("Mme Josette MARTIN a donné son accord");
        let code = desk.code();
        let done = format!("/mandates/{reference}/done");
        assert_eq!(desk.sign(&reference, &code).await.assert_status(303).location(), done);
        assert_eq!(desk.sign(&reference, &code).await.assert_status(303).location(), done, "a double click");
        desk.get(&done).await.assert_status(200).assert_contains("Le mandat est signé");

        let paper = desk.get(&format!("/mandates/{reference}/attestation")).await;
        for said in ["Josette Angélique MARTIN", "4 mars 1948", &reference, "Nadia Benali", "<svg"] {
            paper.assert_status(200).assert_contains(said);
        }
        let found = desk.get("/mandates?q=josétte").await;
        found.assert_status(200).assert_contains(&reference).assert_contains("En cours");
        desk.get("/mandates?q=dupond").await.assert_contains("Aucun mandat trouvé");
        desk.get(&format!("/mandates?q={}", reference.to_lowercase().replace('-', ""))).await.assert_contains("Josette");
        let page = desk.get(&format!("/mandates/{reference}")).await;
        page.assert_status(200).assert_contains("Retirer").assert_contains("Ce qui s’est passé");
    }

    async fn a_refusal_shows_at_the_desk_at_once(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.propose(&["argent"], "1").await;
        let leaving = desk.leave(&reference).await;
        desk.come_back(&leaving, josette()).await.assert_status(303);
        desk.consent_page(&leaving.browser).await.assert_status(200);
        let state = format!("/mandates/{reference}/state");
        assert_eq!(desk.get(&state).await.body, "state-awaiting-consent");
        desk.answer(&leaving.browser, &[("answer", "refuse")]).await.assert_status(303);
        assert_eq!(desk.get(&state).await.body, "state-refused");
        desk.get(&format!("/mandates/{reference}")).await.assert_contains("La personne a refusé");
        desk.consent_page(&leaving.browser).await.assert_contains("Vous avez refusé");
        desk.agree(&leaving.browser).await.assert_status(409);
        desk.sign(&reference, &desk.code()).await.assert_status(409);
    }

    async fn an_identity_is_kept_to_the_letter_and_needs_no_email(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.signed(fatou(), &["social"], "182").await;
        let paper = desk.get(&format!("/mandates/{reference}/attestation")).await;
        paper.assert_status(200).assert_contains("en 1962 (jour et mois inconnus)");
        let now = desk.app.app.now();
        let row = entremise::view!(desk.app.app.store, tx => {
            entremise::store::mandate::by_reference(tx, &reference.parse().unwrap()).await
        }).unwrap().unwrap();
        let identity = entremise::app::desk::identity(&desk.app.app, &row).unwrap().unwrap();
        assert_eq!(identity.birthdate.as_str(), "1962-00-00");
        assert_eq!((identity.birthplace.as_deref(), identity.email), (Some(""), None));
        assert!(row.ends_at > now);
    }

    async fn what_the_form_lacks_is_said(app: TestApp) {
        let desk = Desk::open(app).await;
        let wrong = async |form: &[(&str, &str)], said: &str| {
            desk.post("/mandates/new", form).await.assert_status(422).assert_contains(said);
        };
        wrong(&[("term", "31")], "Cochez au moins une démarche").await;
        wrong(&[("domain", "argent")], "Choisissez une durée").await;
        wrong(&[("domain", "argent"), ("term", "7")], "Choisissez une durée").await;
        wrong(&[("domain", "argent"), ("term", "until"), ("end", "demain")], "date de fin complète").await;
        wrong(&[("domain", "argent"), ("term", "until"), ("end", "2026-11-01")], "doit venir après").await;
        wrong(&[("domain", "argent"), ("term", "until"), ("end", "2028-01-01")], "un an au plus").await;
        wrong(&[("domain", "<script>"), ("term", "31")], "Cochez au moins une démarche").await;
        desk.post("/mandates/new", &[("domain", "argent"), ("domain", "inconnue"), ("term", "31")]).await.assert_status(403);
    }

    async fn failures_of_the_identity_provider_lose_nothing(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.propose(&["argent"], "31").await;
        let identity = format!("/mandates/{reference}/identity");
        let mut wrong_nonce = josette();
        wrong_nonce.id_token = json!({ "nonce": "another" });
        let mut wrong_issuer = josette();
        wrong_issuer.id_token = json!({ "iss": "http://evil.localhost" });
        let mut wrong_audience = josette();
        wrong_audience.id_token = json!({ "aud": "another" });
        let mut no_date = josette();
        no_date.userinfo["birthdate"] = json!(null);
        let mut failing = josette();
        failing.userinfo_status = 500;
        let mut low = josette();
        low.acr = "eidas0";
        let young = person("young", json!({ "given_name": "A", "family_name": "B", "birthdate": "2010-01-01" }));
        for (who, code, said) in [
            (wrong_nonce, "wrong_nonce", "pas pu être vérifiée"),
            (wrong_issuer, "wrong_issuer", "pas pu être vérifiée"),
            (wrong_audience, "wrong_audience", "pas pu être vérifiée"),
            (no_date, "missing_claim", "identité complète"),
            (failing, "provider_failing", "ne répond pas"),
            (low, "level_not_accepted", "niveau de garantie"),
            (young, "under_age", "moins de 18 ans"),
        ] {
            let leaving = desk.leave(&reference).await;
            let back = desk.come_back(&leaving, who).await;
            let unsure = code.starts_with("wrong_");
            let to = if unsure { back.location().to_owned() } else { desk.signed_out(&leaving, &back).await };
            assert_eq!(to, format!("{identity}?problem={code}"));
            desk.get(&to).await.assert_status(200).assert_contains(said);
        }
        let leaving = desk.leave(&reference).await;
        let back = desk.back(&leaving.browser, &format!("state={}&error=access_denied", leaving.state)).await;
        assert_eq!(back.location(), format!("{identity}?problem=refused_by_person"));
        desk.get(back.location()).await.assert_contains("arrêté l’identification");
        let leaving = desk.leave(&reference).await;
        assert_eq!(desk.come_back(&leaving, josette()).await.location(), "/consent", "and it still works");
    }

    async fn codes_are_refused_with_what_to_do(app: TestApp) {
        let desk = Desk::open(app).await;
        let first = desk.ready(josette(), &["argent"], "31").await;
        let second = desk.ready(fatou(), &["argent"], "31").await;
        desk.sign(&first, "").await.assert_status(422).assert_contains("Recopiez le code");
        let wrong = desk.aidant.card.wrong_code(desk.app.app.now());
        desk.sign(&first, &wrong).await.assert_status(422).assert_contains("pas le bon");
        let code = desk.code();
        desk.sign(&first, &code).await.assert_status(303);
        desk.sign(&second, &code).await.assert_status(422).assert_contains("a déjà servi");
        desk.app.clock.advance(Duration::seconds(30));
        desk.sign(&second, &desk.code()).await.assert_status(303);
    }

    async fn a_quiet_half_hour_and_it_lapses(app: TestApp) {
        let desk = Desk::open(app).await;
        let draft = desk.propose(&["argent"], "31").await;
        let ready = desk.ready(josette(), &["social"], "31").await;
        desk.app.clock.advance(Duration::minutes(30));
        let session = desk.app.sign_in(&desk.aidant).await;
        let post = async |path: String, form: &[(&str, &str)]| {
            desk.app.post(&path).session(&session).form(form).send().await
        };
        post(format!("/mandates/{draft}/identity"), &[]).await.assert_status(409);
        desk.app.clock.advance(Duration::seconds(30));
        post(format!("/mandates/{ready}/signature"), &[("code", &desk.code())]).await.assert_status(409);
        let page = desk.app.get(&format!("/mandates/{ready}")).session(&session).send().await;
        page.assert_status(200).assert_contains("pas été terminé à temps");
        assert_eq!(end_over::end_over(&desk.app.app).await.unwrap(), 2);
        assert_eq!(end_over::end_over(&desk.app.app).await.unwrap(), 0);
    }

    async fn a_mandate_ends_by_itself(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.signed(josette(), &["argent"], "1").await;
        desk.app.clock.advance(Duration::hours(40));
        let session = desk.app.sign_in(&desk.aidant).await;
        // Before any job has run: the end is an instant, not a state.
        let page = desk.app.get(&format!("/mandates/{reference}")).session(&session).send().await;
        page.assert_status(200).assert_contains("Arrivé à sa fin");
        assert!(!page.body.contains("Retirer"));
        assert_eq!(end_over::end_over(&desk.app.app).await.unwrap(), 1);
        let page = desk.app.get(&format!("/mandates/{reference}")).session(&session).send().await;
        page.assert_contains("Arrivé à sa fin");
    }

    async fn a_user_takes_back_one_domain_then_all(app: TestApp) {
        let desk = Desk::open(app).await;
        let reference = desk.signed(josette(), &["argent", "social"], "31").await;
        let end = format!("/mandates/{reference}/end");
        desk.get(&end).await.assert_status(200).assert_contains("Mettre fin à ce mandat");
        desk.post(&end, &[]).await.assert_status(422).assert_contains("Dites qui le demande");
        desk.get(&format!("{end}/argent")).await.assert_status(200).assert_contains("Argent");
        desk.post(&format!("{end}/argent"), &[("by", "user")]).await.assert_status(303);
        let page = desk.get(&format!("/mandates/{reference}")).await;
        page.assert_contains("Révoqué").assert_contains("En cours");
        desk.post(&format!("{end}/justice"), &[("by", "user")]).await.assert_status(404);
        desk.post(&end, &[("by", "user")]).await.assert_status(303);
        desk.post(&end, &[("by", "structure")]).await.assert_status(303);
        let page = desk.get(&format!("/mandates/{reference}")).await;
        page.assert_contains("Révoqué");
        assert!(!page.body.contains("Renoncé"), "what has ended stays as it ended");
    }

    async fn a_newer_mandate_replaces_and_says_so(app: TestApp) {
        let desk = Desk::open(app).await;
        let old = desk.signed(josette(), &["argent", "social"], "31").await;
        let new = desk.propose(&["argent"], "182").await;
        let leaving = desk.leave(&new).await;
        desk.come_back(&leaving, josette()).await.assert_status(303);
        let text = desk.consent_page(&leaving.browser).await;
        text.assert_contains("remplace l’autorisation du mandat").assert_contains(&old);
        desk.agree(&leaving.browser).await.assert_status(303);
        desk.get(&format!("/mandates/{new}/signature")).await.assert_contains(&old);
        desk.sign(&new, &desk.code()).await.assert_status(303);
        desk.app.clock.advance(Duration::seconds(30));
        desk.get(&format!("/mandates/{old}")).await.assert_contains("Remplacé").assert_contains("En cours");
        let last = desk.signed(josette(), &["social"], "31").await;
        desk.get(&format!("/mandates/{old}")).await.assert_contains("Remplacé");
        desk.get(&format!("/mandates/{last}")).await.assert_contains("En cours");
        let page = desk.get(&format!("/mandates/{old}/attestation")).await;
        page.assert_status(200).assert_contains("Argent, impôts, consommation");
    }

    async fn what_changed_since_the_user_read_is_not_signed(app: TestApp) {
        let desk = Desk::open(app).await;
        let one = desk.ready(josette(), &["argent"], "31").await;
        let two = desk.ready(josette(), &["argent"], "31").await;
        desk.sign(&one, &desk.code()).await.assert_status(303);
        desk.app.clock.advance(Duration::seconds(30));
        let answer = desk.sign(&two, &desk.code()).await;
        answer.assert_status(422).assert_contains("n’est plus ce que la personne a lu");
    }
}
