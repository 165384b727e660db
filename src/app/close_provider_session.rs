//! The session that identifying opened at the identity provider is closed straight after: the desk is shared.
use url::Url;

use crate::domain::secret::{PlainToken, Secret};
use crate::store::identification;
use crate::transact;

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
    let back = address(app, "/consent/signed-out")?;
    match app.federation.logout_url(now, &Secret::new(token), &back, &id.to_string()).await {
        Ok(url) => Ok(url),
        Err(error) => {
            tracing::warn!(%error, "the session at the identity provider was not closed");
            Ok(None)
        }
    }
}
