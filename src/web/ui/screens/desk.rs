//! The desk: a mandate from the choice of domains to the signature, then its life.
use askama::Template;

use crate::web::ui::{Choice, Form, L, Moment, Page, Row, Tone};

/// The names of the steps, for the bar above each page of the desk.
fn steps(l: &L) -> [String; 4] {
    ["desk-step-domains", "desk-step-identity", "desk-step-consent", "desk-step-signature"]
        .map(|key| l.t(key).into_owned())
}

/// 1. What for, and for how long. Fields: `domain` (several), `term` (one), `end` (a date, when `term` is `until`).
#[derive(Template)]
#[template(path = "desk/domains.html")]
pub struct Domains {
    pub page: Page,
    pub form: Form,
    /// The most asked for.
    pub domains: Vec<Choice>,
    /// Behind « Voir les autres démarches ». Same field; all in sight when one of them is chosen or nothing is hidden.
    pub more_domains: Vec<Choice>,
    pub terms: Vec<Choice>,
    pub back_href: String,
}

macro_rules! with_steps {
    ($($screen:ty),+) => {
        $(impl $screen {
            fn steps(&self) -> [String; 4] {
                steps(&self.page.l)
            }
        })+
    };
}

with_steps!(Domains, Identity, Sign);

impl Domains {
    fn more_chosen(&self) -> bool {
        self.more_domains.iter().any(|choice| self.form.has("domain", &choice.value))
    }
}

/// 2. The person identifies at the provider, on this computer. The button posts.
#[derive(Template)]
#[template(path = "desk/identity.html")]
pub struct Identity {
    pub page: Page,
    /// « FranceConnect »
    pub provider: String,
    pub rows: Vec<Row>,
    /// Why the last attempt did not succeed; empty the first time.
    pub problem: String,
    pub cancel_href: String,
}

/// A titled part of the text that is agreed to.
#[derive(Clone, Debug)]
pub struct Clause {
    pub title: String,
    pub lines: Vec<String>,
}

/// 3. The person reads and answers. Fields: `declaration` (`yes`), `answer` (`agree` or `refuse`, the two buttons).
#[derive(Template)]
#[template(path = "desk/consent.html")]
pub struct Consent {
    pub page: Page,
    pub form: Form,
    /// « Josette Martin, née le 4 mars 1948 »
    pub person: String,
    /// « CCAS de Gannat »
    pub structure: String,
    /// The text in French, which has legal force.
    pub clauses: Vec<Clause>,
    /// Its translation when the page is in another language; empty in French.
    pub translation: Vec<Clause>,
}

/// 3 b. After the answer: the screen goes back to the aidant.
#[derive(Template)]
#[template(path = "desk/answered.html")]
pub struct Answered {
    pub page: Page,
    pub agreed: bool,
    pub structure: String,
    /// The aidant's own page; empty when the person answered on their own device.
    pub next_href: String,
}

/// 4. The aidant signs. Field: `code`.
#[derive(Template)]
#[template(path = "desk/sign.html")]
pub struct Sign {
    pub page: Page,
    pub form: Form,
    /// « Mme Josette Martin a donné son accord »
    pub agreed: String,
    /// « à 10 h 44, sur cet écran, après s’être identifiée avec FranceConnect. »
    pub agreed_how: String,
    pub rows: Vec<Row>,
    /// Grants of earlier mandates that this one replaces, in words.
    pub replaces: Vec<String>,
    pub cancel_href: String,
}

/// The mandate is signed.
#[derive(Template)]
#[template(path = "desk/signed.html")]
pub struct Signed {
    pub page: Page,
    pub reference: String,
    pub rows: Vec<Row>,
    pub attestation_href: String,
    pub mandate_href: String,
}

/// The signed mandate, to be printed: text and evidence exactly as frozen at the signature.
#[derive(Template)]
#[template(path = "desk/attestation.html")]
pub struct Attestation {
    pub page: Page,
    pub reference: String,
    pub clauses: Vec<Clause>,
    /// How it was agreed, signed, and where in the log it is: term and lines.
    pub evidence: Vec<Row>,
    /// `ui::qr::svg` of the verification address; empty for none.
    pub qr: String,
    pub verify_address: String,
    pub back_href: String,
}

/// One line of the list of mandates.
#[derive(Clone, Debug)]
pub struct MandateLine {
    pub href: String,
    pub person: String,
    pub reference: String,
    pub domains: String,
    pub state: String,
    pub tone: Tone,
    /// « 23 décembre 2026 »
    pub end: String,
}

/// The mandates of the structure. Field of the search (GET): `q`.
#[derive(Template)]
#[template(path = "desk/list.html")]
pub struct List {
    pub page: Page,
    pub form: Form,
    pub lines: Vec<MandateLine>,
    /// Where the next lines are; empty on the last page.
    pub next_href: String,
    /// Back to the newest; empty on the first page.
    pub first_href: String,
    /// Whose mandates alone these are: « Josette Martin, née le 4 mars 1948 »; empty for everybody's.
    pub of_person: String,
    /// A search was made: an empty list says so.
    pub searched: bool,
    pub new_href: String,
}

/// One domain of a mandate.
#[derive(Clone, Debug)]
pub struct GrantLine {
    pub label: String,
    pub state: String,
    pub tone: Tone,
    /// Where this domain alone is ended; empty when it cannot be.
    pub end_href: String,
}

/// A mandate and its life.
#[derive(Template)]
#[template(path = "desk/mandate.html")]
pub struct Mandate {
    pub page: Page,
    pub reference: String,
    pub state: String,
    pub tone: Tone,
    pub rows: Vec<Row>,
    pub grants: Vec<GrantLine>,
    /// Newest first.
    pub moments: Vec<Moment>,
    /// Where what happened before is; empty when this is all.
    pub older_href: String,
    /// Empty when there is nothing to print, to end, or to go on with.
    pub attestation_href: String,
    pub end_href: String,
    pub continue_href: String,
    /// Where the state is asked for while somebody else decides, and the state shown; empty when nobody is waited for.
    pub waiting_href: String,
    pub waiting_state: &'static str,
}

/// Ending a mandate or one domain of it at the desk. Fields: `by` (`user` or `structure`), `code` when `code`.
#[derive(Template)]
#[template(path = "desk/end.html")]
pub struct End {
    pub page: Page,
    pub form: Form,
    /// What ends, for whom, and from when.
    pub sentence: String,
    pub code: bool,
    pub back_href: String,
}

/// Which structure one acts for. Field: `structure`.
#[derive(Template)]
#[template(path = "desk/structure.html")]
pub struct ChooseStructure {
    pub page: Page,
    pub form: Form,
    pub structures: Vec<Choice>,
}

/// One person the structure has held a mandate for.
#[derive(Clone, Debug)]
pub struct UserLine {
    pub href: String,
    pub name: String,
    pub born: String,
    /// A number, in words of the language.
    pub mandates: String,
}

/// The people of the structure. Field of the search (GET): `q`.
#[derive(Template)]
#[template(path = "desk/users.html")]
pub struct Users {
    pub page: Page,
    pub form: Form,
    pub lines: Vec<UserLine>,
    /// Where the next lines are; empty on the last page.
    pub next_href: String,
    /// Back to the first; empty on the first page.
    pub first_href: String,
    pub searched: bool,
}

impl End {
    fn reasons(&self) -> Vec<Choice> {
        ["user", "structure"]
            .into_iter()
            .map(|by| {
                Choice::new(by, self.page.t(&format!("desk-end-by-{by}")))
                    .hint(self.page.t(&format!("desk-end-by-{by}-hint")))
            })
            .collect()
    }
}
