//! One-time codes (RFC 6238) over `totp-rs`: which step a code belongs to, whether it may still be used.
//!
//! A *step* is the number of periods since 1970. A card's *drift* is how many steps its clock was found ahead of ours.
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::domain::card::{CardAlgorithm, CardParams, DIGITS, RESYNC_REACH, Seed};
use crate::domain::time::Timestamp;

/// Steps accepted on either side of where the card is expected to be. Never widened.
const WINDOW: i64 = 1;

/// What is remembered of a card between two codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardMemory {
    /// Steps the card's clock is ahead (positive) or behind.
    pub drift: i64,
    /// The last step accepted; none at or before it will be accepted again.
    pub last_step: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// To be stored by compare-and-set on `last_step` before anything else is done.
    Accepted(CardMemory),
    /// A right code, but of a step already used (or before one that was).
    AlreadyUsed {
        /// Seconds until the card shows a code that can be accepted, at least 1.
        next_in_seconds: i64,
    },
    Wrong,
}

/// The library does not accept the seed or the parameters.
#[derive(Debug, thiserror::Error)]
#[error("the card's seed or parameters cannot make codes")]
pub struct BadCard;

/// A card's codes.
pub struct Codes {
    totp: Totp,
    period: i64,
}

impl Codes {
    pub fn new(seed: &Seed, params: CardParams) -> Result<Self, BadCard> {
        let totp = builder(seed, params).build().map_err(|_| BadCard)?;
        Ok(Self { totp, period: i64::from(params.period.seconds()) })
    }

    /// The step of our clock at this instant.
    pub fn step_at(&self, now: Timestamp) -> i64 {
        now.unix().div_euclid(self.period)
    }

    /// The code a card with an exact clock shows at this instant (demonstration, tests).
    pub fn code_at(&self, now: Timestamp) -> String {
        self.totp.generate(u64::try_from(now.unix()).unwrap_or(0)).to_string()
    }

    /// Checks a code against the window of one step around the card's remembered drift.
    pub fn verify(&self, code: &str, memory: CardMemory, now: Timestamp) -> Verdict {
        let code = digits_only(code);
        let current = self.step_at(now);
        let expected = current + memory.drift;
        // All steps are computed whatever matches: the time taken tells nothing.
        let matches: Vec<i64> =
            (expected - WINDOW..=expected + WINDOW).filter(|step| self.is_code_of(&code, *step)).collect();
        if let Some(step) = matches.iter().copied().find(|step| *step > memory.last_step) {
            return Verdict::Accepted(CardMemory { drift: self.capped(step - current), last_step: step });
        }
        if matches.is_empty() {
            return Verdict::Wrong;
        }
        let card_clock = now.unix() + memory.drift * self.period;
        let next = (memory.last_step + 1) * self.period - card_clock;
        Verdict::AlreadyUsed { next_in_seconds: next.clamp(1, 2 * self.period) }
    }

    /// Finds a drifted card again by two codes shown one after the other, within half an hour on either side.
    /// Codes of steps already used are not accepted. `None` if no such pair exists.
    pub fn resynchronise(
        &self,
        first: &str,
        second: &str,
        last_step: i64,
        now: Timestamp,
    ) -> Option<CardMemory> {
        let (first, second) = (digits_only(first), digits_only(second));
        let current = self.step_at(now);
        let reach = self.reach();
        (current - reach..current + reach)
            .filter(|step| *step > last_step)
            .filter(|step| self.is_code_of(&first, *step) && self.is_code_of(&second, step + 1))
            .min_by_key(|step| (step - current).abs())
            .map(|step| CardMemory { drift: step + 1 - current, last_step: step + 1 })
    }

    /// Steps in half an hour.
    fn reach(&self) -> i64 {
        RESYNC_REACH.whole_seconds() / self.period
    }

    /// A card may creep, not walk away: beyond half an hour it has to be resynchronised or replaced.
    fn capped(&self, drift: i64) -> i64 {
        drift.clamp(-self.reach(), self.reach())
    }

    fn is_code_of(&self, code: &str, step: i64) -> bool {
        u64::try_from(step * self.period).is_ok_and(|time| self.totp.check(code, time).is_some())
    }
}

/// What an authenticator app reads from the QR code, and the secret to type when it cannot.
pub struct Enrolment {
    /// `otpauth://totp/…` (Key Uri Format).
    pub uri: Zeroizing<String>,
    /// The seed in base32, in groups of four.
    pub secret: Zeroizing<String>,
}

