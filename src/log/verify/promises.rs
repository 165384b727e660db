//! Promises that people hold on paper: kept by an entry of the tree, broken by a tree that has gone past their delay without it.
use std::collections::HashMap;

use time::Duration;

use super::fault::Wrong;
use super::{Trust, tree};
use crate::domain::time::Timestamp;
use crate::log::epoch;
use crate::log::merkle::Hash;
use crate::log::promise::{Promise, SignedPromise};
use crate::log::token::Token;

/// Places follow instants only within a batch, and nodes' clocks differ: within this much of either end of what was told,
/// nobody is said to have broken their word.
const MARGIN: Duration = Duration::hours(2);

/// What a promise of this log says.
pub(in crate::log) fn open(promise: &SignedPromise, trust: &Trust, origin: &Token) -> Result<Promise, Wrong> {
    let opened = tree::any_key(trust, |key| promise.clone().open(&epoch::renamed(key, origin)));
    opened.ok_or(Wrong::NoKey)?.map_err(|error| Wrong::PromiseForeign(error.to_string()))
}

#[derive(Default)]
pub(super) struct Promises {
    /// Not met yet, by the leaf that was promised.
    open: HashMap<Hash, Promise>,
    kept: usize,
    /// Of all that was told.
    latest: Option<Timestamp>,
    /// Of the range.
    earliest: Option<Timestamp>,
}

impl Promises {
    /// Takes in those of this log; what is wrong with the others.
    pub(super) fn begin(&mut self, trust: &Trust, origin: &Token) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        for promise in &trust.promises {
            match open(promise, trust, origin) {
                Ok(promise) => _ = self.open.insert(promise.leaf, promise),
                Err(error) => wrong.push(error),
            }
        }
        wrong
    }

    /// A leaf that is in the tree.
    pub(super) fn met(&mut self, leaf: &Hash) {
        if !self.open.is_empty() {
            self.kept += usize::from(self.open.remove(leaf).is_some());
        }
    }

    /// An entry was told, in the range or from before it.
    pub(super) fn at(&mut self, time: Timestamp, in_range: bool) {
        self.latest = self.latest.max(Some(time));
        if in_range {
            self.earliest = Some(self.earliest.map_or(time, |earliest| earliest.min(time)));
        }
    }

    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// What is broken, once everything was met, and how many remain open. `first`: where the range begins.
    pub(super) fn finish(self, first: u64) -> (usize, Vec<Wrong>) {
        let broken = |promise: &Promise| {
            let inside = first == 0 || self.earliest.is_some_and(|earliest| promise.time > earliest + MARGIN);
            inside && self.latest.is_some_and(|latest| latest > promise.due() + MARGIN)
        };
        let (broken, open): (Vec<_>, Vec<_>) = self.open.values().partition(|promise| broken(promise));
        let mut times: Vec<Timestamp> = broken.iter().map(|promise| promise.time).collect();
        times.sort_unstable();
        (open.len(), times.into_iter().map(|time| Wrong::PromiseBroken { time }).collect())
    }
}
