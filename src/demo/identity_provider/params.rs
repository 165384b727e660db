//! Parameters of a query or a form body; one given twice is an error (RFC 6749 §3.1).
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Params(HashMap<String, String>);

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repeated;

impl Params {
    pub(super) fn parse(text: &[u8]) -> Result<Self, Repeated> {
        let mut found = HashMap::new();
        for (name, value) in form_urlencoded::parse(text) {
            if found.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Repeated);
            }
        }
        Ok(Self(found))
    }

    /// The value, unless absent or empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
