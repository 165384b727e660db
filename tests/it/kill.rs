//! The program is killed in the middle of its work, as by a power cut or the kernel, and started again: whatever it had
//! answered is there with its entry, and nothing is half there.
use std::sync::{Arc, Mutex};
use std::time::Duration;

use entremise::app::App;
use entremise::app::context::SystemClock;
use entremise::domain::ids::EntryId;
use entremise::domain::time::Clock;
use entremise::jobs::head::HeadFile;
use entremise::jobs::keeper::Keeper;
use entremise::log::merkle::{Hash, root_of};
use serde_json::Value;

use crate::flows::provider::{Browser, param};
use crate::log::{assert_sound, number, placed, rows};
use crate::support::TestApp;
use crate::support::program::{Program, Serving};
use crate::support::services::{Desk, Service, josette};

/// Callers at the same time.
const CALLERS: usize = 6;
/// Services opened in one round, each in a browser of its own.
const CODES: usize = 16;

/// Requests with a wrong secret that each caller makes in a round.
const REFUSALS: usize = 4;

fn rounds() -> usize {
    if std::env::var_os("TESTS_LONG").is_some() { 300 } else { 20 }
}

/// What the program answered before it was killed.
#[derive(Clone, Default)]
struct Answered {
    /// Uses whose code was redeemed.
    redeemed: Vec<String>,
    /// Uses whose identity was told.
    told: Vec<String>,
    /// Uses that the aidant ended.
    ended: Vec<String>,
    /// Requests with a wrong secret.
    refused: i64,
    /// Codes redeemed, to be presented again.
    codes: Vec<String>,
}

/// A thing to do in a round.
struct Task {
    code: String,
    /// The aidant's session that opened the service.
    session: String,
}

on_both_engines! {
    async fn whatever_was_answered_survives_kill_9(app: TestApp) {
        // The program has the machine's clock.
        app.clock.set(SystemClock.now());
        let desk = app.desk("Nadia", "35600000012345").await;
        let service = app.service("impots", |_| {}).await;
        let program = Program::beside(&app);
        let answered = Arc::new(Mutex::new(Answered::default()));
        for round in 0..rounds() {
            app.clock.set(SystemClock.now());
            // Otherwise the log waits some seconds until the lease of the program just killed has run out.
            crate::log::force(&app.app.store, "DELETE FROM lease").await.unwrap();
            let tasks = Arc::new(Mutex::new(prepare(&app, &desk, &service).await));
            let serving = Arc::new(program.serve().await);
            let callers: Vec<_> = (0..CALLERS)
                .map(|caller| {
                    let (serving, tasks, answered) = (serving.clone(), tasks.clone(), answered.clone());
                    let service = service.clone();
                    // Addresses of its own for each: beyond a rate, refusals of one origin are only counted.
                    let source = format!("10.{}.{}", round / 100, round % 100);
                    tokio::spawn(async move { call(&serving, &tasks, &answered, &service, &source, caller).await })
                })
                .collect();
            tokio::time::sleep(moment(&app.app)).await;
            serving.kill();
            for caller in callers {
                caller.await.expect("a caller only ever sees a connection that ends");
            }
            // PostgreSQL may still be finishing a commit whose client is gone.
            tokio::time::sleep(Duration::from_millis(150)).await;
            let so_far = answered.lock().unwrap().clone();
            check(&app, &so_far).await;
        }
        let answered = answered.lock().unwrap().clone();
        let done = (answered.redeemed.len(), answered.told.len(), answered.ended.len(), answered.refused);
        assert!(done.0 > 0 && done.1 > 0 && done.2 > 0 && done.3 > 0, "the program worked before it was killed: {done:?}");
        finish(&app, &program, &service, &answered).await;
    }
}

/// Some time in the first second and a half: answers, sequencing and signing are all under way by then.
fn moment(app: &App) -> Duration {
    let mut bytes = [0; 2];
    app.entropy.fill(&mut bytes);
    Duration::from_millis(50 + u64::from(u16::from_le_bytes(bytes)) % 1_450)
}

/// Codes just given.
async fn prepare(app: &TestApp, desk: &Desk, service: &Service) -> Vec<Task> {
    let user = app.user(&josette()).await;
    app.mandate(desk, user, &["argent"], time::Duration::days(31), Some("eidas1")).await;
    let mut tasks = Vec::new();
    for _ in 0..CODES {
        let session = app.session(desk.aidant, Some(desk.structure)).await;
        app.with_card(desk).await;
        let mut browser = Browser { session: Some(session.clone()), ..Browser::of(app, desk) };
        let back = browser.open(service, user, &[]).await;
        tasks.push(Task { code: param(&back, "code").expect("a code"), session });
    }
    tasks
}

