//! An act as a use case tells it, before it becomes a leaf and parts.
use std::collections::BTreeMap;
use std::convert::Infallible;

use serde_json::Value;

use super::entry::{Actor, Fact, Leaf, LeafError, Outcome};
use super::kind::{Kind, Role};
use super::part::{Part, PartError, PartKind};
use super::pseudonym::Pseudonym;
use super::token::{BadToken, Token};
use crate::domain::ids::{
    CardId, Entropy, EntryId, GrantId, MandateId, PersonId, ServiceId, StructureId, UseId, UserId,
};
use crate::domain::time::Timestamp;

/// What a use case says of an act. Ids of people are turned into pseudonyms by whoever records it; a value
/// that may not enter a leaf is reported by [`Draft::finish`], so that building needs no `?` at each line.
#[derive(Clone, Debug)]
pub struct Draft {
    id: Option<EntryId>,
    kind: Kind,
    outcome: Result<Outcome, BadToken>,
    structure: Option<StructureId>,
    mandate: Option<(MandateId, bool)>,
    grant: Option<GrantId>,
    service: Option<ServiceId>,
    use_id: Option<UseId>,
    card: Option<CardId>,
    role: Option<Role>,
    person: Option<PersonId>,
    user: Option<Named<UserId>>,
    about: Option<Named<PersonId>>,
    facts: BTreeMap<Token, Fact>,
    on: Vec<EntryId>,
    parts: BTreeMap<PartKind, Value>,
    fault: Option<LeafError>,
}

/// Somebody whose pseudonym the recorder finds, or somebody whose pseudonym the act brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named<T> {
    /// The recorder looks the key of their pseudonym up.
    Known(T),
    /// The pseudonym itself: the row that will hold its key is written after the entry, in the same transaction.
    New(Pseudonym),
}

/// The pseudonyms of those a draft names; each present exactly when the draft names somebody.
#[derive(Clone, Debug, Default)]
pub struct People {
    pub actor: Option<Pseudonym>,
    pub user: Option<Pseudonym>,
    pub about: Option<Pseudonym>,
}

/// What only the recorder knows.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub origin: Token,
    pub id: EntryId,
    pub time: Timestamp,
    /// Taken from the mandate's row; present when the draft names a mandate.
    pub seq: Option<i64>,
    pub people: People,
}

