//! What an identity provider sends a browser back with (OpenID Connect Core §3.1.2.5, RFC 9207 §2).
use serde::Deserialize;

use crate::domain::secret::{PlainToken, Secret};
use crate::oidc::federation::Answer;

/// The parameters of a provider's answer.
#[derive(Deserialize)]
pub struct ProviderAnswer {
    state: Option<String>,
    code: Option<Secret>,
    error: Option<String>,
    iss: Option<String>,
}

impl ProviderAnswer {
    /// The state that tells which request is answered, and what the answer is.
    pub fn parts(self) -> (PlainToken, Answer) {
        let Self { state, code, error, iss } = self;
        (PlainToken::presented(state.unwrap_or_default()), Answer { code, error, iss })
    }
}
