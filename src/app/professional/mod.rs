//! Professionals who enter with an identity provider of professionals (ProConnect) instead of a password. It is the
//! first step only: the card is asked for afterwards, as always.
//!
//! | file | what |
//! | --- | --- |
//! | `ask` | a browser is sent there: to sign in, to link an account, to answer an invitation |
//! | `answer` | what came back, taken once, in that browser |
//! | `link` | an account and its identity there: linked only by its owner, signed in or invited |
//! | `close` | the session there ends with the one here |
mod answer;
mod ask;
mod close;
mod link;

pub use answer::{Returned, answer};
pub use ask::{Purpose, Start, ask};
pub use close::{Leaving, after, leave};
pub use link::{linked_since, unlink};

pub(super) use close::end_with_session;

use crate::domain::ids::RowId;
use crate::domain::secret::PlainToken;
use crate::oidc::federation::{Federation, FederationError};
use crate::store::professional;

use super::App;
use super::fault::Fault;

/// Where the provider sends browsers back; registered there.
pub const BACK: &str = "/professional/back";
/// Where it sends them after its session is closed; registered there.
pub const SIGNED_OUT: &str = "/professional/signed-out";

/// Why somebody does not enter, or an account is not linked.
#[derive(Debug, thiserror::Error)]
pub enum ProfessionalError {
    #[error(transparent)]
    Provider(#[from] FederationError),
    #[error("no identity provider of professionals is configured")]
    NotConfigured,
    /// The answer belongs to no request of this browser, or to one that is too old or was answered before.
    #[error("the answer belongs to no request of this browser")]
    Foreign,
    #[error("no account is linked to this identity")]
    Unknown,
    #[error("the account is not active")]
    NotAtWork,
    #[error("no structure of this person is habilitated")]
    NoStructure,
    #[error("the account is linked already")]
    LinkedAlready,
    #[error("the identity is linked to another account")]
    LinkedElsewhere,
    #[error("the session in which the link was asked for is over")]
    OtherSession,
    #[error("the invitation was sent to another address")]
    OtherEmail,
    #[error("the invitation is of another organisation")]
    OtherOrganisation,
    #[error("the invitation is over")]
    LinkOver,
    #[error("too many attempts from this address")]
    TooMany,
    #[error(transparent)]
    Fault(Fault),
}

impl<E> From<E> for ProfessionalError
where
    Fault: From<E>,
{
    fn from(error: E) -> Self {
        Self::Fault(Fault::from(error))
    }
}

impl crate::store::AsStoreError for ProfessionalError {
    fn as_store_error(&self) -> Option<&crate::store::StoreError> {
        match self {
            Self::Fault(fault) => fault.as_store_error(),
            _ => None,
        }
    }
}

impl ProfessionalError {
    /// The reason as the log and the address of the next page have it; none for a fault of ours.
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Provider(error) => error.code(),
            Self::NotConfigured => "provider_misconfigured",
            Self::Foreign => "foreign_answer",
            Self::Unknown => "unknown_professional",
            Self::NotAtWork => "account_not_active",
            Self::NoStructure => "no_structure_in_force",
            Self::LinkedAlready => "linked_already",
            Self::LinkedElsewhere => "linked_elsewhere",
            Self::OtherSession => "other_session",
            Self::OtherEmail => "other_email",
            Self::OtherOrganisation => "other_organisation",
            Self::LinkOver => "link_over",
            Self::TooMany => "too_many",
            Self::Fault(_) => return None,
        })
    }
}

/// The provider, if there is one and it is not this very service.
fn provider(app: &App) -> Result<&Federation, ProfessionalError> {
    let provider = app.professionals.as_deref().ok_or(ProfessionalError::NotConfigured)?;
    if app.config.server.is_ourselves(&provider.provider().issuer) {
        return Err(ProfessionalError::NotConfigured);
    }
    Ok(provider)
}

fn seal(app: &App, id: &RowId, column: &'static str, text: &str) -> Result<Vec<u8>, Fault> {
    Ok(app.sealer.seal_text(professional::place(id, column), text)?)
}

fn open(app: &App, id: &RowId, column: &'static str, sealed: &[u8]) -> Result<String, Fault> {
    Ok(app.sealer.open_text(professional::place(id, column), sealed)?)
}

fn token(app: &App, id: &RowId, column: &'static str, sealed: &[u8]) -> Result<PlainToken, Fault> {
    Ok(PlainToken::presented(open(app, id, column, sealed)?))
}

/// `path` with what went wrong.
fn with_problem(path: &str, code: &str) -> String {
    format!("{path}?problem={code}")
}