/// Why a draft cannot become an entry: a fault of the use case that wrote it, never of who acted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// A value that no leaf may carry.
    #[error(transparent)]
    Leaf(#[from] LeafError),
    /// Content that no part may have.
    #[error(transparent)]
    Part(#[from] PartError),
    /// A person was named and no pseudonym given for them.
    #[error("a person of the draft has no pseudonym")]
    Pseudonym,
}

impl From<Infallible> for LeafError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl TryFrom<&str> for Fact {
    type Error = BadToken;
    fn try_from(text: &str) -> Result<Self, BadToken> {
        Token::new(text).map(Self::Token)
    }
}

impl Draft {
    /// An act that succeeded.
    pub fn done(kind: Kind) -> Self {
        Self {
            id: None,
            kind,
            outcome: Ok(Outcome::Done),
            structure: None,
            mandate: None,
            grant: None,
            service: None,
            use_id: None,
            card: None,
            role: None,
            person: None,
            user: None,
            about: None,
            facts: BTreeMap::new(),
            on: Vec::new(),
            parts: BTreeMap::new(),
            fault: None,
        }
    }

    /// An act that was refused, with the code of the reason (a token, never a sentence).
    pub fn refused(kind: Kind, reason: &str) -> Self {
        Self { outcome: Token::new(reason).map(Outcome::Refused), ..Self::done(kind) }
    }

    #[must_use]
    pub fn structure(mut self, id: StructureId) -> Self {
        self.structure = Some(id);
        self
    }

    /// Also gives the entry the next number of the mandate's own sequence.
    #[must_use]
    pub fn mandate(mut self, id: MandateId) -> Self {
        self.mandate = Some((id, false));
        self
    }

    /// The first entry of a mandate whose row is written after it, with `next_sequence` 1.
    #[must_use]
    pub fn new_mandate(mut self, id: MandateId) -> Self {
        self.mandate = Some((id, true));
        self
    }

    #[must_use]
    pub fn grant(mut self, id: GrantId) -> Self {
        self.grant = Some(id);
        self
    }

    #[must_use]
    pub fn service(mut self, id: ServiceId) -> Self {
        self.service = Some(id);
        self
    }

    #[must_use]
    pub fn use_id(mut self, id: UseId) -> Self {
        self.use_id = Some(id);
        self
    }

    #[must_use]
    pub fn card(mut self, id: CardId) -> Self {
        self.card = Some(id);
        self
    }

    /// Who acted, in what quality.
    #[must_use]
    pub fn by(mut self, person: PersonId, role: Role) -> Self {
        self.person = Some(person);
        self.role = Some(role);
        self
    }

    /// Who acted when it is not a professional: the user, a service, the system, nobody known.
    #[must_use]
    pub fn by_role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// The person whose mandate it is.
    #[must_use]
    pub fn user(mut self, user: UserId) -> Self {
        self.user = Some(Named::Known(user));
        self
    }

    /// The person whose mandate it is, if they are known already.
    #[must_use]
    pub fn user_if(self, user: Option<UserId>) -> Self {
        match user {
            Some(user) => self.user(user),
            None => self,
        }
    }

    /// The person whose mandate it is, whom this act creates.
    #[must_use]
    pub fn new_user(mut self, pseudonym: &Pseudonym) -> Self {
        self.user = Some(Named::New(pseudonym.clone()));
        self
    }

    /// The professional whom the act concerns, where it is not who acted: the fact `person`.
    #[must_use]
    pub fn about(mut self, person: PersonId) -> Self {
        self.about = Some(Named::Known(person));
        self
    }

    /// The professional whom this act creates.
    #[must_use]
    pub fn about_new(mut self, pseudonym: &Pseudonym) -> Self {
        self.about = Some(Named::New(pseudonym.clone()));
        self
    }

    /// A typed fact: a token, an integer, a boolean, an instant, an id or a list of tokens.
    #[must_use]
    pub fn fact<F>(mut self, name: &str, value: F) -> Self
    where
        F: TryInto<Fact>,
        LeafError: From<F::Error>,
    {
        match (Token::new(name), value.try_into()) {
            (Ok(name), Ok(value)) => _ = self.facts.insert(name, value),
            (Err(error), _) => self.fault = Some(error.into()),
            (_, Err(error)) => self.fault = Some(error.into()),
        }
        self
    }

    /// A fact that may be absent.
    #[must_use]
    pub fn fact_if<F>(self, name: &str, value: Option<F>) -> Self
    where
        F: TryInto<Fact>,
        LeafError: From<F::Error>,
    {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    /// A fact made of several tokens, such as the domains of a mandate.
    #[must_use]
    pub fn list<'a>(mut self, name: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        match values.into_iter().map(Token::new).collect::<Result<Vec<_>, _>>() {
            Ok(tokens) => self.fact(name, tokens),
            Err(error) => {
                self.fault = Some(error.into());
                self
            }
        }
    }

    /// An entry this one rests on.
    #[must_use]
    pub fn on(mut self, entry: EntryId) -> Self {
        self.on.push(entry);
        self
    }

    /// Personal content, kept apart and erasable.
    #[must_use]
    pub fn part(mut self, kind: PartKind, content: Value) -> Self {
        self.parts.insert(kind, content);
        self
    }

    /// Under an id that the row of the act names already.
    #[must_use]
    pub fn named(mut self, id: EntryId) -> Self {
        self.id = Some(id);
        self
    }

    pub fn id(&self) -> Option<EntryId> {
        self.id
    }
    pub fn kind(&self) -> Kind {
        self.kind
    }
    pub fn is_refusal(&self) -> bool {
        !matches!(self.outcome, Ok(Outcome::Done))
    }
    /// With whether the act creates it.
    pub fn mandate_id(&self) -> Option<(MandateId, bool)> {
        self.mandate
    }
    pub fn person_id(&self) -> Option<PersonId> {
        self.person
    }
    pub fn user_named(&self) -> Option<&Named<UserId>> {
        self.user.as_ref()
    }
    pub fn about_named(&self) -> Option<&Named<PersonId>> {
        self.about.as_ref()
    }

    /// The leaf and the parts it commits to.
    pub fn finish(mut self, stamp: Stamp, entropy: &dyn Entropy) -> Result<(Leaf, Vec<Part>), DraftError> {
        let People { actor, user, about } = stamp.people;
        let named = [self.person.is_some(), self.user.is_some(), self.about.is_some()];
        if named != [actor.is_some(), user.is_some(), about.is_some()] {
            return Err(DraftError::Pseudonym);
        }
        if let Some(pseudonym) = about {
            self = self.fact("person", pseudonym.to_string().as_str());
        }
        if let Some(fault) = self.fault {
            return Err(fault.into());
        }
        let parts = self
            .parts
            .iter()
            .map(|(kind, content)| Part::new(*kind, content, entropy))
            .collect::<Result<Vec<_>, _>>()?;
        let leaf = Leaf {
            origin: stamp.origin,
            id: stamp.id,
            kind: self.kind,
            time: stamp.time,
            outcome: self.outcome.map_err(LeafError::from)?,
            structure: self.structure,
            mandate: self.mandate.map(|(id, _)| id),
            seq: stamp.seq,
            grant: self.grant,
            service: self.service,
            use_id: self.use_id,
            card: self.card,
            actor: self.role.map(|role| Actor { role, pseudonym: actor }),
            user,
            facts: self.facts,
            on: self.on.into_iter().collect(),
            parts: parts.iter().map(|part| (part.kind, part.commitment())).collect(),
        };
        leaf.check()?;
        Ok((leaf, parts))
    }
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
