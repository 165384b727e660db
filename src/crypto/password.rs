//! Passwords: Argon2id, and what may be one.
//!
//! Hashing takes tens of milliseconds of a core and 19 MiB on purpose: callers run it in `spawn_blocking`, under a
//! bounded semaphore, and only after the cheap limits.
use std::collections::HashSet;
use std::sync::LazyLock;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::domain::ids::Entropy;
use crate::domain::secret::Secret;

pub const MIN_CHARS: usize = 12;
/// Argon2 takes any length; a limit keeps a request from being a burden.
pub const MAX_CHARS: usize = 256;
/// Fewer different characters than this is a keyboard held down.
const MIN_DISTINCT: usize = 5;

/// OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Why a password cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    #[error("at least {MIN_CHARS} characters")]
    TooShort,
    #[error("at most {MAX_CHARS} characters")]
    TooLong,
    #[error("among the most common, or made of one common word, a run or a repetition")]
    Common,
    #[error("made of the person's own name or address")]
    Personal,
}

#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashFailure;

/// A stored hash in PHC format (`$argon2id$v=19$m=…`). Not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordPhc(String);

impl PasswordPhc {
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordPhc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordPhc(…)")
    }
}

pub fn hash(password: &Secret, entropy: &dyn Entropy) -> Result<PasswordPhc, HashFailure> {
    let mut salt = [0u8; 16];
    entropy.fill(&mut salt);
    let salt = SaltString::encode_b64(&salt).map_err(|_| HashFailure)?;
    let phc = argon2id()?.hash_password(password.reveal().as_bytes(), &salt).map_err(|_| HashFailure)?;
    Ok(PasswordPhc(phc.to_string()))
}

/// Is it the right password? Without a stored hash (no such account, or no password chosen yet) the same work is
/// done on a hash of nobody's, and the answer is no: the time taken tells nothing.
pub fn verify(password: &Secret, stored: Option<&PasswordPhc>) -> bool {
    let text = stored.map_or(nobody(), PasswordPhc::as_str);
    let right = PasswordHash::new(text).is_ok_and(|phc| {
        argon2id().is_ok_and(|argon| argon.verify_password(password.reveal().as_bytes(), &phc).is_ok())
    });
    right && stored.is_some()
}

/// Was this hash made with weaker parameters than today's (so: to be made again at the next right password)?
pub fn is_outdated(stored: &PasswordPhc) -> bool {
    let current = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$");
    !stored.as_str().starts_with(&current)
}

/// May this be chosen? `personal`: the person's name, address, structure… that must not be most of it.
pub fn check(password: &Secret, personal: &[&str]) -> Result<(), Weakness> {
    let typed = password.reveal();
    let length = typed.chars().count();
    if length < MIN_CHARS {
        return Err(Weakness::TooShort);
    }
    if length > MAX_CHARS {
        return Err(Weakness::TooLong);
    }
    let lower = typed.to_lowercase();
    if is_common(&lower) {
        return Err(Weakness::Common);
    }
    if is_personal(&lower, personal) {
        return Err(Weakness::Personal);
    }
    Ok(())
}

fn argon2id() -> Result<Argon2<'static>, HashFailure> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashFailure)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A well-formed hash with today's parameters that no password gives.
fn nobody() -> &'static str {
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
}

struct CommonList {
    whole: HashSet<&'static str>,
    words: HashSet<&'static str>,
}

static COMMON: LazyLock<CommonList> = LazyLock::new(|| {
    let text = include_str!("common_passwords.txt");
    let (whole, words) = text.split_once("\n----\n").unwrap_or((text, ""));
    let lines = |part: &'static str| part.lines().filter(|line| !line.starts_with('#')).collect();
    CommonList { whole: lines(whole), words: lines(words) }
});

/// Rows of keyboards (French, then international), the alphabet and the digits, walked either way.
const RUNS: [&str; 8] = [
    "azertyuiopqsdfghjklmwxcvbn",
    "qwertyuiopasdfghjklzxcvbnm",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "01234567890123456789012345678901234567890",
    "1a2z3e4r5t6y7u8i9o0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "aqwzsxedcrfvtgbyhnuj",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
];

fn is_common(lower: &str) -> bool {
    let distinct: HashSet<char> = lower.chars().collect();
    if distinct.len() < MIN_DISTINCT || COMMON.whole.contains(lower) || is_run(lower) || is_repetition(lower)
    {
        return true;
    }
    // What is left of "P4ssw0rd!2026" without the ornaments.
    let plain = unornamented(lower);
    let plain = plain.as_str();
    plain.is_empty()
        || COMMON.words.contains(plain)
        || COMMON.whole.contains(plain)
        || (plain.chars().count() >= 6 && is_run(plain))
        || smallest_period(plain).is_some_and(|part| COMMON.words.contains(part.as_str()))
}

/// Ends of digits and signs taken off, then the usual substitutions undone.
fn unornamented(lower: &str) -> String {
    lower
        .trim_matches(|c: char| !c.is_alphabetic())
        .chars()
        .map(unleet)
        .filter(|c| c.is_alphabetic())
        .collect()
}

fn unleet(c: char) -> char {
    match c {
        '0' | 'ô' => 'o',
        '1' | '!' | 'î' | 'ï' => 'i',
        '3' | 'é' | 'è' | 'ê' | 'ë' => 'e',
        '4' | '@' | 'à' | 'â' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        'ç' => 'c',
        'ù' | 'û' => 'u',
        other => other,
    }
}

