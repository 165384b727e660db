//! What a request shows that is good once, on all nodes: the assertion of a service, a proof of possession. It is spent in
//! the transaction of the act it authorises, and whatever becomes of that act: a refusal commits too.
use std::collections::BTreeSet;

use crate::domain::time::Timestamp;
use crate::oidc::provider::assertion::Proven;
use crate::oidc::provider::dpop::Proof;
use crate::store::{StoreError, WriteTx, spent_proof};

/// Checked, and still to be spent.
#[derive(Clone, Debug, Default)]
pub(super) struct ShownOnce {
    pub assertion: Option<Proven>,
    pub proof: Option<Proof>,
}

/// What had been shown before. An assertion goes first: its service is not even known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Assertion,
    Proof,
}

impl ShownOnce {
    /// Thumbprint of the key that is proven.
    pub(super) fn jkt(&self) -> Option<&str> {
        self.proof.as_ref().map(|proof| proof.jkt.as_str())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.assertion.is_none() && self.proof.is_none()
    }

    fn all(&self) -> impl Iterator<Item = (Again, &[u8], Timestamp)> {
        let assertion =
            self.assertion.iter().map(|one| (Again::Assertion, one.spent_as.as_slice(), one.until));
        let proof = self.proof.iter().map(|one| (Again::Proof, one.spent_as.as_slice(), one.until));
        assertion.chain(proof)
    }
}

/// Spends what each of several requests shows, none if it shows nothing; what each had shown before. Of two that show the
/// same, the second had.
pub(super) async fn spend(
    tx: &mut WriteTx,
    shown: &[Option<&ShownOnce>],
) -> Result<Vec<Option<Again>>, StoreError> {
    let each = || shown.iter().copied().flatten().flat_map(ShownOnce::all);
    let mut proofs: Vec<_> = each().map(|(_, hash, until)| (hash, until)).collect();
    proofs.sort_unstable();
    let mut first: BTreeSet<_> = spent_proof::spend(tx, &proofs).await?.into_iter().collect();
    let mut again = |shown: &ShownOnce| {
        let before: Vec<_> = shown.all().filter(|(_, hash, _)| !first.remove(*hash)).collect();
        before.first().map(|(what, ..)| *what)
    };
    Ok(shown.iter().map(|shown| shown.and_then(&mut again)).collect())
}
