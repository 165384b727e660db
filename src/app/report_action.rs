//! A service says what it did under an access token. It is written in the log, and so in the story of the mandate, once
//! per key of the service's own; what the grant does not cover is refused, and that is written too.
use serde_json::json;

use crate::domain::ids::RowId;
use crate::domain::secret::{HashedToken, PlainToken};
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::oidc::provider::dpop::{BadProof, Call};
use crate::oidc::provider::error::ResourceError;
use crate::oidc::provider::report::{BadReport, Report, key};
use crate::store::reported_action::{self, ReportRow};
use crate::store::token::{self, TokenRow};
use crate::store::{AsStoreError, StoreError, WriteTx};
use crate::transact;

use super::App;
use super::caller::CHARTER_VERSION;
use super::give_userinfo::{not_proven, shown};
use super::record::{self, RecordError};
use super::redeem_code::exchange::entry;
use super::shown_once;

/// What the service is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub id: String,
    /// Seconds since 1970.
    pub recorded_at: i64,
    /// Whether this is the answer to a report that was taken before.
    pub again: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Refused(#[from] ResourceError),
    #[error(transparent)]
    Bad(#[from] BadReport),
    #[error("the mandate does not cover it")]
    Beyond,
    #[error("the key was used for another report")]
    Conflict,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl AsStoreError for ReportError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// What became of a report whose token is known.
enum Outcome {
    Taken(Receipt),
    Refused(Box<Draft>, ReportError),
}

/// Takes a report, or says why not.
pub async fn report(
    app: &App,
    call: Call<'_>,
    authorization: Option<&str>,
    own_key: Option<&str>,
    body: &[u8],
    source: &str,
) -> Result<Receipt, ReportError> {
    let (shown, once) = match shown(app, call, authorization, None)? {
        Ok(shown) => shown,
        Err(error) => {
            record::refuse(app, not_proven(Kind::ActionReported, error), source).await?;
            return Err(ResourceError::from(error).into());
        }
    };
    let hash = shown.hash();
    let asked = key(own_key).and_then(|key| Ok((key, Report::parse(body)?)));
    let outcome = transact!(app.store, "report_action", tx => {
        let row = token::find(tx, &[&hash], app.now(), CHARTER_VERSION).await?.pop();
        let Some(row) = row else {
            let draft = Draft::refused(Kind::ActionReported, "unknown_token").by_role(Role::Nobody);
            return Ok(Outcome::Refused(Box::new(draft), ResourceError::InvalidToken.into()));
        };
        if row.dpop_jkt.as_deref() != once.jkt() {
            return Ok(refused(&row, "not_its_key", ResourceError::InvalidToken.into()));
        }
        if shown_once::spend(tx, &[Some(&once)]).await?.iter().any(Option::is_some) {
            let draft = not_proven(Kind::ActionReported, BadProof::Spent);
            return Ok(Outcome::Refused(Box::new(draft), ResourceError::from(BadProof::Spent).into()));
        }
        if !row.alive {
            return Ok(refused(&row, "not_in_force", ResourceError::InvalidToken.into()));
        }
        match &asked {
            Ok((key, report)) => take(app, tx, &row, key, report, body).await,
            Err(bad) => Ok(refused(&row, "bad_request", (*bad).into())),
        }
    })?;
    match outcome {
        Outcome::Taken(receipt) => Ok(receipt),
        Outcome::Refused(draft, error) => {
            record::refuse(app, *draft, source).await?;
            Err(error)
        }
    }
}

fn refused(row: &TokenRow, reason: &str, error: ReportError) -> Outcome {
    let draft = entry(Draft::refused(Kind::ActionReported, reason), &row.standing, row.client_id);
    Outcome::Refused(Box::new(draft), error)
}

async fn take(
    app: &App,
    tx: &mut WriteTx,
    row: &TokenRow,
    key: &str,
    report: &Report,
    body: &[u8],
) -> Result<Outcome, ReportError> {
    let (now, standing) = (app.now(), &row.standing);
    let key_hash = PlainToken::presented(key).hash();
    let content_hash = content(row, body);
    if let Some(before) = reported_action::find(tx, row.client_id, &key_hash).await? {
        return Ok(if before.content_hash == content_hash {
            Outcome::Taken(receipt(&before, true))
        } else {
            refused(row, "key_reused", ReportError::Conflict)
        });
    }
    if report.domain.as_ref().is_some_and(|domain| *domain != standing.domain) {
        return Ok(refused(row, "other_domain", ReportError::Beyond));
    }
    if !report.access.is_within(&standing.access) {
        return Ok(refused(row, "beyond_access", ReportError::Beyond));
    }
    let mut details = json!({ "label": report.label });
    if let (Some(reference), Some(details)) = (&report.reference, details.as_object_mut()) {
        details.insert("reference".to_owned(), json!(reference));
    }
    let draft = entry(Draft::done(Kind::ActionReported), standing, row.client_id)
        .fact("type", report.kind.as_str())
        .fact("access", report.access.name())
        .fact("result", report.outcome)
        .part(PartKind::Details, details);
    let entry = record::record(app, tx, draft).await?.id;
    // The entry holds the mandate: what ended meanwhile is seen now, or ends after.
    if !token::is_in_force(tx, standing.use_id, now, CHARTER_VERSION).await? {
        return Err(StoreError::Overtaken.into());
    }
    let id = RowId::new(now, &*app.entropy);
    let (client_id, use_id) = (row.client_id, standing.use_id);
    let kept = ReportRow { id, client_id, use_id, key_hash, content_hash, reported_at: now };
    if !reported_action::insert(tx, &kept, entry).await? {
        return Err(StoreError::Overtaken.into());
    }
    Ok(Outcome::Taken(receipt(&kept, false)))
}

/// What a key stands for: these very bytes, said of this use.
fn content(row: &TokenRow, body: &[u8]) -> HashedToken {
    HashedToken::of_parts(&[row.standing.use_id.as_bytes(), body])
}

fn receipt(row: &ReportRow, again: bool) -> Receipt {
    Receipt { id: row.id.to_string(), recorded_at: row.reported_at.unix(), again }
}
