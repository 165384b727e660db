//! The program is killed in the middle of its work, as by a power cut or the kernel, and started again: whatever it had
//! answered is there with its entry, and nothing is half there.
use std::sync::{Arc, Mutex};
use std::time::Duration;

use entremise::app::App;
use entremise::app::context::SystemClock;
use entremise::domain::ids::{EntryId, UserId};
use entremise::domain::time::Clock;
use entremise::jobs::head::HeadFile;
use entremise::jobs::keeper::Keeper;
use entremise::log::merkle::{Hash, root_of};
use serde_json::Value;

use crate::flows::mandate_support::{Desk, josette, person};
use crate::flows::provider::{Browser, param};
use crate::log::{assert_sound, latest_user, number, placed, rows};
use crate::support::TestApp;
use crate::support::program::{Program, Serving, bare, finish as ended};
use crate::support::services::{self, Service};

/// Callers at the same time.
const CALLERS: usize = 6;
/// Services opened in one round, each in a browser of its own.
const CODES: usize = 16;

/// Requests with a wrong secret that each caller makes in a round.
const REFUSALS: usize = 4;

fn rounds() -> usize {
    if is_long() { 300 } else { 20 }
}

fn is_long() -> bool {
    std::env::var_os("TESTS_LONG").is_some()
}

/// A round in which the lease of the program just killed is left to run out, and another takes the log over under load.
/// In a short run this is played once, at the end.
fn takes_over(round: usize) -> bool {
    is_long() && round % 20 == 19
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
    /// Mandates signed and revoked, by their references.
    signed: Vec<String>,
    revoked: Vec<String>,
}

/// A thing to do in a round, with the aidant's session in which it is done.
enum Task {
    /// Redeem a code, ask for the identity, end the use.
    Use {
        code: String,
        session: String,
    },
    Sign {
        reference: String,
        code: String,
        session: String,
    },
    Revoke {
        reference: String,
        session: String,
    },
}

/// A mandate that the product itself made, from its proposal to its signature.
struct Mandate {
    reference: String,
    user: UserId,
}

on_both_engines! {
    async fn whatever_was_answered_survives_kill_9(app: TestApp) {
        // The program has the machine's clock. A code serves once: signing for each round takes half a minute each.
        let before = time::Duration::seconds(40 * i64::try_from(rounds()).unwrap() + 600);
        app.clock.set(SystemClock.now() - before);
        let desk = Desk::open(app).await;
        let app = &desk.app;
        let service = app.service("impots", |_| {}).await;
        let mut mandates = Vec::new();
        for round in 0..rounds() {
            mandates.push(signed(&desk, round).await);
        }
        let program = Program::beside(app);
        let answered = Arc::new(Mutex::new(Answered::default()));
        let mut signed_at = SystemClock.now() - time::Duration::minutes(1);
        for (round, mandate) in mandates.iter().enumerate() {
            app.clock.set(SystemClock.now());
            let mut tasks = prepare(&desk, &service, mandate).await;
            // The mandate of the round before was used; it is revoked while this one is.
            if let Some(former) = round.checked_sub(1).and_then(|former| mandates.get(former)) {
                tasks.insert(tasks.len() - 2, Task::Revoke { reference: former.reference.clone(), session: session(&desk).await });
            }
            if SystemClock.now().since(signed_at) > time::Duration::seconds(31) {
                signed_at = SystemClock.now();
                tasks.push(to_sign(&desk, round).await);
            }
            if !takes_over(round) {
                // Otherwise the log waits some seconds until the lease of the program just killed has run out.
                crate::log::force(&app.app.store, "DELETE FROM lease").await.unwrap();
            }
            play(&desk, &program, &service, tasks, round, &answered).await;
            let so_far = answered.lock().unwrap().clone();
            check(app, &so_far).await;
        }
        let answered = answered.lock().unwrap().clone();
        let done = [&answered.redeemed, &answered.told, &answered.ended, &answered.revoked, &answered.signed];
        assert!(
            done.iter().all(|one| !one.is_empty()) && answered.refused > 0,
            "the program worked before it was killed: {done:?}, {} refused", answered.refused
        );
        finish(app, &program, &service, &answered).await;
    }
}

