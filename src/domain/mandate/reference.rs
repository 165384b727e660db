//! The short name people read aloud and type: `M-7Q4K-92HD`.
use std::fmt;
use std::str::FromStr;

use crate::domain::ids::Entropy;

/// Crockford's base 32: no I, L, O nor U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// 40 random bits. Not a secret and not an authorisation: only a name that is hard to mistake.
#[derive(Clone, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Reference(String);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mandate reference")]
pub struct BadReference;

impl Reference {
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut random = [0u8; 8];
        entropy.fill(&mut random);
        let symbol = |byte: &u8| char::from(*ALPHABET.get(usize::from(byte & 31)).unwrap_or(&b'0'));
        Self::written(&random.iter().map(symbol).collect::<String>())
    }

    fn written(symbols: &str) -> Self {
        let (left, right) = symbols.split_at_checked(4).unwrap_or((symbols, ""));
        Self(format!("M-{left}-{right}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reference {
    type Err = BadReference;

    /// Reads what people type: any case, hyphens and spaces anywhere or nowhere, I and L for 1, O for 0.
    fn from_str(text: &str) -> Result<Self, BadReference> {
        let typed: String = text
            .chars()
            .filter(|c| *c != '-' && !c.is_whitespace())
            .map(|c| match c.to_ascii_uppercase() {
                'I' | 'L' => '1',
                'O' => '0',
                other => other,
            })
            .collect();
        // Eight symbols may themselves begin with M: the letter in front is told by the length.
        let symbols = if typed.len() == 9 { typed.strip_prefix('M').ok_or(BadReference)? } else { &typed };
        let known = symbols.bytes().all(|byte| ALPHABET.contains(&byte));
        if symbols.len() == 8 && known { Ok(Self::written(symbols)) } else { Err(BadReference) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Fixed([u8; 8]);
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.copy_from_slice(&self.0);
        }
    }

    #[test]
    fn what_people_type_is_understood() {
        let wanted: Reference = "M-7Q4K-92HD".parse().unwrap();
        for typed in ["m7q4k92hd", " M 7Q4K 92HD ", "7q4k-92hd", "M-7Q4K-92hd"] {
            assert_eq!(typed.parse::<Reference>().unwrap(), wanted, "{typed}");
        }
        assert_eq!("M-IL0O-1111".parse::<Reference>().unwrap().as_str(), "M-1100-1111");
        assert_eq!("MMMMMMMM".parse::<Reference>().unwrap().as_str(), "M-MMMM-MMMM");
        for bad in ["", "M-7Q4K-9", "M-7Q4K-92HDD", "M-7Q4U-92HD", "é7Q4K-92HD", "X7Q4K92HD"] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_generated_is_read_back(bytes in any::<[u8; 8]>()) {
            let reference = Reference::generate(&Fixed(bytes));
            prop_assert_eq!(reference.as_str().len(), 11);
            prop_assert_eq!(reference.as_str().parse::<Reference>().unwrap(), reference);
        }
    }
}
