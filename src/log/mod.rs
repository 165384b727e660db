//! The verifiable action log as pure rules over bytes: no SQL, no HTTP, no clock.
//!
//! An act becomes a [`entry::Leaf`] (canonical bytes, hashed, kept for ever, naming nobody) and body parts
//! ([`part`], erasable, tied to the leaf by commitments). Leaves are the leaves of one Merkle tree
//! ([`merkle`], RFC 6962), published as [`tile`]s and signed heads ([`checkpoint`], C2SP formats). Until a
//! head covers an entry, its holder has a signed [`promise`]; afterwards, a [`receipt`]. Auditors take entries away in a [`bundle`], which
//! [`verify`] checks without the service. A log that lost entries goes on in a new [`epoch`].
pub mod bundle;
pub mod checkpoint;
pub mod cosignature;
pub mod draft;
pub mod entry;
pub mod epoch;
pub mod kind;
pub mod merkle;
pub mod note;
pub mod part;
pub mod policy;
pub mod promise;
pub mod proof;
pub mod pseudonym;
pub mod receipt;
pub mod story;
pub mod tile;
pub mod token;
pub mod verify;
pub mod witness;

mod canonical_leaf;
mod wire;