/// For an app only, shown once to its owner. `issuer` is the deployment's name; a colon in either is replaced, as the format
/// gives it a meaning.
pub fn enrolment(seed: &Seed, params: CardParams, issuer: &str, account: &str) -> Result<Enrolment, BadCard> {
    let totp = builder(seed, params)
        .with_issuer(Some(issuer.replace(':', " ")))
        .with_account_name(account.replace(':', " "))
        .build()
        .map_err(|_| BadCard)?;
    let uri = Zeroizing::new(totp.to_url().map_err(|_| BadCard)?);
    let base32 = Zeroizing::new(data_encoding::BASE32_NOPAD.encode(seed.bytes()));
    let mut secret = Zeroizing::new(String::with_capacity(base32.len() * 2));
    for (at, c) in base32.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            secret.push(' ');
        }
        secret.push(c);
    }
    Ok(Enrolment { uri, secret })
}

/// One step at a time is asked of the library: the window is ours, around the remembered drift.
fn builder(seed: &Seed, params: CardParams) -> Builder {
    let algorithm = match params.algorithm {
        CardAlgorithm::Sha1 => Algorithm::SHA1,
        CardAlgorithm::Sha256 => Algorithm::SHA256,
    };
    Builder::new()
        .with_algorithm(algorithm)
        .with_digits(DIGITS)
        .with_skew(0)
        .with_step_duration(u64::from(params.period.seconds()))
        .with_secret(Secret::from(seed.bytes().to_vec()))
}