/// One round: the program is started, called from all sides, and killed.
async fn play(
    desk: &Desk,
    program: &Program,
    service: &Service,
    tasks: Vec<Task>,
    round: usize,
    answered: &Arc<Mutex<Answered>>,
) {
    let (app, placed_before) = (&desk.app, placed(&desk.app.app.store).await.len());
    let signs = tasks.iter().any(|task| matches!(task, Task::Sign { .. }));
    let tasks = Arc::new(Mutex::new(tasks));
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
    let lease = if takes_over(round) { Duration::from_secs(16) } else { Duration::ZERO };
    // Signatures are few: the first is let through, the others are cut off wherever they are.
    let first = signs && answered.lock().unwrap().signed.is_empty();
    let least = if first { Duration::from_secs(3) } else { Duration::ZERO };
    tokio::time::sleep(lease + moment(&app.app).max(least)).await;
    serving.kill();
    for caller in callers {
        caller.await.expect("a caller only ever sees a connection that ends");
    }
    // PostgreSQL may still be finishing a commit whose client is gone.
    tokio::time::sleep(Duration::from_millis(150)).await;
    if takes_over(round) {
        assert!(placed(&app.app.store).await.len() > placed_before, "the log was taken over");
    }
}

/// Some time in the first second and a half: answers, sequencing and signing are all under way by then.
fn moment(app: &App) -> Duration {
    let mut bytes = [0; 2];
    app.entropy.fill(&mut bytes);
    Duration::from_millis(50 + u64::from(u16::from_le_bytes(bytes)) % 1_450)
}

/// Somebody else in each round.
fn user(round: usize) -> crate::flows::mandate_support::Person {
    let mut userinfo = josette().userinfo;
    let name: String = round.to_string().bytes().map(|digit| char::from(b'a' + digit - b'0')).collect();
    userinfo["given_name"] = format!("Josette {name}").into();
    person(&format!("user-{round}"), userinfo)
}

async fn signed(desk: &Desk, round: usize) -> Mandate {
    let reference = desk.signed(user(round), &["argent"], "31").await;
    let user = latest_user(desk, "SELECT user_id FROM mandate ORDER BY signed_at DESC LIMIT 1").await;
    Mandate { reference, user }
}

/// A mandate that lacks nothing but its signature.
async fn to_sign(desk: &Desk, round: usize) -> Task {
    let reference = desk.ready(user(rounds() + round), &["argent"], "31").await;
    Task::Sign { reference, code: desk.code(), session: desk.aidant.session.clone() }
}

/// The aidant, signed in once more.
async fn session(desk: &Desk) -> String {
    let session = desk.app.session(desk.aidant.id, Some(desk.structure)).await;
    desk.app.with_card(&ours(desk, &session)).await;
    session
}

fn ours(desk: &Desk, session: &str) -> services::Desk {
    services::Desk {
        structure: desk.structure,
        aidant: desk.aidant.id,
        card: desk.aidant.card_id,
        session: session.to_owned(),
    }
}

