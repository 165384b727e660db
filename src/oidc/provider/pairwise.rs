//! Identifiers that differ from one sector to the next (OpenID Connect Core §8.1), so that two services cannot
//! join what they know of a user, an aidant, a structure or a mandate, nor join it with the log.
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

use crate::domain::ids::{MandateId, PersonId, StructureId, UserId};

/// The key from which every pairwise identifier of this deployment is derived. It never changes, or services would
/// no longer recognise anyone.
pub struct Pairwise(hmac::Key);

impl Pairwise {
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The subject of a user, as services of `sector` know them.
    pub fn user(&self, sector: &str, id: UserId) -> String {
        self.derive("user", sector, id.uuid().as_bytes())
    }

    pub fn aidant(&self, sector: &str, id: PersonId) -> String {
        self.derive("aidant", sector, id.uuid().as_bytes())
    }

    pub fn structure(&self, sector: &str, id: StructureId) -> String {
        self.derive("structure", sector, id.uuid().as_bytes())
    }

    /// The reference of a mandate that services of `sector` may quote.
    pub fn mandate(&self, sector: &str, id: MandateId) -> String {
        self.derive("mandate", sector, id.uuid().as_bytes())
    }

    /// The kind is one of four words without NUL and the id has a fixed length at the end, so that no two different
    /// triples give the same bytes.
    fn derive(&self, kind: &str, sector: &str, id: &[u8; 16]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"entremise pairwise 1\0");
        context.update(kind.as_bytes());
        context.update(b"\0");
        context.update(sector.as_bytes());
        context.update(b"\0");
        context.update(id);
        BASE64URL_NOPAD.encode(context.sign().as_ref())
    }
}

impl std::fmt::Debug for Pairwise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pairwise(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    #[test]
    fn the_same_in_a_sector_and_different_elsewhere() {
        let (ours, other) = (Pairwise::new(&[1; 32]), Pairwise::new(&[2; 32]));
        let id = Uuid::from_u128(42);
        let user = UserId::from_uuid(id);
        assert_eq!(ours.user("a", user), ours.user("a", user));
        let all = [
            ours.user("a", user),
            ours.user("b", user),
            ours.user("a", UserId::from_uuid(Uuid::from_u128(43))),
            ours.aidant("a", PersonId::from_uuid(id)),
            ours.structure("a", StructureId::from_uuid(id)),
            ours.mandate("a", MandateId::from_uuid(id)),
            other.user("a", user),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|sub| sub.len() == 43 && sub.is_ascii()));
    }
}
