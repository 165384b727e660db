//! What the log says of refusals and readings at the desk, and in which language the user is spoken to.
use entremise::app::notices;
use entremise::log::entry::{Leaf, Outcome};
use entremise::store::{Access, StoreError, Tx};
use serde_json::json;
use time::Duration;

use super::mandate_support::{Desk, fatou, josette};
use crate::support::TestApp;

/// A line of the log about a mandate.
struct Told {
    leaf: Leaf,
    /// Of the mandate the leaf names; empty for none.
    reference: String,
}

impl Told {
    fn reason(&self) -> &str {
        match &self.leaf.outcome {
            Outcome::Refused(reason) => reason.as_str(),
            Outcome::Done => "done",
        }
    }
}

/// The lines of this kind: those of no mandate, then mandate by mandate in the order of its story.
async fn told(app: &TestApp, kind: &str) -> Vec<Told> {
    const SQL: &str = "SELECT COALESCE(m.reference, ''), e.leaf FROM entry e
        LEFT JOIN mandate m ON m.id = e.mandate_id WHERE e.kind = $1 ORDER BY 1, e.mandate_sequence";
    let kind = kind.to_owned();
    let rows = entremise::view!(app.app.store, tx => {
        Ok::<Vec<(String, Vec<u8>)>, StoreError>(match Access::tx(tx) {
            Tx::Pg(c) => sqlx::query_as(SQL).bind(&kind).fetch_all(&mut **c).await?,
            Tx::Lite(c) => sqlx::query_as(SQL).bind(&kind).fetch_all(&mut **c).await?,
        })
    })
    .unwrap();
    rows.into_iter().map(|(reference, leaf)| Told { reference, leaf: Leaf::decode(&leaf).unwrap() }).collect()
}