/// Codes just given.
async fn prepare(desk: &Desk, service: &Service, mandate: &Mandate) -> Vec<Task> {
    let mut tasks = Vec::new();
    for _ in 0..CODES {
        let session = session(desk).await;
        let mut browser = Browser::of(&desk.app, &ours(desk, &session));
        let back = browser.open(service, mandate.user, &[]).await;
        tasks.push(Task::Use { code: param(&back, "code").expect("a code"), session });
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
    match task {
        Task::Use { code, session } => use_once(serving, answered, service, code, session).await,
        Task::Sign { reference, code, session } => {
            post(serving, &format!("/mandates/{reference}/signature"), session, &[("code", code)]).await?;
            answered.lock().unwrap().signed.push(reference.clone());
            Some(())
        }
        Task::Revoke { reference, session } => {
            post(serving, &format!("/mandates/{reference}/end"), session, &[("by", "user")]).await?;
            answered.lock().unwrap().revoked.push(reference.clone());
            Some(())
        }
    }
}

/// A form of one of our own pages, which leads on.
async fn post(serving: &Serving, path: &str, session: &str, form: &[(&str, &str)]) -> Option<()> {
    let request =
        serving.http.post(format!("{}{path}", serving.base)).header("sec-fetch-site", "same-origin");
    let (status, body) = sent(request.header("cookie", format!("session={session}")).form(form)).await?;
    assert_eq!(status, 303, "{path}: {body}");
    Some(())
}

async fn use_once(
    serving: &Serving,
    answered: &Mutex<Answered>,
    service: &Service,
    code: &str,
    session: &str,
) -> Option<()> {
    let (status, tokens) = token(serving, service, &service.secret, code, "127.0.0.1").await?;
    assert_eq!(status, 200, "{tokens}");
    let use_id = of_use(&tokens);
    {
        let mut answered = answered.lock().unwrap();
        answered.redeemed.push(use_id.clone());
        answered.codes.push(code.to_owned());
    }
    let access = tokens["access_token"].as_str().expect("a token").to_owned();
    let (status, body) =
        sent(serving.http.get(format!("{}/userinfo", serving.base)).bearer_auth(access)).await?;
    assert_eq!(status, 200, "{body}");
    answered.lock().unwrap().told.push(use_id.clone());
    post(serving, "/uses/end", session, &[("x", "y")]).await?;
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
    mandates_and_entries_agree(app, answered).await;
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
        HAVING MAX(mandate_sequence) <> COUNT(*) OR MIN(mandate_sequence) <> 1) AS gaps";
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

/// What was signed or revoked is in the log, and what the log says so of was signed or revoked.
async fn mandates_and_entries_agree(app: &TestApp, answered: &Answered) {
    for (kind, state, acknowledged) in [
        ("mandate.signed", "m.signed_at IS NOT NULL", &answered.signed),
        ("mandate.revoked", "COALESCE(m.end_reason, '') = 'revoked'", &answered.revoked),
    ] {
        for one in acknowledged {
            let of_one = format!(
                "SELECT COUNT(*) FROM mandate m JOIN entry e ON e.mandate_id = m.id \
                 WHERE m.reference = '{one}' AND e.kind = '{kind}' AND e.outcome = 'done' AND {state}"
            );
            assert_eq!(
                number(&app.app.store, of_one.leak()).await,
                1,
                "{kind} of {one}, answered, is in the log once"
            );
        }
        let half = format!(
            "SELECT COUNT(*) FROM mandate m WHERE ({state}) <> EXISTS (SELECT 1 FROM entry e \
             WHERE e.mandate_id = m.id AND e.kind = '{kind}' AND e.outcome = 'done')"
        );
        assert_eq!(number(&app.app.store, half.leak()).await, 0, "{kind}: the act and its entry, or neither");
    }
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

/// Left alone, the program takes the log over, places and signs everything; what was spent stays spent; and what it then
/// gives away is found sound without it.
async fn finish(app: &TestApp, program: &Program, service: &Service, answered: &Answered) {
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
    let bundle = program.path("bundle.jsonl");
    let bundle = bundle.to_str().expect("text");
    program.run(&["log", "export", "--parts", "--output", bundle]).ok();
    let key = app.app.log.signers().first().expect("a key").key().to_string();
    let verdict = ended(bare(&["log", "verify", bundle, "--key", &key]), "").ok();
    assert!(verdict.out.contains("SOUND: ") && !verdict.out.contains("NOT SOUND"), "{verdict:?}");
}
