//! Lines in the order in which they happened.
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use data_encoding::BASE64URL_NOPAD;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::{
    Act, At, BURST, BURST_WITHIN, Detector, FAILED_CODES, FORGOTTEN_AFTER, Finding, MANY_USERS, OUT_OF_HOURS,
    Pseudonym, Signal, StructureId, TIMES_THE_MEDIAN, Timestamp, UseId, WORK_BEGINS, WORK_ENDS, finding,
};
use crate::domain::mandate::local_day;

/// A use that goes on.
struct Open {
    at: Timestamp,
    structure: StructureId,
    subject: Pseudonym,
}

/// The people whom an aidant served on one day, the first time and the last.
type Served = (BTreeSet<Pseudonym>, Timestamp, Timestamp);

/// Reads lines in order, tells what it found at the end.
pub struct Watch {
    zones: HashMap<StructureId, TimeZone>,
    recent: HashMap<At, VecDeque<Timestamp>>,
    bursts: BTreeMap<(At, String), Finding>,
    late: BTreeMap<(At, String), Finding>,
    codes: BTreeMap<(At, String), Finding>,
    /// The day that goes on in each structure.
    today: HashMap<StructureId, (String, BTreeMap<Pseudonym, Served>)>,
    many: Vec<Finding>,
    /// Uses going on of each aidant, wherever they are at work.
    open: HashMap<Pseudonym, BTreeMap<UseId, Open>>,
    /// The same, in the order in which they began.
    begun: VecDeque<(Timestamp, UseId)>,
    owners: HashMap<UseId, Pseudonym>,
    /// By the use forgotten, the structure of the one opened meanwhile, and its day; with the people concerned.
    mixed: BTreeMap<(UseId, StructureId, String), (Finding, BTreeSet<Pseudonym>)>,
}

impl Watch {
    /// `zones`: where each structure's day begins; an unknown structure works in UTC.
    pub fn new(zones: HashMap<StructureId, TimeZone>) -> Self {
        Self {
            zones,
            recent: HashMap::new(),
            bursts: BTreeMap::new(),
            late: BTreeMap::new(),
            codes: BTreeMap::new(),
            today: HashMap::new(),
            many: Vec::new(),
            open: HashMap::new(),
            begun: VecDeque::new(),
            owners: HashMap::new(),
            mixed: BTreeMap::new(),
        }
    }

    pub fn see(&mut self, signal: &Signal) {
        self.forget(signal.at);
        let who = (signal.structure, signal.actor.clone());
        let zone = self.zones.get(&signal.structure).cloned().unwrap_or(TimeZone::UTC);
        let day = local_day(signal.at, &zone).map(|day| day.to_string()).unwrap_or_default();
        match signal.act {
            Act::Opened { use_id } => {
                self.pace(&who, signal.at, &day);
                if let Some(subject) = &signal.subject {
                    self.served(&who, signal.at, subject, &day);
                    self.opened(&who, signal.at, (use_id, subject), &day);
                }
                self.hour(&who, signal.at, &zone, day);
            }
            // Whoever ended it: the aidant, the service, or what ended the mandate.
            Act::Ended { use_id } => self.close(use_id),
            Act::Signed => self.hour(&who, signal.at, &zone, day),
            Act::CodeRefused => add(&mut self.codes, Detector::FailedCodes, &who, day, signal.at),
        }
    }

    /// Uses that nobody ended, and whose time is over.
    fn forget(&mut self, now: Timestamp) {
        while let Some((at, use_id)) = self.begun.front()
            && now.since(*at) > FORGOTTEN_AFTER
        {
            let use_id = *use_id;
            self.begun.pop_front();
            self.close(use_id);
        }
    }

    fn close(&mut self, use_id: UseId) {
        let Some(owner) = self.owners.remove(&use_id) else { return };
        if let Some(open) = self.open.get_mut(&owner) {
            open.remove(&use_id);
            if open.is_empty() {
                self.open.remove(&owner);
            }
        }
    }

    fn pace(&mut self, who: &At, at: Timestamp, day: &str) {
        let recent = self.recent.entry(who.clone()).or_default();
        recent.push_back(at);
        while recent.front().is_some_and(|first| at.since(*first) > BURST_WITHIN) {
            recent.pop_front();
        }
        if recent.len() >= BURST {
            let since = recent.front().copied().unwrap_or(at);
            let count = recent.len();
            let key = (who.clone(), day.to_owned());
            let burst = finding(Detector::Burst, who, day.to_owned(), since);
            let burst = self.bursts.entry(key).or_insert(burst);
            burst.until = at;
            burst.count = burst.count.max(count);
        }
    }

