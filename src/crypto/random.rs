//! The operating system's randomness, through AWS-LC.
use crate::domain::ids::Entropy;

/// Cryptographically secure random bytes from the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if aws_lc_rs::rand::fill(buffer).is_err() {
            // Without randomness every token and key would be guessable: there is nothing safe left to do.
            tracing::error!("the system gives no randomness");
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_gives_the_same_bytes_twice() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1_000 {
            let mut bytes = [0u8; 16];
            SystemEntropy.fill(&mut bytes);
            assert!(seen.insert(bytes));
        }
    }
}
