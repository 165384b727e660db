//! Every way in which an identification can fail, told apart: the page and the log say which.

/// Holds no claim value, token nor answer body: it may be logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FederationError {
    #[error("the identity provider did not answer in time")]
    Slow,
    #[error("the identity provider cannot be reached")]
    Down,
    #[error("the identity provider answered with status {0}")]
    Failing(u16),
    #[error("the identity provider's answer is too large")]
    TooLarge,
    #[error("the identity provider's answer is not understood: {0}")]
    Nonsense(&'static str),
    #[error("the identity provider is not configured as it announces itself: {0}")]
    Misconfigured(&'static str),
    #[error("the person said no at the identity provider")]
    RefusedByPerson,
    #[error("the identity provider answered the error {0}")]
    AnsweredError(String),
    #[error("the identity provider refused the code: {0}")]
    CodeRefused(String),
    #[error("the answer names another issuer")]
    WrongIssuer,
    #[error("the answer is meant for another client")]
    WrongAudience,
    #[error("the answer belongs to another request")]
    WrongNonce,
    #[error("the answer is too old or from the future")]
    WrongTime,
    #[error("the answer's signature is not the identity provider's")]
    BadSignature,
    #[error("the answer is signed with another algorithm than the one registered")]
    WrongAlgorithm,
    #[error("the identity was proved at a level that is not accepted")]
    LevelNotAccepted,
    #[error("the identity provider's two answers are about different people")]
    WrongSubject,
    #[error("the identity provider did not give the claim {0}")]
    MissingClaim(&'static str),
    #[error("the identity provider gave a claim {0} that cannot be accepted")]
    BadClaim(&'static str),
}

impl FederationError {
    /// A short stable word for the log and for tests.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Slow => "provider_slow",
            Self::Down => "provider_down",
            Self::Failing(_) => "provider_failing",
            Self::TooLarge => "answer_too_large",
            Self::Nonsense(_) => "answer_nonsense",
            Self::Misconfigured(_) => "provider_misconfigured",
            Self::RefusedByPerson => "refused_by_person",
            Self::AnsweredError(_) => "provider_error",
            Self::CodeRefused(_) => "code_refused",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::WrongNonce => "wrong_nonce",
            Self::WrongTime => "wrong_time",
            Self::BadSignature => "bad_signature",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::LevelNotAccepted => "level_not_accepted",
            Self::WrongSubject => "wrong_subject",
            Self::MissingClaim(_) => "missing_claim",
            Self::BadClaim(_) => "bad_claim",
        }
    }

    /// Whether trying again in a moment may help: the provider, not what it said, is at fault.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Slow | Self::Down | Self::Failing(_))
    }
}