    fn served(&mut self, (structure, actor): &At, at: Timestamp, subject: &Pseudonym, day: &str) {
        let (today, aidants) = self.today.entry(*structure).or_default();
        if today.as_str() != day {
            self.many.extend(many_users(*structure, today, aidants));
            aidants.clear();
            day.clone_into(today);
        }
        let users = aidants.entry(actor.clone()).or_insert_with(|| (BTreeSet::new(), at, at));
        users.0.insert(subject.clone());
        users.2 = at;
    }

    /// Of the uses going on for other people, the first one in each structure was forgotten.
    fn opened(&mut self, who: &At, at: Timestamp, (use_id, subject): (UseId, &Pseudonym), day: &str) {
        let open = self.open.entry(who.1.clone()).or_default();
        let mut forgotten: BTreeMap<StructureId, (Timestamp, UseId)> = BTreeMap::new();
        for (other, one) in open.iter().filter(|(_, one)| one.subject != *subject) {
            let first = forgotten.entry(one.structure).or_insert((one.at, *other));
            *first = (one.at, *other).min(*first);
        }
        for (structure, (_, first)) in forgotten {
            let people = open.values().filter(|one| one.structure == structure).map(|one| &one.subject);
            let mixed = self.mixed.entry((first, who.0, day.to_owned())).or_insert_with(|| {
                let key = format!("{}.{day}", BASE64URL_NOPAD.encode(first.as_bytes()));
                (finding(Detector::MixUp, who, key, at), BTreeSet::new())
            });
            mixed.1.extend(people.chain([subject]).cloned());
            mixed.0.also = Some(structure).filter(|structure| *structure != who.0);
            (mixed.0.until, mixed.0.count) = (at, mixed.1.len());
        }
        open.insert(use_id, Open { at, structure: who.0, subject: subject.clone() });
        self.begun.push_back((at, use_id));
        self.owners.insert(use_id, who.1.clone());
    }

    fn hour(&mut self, who: &At, at: Timestamp, zone: &TimeZone, day: String) {
        let Ok(instant) = jiff::Timestamp::from_microsecond(at.unix_micros()) else { return };
        let local = zone.to_datetime(instant);
        let at_work =
            (WORK_BEGINS..WORK_ENDS).contains(&local.hour()) && local.date().weekday() != Weekday::Sunday;
        if !at_work {
            add(&mut self.late, Detector::OutOfHours, who, day, at);
        }
    }

    /// Everything found, in the order of the detectors.
    pub fn findings(mut self) -> Vec<Finding> {
        for (structure, (day, aidants)) in &self.today {
            self.many.extend(many_users(*structure, day, aidants));
        }
        let enough = |found: BTreeMap<(At, String), Finding>, least: usize| {
            found.into_values().filter(move |finding| finding.count >= least)
        };
        self.mixed
            .into_values()
            .map(|(finding, _)| finding)
            .chain(self.bursts.into_values())
            .chain(enough(self.codes, FAILED_CODES))
            .chain(enough(self.late, OUT_OF_HOURS))
            .chain(self.many)
            .collect()
    }
}

fn add(
    found: &mut BTreeMap<(At, String), Finding>,
    detector: Detector,
    who: &At,
    day: String,
    at: Timestamp,
) {
    let one = found.entry((who.clone(), day.clone())).or_insert_with(|| finding(detector, who, day, at));
    one.count += 1;
    one.until = at;
}

/// Those who on one day served many more people than the others of their structure.
fn many_users(structure: StructureId, day: &str, aidants: &BTreeMap<Pseudonym, Served>) -> Vec<Finding> {
    let mut counts: Vec<usize> = aidants.values().map(|(people, _, _)| people.len()).collect();
    counts.sort_unstable();
    let mut found = Vec::new();
    for (actor, (people, since, until)) in
        aidants.iter().filter(|(_, (people, _, _))| people.len() >= MANY_USERS)
    {
        // The median of the others: their own count is left out of the order.
        let own = counts.partition_point(|count| *count < people.len());
        let middle = (counts.len() - 1) / 2;
        let median = counts.get(middle + usize::from(middle >= own)).copied().unwrap_or(0);
        if people.len() >= TIMES_THE_MEDIAN * median {
            let mut one = finding(Detector::ManyUsers, &(structure, actor.clone()), day.to_owned(), *since);
            (one.until, one.count) = (*until, people.len());
            found.push(one);
        }
    }
    found
}
