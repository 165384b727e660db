//! A form as it came: what was typed, and what is wrong with it.
use std::borrow::Cow;
use std::fmt;

use fluent_bundle::FluentValue;

use super::locale::Arg;

/// A sentence to be said later, in whatever language: a key of the locale files and its values.
#[derive(Clone)]
pub struct Message {
    key: Cow<'static, str>,
    values: Vec<(&'static str, FluentValue<'static>)>,
}

impl Message {
    pub fn new(key: impl Into<Cow<'static, str>>) -> Self {
        Self { key: key.into(), values: Vec::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Arg) -> Self {
        self.values.push((name, value.arg()));
        self
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn values(&self) -> &[(&'static str, FluentValue<'static>)] {
        &self.values
    }
}

impl From<&'static str> for Message {
    fn from(key: &'static str) -> Self {
        Self::new(key)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

/// One thing to correct. `field` is the name of the input it is about; the error summary links there.
#[derive(Clone, Debug)]
pub struct FieldError {
    pub field: &'static str,
    pub message: Message,
}

/// What was typed, kept so that nothing is lost when the page comes back, and the errors found in it.
///
/// Deserialises from any form: `async fn post(axum::Form(form): axum::Form<Form>)`.
/// Password and code fields never show their value again.
#[derive(Clone, Default)]
pub struct Form {
    values: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Form {
    /// A form nobody has filled in yet.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Gives a field this value instead of what it had.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.retain(|(key, _)| key != name);
        self.add(name, value);
    }

    /// Gives a field one more value (check boxes).
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        self.values.push((name.to_owned(), value.into()));
    }

    /// The first value of a field, trimmed; empty when absent.
    pub fn value(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The first value of a field exactly as typed (passwords keep their spaces).
    pub fn raw(&self, name: &str) -> &str {
        self.values.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Every value of a field (check boxes).
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a check box or radio button with this value is chosen.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values.iter().any(|(key, given)| key == name && given == value)
    }

    /// Every field as it came, in order.
    pub fn fields(&self) -> Vec<(String, String)> {
        self.values.clone()
    }

    /// Notes an error; the first one of each field is shown beside it.
    pub fn refuse(&mut self, field: &'static str, message: impl Into<Message>) {
        self.errors.push(FieldError { field, message: message.into() });
    }

    /// Notes `message` when the field is empty; gives the trimmed value.
    pub fn required(&mut self, field: &'static str, message: impl Into<Message>) -> String {
        let value = self.value(field).to_owned();
        if value.is_empty() {
            self.refuse(field, message);
        }
        value
    }

    pub fn error(&self, field: &str) -> Option<&Message> {
        self.errors.iter().find(|error| error.field == field).map(|error| &error.message)
    }

    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// Id of the n-th choice of a group: the first carries the name of the group, where the summary links.
    pub fn choice_id(&self, name: &str, index: &usize) -> String {
        if *index == 0 { name.to_owned() } else { format!("{name}-{index}") }
    }

    /// `aria-describedby` of a field: only ids that the page really has.
    pub fn described_by(&self, name: &str, has_hint: bool) -> String {
        let hint = has_hint.then(|| format!("{name}-hint"));
        let error = self.error(name).map(|_| format!("{name}-error"));
        [hint, error].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

impl From<Vec<(String, String)>> for Form {
    fn from(values: Vec<(String, String)>) -> Self {
        Self { values, errors: Vec::new() }
    }
}

impl<'de> serde::Deserialize<'de> for Form {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::<(String, String)>::deserialize(from).map(Self::from)
    }
}

/// Names only: the values may be secrets.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_was_typed_and_never_prints_it() {
        let mut form: Form =
            serde_json::from_str(r#"[["email"," a@b.fr "],["password"," x "],["d","1"],["d","2"]]"#).unwrap();
        assert_eq!(form.value("email"), "a@b.fr");
        assert_eq!(form.raw("password"), " x ");
        assert_eq!(form.all("d").collect::<Vec<_>>(), ["1", "2"]);
        form.set("email", "c@d.fr");
        assert_eq!(form.all("email").collect::<Vec<_>>(), ["c@d.fr"], "a value set is the one read");
        form.set("email", "a@b.fr");
        assert!(form.has("d", "2") && !form.has("d", "3"));
        assert!(!format!("{form:?}").contains("a@b.fr"));
        assert_eq!(form.required("name", "field-required"), "");
        assert_eq!(form.error("name").unwrap().key(), "field-required");
        assert_eq!(form.described_by("name", true), "name-hint name-error");
        assert_eq!(form.described_by("email", false), "");
    }
}
