//! Cryptography over vetted libraries (aws-lc-rs, argon2, totp-rs): randomness, the keys folder, sealed columns,
//! blind indexes, one-time codes, passwords.
pub mod jwt;
pub mod keyring;
pub mod password;
pub mod random;
pub mod seal;
pub mod totp;
