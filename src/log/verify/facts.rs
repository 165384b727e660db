//! Typed facts of a leaf by name.
use std::collections::BTreeSet;

use crate::domain::time::Timestamp;
use crate::log::entry::{Fact, Leaf};
use crate::log::pseudonym::Pseudonym;
use crate::log::token::Token;

pub(super) fn token<'a>(leaf: &'a Leaf, name: &str) -> Option<&'a Token> {
    match leaf.facts.get(name) {
        Some(Fact::Token(token)) => Some(token),
        _ => None,
    }
}

pub(super) fn instant(leaf: &Leaf, name: &str) -> Option<Timestamp> {
    match leaf.facts.get(name) {
        Some(Fact::Instant(at)) => Some(*at),
        _ => None,
    }
}

pub(super) fn integer(leaf: &Leaf, name: &str) -> Option<i64> {
    match leaf.facts.get(name) {
        Some(Fact::Integer(value)) => Some(*value),
        _ => None,
    }
}

pub(super) fn boolean(leaf: &Leaf, name: &str) -> Option<bool> {
    match leaf.facts.get(name) {
        Some(Fact::Bool(value)) => Some(*value),
        _ => None,
    }
}

pub(super) fn tokens(leaf: &Leaf, name: &str) -> Option<BTreeSet<Token>> {
    match leaf.facts.get(name) {
        Some(Fact::Tokens(tokens)) => Some(tokens.iter().cloned().collect()),
        _ => None,
    }
}

pub(super) fn actor(leaf: &Leaf) -> Option<Pseudonym> {
    leaf.actor.as_ref().and_then(|actor| actor.pseudonym.clone())
}
