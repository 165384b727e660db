//! The visit: what every page knows of its request.
use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::Uri;
use http::request::Parts;

use crate::app::caller::{Breadth, Caller, SignedIn};
use crate::app::record::Origin;
use crate::web::ui::{ActingFor, L, Locale, Page, Section, Who};

/// Who calls, from where, in which language, for which address.
#[derive(Clone, Debug)]
pub struct Visit {
    pub operation: String,
    pub locale: Locale,
    pub uri: Uri,
    pub caller: Caller,
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
}

impl Visit {
    /// Where the request comes from, as it is kept beside what it does.
    pub fn origin(&self) -> Origin {
        Origin { address: self.address, user_agent: self.user_agent.clone() }
    }

    /// For what goes wrong before the visit is known.
    pub fn unknown() -> Self {
        Self {
            operation: String::new(),
            locale: Locale::default(),
            uri: Uri::from_static("/"),
            caller: Caller::Nobody,
            address: None,
            user_agent: None,
        }
    }

    pub(super) fn from_parts(parts: &Parts) -> Self {
        parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::unknown)
    }

    pub fn signed_in(&self) -> Option<&SignedIn> {
        match &self.caller {
            Caller::SignedIn(person) => Some(person),
            _ => None,
        }
    }

    /// The sentences in the language of the visit, and dates in the time zone of the structure.
    pub fn l(&self) -> L {
        match self.signed_in().and_then(SignedIn::here) {
            Some(here) => L::in_zone(self.locale, &here.time_zone),
            None => L::new(self.locale),
        }
    }

    /// A page with its title, and the person signed in if any.
    pub fn page(&self, title_key: &str) -> Page {
        let l = self.l();
        let page = Page::new(l.clone(), &self.uri).titled(title_key);
        match self.signed_in() {
            Some(person) => page
                .signed_in(who(person, &l))
                .acting_for(person.acting_name.clone().map(acting))
                .alarmed(person.alarmed),
            None => page,
        }
    }

    /// Where the request comes from, for the limits of the log.
    pub fn source(&self) -> String {
        self.address.map(|address| address.to_string()).unwrap_or_default()
    }

    /// Path and query asked for.
    pub fn asked(&self) -> &str {
        self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
    }
}

/// In whose name services are open: stays in sight on every page.
fn acting(name: String) -> ActingFor {
    ActingFor { name, service: String::new(), end_action: "/uses/end".to_owned() }
}

fn who(person: &SignedIn, l: &L) -> Who {
    let mut sections = vec![Section::Home];
    if person.is_aidant() {
        sections.push(Section::Mandates);
        sections.push(Section::Users);
    }
    if person.is_referent() {
        sections.push(Section::Cards);
    }
    if person.is_operator {
        sections.push(Section::People);
        sections.push(Section::Clients);
    }
    if person.is_auditor {
        sections.push(Section::Log);
        sections.push(Section::Alerts);
    }
    let place = match person.here() {
        Some(here) => here.structure_name.clone(),
        None if person.is_auditor => match person.reviews {
            Some(Breadth::All) => l.t("role-auditor-all").into_owned(),
            Some(Breadth::Listed(count)) => l.t1("role-auditor-listed", "count", count).into_owned(),
            None => l.t("role-auditor").into_owned(),
        },
        None if person.is_operator => l.t("role-operator").into_owned(),
        None => String::new(),
    };
    let may_switch = person.memberships.len() > 1;
    Who { name: person.name.full(), place, sections, may_switch, alerts: person.alerts }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from_parts(parts))
    }
}
