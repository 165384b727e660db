//! The session that identifying opened at the identity provider is closed straight after: the desk is shared.
use url::Url;

use crate::domain::ids::RowId;
use crate::domain::secret::{PlainToken, Secret};
use crate::store::identification::{self, RefusedRow};
use crate::{transact, view};

use super::App;
use super::fault::Fault;
use super::identify_user::address;

/// Where to send the browser so that the session opened at the provider ends. Given once; None when there is
/// nothing to close.
pub async fn close_provider_session(app: &App, browser: &PlainToken) -> Result<Option<Url>, Fault> {
    let (now, browser) = (app.now(), browser.hash());
    let taken = transact!(app.store, "take_logout_hint", tx => {
        let Some(request) = identification::of_browser(tx, &browser, now).await? else { return Ok(None) };
        let hint = identification::take_logout_hint(tx, request.id).await?;
        Ok::<_, Fault>(hint.map(|hint| (request.id, hint)))
    })?;
    let Some((id, hint)) = taken else { return Ok(None) };
    let token = app.sealer.open_text(identification::place(&id, "logout_hint_sealed"), &hint)?;
    at_provider(app, id, &Secret::new(token)).await
}

/// As above, for an answer that was refused with `code` after its ID token was verified. The token is not kept; why
/// is, for the page to which the browser comes back.
pub(super) async fn refused(
    app: &App,
    id: RowId,
    code: &'static str,
    id_token: &Secret,
) -> Result<Option<Url>, Fault> {
    transact!(app.store, "refuse_identification", tx => {
        Ok::<_, Fault>(identification::refused(tx, id, code).await?)
    })?;
    at_provider(app, id, id_token).await
}

/// The refusal after which this browser closed the session at the provider; None after an identification.
pub async fn after(app: &App, browser: &PlainToken, state: &str) -> Result<Option<RefusedRow>, Fault> {
    let Ok(id) = state.parse::<RowId>() else { return Ok(None) };
    let browser = browser.hash();
    view!(app.store, tx => { Ok::<_, Fault>(identification::why_refused(tx, id, &browser).await?) })
}

async fn at_provider(app: &App, id: RowId, id_token: &Secret) -> Result<Option<Url>, Fault> {
    let back = address(app, "/consent/signed-out")?;
    match app.federation.logout_url(app.now(), id_token, &back, &id.to_string()).await {
        Ok(url) => Ok(url),
        Err(error) => {
            tracing::warn!(%error, "the session at the identity provider was not closed");
            Ok(None)
        }
    }
}
