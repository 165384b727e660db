//! The signed mandate on paper: from what was frozen at the signature, never from today's data.
use serde::{Deserialize, Serialize};

use crate::domain::consent::FrozenConsent;
use crate::domain::mandate::Reference;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::store::mandate;
use crate::view;

use super::App;
use super::caller::SignedIn;
use super::desk::{self, DeskError};
use super::record;

/// Everything the paper says, kept sealed with the mandate.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attestation {
    pub reference: String,
    pub structure: String,
    /// Terms and text to the byte as agreed to, and the hash over both, in hexadecimal.
    pub terms: String,
    pub text: String,
    pub text_hash: String,
    pub consented_at: Timestamp,
    pub means: String,
    pub acr: Option<String>,
    pub signed_at: Timestamp,
    pub signed_by: String,
    pub proof: Option<Proof>,
}

/// The entry of the signature in the log.
#[derive(Clone, Serialize, Deserialize)]
pub struct Proof {
    pub entry: String,
    pub leaf: String,
    /// The promise, signed by the log, that the entry will be in its tree.
    pub promise: Option<String>,
}

impl Attestation {
    pub fn frozen(&self) -> FrozenConsent {
        FrozenConsent::stored(self.terms.clone(), self.text.clone())
    }
}

/// The attestation of a mandate of the caller's structure; that it was read is written down first.
pub async fn attestation(app: &App, who: &SignedIn, reference: &Reference) -> Result<Attestation, DeskError> {
    let now = app.now();
    let opened = view!(app.store, tx => { desk::open(tx, who, reference, now).await });
    let opened = desk::recorded(app, who, Kind::MandatePrinted, Some(reference), opened).await?;
    // Emptied when the user was erased.
    let sealed = opened.row.attestation_sealed.as_deref().filter(|sealed| !sealed.is_empty());
    let sealed = sealed.ok_or(DeskError::NotFound)?;
    let attestation = app.sealer.open_json(mandate::place(&opened.row.id, "attestation_sealed"), sealed)?;
    let mut draft = Draft::done(Kind::MandatePrinted)
        .by(who.person_id, desk::role(&opened.facts))
        .structure(opened.row.structure_id)
        .mandate(opened.row.id);
    if let Some(user) = opened.row.user_id {
        draft = draft.user(user);
    }
    record::append(app, draft).await?;
    Ok(attestation)
}
