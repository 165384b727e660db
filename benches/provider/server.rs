//! The product on a loopback port, with codes issued beforehand through its own functions.
use std::io::{Read, Write};
use std::sync::Arc;

use base64::Engine as _;
use entremise::app::context::SystemClock;
use entremise::app::{App, record};
use entremise::domain::ids::{RowId, SessionId, UseId, UserId};
use entremise::domain::secret::PlainToken;
use entremise::domain::time::Clock;
use entremise::log::draft::Draft;
use entremise::log::kind::Kind;
use entremise::oidc::provider::policy::{ClientKeys, Policy};
use entremise::store::{StoreError, authorization, use_session};
use jsonwebtoken::jwk::JwkSet;
use time::Duration;

use crate::support::services::{Desk, Mandate, Service};
use crate::support::{Engine, TestApp};

use super::fapi;

/// People whose mandates are used in turn.
const USERS: usize = 500;
/// Codes issued in one transaction.
const BATCH: usize = 500;

/// Serves until standard input closes. The database is durable on both engines.
pub fn run(engine: &str, codes: usize, file: &str) {
    let engine = if engine == "postgres" { Engine::Postgres } else { Engine::Sqlite };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let test = TestApp::fresh(engine).await;
        // The present, not the clock of the tests: people and mandates are written at it too.
        test.clock.set(SystemClock.now());
        let (service, issued) = issue_all(&test, codes).await;
        std::fs::write(file, issued.join("\n")).expect("the codes are written");
        let app = App { clock: Arc::new(SystemClock), ..test.app.clone() };
        let jobs = entremise::jobs::Jobs::start(&app, None);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("non-blocking");
        let address = listener.local_addr().expect("an address");
        let router = entremise::web::router(&app);
        let make = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
        let server = axum_server::from_tcp(listener).expect("a server").serve(make);
        tokio::spawn(server);
        let basic = base64::engine::general_purpose::STANDARD
            .encode(format!("{}:{}", service.client_id, service.secret));
        let (uri, issuer) = (&service.redirect_uri, crate::support::app::ORIGIN);
        println!("READY {address} {basic} {uri} /token /userinfo /introspect /par {issuer} {issuer}");
        std::io::stdout().flush().expect("said");
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
            .await
            .expect("waits")
            .expect("reads");
        jobs.stop().await;
    });
}

async fn issue_all(test: &TestApp, codes: usize) -> (Service, Vec<String>) {
    let desk = test.desk("Nadia", "35600000012345").await;
    let key = fapi::registered();
    let service = test
        .service("bench", |new| {
            if let Some(key) = &key {
                new.policy = Policy::high_security(ClientKeys::Inline(JwkSet { keys: vec![key.clone()] }));
            }
        })
        .await;
    let jkt = key.as_ref().map(fapi::thumbprint);
    let identity = serde_json::json!({ "given_name": "Josette Ang\u{e9}lique", "family_name": "Martin",
        "birthdate": "1962-00-00", "gender": "female", "birthplace": "2A004", "birthcountry": "99100",
        "email": "josette@example.fr" });
    let mut mandates = Vec::with_capacity(USERS);
    for _ in 0..USERS {
        let user = test.user(&identity).await;
        mandates
            .push((user, test.mandate(&desk, user, &["argent"], Duration::days(31), Some("eidas1")).await));
    }
    let entry = record::append(&test.app, Draft::done(Kind::UseOpened)).await.expect("the log is written").id;
    let mut issued = Vec::with_capacity(codes);
    for batch in (0..codes).collect::<Vec<_>>().chunks(BATCH) {
        let made = entremise::transact!(test.app.store, "bench_issue", tx => {
            let mut made = Vec::with_capacity(batch.len());
            for at in batch {
                let (user, mandate) = &mandates[at % USERS];
                let code = PlainToken::generate(&*test.app.entropy);
                issue(&test.app, tx, &desk, (*user, mandate), &service, (&code, jkt.as_deref()), entry).await?;
                made.push(code.reveal().to_owned());
            }
            Ok::<_, StoreError>(made)
        });
        issued.extend(made.expect("codes are issued"));
    }
    // As autovacuum does within a minute: plans made on empty tables are not those of a service at work.
    entremise::transact!(test.app.store, "bench_analyze", tx => {
        match entremise::store::Access::tx(tx) {
            entremise::store::Tx::Pg(c) => sqlx::query("ANALYZE").execute(&mut **c).await.map(drop),
            entremise::store::Tx::Lite(c) => sqlx::query("ANALYZE").execute(&mut **c).await.map(drop),
        }
        .map_err(StoreError::from)
    })
    .expect("statistics are gathered");
    (service, issued)
}

/// A use and its code, alive for an hour: they are issued long before they are redeemed.
async fn issue(
    app: &App,
    tx: &mut entremise::store::WriteTx,
    desk: &Desk,
    (user, mandate): (UserId, &Mandate),
    service: &Service,
    (code, jkt): (&PlainToken, Option<&str>),
    entry: entremise::domain::ids::EntryId,
) -> Result<(), StoreError> {
    let now = app.now();
    let id = UseId::new(now, &*app.entropy);
    let session = SessionId::from_uuid(RowId::new(now, &*app.entropy).uuid());
    let new = use_session::NewUse {
        id,
        session,
        browser: None,
        client: service.id,
        grant: mandate.grants[0],
        mandate: mandate.id,
        user,
        structure: desk.structure,
        person: desk.aidant,
        card: desk.card,
        presence: "present",
        subject: None,
        declared_service: None,
        auth_time: now,
        started_at: now,
        entry,
    };
    use_session::insert(tx, &new).await?;
    let code = authorization::NewCode {
        hash: &code.hash(),
        use_id: id,
        client: service.id,
        redirect_uri: &service.redirect_uri,
        scope: "openid profile email birth",
        nonce: Some("n0nce"),
        claims: None,
        challenge: jkt.map(|_| fapi::CHALLENGE),
        dpop_jkt: jkt,
        issued_at: now,
        expires_at: now + Duration::hours(1),
    };
    authorization::insert_code(tx, &code).await
}
