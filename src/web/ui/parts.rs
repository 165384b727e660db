//! What the component macros of `templates/components.html` are given.
use std::borrow::Cow;
use std::fmt;

/// The mood of a note, a tag or a moment. The words say the same: colour is never alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Info,
    Good,
    Warn,
    Bad,
    /// Neither good nor bad, and over: what has ended, what was replaced.
    Quiet,
}

impl Tone {
    pub const fn class(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }
}

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class())
    }
}

/// A check box or radio button of a group.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub hint: String,
    /// What to know before choosing it; empty for nothing.
    pub warning: String,
    pub disabled: bool,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), ..Self::default() }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// Said with the choice itself, so that it is read before it is made and never taken for another's.
    #[must_use]
    pub fn warning(mut self, warning: impl Into<String>) -> Self {
        self.warning = warning.into();
        self
    }

    #[must_use]
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }
}

/// A line of a summary list.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub term: String,
    pub lines: Vec<String>,
    /// Where « Modifier » leads; nothing is shown when empty.
    pub change: String,
    /// A fingerprint, an identifier: letters of equal width, broken anywhere.
    pub is_hash: bool,
}

impl Row {
    pub fn new(term: impl Into<String>, line: impl Into<String>) -> Self {
        Self { term: term.into(), lines: vec![line.into()], ..Self::default() }
    }

    pub fn many(term: impl Into<String>, lines: Vec<String>) -> Self {
        Self { term: term.into(), lines, ..Self::default() }
    }

    /// The same line, shown as what it is: to be compared letter by letter.
    #[must_use]
    pub fn hash(mut self) -> Self {
        self.is_hash = true;
        self
    }

    #[must_use]
    pub fn change(mut self, href: impl Into<String>) -> Self {
        self.change = href.into();
        self
    }
}

/// One moment of a time line.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    pub when: String,
    pub title: String,
    pub detail: String,
    pub tone: Tone,
    /// Where the title leads; plain text when empty.
    pub href: String,
}

/// Where one is among the pages of a list.
#[derive(Clone, Debug)]
pub struct Pages {
    pub current: u32,
    pub last: u32,
    /// The address without its page number, ending in `?` or `&`: `/users?q=mar&`.
    pub base: String,
}

impl Pages {
    /// `total` lines, `size` to a page; `current` counts from 1 and is brought back inside the bounds.
    pub fn new(current: u32, total: u32, size: u32, base: impl Into<String>) -> Self {
        let last = total.div_ceil(size.max(1)).max(1);
        Self { current: current.clamp(1, last), last, base: base.into() }
    }

    fn href(&self, page: u32) -> String {
        format!("{}page={page}", self.base)
    }

    /// Address of the page before, if there is one.
    pub fn previous(&self) -> Option<String> {
        (self.current > 1).then(|| self.href(self.current.saturating_sub(1)))
    }

    /// Address of the page after, if there is one.
    pub fn next(&self) -> Option<String> {
        (self.current < self.last).then(|| self.href(self.current.saturating_add(1)))
    }
}

/// A code in groups of three, as it is read aloud: `418 032`.
pub fn spaced(code: &str) -> Cow<'_, str> {
    if code.len() == 6 && code.is_ascii() {
        let (left, right) = code.split_at(3);
        Cow::Owned(format!("{left}\u{a0}{right}"))
    } else {
        Cow::Borrowed(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_stay_inside_their_bounds() {
        let pages = Pages::new(9, 41, 20, "/users?");
        assert_eq!((pages.current, pages.last), (3, 3));
        assert_eq!(pages.next(), None);
        assert_eq!(pages.previous().unwrap(), "/users?page=2");
        let none = Pages::new(0, 0, 20, "/users?");
        assert_eq!((none.current, none.last, none.previous()), (1, 1, None));
    }

    #[test]
    fn codes_are_spaced() {
        assert_eq!(spaced("418032"), "418\u{a0}032");
        assert_eq!(spaced("12"), "12");
    }
}
