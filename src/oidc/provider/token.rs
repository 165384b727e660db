//! The token request (RFC 6749 §4.1.3), the client's credentials (§2.3.1) and the access token a caller presents
//! (RFC 6750 §2).
use data_encoding::BASE64;

use super::assertion::{self, Assertion};
use super::error::{ResourceError, TokenError};
use super::params::{Params, decode};
use super::policy::ClientAuthMethod;
use super::scope::{Scope, Scopes};
use crate::domain::secret::{PlainToken, Secret};

/// Who calls, and with what proof.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub client_id: String,
    pub shown: Shown,
}

#[derive(Clone, Debug)]
pub enum Shown {
    Secret(Secret, ClientAuthMethod),
    Assertion(Assertion),
}

/// A code to be redeemed.
#[derive(Clone, Debug)]
pub struct Redemption {
    pub code: PlainToken,
    pub redirect_uri: String,
    pub verifier: Option<String>,
}

/// How an access token was shown (RFC 6750 §2, RFC 9449 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Bearer,
    Dpop,
}

/// Reads the client's credentials from the `Authorization` header or from the body, in one way only.
pub fn credentials(authorization: Option<&str>, body: &Params) -> Result<Credentials, TokenError> {
    let (posted_id, posted_secret) = (body.get("client_id")?, body.get("client_secret")?);
    match (authorization, posted_secret, assertion::presented(body)?) {
        (Some(header), None, None) => {
            let basic = TokenError::InvalidClient(Some(ClientAuthMethod::ClientSecretBasic));
            let (client_id, secret) = basic_pair(header).ok_or(basic)?;
            if posted_id.is_some_and(|posted| posted != client_id) {
                return Err(TokenError::InvalidRequest("client_id is not the client that authenticates"));
            }
            Ok(Credentials { client_id, shown: Shown::Secret(secret, ClientAuthMethod::ClientSecretBasic) })
        }
        (None, Some(secret), None) => {
            let post = TokenError::InvalidClient(Some(ClientAuthMethod::ClientSecretPost));
            let client_id = posted_id.ok_or(post)?.to_owned();
            let shown = Shown::Secret(Secret::new(secret), ClientAuthMethod::ClientSecretPost);
            Ok(Credentials { client_id, shown })
        }
        (None, None, Some(assertion)) => {
            let failed = TokenError::InvalidClient(Some(ClientAuthMethod::PrivateKeyJwt));
            let assertion = assertion.map_err(|_| failed)?;
            if posted_id.is_some_and(|posted| posted != assertion.client_id) {
                return Err(failed);
            }
            Ok(Credentials { client_id: assertion.client_id.clone(), shown: Shown::Assertion(assertion) })
        }
        (None, None, None) => Err(TokenError::InvalidClient(None)),
        _ => Err(TokenError::InvalidRequest("more than one way of authenticating was used")),
    }
}

/// The credentials of a call whose body is no form, in the header alone: a secret as Basic; or, of a client that signs,
/// its assertion as a bearer token (RFC 7523 §3 says what it holds, RFC 6750 §2.1 how it travels).
pub fn header_credentials(authorization: Option<&str>) -> Result<Credentials, TokenError> {
    let Some((text, Scheme::Bearer)) = authorization.and_then(in_header) else {
        return credentials(authorization, &Params::default());
    };
    let failed = TokenError::InvalidClient(Some(ClientAuthMethod::PrivateKeyJwt));
    let assertion = Assertion::read(text).map_err(|_| failed)?;
    Ok(Credentials { client_id: assertion.client_id.clone(), shown: Shown::Assertion(assertion) })
}

/// `Basic base64(form-encoded id ":" form-encoded secret)`: both parts are form-decoded, as RFC 6749 §2.3.1 says.
fn basic_pair(header: &str) -> Option<(String, Secret)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = zeroize::Zeroizing::new(BASE64.decode(encoded.trim().as_bytes()).ok()?);
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let (client_id, secret) = pair.split_at(colon);
    Some((decode(client_id)?, Secret::new(decode(secret.strip_prefix(b":")?)?)))
}

