//! The cards in the hands of the demonstration's people: what the maker put in them, and what they show.
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::crypto::totp::{BadCard, Codes};
use crate::domain::card::{CardAlgorithm, CardParams, CardPeriod, Seed};
use crate::domain::ids::Entropy;
use crate::domain::time::Timestamp;

/// Seconds one code is shown.
pub(crate) const PERIOD: i64 = 30;
const PARAMS: CardParams = CardParams { algorithm: CardAlgorithm::Sha1, period: CardPeriod::Seconds30 };

/// One card, or the authenticator app on somebody's telephone. Kept in the data folder, as the card keeps its own
/// seed; the product has its copy, sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct VirtualCard {
    /// E-mail of who holds it.
    pub(crate) holder: String,
    /// Printed on the back of a hardware card; none for an app.
    pub(crate) serial: Option<String>,
    /// Hexadecimal.
    seed: String,
}

/// What the card shows now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Six digits.
    pub(crate) code: String,
    /// Until the next code.
    pub(crate) seconds_left: i64,
}

impl VirtualCard {
    /// A card fresh from its maker (160 bits, as RFC 4226 §4 recommends).
    pub(crate) fn hardware(holder: &str, serial: &str, entropy: &dyn Entropy) -> Self {
        let mut seed = [0u8; 20];
        entropy.fill(&mut seed);
        let seed = data_encoding::HEXLOWER.encode(&seed);
        Self { holder: holder.to_owned(), serial: Some(serial.to_owned()), seed }
    }

    /// An app into which the secret of an enrolment was typed (base32, spaces ignored).
    pub(crate) fn app(holder: &str, secret: &str) -> Result<Self, BadCard> {
        let text: String = secret.chars().filter(|c| !c.is_whitespace()).collect();
        let bytes = data_encoding::BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| BadCard)?;
        Ok(Self { holder: holder.to_owned(), serial: None, seed: data_encoding::HEXLOWER.encode(&bytes) })
    }

    /// The maker's delivery: serial, seed, period, digits, algorithm.
    pub(crate) fn delivery(cards: &[Self]) -> String {
        let mut text = String::from("serial,seed,period,digits,algorithm\n");
        for card in cards {
            if let Some(serial) = &card.serial {
                let _ = writeln!(text, "{serial},{},{PERIOD},6,SHA1", card.seed);
            }
        }
        text
    }

    pub(crate) fn show(&self, now: Timestamp) -> Result<Shown, BadCard> {
        let bytes = data_encoding::HEXLOWER.decode(self.seed.as_bytes()).map_err(|_| BadCard)?;
        let codes = Codes::new(&Seed::new(bytes).map_err(|_| BadCard)?, PARAMS)?;
        Ok(Shown { code: codes.code_at(now), seconds_left: PERIOD - now.unix().rem_euclid(PERIOD) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_code_of_the_moment_and_for_how_long() {
        // RFC 6238, appendix B, SHA-1, last six digits; the seed as an app reads it.
        let secret = data_encoding::BASE32_NOPAD.encode(b"12345678901234567890");
        let card = VirtualCard::app("a@b.example", &secret).unwrap();
        let at = |seconds| card.show(Timestamp::from_unix(seconds).unwrap()).unwrap();
        assert_eq!(at(59), Shown { code: "287082".into(), seconds_left: 1 });
        assert_eq!(at(1_111_111_109), Shown { code: "081804".into(), seconds_left: 1 });
        assert_eq!(at(60).seconds_left, 30);
    }
}
