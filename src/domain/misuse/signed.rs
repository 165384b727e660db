//! Signatures, held against what became of them.
use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;

use super::{
    AT_ONCE, At, Detector, ENDED_WITHIN, Finding, Pseudonym, StructureId, Timestamp, UNUSED, UNUSED_AFTER,
    finding,
};
use crate::domain::mandate::local_day;

/// A signature and what became of the mandate.
#[derive(Clone, Debug)]
pub struct Signature {
    pub at: Timestamp,
    pub structure: StructureId,
    pub actor: Pseudonym,
    pub reference: String,
    /// The first service opened under it.
    pub used_at: Option<Timestamp>,
    /// When, after that, it was ended or suspended, whole or in what was used of it.
    pub ended_at: Option<Timestamp>,
    /// Whether aidant and user bear one family name.
    pub same_name: bool,
}

/// What one signature tells by itself.
pub fn told(one: &Signature) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tell = |detector| {
        let mut told = finding(detector, &(one.structure, one.actor.clone()), one.reference.clone(), one.at);
        (told.count, told.mandate) = (1, Some(one.reference.clone()));
        told.until = one.ended_at.map_or(told.until, |ended| told.until.max(ended));
        found.push(told);
    };
    if one.same_name {
        tell(Detector::SameName);
    }
    if let (Some(used), Some(ended)) = (one.used_at, one.ended_at)
        && used.since(one.at) <= AT_ONCE
        && ended.since(one.at) <= ENDED_WITHIN
    {
        tell(Detector::UsedAndRevoked);
    }
    found
}

/// Reads the signatures of whole months, in order, and tells of the mandates that were not used in their time.
pub struct Unused {
    zones: HashMap<StructureId, TimeZone>,
    /// What was known before this is not told again.
    from: Timestamp,
    now: Timestamp,
    found: BTreeMap<(At, String), Finding>,
}

impl Unused {
    /// `zones`: where each structure's month begins. `from`: the first instant of the days looked at.
    pub fn new(zones: HashMap<StructureId, TimeZone>, from: Timestamp, now: Timestamp) -> Self {
        Self { zones, from, now, found: BTreeMap::new() }
    }

    /// Who signed in which structure, when, and when the mandate was first used.
    pub fn see(&mut self, who: At, at: Timestamp, used_at: Option<Timestamp>) {
        let in_time = used_at.is_some_and(|used| used.since(at) <= UNUSED_AFTER);
        if in_time || self.now < at + UNUSED_AFTER {
            return;
        }
        let zone = self.zones.get(&who.0).cloned().unwrap_or(TimeZone::UTC);
        let day = local_day(at, &zone).map(|day| day.to_string()).unwrap_or_default();
        let month: String = day.chars().take(7).collect();
        let first = finding(Detector::Unused, &who, month.clone(), at);
        let told = self.found.entry((who, month)).or_insert(first);
        told.count += 1;
        told.until = at;
    }

    pub fn findings(self) -> Vec<Finding> {
        let from = self.from;
        let known_since = move |told: &Finding| told.until + UNUSED_AFTER >= from;
        self.found.into_values().filter(|told| told.count >= UNUSED).filter(known_since).collect()
    }
}
