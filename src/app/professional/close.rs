//! The session at the provider ends with the one here: the desk is shared.
use time::Duration;
use url::Url;

use crate::app::App;
use crate::app::fault::Fault;
use crate::app::identify_user::address;
use crate::domain::ids::{RowId, SessionId};
use crate::domain::secret::{PlainToken, Secret};
use crate::store::{WriteTx, professional, session};
use crate::{transact, view};

use super::{SIGNED_OUT, open, seal};

/// A browser that does not come by within this time is not sent there any more.
const TO_LEAVE: Duration = Duration::minutes(10);

/// Where a browser goes that has a session at the provider to close.
pub enum Leaving {
    /// To the provider, which sends it back.
    There(Url),
    /// There is nothing to close: straight to this path of ours.
    Here(String),
}

/// A session here ends. Gives whether there is one at the provider to close as well.
pub(in crate::app) async fn end_with_session(
    app: &App,
    tx: &mut WriteTx,
    ended: SessionId,
) -> Result<bool, Fault> {
    let Some(id) = session::entered_by(tx, ended).await? else { return Ok(false) };
    let back = seal(app, &id, "back_sealed", "/signed-out")?;
    Ok(professional::close(tx, id, app.now(), &back).await?)
}

/// Takes what closes the session at the provider, opened in this browser: once.
pub async fn leave(app: &App, browser: &PlainToken) -> Result<Leaving, Fault> {
    let (now, browser) = (app.now(), browser.hash());
    let taken = transact!(app.store, "leave_professional", tx => {
        Ok::<_, Fault>(professional::take_hint(tx, &browser, now - TO_LEAVE).await?)
    })?;
    let (Some(row), Some(provider)) = (taken, app.professionals.as_deref()) else {
        return Ok(Leaving::Here("/signed-out".to_owned()));
    };
    let back = open(app, &row.id, "back_sealed", &row.back_sealed)?;
    let hint = Secret::new(open(app, &row.id, "logout_hint_sealed", &row.logout_hint_sealed)?);
    Ok(match provider.logout_url(now, &hint, &address(app, SIGNED_OUT)?, &row.id.to_string()).await {
        Ok(Some(url)) => Leaving::There(url),
        Ok(None) => Leaving::Here(back),
        Err(error) => {
            tracing::warn!(%error, "the session at the provider of professionals was not closed");
            Leaving::Here(back)
        }
    })
}

/// The provider has closed its session and sent the browser back: where to go now.
pub async fn after(app: &App, browser: &PlainToken, state: &str) -> Result<String, Fault> {
    let Ok(id) = state.parse::<RowId>() else { return Ok("/signed-out".to_owned()) };
    let browser = browser.hash();
    let sealed = view!(app.store, tx => { Ok::<_, Fault>(professional::back(tx, id, &browser).await?) })?;
    sealed.map_or_else(|| Ok("/signed-out".to_owned()), |sealed| open(app, &id, "back_sealed", &sealed))
}