/// Works until the tasks or the program end. What is answered is noted, and nothing else.
async fn call(
    serving: &Serving,
    tasks: &Mutex<Vec<Task>>,
    answered: &Mutex<Answered>,
    service: &Service,
    source: &str,
    caller: usize,
) {
    for count in 0..200 {
        if count < REFUSALS {
            let source = format!("{source}.{}", caller * REFUSALS + count);
            if refusal(serving, service, &source).await.is_none() {
                return;
            }
            answered.lock().unwrap().refused += 1;
        } else if sent(serving.http.get(format!("{}/log/checkpoint", serving.base))).await.is_none() {
            return;
        }
        let Some(task) = tasks.lock().unwrap().pop() else { continue };
        if work(serving, answered, service, &task).await.is_none() {
            return;
        }
    }
}

async fn work(serving: &Serving, answered: &Mutex<Answered>, service: &Service, task: &Task) -> Option<()> {
    let (status, tokens) = token(serving, service, &service.secret, &task.code, "127.0.0.1").await?;
    assert_eq!(status, 200, "{tokens}");
    let use_id = of_use(&tokens);
    {
        let mut answered = answered.lock().unwrap();
        answered.redeemed.push(use_id.clone());
        answered.codes.push(task.code.clone());
    }
    let access = tokens["access_token"].as_str().expect("a token").to_owned();
    let (status, body) =
        sent(serving.http.get(format!("{}/userinfo", serving.base)).bearer_auth(access)).await?;
    assert_eq!(status, 200, "{body}");
    answered.lock().unwrap().told.push(use_id.clone());
    let request =
        serving.http.post(format!("{}/uses/end", serving.base)).header("sec-fetch-site", "same-origin");
    let request = request.header("cookie", format!("session={}", task.session)).form(&[("x", "y")]);
    let (status, body) = sent(request).await?;
    assert_eq!(status, 303, "{body}");
    answered.lock().unwrap().ended.push(use_id);
    Some(())
}

async fn refusal(serving: &Serving, service: &Service, source: &str) -> Option<()> {
    let (status, body) = token(serving, service, "another secret", "x", source).await?;
    assert_eq!(status, 401, "{body}");
    Some(())
}

async fn token(
    serving: &Serving,
    service: &Service,
    secret: &str,
    code: &str,
    source: &str,
) -> Option<(u16, Value)> {
    let form =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &service.redirect_uri)];
    let request =
        serving.http.post(format!("{}/token", serving.base)).basic_auth(&service.client_id, Some(secret));
    let (status, body) = sent(request.header("x-forwarded-for", source).form(&form)).await?;
    Some((status, serde_json::from_str(&body).expect("JSON")))
}

/// Status and whole body; none when the program went away first.
async fn sent(request: reqwest::RequestBuilder) -> Option<(u16, String)> {
    let answer = request.send().await.ok()?;
    Some((answer.status().as_u16(), answer.text().await.ok()?))
}

/// The use an ID token speaks of.
fn of_use(tokens: &Value) -> String {
    let part =
        tokens["id_token"].as_str().expect("an ID token").split('.').nth(1).expect("claims").to_owned();
    let claims = data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["sid"].as_str().expect("a use").to_owned()
}