/// Reads what is to be redeemed.
pub fn redemption(body: &Params) -> Result<Redemption, TokenError> {
    match body.get("grant_type")? {
        Some("authorization_code") => {}
        Some(_) => return Err(TokenError::UnsupportedGrantType),
        None => return Err(TokenError::InvalidRequest("grant_type is missing")),
    }
    let code = body.get("code")?.ok_or(TokenError::InvalidRequest("code is missing"))?;
    let redirect_uri =
        body.get("redirect_uri")?.ok_or(TokenError::InvalidRequest("redirect_uri is missing"))?;
    Ok(Redemption {
        code: PlainToken::presented(code),
        redirect_uri: redirect_uri.to_owned(),
        verifier: body.get("code_verifier")?.map(str::to_owned),
    })
}

/// An access token is to be renewed (RFC 6749 §6).
#[derive(Clone, Debug)]
pub struct Refresh {
    pub token: PlainToken,
    /// Less than was granted, if that is asked.
    pub scope: Option<Scopes>,
}

/// Whether a token request is one to refresh.
pub fn is_refresh(body: &Params) -> bool {
    matches!(body.get("grant_type"), Ok(Some("refresh_token")))
}

/// Reads what is to be refreshed.
pub fn refresh(body: &Params) -> Result<Refresh, TokenError> {
    let token = body.get("refresh_token")?.ok_or(TokenError::InvalidRequest("refresh_token is missing"))?;
    let scope = body.get("scope")?.map(Scopes::parse);
    if scope.as_ref().is_some_and(|scope| !scope.has(Scope::OpenId)) {
        return Err(TokenError::InvalidScope);
    }
    Ok(Refresh { token: PlainToken::presented(token), scope })
}

/// The access token of a call to a resource: in the header, or in the body of a POST, never in the query string.
pub fn access_token(
    authorization: Option<&str>,
    body: Option<&Params>,
) -> Result<(PlainToken, Scheme), ResourceError> {
    let posted = match body.map(|body| body.get("access_token")) {
        None | Some(Ok(None)) => None,
        Some(Ok(Some(token))) => Some(token),
        Some(Err(_)) => return Err(ResourceError::InvalidRequest("access_token must be sent once")),
    };
    match (authorization.and_then(in_header), posted) {
        (Some(_), Some(_)) => Err(ResourceError::InvalidRequest("more than one access token was sent")),
        (Some((token, scheme)), None) => Ok((PlainToken::presented(token), scheme)),
        (None, Some(token)) => Ok((PlainToken::presented(token), Scheme::Bearer)),
        (None, None) if authorization.is_some() => Err(ResourceError::InvalidToken),
        (None, None) => Err(ResourceError::NoToken),
    }
}

fn in_header(header: &str) -> Option<(&str, Scheme)> {
    let (_, token) = header.split_once(' ')?;
    let scheme = scheme(Some(header))?;
    (!token.trim().is_empty()).then(|| (token.trim(), scheme))
}

