//! End of a use at a service's request (OpenID Connect RP-Initiated Logout 1.0 §2, §3), and what services are told of
//! an end (Back-Channel Logout 1.0 §2.4). What ends is the use named by the hint, never the aidant's desk session.
use serde::Serialize;
use serde_json::{Value, json};
use time::Duration;

use super::client::Client;
use super::params::Params;
use super::response::with_query;
use crate::domain::time::Timestamp;

/// What the service asks, before anything is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub hint: Option<String>,
    pub client_id: Option<String>,
    pub return_to: Option<String>,
    pub state: Option<String>,
}

/// What a hint proves once its signature and issuer are verified. An expired one proves as much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Its audience: the client it was issued to.
    pub client_id: String,
    pub sid: String,
}

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// End the use named by `sid`, then go to the address.
    EndAndReturn { sid: String, to: String },
    /// End the use named by `sid`, then say so on a page.
    EndAndSay { sid: String },
    /// Nothing proves who asks: ask the aidant on a page.
    Ask,
}

/// The `typ` of a logout token (Back-Channel Logout 1.0 §2.4): no other token of ours can be taken for one.
pub const LOGOUT_TOKEN: &str = "logout+jwt";
/// Long enough for clocks that differ, too short to be kept.
const LOGOUT_TOKEN_LIFE: Duration = Duration::minutes(2);

/// The claims of a logout token. There is no nonce, so that it cannot pass for an ID token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogoutToken {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    sid: String,
    events: Value,
}

impl LogoutToken {
    /// For the service `aud`: the use `sid` of the subject `sub` is over.
    pub fn new(iss: String, aud: String, sub: String, sid: String, jti: String, now: Timestamp) -> Self {
        let events = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
        Self { iss, sub, aud, iat: now.unix(), exp: (now + LOGOUT_TOKEN_LIFE).unix(), jti, sid, events }
    }
}

/// Reads a request. A parameter that cannot be read counts as absent: the worst that follows is a page.
pub fn parse(params: &Params) -> Request {
    let text = |name| params.get(name).ok().flatten().map(str::to_owned);
    Request {
        hint: text("id_token_hint"),
        client_id: text("client_id"),
        return_to: text("post_logout_redirect_uri"),
        state: text("state").filter(|state| state.chars().count() <= 1_000),
    }
}

/// Decides. `verified` is the hint once verified and the client it names.
pub fn decide(request: &Request, verified: Option<(&Hint, &Client)>) -> Decision {
    let Some((hint, client)) = verified else { return Decision::Ask };
    if request.client_id.as_ref().is_some_and(|claimed| *claimed != hint.client_id) {
        return Decision::Ask;
    }
    let sid = hint.sid.clone();
    match request.return_to.as_deref() {
        Some(uri) if client.signs_out_to(uri) => {
            let state: Vec<_> = request.state.iter().map(|state| ("state", state.clone())).collect();
            Decision::EndAndReturn { sid, to: with_query(uri, &state) }
        }
        _ => Decision::EndAndSay { sid },
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::tests::client;
    use super::*;

    fn decided(query: &str, hinted: bool) -> Decision {
        let hint = Hint { client_id: "impots".into(), sid: "use-1".into() };
        let client = client();
        decide(&parse(&Params::parse(query.as_bytes())), hinted.then_some((&hint, &client)))
    }

    #[test]
    fn returns_only_with_a_verified_hint_to_an_exact_address() {
        let to = |to: &str| Decision::EndAndReturn { sid: "use-1".into(), to: to.into() };
        let bye = "post_logout_redirect_uri=https://rp.example/bye";
        assert_eq!(decided(bye, true), to("https://rp.example/bye"));
        assert_eq!(decided(&format!("{bye}&state=a%20b&x=1"), true), to("https://rp.example/bye?state=a+b"));
        assert_eq!(decided(bye, false), Decision::Ask);
    }

    #[test]
    fn otherwise_a_page() {
        let said = Decision::EndAndSay { sid: "use-1".into() };
        assert_eq!(decided("", true), said);
        for uri in ["https://evil.example/", "https://rp.example/bye/", "https://rp.example/bye?x=1"] {
            assert_eq!(decided(&format!("post_logout_redirect_uri={uri}"), true), said, "{uri}");
        }
        assert_eq!(decided("client_id=other", true), Decision::Ask);
        assert_eq!(decided("client_id=impots", true), said);
        assert_eq!(decided("", false), Decision::Ask);
    }
}
