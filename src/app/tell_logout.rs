//! Services are told that a use of theirs is over (OpenID Connect Back-Channel Logout 1.0): queued with its end, sent
//! within a second or so, tried again for hours.
use futures_util::future::join_all;

use crate::crypto::jwt::Alg;
use crate::domain::ids::{RowId, UseId};
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::outbound::OutboundError;
use crate::oidc::provider::logout::{LOGOUT_TOKEN, LogoutToken};
use crate::store::logout_message::{self, MAX_ATTEMPTS, MessageRow, backoff};
use crate::store::{AsStoreError, StoreError, WriteTx};
use crate::{transact, view};

use super::App;
use super::openid::issuer;
use super::record::{self, RecordError};
use super::signing_keys::{self, KeysError};

/// Messages sent at the same time.
const ROUND: i64 = 32;

#[derive(Debug, thiserror::Error)]
pub enum TellError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl AsStoreError for TellError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            Self::Keys(error) => error.as_store_error(),
        }
    }
}

/// Queues what a service is told of the end of a use, in the transaction that ends it.
pub(super) async fn queue(app: &App, tx: &mut WriteTx, of: UseId, now: Timestamp) -> Result<(), StoreError> {
    logout_message::push(tx, RowId::new(now, &*app.entropy), of, now).await
}

/// Sends what is due; how many services were told. A message is claimed before it is sent, so that two nodes do not
/// both send it; a node that dies in between sends it again later.
pub async fn send_due(app: &App) -> Result<usize, TellError> {
    let now = app.now();
    let due = view!(app.store, tx => { logout_message::due(tx, now, ROUND).await })?;
    // Side by side: one that hangs delays no other.
    let told = join_all(due.iter().map(|row| send_one(app, row, now))).await;
    told.into_iter().try_fold(0, |sum, told| Ok(sum + usize::from(told?)))
}

async fn send_one(app: &App, row: &MessageRow, now: Timestamp) -> Result<bool, TellError> {
    let again = now + backoff(row.attempts);
    let claimed: Result<bool, StoreError> = transact!(app.store, "claim_logout", tx => {
        logout_message::claim(tx, row.id, row.attempts, again).await
    });
    if !claimed? {
        return Ok(false);
    }
    let answered = match &row.uri {
        Some(uri) => {
            let answer =
                app.openid.outbound.post(uri, &[("logout_token", &token(app, row, now).await?)]).await;
            // Back-Channel Logout 1.0 §2.8, and what frameworks answer when there is nothing to say.
            answer.and_then(|status| {
                if matches!(status, 200 | 204) { Ok(()) } else { Err(OutboundError::Status(status)) }
            })
        }
        None => Err(OutboundError::Forbidden),
    };
    let lasting = answered == Err(OutboundError::Forbidden) || row.attempts + 1 >= MAX_ATTEMPTS;
    if let Err(cause) = &answered {
        tracing::warn!(message = %row.id, service = row.client_id, %cause, lasting, "logout not told");
        if !lasting {
            return Ok(false);
        }
    }
    let told = answered.is_ok();
    transact!(app.store, "logout_told", tx => {
        if logout_message::close(tx, row.id, told, app.now()).await? {
            record::record(app, tx, draft(row, told)).await?;
        }
        Ok::<_, TellError>(())
    })?;
    Ok(told)
}

fn draft(row: &MessageRow, told: bool) -> Draft {
    let draft = if told {
        Draft::done(Kind::NoticeSent)
    } else {
        Draft::refused(Kind::NoticeSent, "service_unreachable")
    };
    draft
        .by_role(Role::System)
        .user(row.user_id)
        .structure(row.structure_id)
        .mandate(row.mandate_id)
        .grant(row.grant_id)
        .service(row.service)
        .use_id(row.use_id)
        .on(row.opened_by)
        .fact("via", "back_channel_logout")
}

/// Each attempt has a token of its own, or a service that remembers them would refuse the second.
async fn token(app: &App, row: &MessageRow, now: Timestamp) -> Result<String, TellError> {
    let alg = Alg::named(&row.id_token_alg).ok_or_else(|| StoreError::Corrupt("client alg".to_owned()))?;
    let claims = LogoutToken::new(
        issuer(app),
        row.client_id.clone(),
        app.openid.pairwise.user(&row.sector, row.user_id),
        row.use_id.to_string(),
        format!("{}.{}", row.id, row.attempts + 1),
        now,
    );
    let ring = signing_keys::ring_with(app, alg).await?;
    Ok(ring.current(alg)?.sign(LOGOUT_TOKEN, &claims).map_err(KeysError::from)?)
}