fn is_run(text: &str) -> bool {
    let backwards: String = text.chars().rev().collect();
    RUNS.iter().any(|run| run.contains(text) || run.contains(&backwards))
}

/// Made of one part of at most six characters, again and again.
fn is_repetition(text: &str) -> bool {
    smallest_period(text).is_some_and(|part| part.chars().count() <= 6)
}

/// The shortest part whose repetition gives the whole text (at least twice).
fn smallest_period(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    (1..=chars.len() / 2)
        .find(|size| {
            chars.len().is_multiple_of(*size)
                && chars.iter().zip(chars.iter().skip(*size)).all(|(one, other)| one == other)
        })
        .map(|size| chars.iter().take(size).collect())
}

/// Is more than half of the password one of the words that anybody would try for this person?
fn is_personal(lower: &str, personal: &[&str]) -> bool {
    let letters = lower.chars().filter(|c| c.is_alphanumeric()).count();
    let mut left = lower.to_owned();
    for given in personal {
        let given = given.to_lowercase();
        for word in given.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 3) {
            left = left.replace(word, "");
        }
    }
    let rest = left.chars().filter(|c| c.is_alphabetic()).count();
    letters > 0 && left.len() < lower.len() && rest * 2 < letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::SystemEntropy;

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }
    fn checked(text: &str) -> Result<(), Weakness> {
        check(&secret(text), &["Claire Martin", "claire.martin@mairie-exemple.fr", "Mairie d’Exemple"])
    }

    #[test]
    fn only_the_right_password_is_right() {
        let stored = hash(&secret("tisane pour le chat"), &SystemEntropy).unwrap();
        assert!(stored.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&secret("tisane pour le chat"), Some(&stored)));
        assert!(!verify(&secret("tisane pour le chien"), Some(&stored)));
        assert!(!verify(&secret(""), Some(&stored)));
        assert!(!is_outdated(&stored));
        assert_ne!(stored, hash(&secret("tisane pour le chat"), &SystemEntropy).unwrap());
        assert!(is_outdated(&PasswordPhc::from_stored("$argon2id$v=19$m=4096,t=3,p=1$x$y".into())));
    }

    /// Known failure: an answer that comes sooner when nobody has this address. Skipped work would be a thousand
    /// times quicker; the margin is for a busy machine.
    #[test]
    fn nobodys_password_takes_the_same_work() {
        let stored = hash(&secret("tisane pour le chat"), &SystemEntropy).unwrap();
        let real = PasswordHash::new(stored.as_str()).unwrap();
        let fake = PasswordHash::new(nobody()).unwrap();
        assert_eq!(
            (real.algorithm, real.version, &real.params),
            (fake.algorithm, fake.version, &fake.params)
        );
        assert_eq!(real.hash.unwrap().len(), fake.hash.unwrap().len());
        let time = |stored: Option<&PasswordPhc>| {
            let start = std::time::Instant::now();
            assert!(!verify(&secret("une autre tisane"), stored));
            start.elapsed()
        };
        let pairs: Vec<_> = (0..5).map(|_| (time(Some(&stored)), time(None))).collect();
        let (somebody, nobody) =
            (pairs.iter().map(|pair| pair.0).min(), pairs.iter().map(|pair| pair.1).min());
        assert!(nobody.unwrap() * 10 > somebody.unwrap(), "{pairs:?}");
    }

    #[test]
    fn a_damaged_hash_is_never_right() {
        for text in ["", "$argon2id$", "plain", "$argon2id$v=19$m=99999999,t=2,p=1$AAAA$AAAA"] {
            assert!(!verify(&secret(text), Some(&PasswordPhc::from_stored(text.to_owned()))));
        }
    }

    #[test]
    fn long_enough_and_unusual_passwords_are_welcome() {
        for good in [
            "tisane pour le chat",
            "vélo-tempête-armoire",
            "x7!kQ2#mVt9z",
            "le soleil du jardin de mamie",
            "correct cheval batterie",
            "Claire aime les orages d’été au bord du lac",
        ] {
            assert_eq!(checked(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn common_short_and_personal_ones_are_refused() {
        assert_eq!(checked("x7!kQ2#mVt9"), Err(Weakness::TooShort));
        assert_eq!(checked(&"x7!kQ2#mVt9z".repeat(30)), Err(Weakness::TooLong));
        for common in [
            "motdepasse123",
            "Motdepasse2026!",
            "P4ssw0rd!2026",
            "azertyuiop123",
            "azertyuiopqsdfg",
            "123456789012",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "abcdefghijklm",
            "qwertyuiop12345",
            "soleilsoleil",
            "!!!Soleil2026!!!",
            "000000000000",
            "987654321098",
            "Changezmoi2026",
            "mlkjhgfdsqpo",
            "1qaz2wsx3edc",
            "jetaimejetaime",
        ] {
            assert_eq!(checked(common), Err(Weakness::Common), "{common}");
        }
        for personal in ["ClaireMartin12", "claire.martin2026", "martinclaire!!", "mairie-exemple-75"] {
            assert_eq!(checked(personal), Err(Weakness::Personal), "{personal}");
        }
    }
}
