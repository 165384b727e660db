//! What makes the hash of a text say nothing to whoever does not hold the text itself.
use serde::{Deserialize, Serialize};

use crate::domain::ids::Entropy;

/// 256 random bits, as text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salt(String);

impl Salt {
    pub fn draw(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(data_encoding::HEXLOWER.encode(&bytes))
    }
}

#[cfg(test)]
impl Salt {
    pub(super) fn of(byte: u8) -> Self {
        Self(data_encoding::HEXLOWER.encode(&[byte; 32]))
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(…)")
    }
}
