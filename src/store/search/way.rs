//! The ways through the log: an index that ends with the id, followed backwards at one value.
//!
//! It is followed by a condition and an order that no other index meets. An equality and `ORDER BY id` would say the same,
//! but PostgreSQL, which plans without the values, then follows the primary key and reads the whole log for the lines of
//! a rare kind.
use time::Duration;

use super::Criteria;
use super::statement::{Statement, Value};
use crate::domain::ids::{EntryId, StructureId, first_id};

/// A condition of a line met on a way, written so that no engine follows an index of its own.
pub(in crate::store) fn beside(condition: &str) -> String {
    format!("CASE WHEN {condition} THEN TRUE ELSE FALSE END")
}

/// A criterion whose own index can be followed backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leader {
    Mandate,
    Subject,
    Actor,
    Structure,
    Service,
    Domain,
    Kind,
}

impl Leader {
    /// The one that leaves the fewest lines as a rule first.
    const ALL: [Self; 7] =
        [Self::Mandate, Self::Subject, Self::Actor, Self::Structure, Self::Service, Self::Domain, Self::Kind];

    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Mandate => "mandate_id",
            Self::Subject => "subject",
            Self::Actor => "actor",
            Self::Structure => "structure_id",
            Self::Service => "service_id",
            Self::Domain => "domain",
            Self::Kind => "kind",
        }
    }

    /// What is asked of it, if anything is.
    pub(super) fn value(self, wanted: &Criteria) -> Option<Value> {
        match self {
            Self::Mandate => wanted.mandate_id.map(|id| Value::Id(id.uuid())),
            Self::Subject => wanted.subject.clone().map(Value::Bytes),
            Self::Actor => wanted.actor.clone().map(Value::Bytes),
            Self::Structure => wanted.structure_id.map(|id| Value::Id(id.uuid())),
            Self::Service => wanted.service_id.map(|id| Value::Id(id.uuid())),
            Self::Domain => wanted.domain.clone().map(Value::Text),
            Self::Kind => wanted.kind.map(|kind| Value::Text(kind.to_owned())),
        }
    }

    /// Those asked for, with what is asked.
    pub(super) fn present(wanted: &Criteria) -> Vec<(Self, Value)> {
        Self::ALL.into_iter().filter_map(|leader| Some((leader, leader.value(wanted)?))).collect()
    }

    /// Whether refusals by it have an index of their own.
    pub(super) fn has_refusals(self) -> bool {
        matches!(self, Self::Structure | Self::Service | Self::Kind)
    }
}

/// What is followed backwards.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// Every line.
    All,
    Led(Leader, Value),
}

impl Way {
    pub(super) fn of(structure: StructureId) -> Self {
        Self::Led(Leader::Structure, Value::Id(structure.uuid()))
    }

    pub(super) fn leader(&self) -> Option<Leader> {
        match self {
            Self::All => None,
            Self::Led(leader, _) => Some(*leader),
        }
    }

    /// Whether the lines met are few whatever the length of the log: those of one mandate.
    pub(super) fn is_short(&self) -> bool {
        self.leader() == Some(Leader::Mandate)
    }

    /// The condition on the lines of a range.
    pub(super) fn condition(&self, sql: &mut Statement, range: &Range) -> String {
        match self {
            Self::Led(leader, value) if !self.is_short() => {
                let (column, at) = (leader.column(), sql.bind(value.clone()));
                let down = match &range.first {
                    Some(first) => format!("(e.{column}, e.id) >= ({at}, {first})"),
                    None => format!("e.{column} >= {at}"),
                };
                format!("e.{column} IS NOT NULL AND (e.{column}, e.id) < ({at}, {}) AND {down}", range.before)
            }
            way => {
                let first = range.first.iter().map(|first| format!("e.id >= {first}"));
                let mut conditions: Vec<String> = first.collect();
                if let Self::Led(leader, value) = way {
                    conditions.push(format!("e.{} = {}", leader.column(), sql.bind(value.clone())));
                }
                conditions.push(format!("e.id < {}", range.before));
                conditions.join(" AND ")
            }
        }
    }

    /// The order in which the lines are met.
    pub(super) fn order(&self) -> String {
        match self {
            Self::Led(leader, _) if !self.is_short() => {
                format!("ORDER BY e.{} DESC, e.id DESC", leader.column())
            }
            _ => "ORDER BY e.id DESC".to_owned(),
        }
    }
}

/// An act takes the id of its entry up to so long before its instant…
const BEFORE: Duration = Duration::minutes(1);
/// …and so long after it, where the clock was put right in between.
const AFTER: Duration = Duration::seconds(1);

/// Ids from the first, if there is one, up to before the last, as bound in a statement.
#[derive(Debug)]
pub(super) struct Range {
    pub(super) before: String,
    pub(super) first: Option<String>,
}

impl Range {
    /// Where the lines wanted are.
    pub(super) fn of(sql: &mut Statement, wanted: &Criteria) -> Self {
        let until = wanted.until.map(|at| EntryId::from_uuid(first_id(at + AFTER)));
        let last = wanted.before.into_iter().chain(until).min();
        let last = last.unwrap_or(EntryId::from_uuid(uuid::Uuid::max()));
        let first = wanted.from.map(|at| EntryId::from_uuid(first_id(at - BEFORE)));
        Self {
            before: sql.bind(Value::Id(last.uuid())),
            first: first.map(|first| sql.bind(Value::Id(first.uuid()))),
        }
    }
}
