//! Mails about acts: queued in the act's own transaction, so that a mail never tells of something that did not
//! happen, and sent afterwards.
use crate::domain::ids::{MandateId, RowId};
use crate::notify::{Mail, MailError, Mailer};
use crate::store::outbox::{self, OutboxRow};
use crate::store::{StoreError, WriteTx};
use crate::{transact, view};

use super::App;

/// How many mails one round of the job sends.
const ROUND: i64 = 50;

#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("sealing a mail: {0}")]
    Seal(#[from] crate::crypto::seal::SealError),
}

/// What carries mails away.
#[derive(Debug)]
pub enum Carrier {
    Smtp(Box<Mailer>),
    /// The demonstration: the page `/demo` is everyone's mailbox.
    Mailbox,
}

impl Carrier {
    async fn carry(&self, mail: &Mail) -> Result<(), MailError> {
        match self {
            Self::Smtp(mailer) => mailer.send(mail).await,
            Self::Mailbox => Ok(()),
        }
    }
}

/// Queues a mail within the transaction of the act. `notice` names it, so that it is sent once.
pub async fn queue(app: &App, tx: &mut WriteTx, mail: &Mail, notice: &str) -> Result<(), NoticeError> {
    let now = app.now();
    let id = RowId::new(now, &*app.entropy);
    let sealed = app.sealer.seal_json(outbox::place(&id), mail)?;
    outbox::push(tx, id, &sealed, notice, now).await?;
    Ok(())
}

/// The notice that a mandate was signed.
pub(super) fn signed_notice(mandate: MandateId) -> String {
    format!("mandate-signed:{mandate}")
}

/// How the notices of what ended of a mandate begin.
pub(super) fn ended_notice(mandate: MandateId) -> String {
    format!("mandate-ended:{mandate}:")
}

/// Removes what was written, or is to be written, to the user about a mandate.
pub(super) async fn forget(tx: &mut WriteTx, mandate: MandateId) -> Result<(), StoreError> {
    outbox::forget(tx, &signed_notice(mandate), &ended_notice(mandate)).await?;
    Ok(())
}

/// Sends what is due; returns how many mails left. A mail is claimed before it is sent, so that two nodes do not
/// send it twice; a node that dies in between sends it again later (at least once).
pub async fn send_due(app: &App, carrier: &Carrier) -> Result<usize, NoticeError> {
    let now = app.now();
    let due = view!(app.store, tx => { outbox::due(tx, now, ROUND).await })?;
    let mut sent = 0;
    for row in due {
        let again = now + outbox::backoff(row.attempts);
        let claimed: Result<bool, StoreError> = transact!(app.store, "claim_mail", tx => { outbox::claim(tx, row.id, row.attempts, again).await });
        if claimed? && send_one(app, carrier, &row).await? {
            sent += 1;
        }
    }
    Ok(sent)
}

async fn send_one(app: &App, carrier: &Carrier, row: &OutboxRow) -> Result<bool, NoticeError> {
    let mail: Mail = app.sealer.open_json(outbox::place(&row.id), &row.message_sealed)?;
    let outcome = carrier.carry(&mail).await;
    let now = app.now();
    match outcome {
        Ok(()) => {
            transact!(app.store, "mail_sent", tx => { outbox::sent(tx, row.id, now).await })?;
            Ok(true)
        }
        Err(cause) => {
            let given_up = cause.is_lasting() || row.attempts + 1 >= outbox::MAX_ATTEMPTS;
            tracing::warn!(mail = %row.id, %cause, given_up, "mail not sent");
            if given_up {
                transact!(app.store, "mail_failed", tx => { outbox::failed(tx, row.id, now).await })?;
            }
            Ok(false)
        }
    }
}

/// The last mails sent, newest first, opened: the mailbox of the demonstration.
pub async fn mailbox(app: &App, most: i64) -> Result<Vec<Mail>, NoticeError> {
    let rows = view!(app.store, tx => { outbox::newest(tx, most).await })?;
    rows.iter().map(|row| Ok(app.sealer.open_json(outbox::place(&row.id), &row.message_sealed)?)).collect()
}
