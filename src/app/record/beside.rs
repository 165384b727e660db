//! What is kept beside an entry, sealed and erasable: who acted, by name and card, and where the request came from.
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::app::caller::SignedIn;
use crate::domain::person::PersonName;
use crate::log::draft::Draft;
use crate::log::kind::Role;
use crate::log::part::PartKind;

/// Where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
}

impl Origin {
    /// The draft with address and browser beside it.
    pub(in crate::app) fn beside(&self, draft: Draft) -> Draft {
        if *self == Self::default() { draft } else { draft.part(PartKind::Technical, self.told().into()) }
    }

    /// The same for what was aimed at an account that may not exist: an index of an e-mail address is as personal.
    pub(in crate::app) fn beside_aimed_at(&self, draft: Draft, account: &str) -> Draft {
        let mut told = self.told();
        told.insert("account".to_owned(), account.into());
        draft.part(PartKind::Technical, told.into())
    }

    fn told(&self) -> Map<String, Value> {
        let address = self.address.map(|address| address.to_string());
        let told = [("address", address), ("user_agent", self.user_agent.clone())];
        told.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }

    /// What tells one origin of refusals from another.
    pub(in crate::app) fn source(&self) -> String {
        self.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
    }
}

/// The draft with who acted beside it, by name and card.
pub(in crate::app) fn acted(draft: Draft, name: &PersonName, card: Option<&str>) -> Draft {
    draft.part(PartKind::Actor, json!({ "name": name.full(), "card": card }))
}

impl SignedIn {
    /// The draft as this person's act, with who they are and where they sit beside it.
    pub(in crate::app) fn signs(&self, draft: Draft, role: Role) -> Draft {
        let draft = draft.by(self.person_id, role);
        self.origin.beside(acted(draft, &self.name, self.card_serial.as_deref()))
    }
}
