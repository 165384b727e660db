//! What is kept beside an entry, sealed and erasable: who acted, by name and card, and where the request came from.
use std::net::IpAddr;

use serde_json::json;

use crate::app::caller::SignedIn;
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
        if *self == Self::default() {
            return draft;
        }
        let address = self.address.map(|address| address.to_string());
        draft.part(PartKind::Technical, json!({ "address": address, "user_agent": self.user_agent }))
    }

    /// The same for what was aimed at an account that may not exist: an index of an e-mail address is as personal.
    pub(in crate::app) fn beside_aimed_at(&self, draft: Draft, account: &str) -> Draft {
        let address = self.address.map(|address| address.to_string());
        let kept = json!({ "address": address, "user_agent": self.user_agent, "account": account });
        draft.part(PartKind::Technical, kept)
    }

    /// What tells one origin of refusals from another.
    pub(in crate::app) fn source(&self) -> String {
        self.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
    }
}

impl SignedIn {
    /// The draft as this person's act, with who they are and where they sit beside it.
    pub(in crate::app) fn signs(&self, draft: Draft, role: Role) -> Draft {
        let actor = json!({ "name": self.name.full(), "card": self.card_serial });
        self.origin.beside(draft.by(self.person_id, role).part(PartKind::Actor, actor))
    }
}
