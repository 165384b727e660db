//! Our cookies. `__Host-` over https: bound to this very host, never sent in clear, never set by a neighbour.
use http::{HeaderMap, HeaderValue, header};
use time::Duration;

use crate::app::App;

/// The cookies we set. Each holds a random token whose hash the database knows; none holds data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The desk session of a professional.
    Session,
    /// A browser in which someone signed in completely before.
    Device,
    /// The browser in which a user identifies and decides.
    Consent,
    /// The browser that brought a request of a service.
    Authorization,
    /// The browser in which a professional enters with their identity provider.
    Professional,
    /// A form typed in a session that had died.
    Stash,
}

impl Cookie {
    const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Device => "device",
            Self::Consent => "consent",
            Self::Authorization => "authorization",
            Self::Professional => "professional",
            Self::Stash => "stash",
        }
    }

    fn full_name(self, app: &App) -> String {
        if app.config.server.origin.scheme() == "https" {
            format!("__Host-{}", self.name())
        } else {
            self.name().to_owned()
        }
    }
}

/// The value of a cookie of ours in a request.
pub fn get(app: &App, headers: &HeaderMap, which: Cookie) -> Option<String> {
    let name = which.full_name(app);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// `Set-Cookie` for a token; a session cookie unless it `lasts`.
pub fn set(app: &App, which: Cookie, token: &str, lasts: Option<Duration>) -> HeaderValue {
    let secure = if app.config.server.origin.scheme() == "https" { "; Secure" } else { "" };
    let lasts = lasts.map(|time| format!("; Max-Age={}", time.whole_seconds())).unwrap_or_default();
    let text = format!("{}={token}; Path=/; HttpOnly; SameSite=Lax{secure}{lasts}", which.full_name(app));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// `Set-Cookie` that makes the browser forget one.
pub fn forget(app: &App, which: Cookie) -> HeaderValue {
    set(app, which, "", Some(Duration::ZERO))
}
