//! A thousand times, two signatures at the same instant: exactly one wins.
use std::sync::Arc;

use entremise::app::caller::{self, Caller, SignedIn};
use entremise::app::check_code::CodeCheck;
use entremise::app::propose_mandate::{self, Proposal};
use entremise::app::record;
use entremise::app::sign_mandate::{self, Signing};
use entremise::domain::catalogue::Words;
use entremise::domain::consent::{ConsentTerms, GrantedDomain};
use entremise::domain::ids::{MandateId, StructureId, UserId};
use entremise::domain::mandate::{Reference, Term};
use entremise::domain::person::Role;
use entremise::domain::secret::PlainToken;
use entremise::domain::user::CivilIdentity;
use entremise::log::draft::Draft;
use entremise::log::kind::Kind;
use entremise::store::StoreError;
use entremise::store::mandate::{self, Text};
use time::Duration;

use super::people_support::Worker;
use crate::support::TestApp;

const TRIALS: usize = 1_000;

async fn signed_in(app: &TestApp, worker: &Worker) -> SignedIn {
    let token = PlainToken::presented(worker.session.clone());
    match caller::resolve(&app.app, &token).await.unwrap() {
        Caller::SignedIn(who) => *who,
        other => panic!("{other:?}"),
    }
}

/// A mandate that lacks its signature only, its text and agreement written as the use cases write them.
async fn ready(
    app: &TestApp,
    who: &SignedIn,
    structure: StructureId,
    user: UserId,
    domain: &str,
) -> Reference {
    let app = &app.app;
    let now = app.now();
    let attempt = MandateId::new(now, &*app.entropy);
    let proposal =
        Proposal { structure, attempt, domains: vec![domain.parse().unwrap()], term: Term::OneMonth };
    let reference = propose_mandate::propose(app, who, &proposal).await.unwrap();
    let identity: CivilIdentity = serde_json::from_value(crate::support::services::josette()).unwrap();
    let terms = ConsentTerms {
        version: 1,
        salt: None,
        reference: reference.to_string(),
        user: identity,
        structure: "CCAS".into(),
        aidant: "Nadia".into(),
        identified_with: Words::new("x", "x"),
        domains: vec![GrantedDomain {
            key: domain.parse().unwrap(),
            label: Words::new("d", "d"),
            warning: None,
        }],
        last_day: "2026-12-03".parse().unwrap(),
        ends_at: now + Duration::days(31),
        time_zone: "Europe/Paris".into(),
        replaces: Vec::new(),
    };
    let frozen = terms.freeze().unwrap();
    let place = mandate::place(&attempt, "text_sealed");
    let sealed = app.sealer.seal_json(place, &(frozen.terms_json(), frozen.text())).unwrap();
    let hash = frozen.hash();
    let entry = record::append(app, Draft::done(Kind::MandateConsentGiven)).await.unwrap().id;
    entremise::transact!(app.store, "test_ready", tx => {
        let text = Text { version: "1", sealed: &sealed, hash: &hash };
        let since = now - Duration::minutes(1);
        assert!(mandate::identified(tx, attempt, user, &text, now, since).await?);
        assert!(mandate::consented(tx, attempt, user, &hash, (now, since), (Some("eidas1"), entry)).await?);
        Ok::<_, StoreError>(())
    })
    .unwrap();
    reference
}

async fn at_once(
    app: &Arc<TestApp>,
    one: (SignedIn, Reference, String),
    two: (SignedIn, Reference, String),
) -> [Signing; 2] {
    let sign = |(who, reference, code): (SignedIn, Reference, String)| {
        let app = Arc::clone(app);
        tokio::spawn(async move { sign_mandate::sign(&app.app, &who, &reference, &code).await.unwrap() })
    };
    let (one, two) = (sign(one), sign(two));
    [one.await.unwrap(), two.await.unwrap()]
}

async fn live_grants(app: &TestApp, user: UserId) -> i64 {
    const SQL: &str = "SELECT COUNT(*) FROM mandate_grant WHERE user_id = $1 AND state = 'live'";
    entremise::view!(app.app.store, tx => {
        Ok::<i64, StoreError>(match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query_scalar(SQL).bind(user).fetch_one(&mut **c).await?,
            entremise::store::Tx::Lite(c) => sqlx::query_scalar(SQL).bind(user).fetch_one(&mut **c).await?,
        })
    })
    .unwrap()
}

on_both_engines! {
    async fn two_signatures_with_one_code(app: TestApp) {
        let app = Arc::new(app);
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let worker = app.hire("Nadia Benali", "nadia@exemple.fr", &[Role::Aidant], structure).await;
        let who = signed_in(&app, &worker).await;
        for trial in 0..TRIALS {
            app.clock.advance(Duration::seconds(30));
            let user = app.user(&crate::support::services::josette()).await;
            let one = ready(&app, &who, structure, user, "argent").await;
            let two = ready(&app, &who, structure, user, "social").await;
            let code = worker.card.code(app.app.now());
            let outcome = at_once(&app, (who.clone(), one, code.clone()), (who.clone(), two, code)).await;
            let won = outcome.iter().filter(|one| **one == Signing::Signed).count();
            let lost = outcome.iter().filter(|one| matches!(one, Signing::Code(CodeCheck::AlreadyUsed { .. }))).count();
            assert_eq!((won, lost), (1, 1), "trial {trial}: {outcome:?}");
            assert_eq!(live_grants(&app, user).await, 1, "trial {trial}");
        }
    }

    async fn two_mandates_on_one_domain(app: TestApp) {
        let app = Arc::new(app);
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let nadia = app.hire("Nadia Benali", "nadia@exemple.fr", &[Role::Aidant], structure).await;
        let paul = app.hire("Paul Roux", "paul@exemple.fr", &[Role::Aidant], structure).await;
        let (by_nadia, by_paul) = (signed_in(&app, &nadia).await, signed_in(&app, &paul).await);
        for trial in 0..TRIALS {
            app.clock.advance(Duration::seconds(30));
            let user = app.user(&crate::support::services::josette()).await;
            let one = ready(&app, &by_nadia, structure, user, "argent").await;
            let two = ready(&app, &by_paul, structure, user, "argent").await;
            let now = app.app.now();
            let outcome = at_once(
                &app,
                (by_nadia.clone(), one, nadia.card.code(now)),
                (by_paul.clone(), two, paul.card.code(now)),
            )
            .await;
            let count = |wanted| outcome.iter().filter(|one| **one == wanted).count();
            assert_eq!((count(Signing::Signed), count(Signing::Changed)), (1, 1), "trial {trial}: {outcome:?}");
            assert_eq!(live_grants(&app, user).await, 1, "trial {trial}");
        }
    }

    async fn one_mandate_signed_twice_at_once(app: TestApp) {
        let app = Arc::new(app);
        let structure = app.structure("CCAS de Gannat", "21030118500013").await;
        let worker = app.hire("Nadia Benali", "nadia@exemple.fr", &[Role::Aidant], structure).await;
        let who = signed_in(&app, &worker).await;
        for _ in 0..100 {
            app.clock.advance(Duration::seconds(30));
            let user = app.user(&crate::support::services::josette()).await;
            let one = ready(&app, &who, structure, user, "argent").await;
            let code = worker.card.code(app.app.now());
            let outcome = at_once(&app, (who.clone(), one.clone(), code.clone()), (who.clone(), one, code)).await;
            assert!(outcome.contains(&Signing::Signed) && outcome.contains(&Signing::AlreadySigned), "{outcome:?}");
        }
    }
}
