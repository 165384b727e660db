//! What surrounds every page: language, title, who is signed in, in whose name one acts.
use std::borrow::Cow;

use form_urlencoded::Serializer;
use http::Uri;

use super::assets;
use super::form::Form;
use super::locale::{L, Locale};
use super::parts::Tone;
use crate::domain::misuse::COUNTED;

/// A part of the product that the top bar leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Home,
    Mandates,
    Users,
    Cards,
    Structures,
    People,
    Clients,
    Log,
    Alerts,
}

impl Section {
    pub const fn href(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Mandates => "/mandates",
            Self::Users => "/users",
            Self::Cards => "/cards",
            Self::Structures => "/structures",
            Self::People => "/people",
            Self::Clients => "/clients",
            Self::Log => "/log",
            Self::Alerts => "/log/alerts",
        }
    }

    /// Key of its name in the bar.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Home => "nav-home",
            Self::Mandates => "nav-mandates",
            Self::Users => "nav-users",
            Self::Cards => "nav-cards",
            Self::Structures => "nav-structures",
            Self::People => "nav-people",
            Self::Clients => "nav-clients",
            Self::Log => "nav-log",
            Self::Alerts => "nav-alerts",
        }
    }
}

/// The person signed in, as the top bar shows them.
#[derive(Clone, Debug)]
pub struct Who {
    /// « Nadia Benali »
    pub name: String,
    /// « CCAS de Gannat », or the role and perimeter of someone without a structure.
    pub place: String,
    /// What this person may open, in the order of the bar.
    pub sections: Vec<Section>,
    /// Whether they belong to several structures and may choose another one.
    pub may_switch: bool,
    /// Findings that wait for an auditor's look, counted up to a hundred.
    pub alerts: i64,
}

/// The use in progress in this browser.
#[derive(Clone, Debug)]
pub struct ActingFor {
    /// « Mme Josette Martin »
    pub name: String,
    pub service: String,
    /// Where a POST ends the use.
    pub end_action: String,
}

/// A sentence shown once, at the top of the page after an act.
#[derive(Clone, Debug)]
pub struct Flash {
    pub tone: Tone,
    pub text: String,
}

/// Every page has one, in a field named `page`; `base.html` reads it.
#[derive(Clone, Debug)]
pub struct Page {
    pub l: L,
    pub title: String,
    pub who: Option<Who>,
    pub section: Option<Section>,
    pub acting_for: Option<ActingFor>,
    pub flash: Option<Flash>,
    /// Puts « Erreur » before the title, so that a screen reader says it first.
    pub has_errors: bool,
    alarmed: bool,
    address: String,
    for_the_person: bool,
}

impl Page {
    /// `address` is the URI of the request: the language switch leads back to it.
    pub fn new(l: L, address: &Uri) -> Self {
        Self {
            l,
            title: String::new(),
            who: None,
            section: None,
            acting_for: None,
            flash: None,
            has_errors: false,
            alarmed: false,
            for_the_person: false,
            address: address.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        }
    }

    /// The title of the page, a key of the locale files.
    #[must_use]
    pub fn titled(mut self, key: &str) -> Self {
        self.title = self.l.t(key).into_owned();
        self
    }

    #[must_use]
    pub fn titled_with(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    #[must_use]
    pub fn in_section(mut self, section: Section) -> Self {
        self.section = Some(section);
        self
    }

    #[must_use]
    pub fn signed_in(mut self, who: Who) -> Self {
        self.who = Some(who);
        self
    }

    #[must_use]
    pub fn alarmed(mut self, alarmed: bool) -> Self {
        self.alarmed = alarmed;
        self
    }

    #[must_use]
    pub fn acting_for(mut self, acting: Option<ActingFor>) -> Self {
        self.acting_for = acting;
        self
    }

    #[must_use]
    pub fn flash(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.flash = Some(Flash { tone, text: text.into() });
        self
    }

    /// The page of a form that came back: takes over whether it has errors.
    #[must_use]
    pub fn of_form(mut self, form: &Form) -> Self {
        self.has_errors = !form.is_valid();
        self
    }

    /// A page for the user, on the aidant's computer: nothing of the aidant's session shows.
    #[must_use]
    pub fn without_session(mut self) -> Self {
        self.who = None;
        self.section = None;
        self.acting_for = None;
        self.for_the_person = true;
        self
    }

    /// Where the language switch leads when this page answers a POST on an address that has no GET.
    #[must_use]
    pub fn reached_at(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    pub fn t(&self, key: &str) -> Cow<'static, str> {
        self.l.t(key)
    }

    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// Whether the user is at the screen: the mark then leads nowhere, least of all into the aidant's session.
    pub fn is_for_the_person(&self) -> bool {
        self.for_the_person
    }

    /// Whether an operator is told here that an alarm stands.
    pub fn tells_alarm(&self) -> bool {
        self.alarmed && self.section != Some(Section::Home)
    }

    /// Whether the bar underlines this section.
    pub fn is_current(&self, section: &Section) -> bool {
        self.section == Some(*section)
    }

    /// How much waits in a section, as shown (« 3 », « 99+ ») and as read aloud; nothing, most of the time.
    pub fn waiting(&self, section: &Section) -> Option<(String, Cow<'static, str>)> {
        let count = self.who.as_ref().map(|who| who.alerts).filter(|count| *count > 0)?;
        let told = match section {
            Section::Alerts if count > COUNTED => {
                (format!("{COUNTED}+"), self.l.t1("nav-alerts-many", "count", COUNTED))
            }
            Section::Alerts => (count.to_string(), self.l.t1("nav-alerts-waiting", "count", count)),
            _ => return None,
        };
        Some(told)
    }

    /// The language the switch offers.
    pub fn other_locale(&self) -> Locale {
        match self.l.locale() {
            Locale::Fr => Locale::En,
            Locale::En => Locale::Fr,
        }
    }

    /// This same address in the other language.
    pub fn other_address(&self) -> String {
        let (path, query) = self.address.split_once('?').unwrap_or((&self.address, ""));
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key != "lang");
        let query = Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("lang", self.other_locale().tag())
            .finish();
        format!("{path}?{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_switch_keeps_the_rest_of_the_address() {
        let uri = Uri::from_static("/mandates?page=2&lang=fr&q=a%26b");
        let page = Page::new(L::new(Locale::Fr), &uri);
        assert_eq!(page.other_address(), "/mandates?page=2&q=a%26b&lang=en");
        let page = page.reached_at("/sign-in");
        assert_eq!(page.other_address(), "/sign-in?lang=en");
    }
}