/// People type "123 456", and paste it with a non-breaking space.
fn digits_only(code: &str) -> Zeroizing<String> {
    Zeroizing::new(code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(16).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::card::CardPeriod;

    const SHA1: CardParams = CardParams { algorithm: CardAlgorithm::Sha1, period: CardPeriod::Seconds30 };
    const SHA256: CardParams = CardParams { algorithm: CardAlgorithm::Sha256, period: CardPeriod::Seconds30 };
    const NEW: CardMemory = CardMemory { drift: 0, last_step: 0 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds).unwrap()
    }
    fn codes(params: CardParams) -> Codes {
        Codes::new(&Seed::new(b"12345678901234567890".to_vec()).unwrap(), params).unwrap()
    }

    /// RFC 6238, appendix B (its eight digits cut to the last six, as RFC 4226 §5.3 makes them).
    #[test]
    fn rfc_6238_vectors() {
        let sha256 =
            Codes::new(&Seed::new(b"12345678901234567890123456789012".to_vec()).unwrap(), SHA256).unwrap();
        for (seconds, with_sha1, with_sha256) in [
            (59, "94287082", "46119246"),
            (1_111_111_109, "07081804", "68084774"),
            (1_111_111_111, "14050471", "67062674"),
            (1_234_567_890, "89005924", "91819424"),
            (2_000_000_000, "69279037", "90698825"),
            (20_000_000_000, "65353130", "77737706"),
        ] {
            assert_eq!(codes(SHA1).code_at(at(seconds)), with_sha1[2..]);
            assert_eq!(sha256.code_at(at(seconds)), with_sha256[2..]);
        }
    }

    #[test]
    fn accepts_one_step_around_the_drift_and_no_more() {
        let codes = codes(SHA1);
        let now = at(1_795_000_010);
        let step = codes.step_at(now);
        for drift in [-3, 0, 4] {
            for off in -4..=4_i64 {
                let code = codes.code_at(at((step + drift + off) * 30));
                let memory = CardMemory { drift, last_step: 0 };
                let verdict = codes.verify(&code, memory, now);
                if off.abs() <= 1 {
                    let found = CardMemory { drift: drift + off, last_step: step + drift + off };
                    assert_eq!(verdict, Verdict::Accepted(found));
                } else {
                    assert_eq!(verdict, Verdict::Wrong);
                }
            }
        }
    }

    #[test]
    fn an_old_or_used_code_says_when_the_next_comes() {
        let codes = codes(SHA1);
        let now = at(1_795_000_020 + 7);
        let step = codes.step_at(now);
        let code = codes.code_at(now);
        let Verdict::Accepted(memory) = codes.verify(&code, NEW, now) else { panic!("refused") };
        let in_step = now.unix() % 30;
        assert_eq!(codes.verify(&code, memory, now), Verdict::AlreadyUsed { next_in_seconds: 30 - in_step });
        // the code before it is dead as well
        let before = codes.code_at(at((step - 1) * 30));
        assert!(matches!(codes.verify(&before, memory, now), Verdict::AlreadyUsed { .. }));
        // and the wait that was announced is the true one
        let next = now + time::Duration::seconds(30 - in_step);
        assert!(matches!(codes.verify(&codes.code_at(next), memory, next), Verdict::Accepted(_)));
    }

    #[test]
    fn the_announced_wait_is_right_for_a_card_that_is_ahead() {
        let codes = codes(SHA1);
        let now = at(1_795_000_030);
        let ahead = codes.code_at(now + time::Duration::seconds(30));
        let Verdict::Accepted(memory) = codes.verify(&ahead, NEW, now) else { panic!("refused") };
        assert_eq!(memory.drift, 1);
        let Verdict::AlreadyUsed { next_in_seconds } = codes.verify(&ahead, memory, now) else {
            panic!("not used")
        };
        let then = now + time::Duration::seconds(next_in_seconds);
        let shown = codes.code_at(then + time::Duration::seconds(30));
        assert!(matches!(codes.verify(&shown, memory, then), Verdict::Accepted(_)));
    }

    #[test]
    fn anything_else_is_wrong() {
        let codes = codes(SHA1);
        let now = at(1_795_000_010);
        let right = codes.code_at(now);
        for bad in ["", "12345", "1234567", "+12345", "abcdef", "１２３４５６", &format!("{right}0")] {
            assert_eq!(codes.verify(bad, NEW, now), Verdict::Wrong, "{bad}");
        }
        let spaced = format!(" {}\u{a0}{} ", &right[..3], &right[3..]);
        assert!(matches!(codes.verify(&spaced, NEW, now), Verdict::Accepted(_)));
        assert!(matches!(codes.verify("000000", NEW, at(0)), Verdict::Wrong), "before 1970 there is no step");
    }

    #[test]
    fn a_drifted_card_is_found_by_two_codes_in_a_row() {
        for params in [SHA1, CardParams { period: CardPeriod::Seconds60, ..SHA1 }] {
            let codes = codes(params);
            let period = i64::from(params.period.seconds());
            let now = at(1_795_000_010);
            let step = codes.step_at(now);
            let reach = 1_800 / period;
            let code = |step: i64| codes.code_at(at(step * period));
            for off in [-reach, -7, 0, 5, reach - 1] {
                let found = codes.resynchronise(&code(step + off), &code(step + off + 1), 0, now);
                let expected = CardMemory { drift: off + 1, last_step: step + off + 1 };
                assert_eq!(found, Some(expected), "{off}");
            }
            for off in [-reach - 1, reach] {
                assert_eq!(codes.resynchronise(&code(step + off), &code(step + off + 1), 0, now), None);
            }
            assert_eq!(codes.resynchronise(&code(step), &code(step + 2), 0, now), None, "not in a row");
            assert_eq!(codes.resynchronise(&code(step + 1), &code(step), 0, now), None, "wrong order");
            assert_eq!(codes.resynchronise(&code(step), &code(step + 1), step, now), None, "already used");
        }
    }

    #[test]
    fn drift_creeps_no_further_than_half_an_hour() {
        let codes = codes(SHA1);
        let now = at(1_795_000_010);
        let step = codes.step_at(now);
        let memory = CardMemory { drift: 60, last_step: 0 };
        let code = codes.code_at(at((step + 61) * 30));
        let Verdict::Accepted(after) = codes.verify(&code, memory, now) else { panic!("refused") };
        assert_eq!(after, CardMemory { drift: 60, last_step: step + 61 });
    }

    #[test]
    fn the_app_reads_the_same_seed() {
        let seed = Seed::new(b"12345678901234567890".to_vec()).unwrap();
        let enrolment = enrolment(&seed, SHA1, "Entremise : essai", "claire@mairie.fr").unwrap();
        assert!(enrolment.uri.starts_with("otpauth://totp/"), "{}", *enrolment.uri);
        assert!(enrolment.uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
        assert_eq!(&**enrolment.secret, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let read = Totp::from_url(&*enrolment.uri).unwrap();
        assert_eq!(read.generate(59).to_string(), codes(SHA1).code_at(at(59)));
        assert_eq!(read.account_name(), "claire@mairie.fr");
    }
}
