//! From people to pseudonyms, by the key each person has of their own.
use std::collections::HashMap;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::{RecordError, Recorder};
use crate::app::App;
use crate::crypto::seal::Place;
use crate::domain::ids::{PersonId, UserId};
use crate::log::draft::{Draft, Named, People};
use crate::log::pseudonym::Pseudonym;
use crate::store::{Access, action_log};

/// Beyond this many, what is remembered is forgotten and looked up again.
const REMEMBERED: usize = 20_000;

/// Pseudonyms looked up before. They never change: the key of a person is drawn once and only ever destroyed.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<Uuid, Pseudonym>);

/// Whose pseudonym.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Person(PersonId),
    User(UserId),
}

impl Who {
    fn uuid(self) -> Uuid {
        match self {
            Self::Person(id) => id.uuid(),
            Self::User(id) => id.uuid(),
        }
    }
}

/// The pseudonym of somebody being created, and the sealed key to store with them.
#[derive(Clone, Debug)]
pub struct FreshPseudonym {
    pub pseudonym: Pseudonym,
    /// For the column `pseudonym_key_sealed` of that person's row.
    pub sealed_key: Vec<u8>,
}

/// Draws the pseudonym key of somebody about to be created.
pub fn fresh_pseudonym(app: &App, who: Who) -> Result<FreshPseudonym, RecordError> {
    let mut key = Zeroizing::new([0; 32]);
    app.entropy.fill(&mut *key);
    let id = who.uuid();
    Ok(FreshPseudonym {
        pseudonym: Pseudonym::of(&key, app.log.origin()),
        sealed_key: app.sealer.seal(place(who, &id), &*key)?,
    })
}

fn place(who: Who, id: &Uuid) -> Place<'_> {
    let table = match who {
        Who::Person(_) => "person",
        Who::User(_) => "app_user",
    };
    Place { table, row: id.as_bytes(), column: "pseudonym_key_sealed" }
}

impl Recorder {
    fn remembered(&self, id: Uuid) -> Option<Pseudonym> {
        let known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.0.get(&id).cloned()
    }

    fn remember(&self, id: Uuid, pseudonym: &Pseudonym) {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.0.len() >= REMEMBERED {
            known.0.clear();
        }
        known.0.insert(id, pseudonym.clone());
    }
}

/// The pseudonym of somebody who exists.
pub(crate) async fn pseudonym(app: &App, tx: &mut impl Access, who: Who) -> Result<Pseudonym, RecordError> {
    let id = who.uuid();
    if let Some(pseudonym) = app.log.remembered(id) {
        return Ok(pseudonym);
    }
    let (sealed, stored) = match who {
        Who::Person(id) => (action_log::person_key(tx, id).await?, None),
        Who::User(id) => {
            action_log::user_key(tx, id).await?.map_or((None, None), |(key, name)| (Some(key), name))
        }
    };
    let pseudonym = if let Some(stored) = stored {
        // Of somebody erased: the key is gone, what later entries say of them still links.
        Pseudonym::from_slice(&stored).map_err(|_| RecordError::Unknown)?
    } else {
        let clear = app.sealer.open(place(who, &id), &sealed.ok_or(RecordError::Unknown)?)?;
        let key: &[u8; 32] = clear.as_slice().try_into().map_err(|_| RecordError::Unknown)?;
        Pseudonym::of(key, app.log.origin())
    };
    app.log.remember(id, &pseudonym);
    Ok(pseudonym)
}

/// The pseudonyms of everybody a draft names.
pub(super) async fn resolve(app: &App, tx: &mut impl Access, draft: &Draft) -> Result<People, RecordError> {
    let mut people = People::default();
    if let Some(id) = draft.person_id() {
        people.actor = Some(pseudonym(app, tx, Who::Person(id)).await?);
    }
    people.user = match draft.user_named() {
        None => None,
        Some(Named::New(pseudonym)) => Some(pseudonym.clone()),
        Some(Named::Known(id)) => Some(pseudonym(app, tx, Who::User(*id)).await?),
    };
    people.about = match draft.about_named() {
        None => None,
        Some(Named::New(pseudonym)) => Some(pseudonym.clone()),
        Some(Named::Known(id)) => Some(pseudonym(app, tx, Who::Person(*id)).await?),
    };
    Ok(people)
}
