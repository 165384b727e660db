//! Submits signed heads to the witnesses of the policy (C2SP tlog-witness). A witness that does not answer is asked again
//! after a growing delay; one that saw what this log does not hold raises an alarm.
use std::collections::{BTreeMap, HashMap};
use std::time::Duration as Wait;

use time::Duration;

use crate::app::tree::{self as stored, TreeError};
use crate::app::witnessing::{self, LOG_WITNESS, UNWITNESSED_FOR, WITNESS_CONTRADICTS};
use crate::app::{App, alarms};
use crate::domain::time::Timestamp;
use crate::log::note::{NoteError, SignatureLine, SignedNote};
use crate::log::policy::{Policy, Witness};
use crate::log::witness::{SIZE_TYPE, Submission};
use crate::store::{StoreError, cosignature, epoch, lease, tree};
use crate::{transact, view};

/// An answer takes no longer.
const PATIENCE: Wait = Wait::from_secs(10);
/// Between two attempts after failures: doubled each time, up to the longest.
const RETRY: Duration = Duration::seconds(10);
const LONGEST_RETRY: Duration = Duration::minutes(10);
/// Longest answer that is read.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Why a witness did not vouch for a head.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error("it does not answer: {0}")]
    Silent(String),
    #[error("it answered {status}: {body}")]
    Refused { status: u16, body: String },
    #[error("its answer is not its own cosignature of this head: {0}")]
    Answer(String),
    #[error("it saw a head of {seen} entries, this log has {ours}: the database was rolled back")]
    Ahead { seen: u64, ours: u64 },
    #[error("it says that this head does not extend the one it saw before: the log was rewritten")]
    Contradicted,
}

/// Asks the witnesses of one policy.
#[derive(Debug)]
pub struct Witnesses {
    holder: String,
    policy: Policy,
    http: reqwest::Client,
    /// When to ask again, after how many failures, by the witness's name.
    again: HashMap<String, (Timestamp, u32)>,
    /// What a witness saw and this log does not hold, by the witness's name; with the beginning of the epoch in which it
    /// said so, since the heads of another are of another log.
    contradicted: BTreeMap<String, (i64, String)>,
    /// Since when no head has had the cosignatures that the policy wants.
    lacking_since: Option<Timestamp>,
}

/// A head to submit.
pub(super) struct Head {
    pub(super) size: u64,
    note: SignedNote,
    /// Leaves kept from the former epoch: heads up to there are of another log for witnesses.
    pub(super) after: i64,
}

pub(super) fn client() -> Result<reqwest::Client, NoteError> {
    let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
    http.build().map_err(|_| NoteError::Malformed("no HTTP client"))
}

impl Witnesses {
    pub fn new(holder: impl Into<String>, policy: Policy) -> Result<Self, NoteError> {
        let http = client()?;
        let (again, contradicted) = (HashMap::new(), BTreeMap::new());
        Ok(Self { holder: holder.into(), policy, http, again, contradicted, lacking_since: None })
    }

    /// One round: submits the latest head to every witness that has not seen it and is due; says how many vouched for it
    /// now. One node at a time does it.
    pub async fn round(&mut self, app: &App) -> Result<usize, StoreError> {
        let now = app.now();
        let mine = transact!(app.store, "hold_witnesses", tx => {
            lease::hold(tx, "witnesses", &self.holder, now, now + Duration::seconds(60)).await
        })?;
        let Some(head) = latest(app).await?.filter(|_| mine) else { return Ok(0) };
        let mut vouched = 0;
        self.contradicted.retain(|name, (after, _)| {
            *after == head.after
                && self.policy.witnesses.iter().any(|witness| witness.key.name().as_str() == name)
        });
        for witness in self.policy.witnesses.clone() {
            let name = witness.key.name().to_string();
            if self.again.get(&name).is_some_and(|(due, _)| now < *due) {
                continue;
            }
            match submit(app, &self.http, &witness, &head).await {
                Ok(new) => {
                    vouched += usize::from(new);
                    self.again.remove(&name);
                    self.contradicted.remove(&name);
                }
                Err(WitnessError::Store(error)) => return Err(error),
                Err(error) => self.failed(app, &name, &head, &error),
            }
        }
        self.alarm(app).await?;
        Ok(vouched)
    }

    fn failed(&mut self, app: &App, name: &str, head: &Head, error: &WitnessError) {
        let failures = self.again.get(name).map_or(0, |(_, failures)| *failures).saturating_add(1);
        let wait = (RETRY * 2_i32.saturating_pow(failures.min(16) - 1)).min(LONGEST_RETRY);
        tracing::warn!(witness = name, failures, %error, "a witness did not vouch for the head");
        self.again.insert(name.to_owned(), (app.now() + wait, failures));
        if matches!(error, WitnessError::Ahead { .. } | WitnessError::Contradicted) {
            let told = format!("the witness {name}: {error}");
            self.contradicted.insert(name.to_owned(), (head.after, told));
        }
    }

