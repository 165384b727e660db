//! `log witness`: a witness of logs (C2SP tlog-witness), for an auditor or another structure. Needs nothing of the service:
//! its own key, a file that remembers the last head of each log, the keys of the logs it watches.
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum_server::Handle;
use clap::Args;
use http::{StatusCode, header};

use crate::app::context::SystemClock;
use crate::crypto::keyring;
use crate::crypto::random::SystemEntropy;
use crate::domain::time::Clock;
use crate::jobs::head::replace;
use crate::log::checkpoint::Checkpoint;
use crate::log::cosignature::{WitnessKey, cosign};
use crate::log::note::{LogSigner, NoteKey, SignedNote};
use crate::log::token::Token;
use crate::log::witness::{Refusal, SIZE_TYPE, Submission};

use super::people::refused;
use super::serve::stop_on_signal;
use super::{Failure, say, start};

/// Longest submission that is read.
const LONGEST: usize = 256 * 1024;

#[derive(Args)]
pub(super) struct Options {
    /// Name of this witness: a host and a path, without a scheme.
    #[arg(long)]
    name: Token,
    /// File of its key; made when it does not exist.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// File that remembers the last head of each log. Never restored from an older copy.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Begin without memory although the key was used before: whatever each log shows first is vouched for.
    #[arg(long)]
    begin_anew: bool,
    /// Public key of a log to watch (`log key`); may be repeated.
    #[arg(long = "log", required = true, value_name = "KEY")]
    logs: Vec<NoteKey>,
    /// Address to listen on, behind a proxy that speaks TLS.
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDRESS")]
    listen: SocketAddr,
}

/// What it vouched for last, by the origin of the log: signed notes.
type Memory = BTreeMap<String, String>;

struct Witness {
    signer: LogSigner,
    logs: Vec<NoteKey>,
    file: PathBuf,
    /// Held from the comparison to the durable write, so that no two answers contradict each other.
    memory: Mutex<Memory>,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    start::journal();
    let begins = options.begin_anew || !options.key.exists();
    let seed = keyring::own_seed(&options.key, &SystemEntropy)?;
    let signer = LogSigner::from_seed(options.name.clone(), seed.bytes()).map_err(refused)?;
    let key = WitnessKey::new(signer.origin().clone(), *signer.key().public());
    let witness = Witness {
        signer,
        logs: options.logs.clone(),
        memory: Mutex::new(remembered(&options.state, begins)?),
        file: options.state.clone(),
    };
    start::block_on(async {
        let routes = Router::new()
            .route("/add-checkpoint", post(add))
            .layer(DefaultBodyLimit::max(LONGEST))
            .with_state(Arc::new(witness));
        let socket = std::net::TcpListener::bind(options.listen)?;
        socket.set_nonblocking(true)?;
        say(&format!("witness {key}"));
        say(&format!("listening on http://{}", socket.local_addr()?));
        let handle = Handle::new();
        tokio::spawn(stop_on_signal(handle.clone()));
        axum_server::from_tcp(socket)?.handle(handle).serve(routes.into_make_service()).await?;
        Ok(())
    })
}

/// What was vouched for. A key that has vouched before and remembers nothing would vouch for a log rewritten since.
fn remembered(file: &PathBuf, begins: bool) -> Result<Memory, Failure> {
    let wrong = |error: &dyn std::fmt::Display| refused(format!("{}: {error}", file.display()));
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| wrong(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && begins => {
            let memory = Memory::new();
            let bytes = serde_json::to_vec_pretty(&memory).map_err(|error| wrong(&error))?;
            replace(file, &bytes).map_err(|error| wrong(&error))?;
            Ok(memory)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(wrong(
            &"this key has vouched for heads, and what for is not there. Bring the file back; or hold each log against a checkpoint kept elsewhere, tell those who rely on this witness, and give --begin-anew",
        )),
        Err(error) => Err(wrong(&error)),
    }
}

async fn add(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    // The file is written while others wait: not on a thread that answers.
    let answer = tokio::task::spawn_blocking(move || witness.answer(&body)).await;
    match answer {
        Ok(Ok(line)) => line.into_response(),
        Ok(Err(Answer::Refused(refusal))) => {
            tracing::warn!(%refusal, "not vouched for");
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let tells_size = matches!(refusal, Refusal::Conflict(_) | Refusal::Forked(_));
            let kind = if tells_size { SIZE_TYPE } else { "text/plain; charset=utf-8" };
            (status, [(header::CONTENT_TYPE, kind)], refusal.body()).into_response()
        }
        Ok(Err(Answer::Failed(error))) => {
            tracing::error!(%error, "the memory of the witness cannot be read or written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

enum Answer {
    Refused(Refusal),
    Failed(String),
}

impl Witness {
    /// The line of its cosignature, durably remembered before it is given.
    fn answer(&self, body: &[u8]) -> Result<String, Answer> {
        let text = std::str::from_utf8(body).map_err(|_| Answer::Refused(Refusal::Malformed("not text")))?;
        let submission: Submission = text.parse().map_err(Answer::Refused)?;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = submission.origin().and_then(|origin| memory.get(origin));
        let latest = latest.map(|note| read(note)).transpose().map_err(Answer::Failed)?;
        let next = submission.judge(&self.logs, latest.as_ref()).map_err(Answer::Refused)?;
        let line = cosign(&submission.head, &self.signer, SystemClock.now());
        let mut after = memory.clone();
        after.insert(next.origin.to_string(), submission.head.to_string());
        let bytes = serde_json::to_vec_pretty(&after).map_err(|error| Answer::Failed(error.to_string()))?;
        replace(&self.file, &bytes).map_err(|error| Answer::Failed(error.to_string()))?;
        *memory = after;
        Ok(format!("{line}\n"))
    }
}

fn read(note: &str) -> Result<Checkpoint, String> {
    let note: SignedNote = note.parse().map_err(|error: crate::log::note::NoteError| error.to_string())?;
    note.text().parse().map_err(|error: crate::log::checkpoint::CheckpointError| error.to_string())
}
