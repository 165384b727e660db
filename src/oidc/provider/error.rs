//! OAuth errors: which ones exist, what each is called, and where each one goes.
//! Three families, because three different parties read them: the client by redirect, a person on a page,
//! the client's server in JSON.
use super::dpop::BadProof;
use super::filter::BadFilter;
use super::jose::CLIENT_ALGS;
use super::params::BadParam;
use super::policy::ClientAuthMethod;
use super::token::Scheme;

/// Goes back to the client through the browser (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 9396 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizeError {
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error("{0}")]
    BadParam(#[from] BadParam),
    #[error("{0}")]
    BadFilter(#[from] BadFilter),
    #[error("the only response type served is code")]
    UnsupportedResponseType,
    #[error("the scope must hold openid")]
    InvalidScope,
    #[error("request objects are not served")]
    RequestNotSupported,
    #[error("request_uri is not served")]
    RequestUriNotSupported,
    #[error("registration by request is not served")]
    RegistrationNotSupported,
    #[error("the aidant is not signed in, or no user and mandate are chosen for this service")]
    LoginRequired,
    #[error("the aidant must act and the request forbids it")]
    InteractionRequired,
    /// An essential level that nobody is identified at here (Unmet Authentication Requirements 1.0 §2).
    #[error("users are not identified at the level that is essential")]
    UnmetRequirements,
    #[error("the aidant gave up, or no mandate allows it")]
    AccessDenied,
    #[error("something failed on our side; nothing was opened")]
    ServerError,
}

impl AuthorizeError {
    /// The registered error code.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) | Self::BadParam(_) | Self::BadFilter(BadFilter::Claims) => {
                "invalid_request"
            }
            Self::BadFilter(BadFilter::Details) => "invalid_authorization_details",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::LoginRequired => "login_required",
            Self::InteractionRequired => "interaction_required",
            Self::UnmetRequirements => "unmet_authentication_requirements",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
        }
    }
}

/// Stays on a page: there is no address to which it would be safe to send the browser (RFC 6749 §4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    #[error("the request names no service")]
    NoClient,
    #[error("the service is not registered here, or is suspended")]
    UnknownClient,
    #[error("the request says not where to return")]
    NoRedirectUri,
    #[error("the pushed request is unknown, expired, answered, or of another service")]
    UnknownRequestUri,
    #[error("the address to return to is not one of the service's registered addresses")]
    UnknownRedirectUri,
}

/// Answered by the token endpoint in JSON (RFC 6749 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error("{0}")]
    BadParam(#[from] BadParam),
    /// With the method the client tried, if it tried one.
    #[error("the client is unknown or its credentials are wrong")]
    InvalidClient(Option<ClientAuthMethod>),
    #[error(
        "the code or token is unknown, expired, already used, for another client or address, or no longer allowed"
    )]
    InvalidGrant,
    #[error("{0}")]
    BadProof(#[from] BadProof),
    #[error("the scope must hold openid and nothing that was not granted")]
    InvalidScope,
    #[error("the grant types served are authorization_code and refresh_token")]
    UnsupportedGrantType,
    #[error("something failed on our side")]
    ServerError,
}

impl TokenError {
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) | Self::BadParam(_) => "invalid_request",
            Self::InvalidClient(_) => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::BadProof(_) => "invalid_dpop_proof",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::ServerError => "server_error",
        }
    }

    /// HTTP status: 401 for a client that is not authenticated, 400 for the rest (RFC 6749 §5.2).
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidClient(_) => 401,
            Self::ServerError => 500,
            Self::InvalidRequest(_)
            | Self::BadParam(_)
            | Self::InvalidGrant
            | Self::InvalidScope
            | Self::BadProof(_)
            | Self::UnsupportedGrantType => 400,
        }
    }

    /// The challenge of a 401. Every 401 needs one (RFC 9110 §11.6.1); Basic is the scheme we serve.
    pub fn challenge(self) -> Option<&'static str> {
        matches!(self, Self::InvalidClient(_)).then_some("Basic realm=\"entremise\", charset=\"UTF-8\"")
    }
}

/// Answered by userinfo (RFC 6750 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// No credentials at all: the challenge then carries no error.
    #[error("an access token is needed")]
    NoToken,
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error("the access token is unknown, expired, or what allowed it has ended")]
    InvalidToken,
    #[error("{0}")]
    BadProof(#[from] BadProof),
    #[error("something failed on our side")]
    ServerError,
}

impl ResourceError {
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::NoToken => None,
            Self::InvalidRequest(_) => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::BadProof(_) => Some("invalid_dpop_proof"),
            Self::ServerError => Some("server_error"),
        }
    }

    pub fn status(self) -> u16 {
        match self {
            Self::NoToken | Self::InvalidToken | Self::BadProof(_) => 401,
            Self::InvalidRequest(_) => 400,
            Self::ServerError => 500,
        }
    }

    /// The `WWW-Authenticate` header for whoever showed a token by `scheme` (RFC 6750 §3, RFC 9449 §7.1).
    pub fn challenge(self, scheme: Scheme) -> String {
        let realm = match scheme {
            Scheme::Bearer => "Bearer realm=\"entremise\"".to_owned(),
            Scheme::Dpop => format!("DPoP realm=\"entremise\", algs=\"{}\"", CLIENT_ALGS.join(" ")),
        };
        match self.code() {
            None => realm,
            Some(code) => format!("{realm}, error=\"{code}\", error_description=\"{}\"", describe(&self)),
        }
    }
}

/// Text for `error_description`: only the characters RFC 6749 §5.2 allows, also in JSON.
pub fn describe(error: &impl std::fmt::Display) -> String {
    error.to_string().chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_hold_only_what_rfc_6749_allows() {
        let strange = "a\"b\\c\r\n\td é \u{7f} ~";
        assert_eq!(describe(&strange), "abcd   ~");
        let bad = BadParam::Repeated("state");
        assert_eq!(describe(&AuthorizeError::from(bad)), "the parameter state was sent more than once");
    }

    #[test]
    fn each_error_has_its_code_and_status() {
        assert_eq!(TokenError::InvalidClient(None).status(), 401);
        assert!(TokenError::InvalidClient(None).challenge().is_some());
        assert!(TokenError::InvalidGrant.challenge().is_none());
        assert_eq!(
            (TokenError::InvalidGrant.code(), TokenError::InvalidGrant.status()),
            ("invalid_grant", 400)
        );
        assert_eq!(ResourceError::NoToken.challenge(Scheme::Bearer), "Bearer realm=\"entremise\"");
        assert!(ResourceError::InvalidToken.challenge(Scheme::Bearer).contains("error=\"invalid_token\""));
        assert_eq!(AuthorizeError::BadFilter(BadFilter::Details).code(), "invalid_authorization_details");
    }
}