on_both_engines! {
    /// Each way in which a signature fails is a line of that mandate's story, in the structure that holds it, even
    /// when whoever tried acts for another one by now.
    async fn a_refused_signature_is_in_the_story_of_its_mandate(app: TestApp) {
        let desk = Desk::open(app).await;
        let first = desk.ready(josette(), &["argent"], "31").await;
        let second = desk.ready(fatou(), &["argent", "social"], "31").await;
        let wrong = || desk.aidant.card.wrong_code(desk.app.app.now());
        desk.sign(&first, &wrong()).await.assert_status(422);
        let code = desk.code();
        desk.sign(&first, &code).await.assert_status(303);
        desk.sign(&second, &code).await.assert_status(422);
        for _ in 0..6 {
            desk.sign(&second, &wrong()).await.assert_status(422);
        }
        desk.app.clock.advance(Duration::minutes(5));
        let other = desk.app.structure("Mairie de Brest", "21290019500016").await;
        desk.app.member(desk.aidant.id, other, true, false).await;
        let there = desk.app.session(desk.aidant.id, Some(other)).await;
        let (path, code) = (format!("/mandates/{second}/signature"), desk.code());
        for sql in [
            "UPDATE membership SET is_aidant = FALSE, is_referent = TRUE WHERE structure_id = $1",
            "UPDATE membership SET status = 'suspended' WHERE structure_id = $1",
        ] {
            desk.app.change_status(sql, desk.structure.uuid()).await;
            let answer = desk.app.post(&path).session(&there).form(&[("code", &code)]).send().await;
            assert!([403, 404].contains(&answer.status.as_u16()), "{sql}: {}", answer.status);
        }
        let lines = told(&desk.app, "mandate.sign_refused").await;
        let seen: Vec<(&str, &str)> = lines.iter().map(|line| (line.reference.as_str(), line.reason())).collect();
        let of_second = ["code_used", "code_wrong", "code_wrong", "code_wrong", "code_wrong", "code_wrong", "locked",
                         "not_an_aidant", "unknown_mandate"];
        let mut wanted = vec![(first.as_str(), "code_wrong")];
        wanted.extend(of_second.map(|reason| (second.as_str(), reason)));
        wanted.sort_by_key(|(reference, _)| *reference);
        assert_eq!(seen, wanted);
        let consents = told(&desk.app, "mandate.consent_given").await;
        for line in &lines {
            assert_eq!(line.leaf.structure, Some(desk.structure), "{}", line.reason());
            let consent = consents.iter().find(|consent| consent.reference == line.reference).unwrap();
            assert!(line.leaf.on.contains(&consent.leaf.id) && line.leaf.user.is_some(), "{}", line.reason());
        }
    }

    /// Reading, printing, and what was refused on the way to the consent: each is a line of the mandate's story.
    async fn readings_and_refused_identifications_are_recorded(app: TestApp) {
        let desk = Desk::open(app).await;
        let signed = desk.signed(josette(), &["argent"], "31").await;
        for path in [format!("/mandates/{signed}"), format!("/mandates/{signed}/attestation")] {
            desk.get(&path).await.assert_status(200);
        }
        let stranger = desk.app.desk("Zoé", "21290019500016").await;
        desk.app.get(&format!("/mandates/{signed}")).session(&stranger.session).send().await.assert_status(404);
        let printed = told(&desk.app, "mandate.printed").await;
        assert_eq!((printed.len(), printed[0].reference.as_str(), printed[0].reason()), (1, signed.as_str(), "done"));
        let read: Vec<_> = told(&desk.app, "mandate.read").await;
        let read: Vec<_> = read.iter().map(|line| (line.reference.as_str(), line.reason())).collect();
        assert_eq!(read, [(signed.as_str(), "done"), (signed.as_str(), "unknown_mandate")]);

        let draft = desk.propose(&["social"], "31").await;
        let leaving = desk.leave(&draft).await;
        desk.back(&leaving.browser, "state=unknown&code=x").await.assert_status(400);
        desk.back("another browser", &format!("state={}&code=x", leaving.state)).await.assert_status(400);
        let mut replayed = fatou();
        replayed.id_token = json!({ "nonce": "of another request" });
        desk.come_back(&leaving, replayed).await.assert_status(303);
        let leaving = desk.leave(&draft).await;
        desk.back(&leaving.browser, &format!("state={}&error=access_denied", leaving.state)).await.assert_status(303);
        let refused = told(&desk.app, "mandate.identification_refused").await;
        let refused: Vec<_> = refused.iter().map(|line| (line.reference.as_str(), line.reason())).collect();
        let ours = draft.as_str();
        assert_eq!(refused, [
            ("", "foreign_answer"), ("", "foreign_answer"), (ours, "wrong_nonce"), (ours, "refused_by_person"),
        ]);

        let leaving = desk.leave(&draft).await;
        desk.come_back(&leaving, fatou()).await.assert_status(303);
        desk.consent_page(&leaving.browser).await.assert_status(200);
        desk.answer(&leaving.browser, &[("answer", "refuse")]).await.assert_status(303);
        let refused = told(&desk.app, "mandate.consent_refused").await;
        assert_eq!((refused.len(), refused[0].reference.as_str()), (1, ours));
        assert_eq!(refused[0].leaf.structure, Some(desk.structure));
    }

    /// A user is written to in the language in which they read and agreed, whatever the aidant reads.
    async fn mails_speak_the_language_of_the_consent(app: TestApp) {
        let desk = Desk::open(app).await;
        let french = desk.signed(josette(), &["logement"], "31").await;
        let mut helen = fatou();
        helen.userinfo["email"] = json!("helen@example.org");
        let english = desk.propose(&["logement", "social"], "31").await;
        let leaving = desk.leave(&english).await;
        desk.come_back(&leaving, helen).await.assert_status(303);
        desk.consent_page(&leaving.browser).await.assert_status(200);
        let call = desk.app.post("/consent").header("accept-language", "en").cookie("consent", &leaving.browser);
        let form = [("declaration", "yes"), ("answer", "agree")];
        call.form(&form).send().await.assert_status(303);
        desk.sign(&english, &desk.code()).await.assert_status(303);
        desk.post(&format!("/mandates/{english}/end/social"), &[("by", "user")]).await.assert_status(303);
        desk.post(&format!("/mandates/{french}/end"), &[("by", "user")]).await.assert_status(303);
        assert_eq!(notices::send_due(&desk.app.app, &notices::Carrier::Mailbox).await.unwrap(), 4);
        let mails = notices::mailbox(&desk.app.app, 10).await.unwrap();
        let subjects = |to: &str| -> Vec<&str> {
            let mut found: Vec<&str> =
                mails.iter().filter(|mail| mail.to == to).map(|mail| mail.subject.as_str()).collect();
            found.sort_unstable_by(|one, other| other.cmp(one));
            found
        };
        assert_eq!(subjects("josette@exemple.fr"), [
            format!("Votre mandat {french} est signé"), format!("Votre mandat {french} a pris fin"),
        ]);
        assert_eq!(subjects("helen@example.org"), [
            format!("Your mandate {english} is signed"), format!("Your mandate {english} has ended"),
        ]);
        let body = |subject: String| mails.iter().find(|mail| mail.subject == subject).unwrap().body.as_str();
        let ended = body(format!("Your mandate {english} has ended"));
        assert!(ended.contains("Social care, health") && !ended.contains("Housing"), "{ended}");
        let signed = body(format!("Your mandate {english} is signed"));
        assert!(signed.contains("Housing") && signed.contains("20") && !signed.contains("Logement"), "{signed}");
        let consents = told(&desk.app, "mandate.consent_given").await;
        let read_in = |line: &Told| line.leaf.facts.iter().find(|(name, _)| name.as_str() == "read_in").map(|(_, value)| format!("{value:?}"));
        for (reference, tag) in [(&french, "(fr)"), (&english, "(en)")] {
            let consent = consents.iter().find(|line| line.reference == **reference).unwrap();
            assert!(read_in(consent).unwrap().contains(tag), "{:?}", read_in(consent));
        }
    }
}