    async fn alarm(&mut self, app: &App) -> Result<(), StoreError> {
        let standing = witnessing::standing(app, &self.policy).await?;
        let now = app.now();
        // Of a log at work the latest head is always young: what counts is since when none was witnessed.
        self.lacking_since = match standing.head {
            Some((_, at)) if !standing.enough => self.lacking_since.or(Some(at)),
            _ => None,
        };
        let size = standing.head.map_or(0, |(size, _)| size);
        let late = self.lacking_since.filter(|since| *since + UNWITNESSED_FOR < now);
        let lacking = late.map(|since| format!("not witnessed: the head of {size} entries, since {since}"));
        let contradicted = self.contradicted.values().next().map(|(_, told)| told.clone());
        // What a former process was told may still hold as long as not every witness was heard by this one.
        let settled = self.again.is_empty();
        let alarms = [(WITNESS_CONTRADICTS, contradicted, settled), (LOG_WITNESS, lacking, standing.enough)];
        let known = alarms::standing(app).await?;
        for (name, told, over) in alarms {
            let stands = known.iter().any(|alarm| alarm.name == name);
            match told {
                Some(detail) => {
                    transact!(app.store, "raise_witness", tx => { tree::raise(tx, name, &detail, now).await })?;
                }
                None if stands && over => {
                    transact!(app.store, "clear_witness", tx => { tree::clear(tx, name).await })?;
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// How much of the log a witness saw, asked about a signed head of ours of that size; `None` when it is reached otherwise.
pub(super) async fn size_seen(
    http: &reqwest::Client,
    witness: &Witness,
    head: &SignedNote,
    size: u64,
) -> Result<Option<u64>, WitnessError> {
    let Some(url) = &witness.url else { return Ok(None) };
    let body = Submission { old: size, proof: Vec::new(), head: head.clone() }.to_string();
    match ask(http, url, body).await? {
        Answer::Vouched(_) => Ok(Some(size)),
        Answer::Saw(seen) => Ok(Some(seen)),
        Answer::Contradicted => Err(WitnessError::Contradicted),
    }
}

pub(super) async fn latest(app: &App) -> Result<Option<Head>, StoreError> {
    view!(app.store, tx => {
        let Some(row) = tree::latest_checkpoint(tx).await? else { return Ok(None) };
        let after = epoch::latest(tx).await?.map_or(0, |epoch| epoch.kept);
        let corrupt = |bad: NoteError| StoreError::Corrupt(format!("the latest head: {bad}"));
        let size = u64::try_from(row.size).unwrap_or(0);
        Ok(Some(Head { size, note: row.note.parse().map_err(corrupt)?, after }))
    })
}

/// Asks one witness; true when it vouched for a head it had not seen.
async fn submit(
    app: &App,
    http: &reqwest::Client,
    witness: &Witness,
    head: &Head,
) -> Result<bool, WitnessError> {
    let Some(url) = &witness.url else { return Ok(false) };
    let name = witness.key.name().as_str();
    let seen = view!(app.store, tx => { cosignature::latest(tx, name, head.after).await })?;
    let old = seen.map_or(0, |row| u64::try_from(row.size).unwrap_or(0));
    if old == head.size {
        return Ok(false);
    }
    vouch(app, http, witness, url, head, old).await
}

/// Asks a witness that may have vouched for `old` leaves last to vouch for this head.
pub(super) async fn vouch(
    app: &App,
    http: &reqwest::Client,
    witness: &Witness,
    url: &str,
    head: &Head,
    mut old: u64,
) -> Result<bool, WitnessError> {
    // Asked twice at most: what it saw last may not be what we remember.
    for first in [true, false] {
        let size = head.size;
        let proof = if old == 0 {
            Vec::new()
        } else {
            view!(app.store, tx => { stored::consistency(tx, old, size).await })?
        };
        let body = Submission { old, proof, head: head.note.clone() }.to_string();
        match ask(http, url, body).await? {
            Answer::Vouched(lines) => {
                keep(app, witness, head, &lines).await?;
                return Ok(true);
            }
            Answer::Saw(seen) if seen > size => return Err(WitnessError::Ahead { seen, ours: size }),
            Answer::Saw(seen) if first && seen != old => old = seen,
            Answer::Saw(_) | Answer::Contradicted => return Err(WitnessError::Contradicted),
        }
    }
    Err(WitnessError::Contradicted)
}

enum Answer {
    Vouched(String),
    Saw(u64),
    Contradicted,
}

async fn ask(http: &reqwest::Client, url: &str, body: String) -> Result<Answer, WitnessError> {
    let silent = |error: reqwest::Error| WitnessError::Silent(error.to_string());
    let mut answer = http.post(format!("{url}/add-checkpoint")).body(body).send().await.map_err(silent)?;
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let tells_size = kind.split(';').next() == Some(SIZE_TYPE);
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(silent)? {
        bytes.extend(chunk);
        if bytes.len() > LONGEST_ANSWER {
            return Err(WitnessError::Answer("too long".to_owned()));
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| WitnessError::Answer("not text".to_owned()))?;
    match (status, text.trim_end().parse()) {
        (200, _) => Ok(Answer::Vouched(text)),
        (409, Ok(size)) if tells_size => Ok(Answer::Saw(size)),
        (422, _) => Ok(Answer::Contradicted),
        _ => Err(WitnessError::Refused { status, body: text.chars().take(200).collect() }),
    }
}

/// Keeps the line of this witness, once found right.
async fn keep(app: &App, witness: &Witness, head: &Head, lines: &str) -> Result<(), WitnessError> {
    let wrong = |why: &str| WitnessError::Answer(why.to_owned());
    let mut last = None;
    for line in lines.lines() {
        let Ok(line) = line.parse::<SignatureLine>() else { return Err(wrong("not a signature line")) };
        let mut note = head.note.clone();
        note.push(line.clone());
        match witness.key.check(&note) {
            Ok(at) => last = Some((line, at)),
            Err(error) => tracing::debug!(%error, "a line of a witness's answer is passed over"),
        }
    }
    let (line, at) = last.ok_or_else(|| wrong("no line of the key that the policy gives it"))?;
    let (size, name, line) =
        (i64::try_from(head.size).unwrap_or(i64::MAX), witness.key.name(), line.to_string());
    transact!(app.store, "keep_cosignature", tx => {
        cosignature::put(tx, size, name.as_str(), &line, at).await
    })?;
    Ok(())
}
