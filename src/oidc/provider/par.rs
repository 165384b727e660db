//! Pushed authorization requests (RFC 9126, FAPI 2.0 Security Profile §5.3.2.2).
use super::authorize::{Refused, Request, check_pushed};
use super::client::Client;
use super::dpop::BadProof;
use super::error::{AuthorizeError, PageError, TokenError, describe};
use super::params::Params;
use time::Duration;

/// How long a pushed request waits for its first visit. Then the interaction begins, with a life of its own.
pub const PUSHED_LIFE: Duration = Duration::seconds(90);

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// Why a pushed request is not kept (RFC 9126 §2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub description: String,
    pub challenge: Option<&'static str>,
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self {
            status: error.status(),
            code: error.code(),
            description: describe(&error),
            challenge: error.challenge(),
        }
    }
}

impl From<BadProof> for Refusal {
    fn from(error: BadProof) -> Self {
        TokenError::from(error).into()
    }
}

impl From<AuthorizeError> for Refusal {
    fn from(error: AuthorizeError) -> Self {
        Self { status: 400, code: error.code(), description: describe(&error), challenge: None }
    }
}

impl From<PageError> for Refusal {
    fn from(error: PageError) -> Self {
        Self { status: 400, code: "invalid_request", description: describe(&error), challenge: None }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Page(error) => error.into(),
            Refused::Client(_, error) => error.into(),
        }
    }
}

/// Checks what `client` pushes, having proven itself and perhaps a key.
pub fn check(params: &Params, client: &Client, jkt: Option<&str>) -> Result<Request, Refusal> {
    check_pushed(params, client, jkt).map_err(Refusal::from)
}

/// The name under which a pushed request is visited.
pub fn request_uri(reference: &str) -> String {
    format!("{PREFIX}{reference}")
}

/// What a visit at the authorization endpoint refers to, if it refers to a pushed request. Every other parameter than
/// this and `client_id` is then ignored (RFC 9126 §4).
pub fn reference(params: &Params) -> Option<&str> {
    params.get("request_uri").ok()??.strip_prefix(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::super::client::tests::client;
    use super::super::policy::{ClientKeys, Policy};
    use super::super::registration::tests::jwks;
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn bank() -> Client {
        Client { policy: Policy::high_security(ClientKeys::Inline(jwks())), ..client() }
    }

    fn with(changes: &[(&str, &str)]) -> Params {
        let good = [
            ("client_id", "impots"),
            ("redirect_uri", "https://rp.example/cb"),
            ("response_type", "code"),
            ("scope", "openid"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(good.iter().filter(|(name, _)| !changes.iter().any(|(other, _)| other == name)));
        body.extend_pairs(changes);
        Params::parse(body.finish().as_bytes())
    }

    #[test]
    fn what_may_not_be_pushed_is_refused() {
        assert!(check(&with(&[]), &bank(), None).is_ok());
        for (bad, code) in [
            (&[("request_uri", "urn:ietf:params:oauth:request_uri:x")] as &[_], "invalid_request"),
            (&[("request", "a.b.c")], "request_not_supported"),
            (&[("redirect_uri", "")], "invalid_request"),
            (&[("redirect_uri", "https://evil.example/")], "invalid_request"),
            (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
            (&[("code_challenge_method", "plain")], "invalid_request"),
            (&[("response_type", "code id_token")], "unsupported_response_type"),
            (&[("scope", "profile")], "invalid_scope"),
            (&[("dpop_jkt", "short")], "invalid_request"),
        ] {
            let refused = check(&with(bad), &bank(), None).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, code), "{bad:?}");
        }
        let loose = [("code_challenge", ""), ("code_challenge_method", "")];
        assert!(check(&with(&loose), &client(), None).is_ok(), "a general client may leave PKCE out");
    }

    #[test]
    fn the_key_named_is_the_key_proven() {
        let (one, other) = ("A".repeat(43), "E".repeat(43));
        let bound = |named: &str, proven| check(&with(&[("dpop_jkt", named)]), &bank(), proven);
        assert_eq!(bound("", None).unwrap().dpop_jkt, None);
        assert_eq!(bound("", Some(one.as_str())).unwrap().dpop_jkt.as_deref(), Some(one.as_str()));
        assert_eq!(bound(&one, None).unwrap().dpop_jkt.as_deref(), Some(one.as_str()));
        assert!(bound(&one, Some(&one)).is_ok());
        assert_eq!(bound(&one, Some(&other)).unwrap_err().code, "invalid_request");
    }

    #[test]
    fn a_visit_is_told_from_a_request_object_elsewhere() {
        let at = |uri: &str| reference(&with(&[("request_uri", uri)])).map(str::to_owned);
        assert_eq!(at(&request_uri("abc")).as_deref(), Some("abc"));
        assert_eq!(at("https://rp.example/request"), None);
        assert_eq!(reference(&with(&[("request_uri", PREFIX), ("request_uri", PREFIX)])), None);
        assert_eq!(reference(&with(&[])), None);
    }
}