/// The scheme that a header names, whatever its case (RFC 9110 §11.1).
pub fn scheme(authorization: Option<&str>) -> Option<Scheme> {
    let name = authorization?.split(' ').next()?;
    [("bearer", Scheme::Bearer), ("dpop", Scheme::Dpop)]
        .into_iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))
        .map(|(_, scheme)| scheme)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body(text: &str) -> Params {
        Params::parse(text.as_bytes())
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64.encode(pair.as_bytes()))
    }

    fn secret(credentials: &Credentials) -> (&str, ClientAuthMethod) {
        match &credentials.shown {
            Shown::Secret(secret, method) => (secret.reveal(), *method),
            Shown::Assertion(_) => panic!("an assertion"),
        }
    }

    #[test]
    fn basic_credentials_are_form_decoded() {
        let got = credentials(Some(&basic("a%2Fb+c:s%3A+%25")), &body("")).unwrap();
        assert_eq!(
            (got.client_id.as_str(), secret(&got)),
            ("a/b c", ("s: %", ClientAuthMethod::ClientSecretBasic))
        );
        let lower = basic("id:sec:ret").replacen("Basic", "bASIC", 1);
        assert_eq!(secret(&credentials(Some(&lower), &body("client_id=id")).unwrap()).0, "sec:ret");
    }

    #[test]
    fn posted_credentials() {
        let got = credentials(None, &body("client_id=a%20b&client_secret=s%2B")).unwrap();
        assert_eq!(
            (got.client_id.as_str(), secret(&got)),
            ("a b", ("s+", ClientAuthMethod::ClientSecretPost))
        );
    }

    #[test]
    fn one_way_only_and_every_bad_form_refused() {
        let basic_fails = TokenError::InvalidClient(Some(ClientAuthMethod::ClientSecretBasic));
        let error = |header: Option<&str>, text| credentials(header, &body(text)).unwrap_err();
        assert_eq!(error(Some(&basic("a:b")), "client_id=a&client_secret=b").code(), "invalid_request");
        assert_eq!(error(Some(&basic("a:b")), "client_id=other").code(), "invalid_request");
        assert_eq!(error(None, "client_id=a"), TokenError::InvalidClient(None));
        assert_eq!(error(None, "client_secret=a").code(), "invalid_client");
        assert_eq!(error(None, "client_id=a&client_id=a&client_secret=b").code(), "invalid_request");
        for header in ["Basic", "Basic ", "Basic !!", "Bearer abc", &basic("nocolon"), &basic("a:%ff"), ""] {
            assert_eq!(error(Some(header), ""), basic_fails, "{header}");
        }
    }

    #[test]
    fn redemptions() {
        let good = "grant_type=authorization_code&code=c&redirect_uri=https%3A%2F%2Frp%2F&code_verifier=v";
        let got = redemption(&body(good)).unwrap();
        assert_eq!(
            (got.code.reveal(), got.redirect_uri.as_str(), got.verifier.as_deref()),
            ("c", "https://rp/", Some("v"))
        );
        for (text, code) in [
            ("code=c&redirect_uri=r", "invalid_request"),
            ("grant_type=password&code=c&redirect_uri=r", "unsupported_grant_type"),
            ("grant_type=authorization_code&redirect_uri=r", "invalid_request"),
            ("grant_type=authorization_code&code=c", "invalid_request"),
            ("grant_type=authorization_code&code=c&code=d&redirect_uri=r", "invalid_request"),
        ] {
            assert_eq!(redemption(&body(text)).unwrap_err().code(), code, "{text}");
        }
    }

    #[test]
    fn a_bearer_comes_by_header_or_posted_body() {
        let header = access_token(Some("bearer  abc "), None).unwrap();
        assert_eq!((header.0.reveal(), header.1), ("abc", Scheme::Bearer));
        let bound = access_token(Some("dPoP abc"), None).unwrap();
        assert_eq!((bound.0.reveal(), bound.1), ("abc", Scheme::Dpop));
        assert_eq!(access_token(None, Some(&body("access_token=abc"))).unwrap().0.reveal(), "abc");
        assert_eq!(access_token(None, None), Err(ResourceError::NoToken));
        assert_eq!(access_token(None, Some(&body(""))), Err(ResourceError::NoToken));
        assert_eq!(access_token(Some("Basic abc"), None), Err(ResourceError::InvalidToken));
        assert_eq!(access_token(Some("Bearer "), None), Err(ResourceError::InvalidToken));
        for twice in [
            access_token(Some("Bearer a"), Some(&body("access_token=a"))),
            access_token(None, Some(&body("access_token=a&access_token=b"))),
        ] {
            assert_eq!(twice.unwrap_err().code(), Some("invalid_request"));
        }
    }

    proptest! {
        #[test]
        fn never_panics(header in proptest::option::of("[ -~]{0,80}"), text in "[ -~]{0,120}") {
            let body = body(&text);
            let _ = credentials(header.as_deref(), &body);
            let _ = redemption(&body);
            let _ = access_token(header.as_deref(), Some(&body));
        }
    }
}