/// What holds at every moment, a kill included.
async fn check(app: &TestApp, answered: &Answered) {
    let store = &app.app.store;
    let written = [
        ("code.redeemed", &answered.redeemed),
        ("userinfo.given", &answered.told),
        ("use.ended", &answered.ended),
    ];
    for (kind, acknowledged) in written {
        let written =
            ids(app, "SELECT use_id FROM entry WHERE kind = $1 AND use_id IS NOT NULL", &[kind]).await;
        for one in acknowledged {
            assert_eq!(
                written.iter().filter(|id| *id == one).count(),
                1,
                "{kind} of {one}, answered, is in the log once"
            );
        }
    }
    // An act and its entry are there together or not at all.
    let ended = ids(app, "SELECT id FROM use_session WHERE ended_at IS NOT NULL ORDER BY id", &[]).await;
    let written = ids(app, "SELECT use_id FROM entry WHERE kind = 'use.ended' ORDER BY use_id", &[]).await;
    assert_eq!(ended, written);
    let refused = number(store, "SELECT COUNT(*) FROM entry WHERE kind = 'client.refused'").await;
    let counted = counted(app).await;
    assert!(
        refused + counted >= answered.refused,
        "{refused} refusals written and {counted} counted, {} answered",
        answered.refused
    );

    // Each redeemed code has its entry and its token, and no code is redeemed otherwise.
    let tokens = number(store, "SELECT COUNT(*) FROM access_token").await;
    assert_eq!(number(store, "SELECT COUNT(*) FROM entry WHERE kind = 'code.redeemed'").await, tokens);
    assert_eq!(
        number(store, "SELECT COUNT(*) FROM authorization_code WHERE redeemed_at IS NOT NULL").await,
        tokens
    );

    // Every entry waits or has its place, never both or neither; places and sequences have no gap.
    let lost = "SELECT COUNT(*) FROM entry e WHERE \
        (SELECT COUNT(*) FROM log_leaf l WHERE l.entry_id = e.id) + (SELECT COUNT(*) FROM entry_pending p WHERE p.entry_id = e.id) <> 1";
    assert_eq!(number(store, lost).await, 0, "an entry lost, or placed twice");
    let gaps = "SELECT COUNT(*) FROM (SELECT mandate_id FROM entry WHERE mandate_id IS NOT NULL GROUP BY mandate_id \
        HAVING MAX(mandate_sequence) - MIN(mandate_sequence) + 1 <> COUNT(*) OR MIN(mandate_sequence) > 2) AS gaps";
    assert_eq!(number(store, gaps).await, 0, "a mandate's entries are numbered without a gap");
    let leaves = placed(store).await;
    for (wanted, (place, _)) in leaves.iter().enumerate() {
        assert_eq!(usize::try_from(*place).unwrap(), wanted, "places are gapless");
    }
    // Each head that was ever published is one of the tree as it stands, and this node's memory is no older.
    let leaves: Vec<Hash> = leaves.iter().map(|(_, hash)| Hash::from_slice(hash).unwrap()).collect();
    let mut newest = 0;
    for (size, root) in rows(store, "SELECT size, root FROM log_checkpoint ORDER BY size").await {
        newest = usize::try_from(size).unwrap();
        assert_eq!(root, root_of(&leaves[..newest]).bytes(), "the head of {size} lines");
    }
    let keeper = Keeper::new("test", HeadFile::new(&app.app.config.log.head_file));
    let remembered =
        keeper.examine(&app.app).await.expect("the database holds the head this node signed last");
    assert!(
        remembered.map_or(0, |head| usize::try_from(head.size).unwrap()) >= newest,
        "remembered before published"
    );
}

/// Refusals beyond what is copied in a minute: those told in an entry, and those that still wait for theirs.
async fn counted(app: &TestApp) -> i64 {
    let store = &app.app.store;
    let waiting =
        "SELECT CAST(COALESCE(SUM(left_out), 0) AS BIGINT) FROM refusal_count WHERE kind = 'client.refused'";
    let mut counted = number(store, waiting).await;
    let told = "SELECT COUNT(*) OVER (), leaf FROM entry WHERE kind = 'refusals.counted'";
    for (_, leaf) in rows(store, told).await {
        let leaf: Value = serde_json::from_slice(&leaf).expect("a leaf");
        assert_eq!(leaf["facts"]["of"], "client.refused", "{leaf}");
        counted += leaf["facts"]["refusals"].as_i64().expect("a number");
    }
    counted
}

/// Ids of whatever kind a query gives.
async fn ids(app: &TestApp, sql: &'static str, bound: &[&'static str]) -> Vec<String> {
    use entremise::store::{Access, StoreError, Tx};
    let found: Result<Vec<EntryId>, StoreError> = entremise::view!(app.app.store, tx => {
        let found = match Access::tx(tx) {
            Tx::Pg(c) => {
                let query = bound.iter().fold(sqlx::query_scalar(sql), |query, value| query.bind(*value));
                query.fetch_all(&mut **c).await
            }
            Tx::Lite(c) => {
                let query = bound.iter().fold(sqlx::query_scalar(sql), |query, value| query.bind(*value));
                query.fetch_all(&mut **c).await
            }
        };
        found.map_err(StoreError::from)
    });
    found.expect(sql).iter().map(ToString::to_string).collect()
}

/// Left alone, the program places and signs everything; what was spent stays spent.
async fn finish(app: &TestApp, program: &Program, service: &Service, answered: &Answered) {
    crate::log::force(&app.app.store, "DELETE FROM lease").await.unwrap();
    let serving = program.serve().await;
    for code in answered.codes.iter().rev().take(5) {
        let (status, body) =
            token(&serving, service, &service.secret, code, "127.0.0.1").await.expect("answered");
        assert!(status == 400 && body["error"] == "invalid_grant", "a code works once: {body}");
    }
    let unsigned =
        "SELECT (SELECT COUNT(*) FROM entry) - COALESCE((SELECT MAX(size) FROM log_checkpoint), 0)";
    for _ in 0..600 {
        if number(&app.app.store, unsigned).await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(number(&app.app.store, unsigned).await, 0, "every entry is under a signed head");
    assert_eq!(serving.stop(), Some(0));
    assert_sound(&app.app.store).await;
    check(app, answered).await;
}
