//! Looking for a name as it is typed in a hurry: without accents, without capitals, words in any order.
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Text reduced to what is compared: lower case, no accents, ligatures opened, words separated by one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            c if c.is_alphanumeric() => folded.push(c),
            _ => folded.push(' '),
        }
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is looked for.
pub struct Query(Vec<String>);

impl Query {
    pub fn new(typed: &str) -> Self {
        Self(fold(typed).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }

    /// Whether every word typed begins a word of `folded` (made by [`fold`]). Nothing typed matches all.
    pub fn matches(&self, folded: &str) -> bool {
        self.0.iter().all(|typed| folded.split(' ').any(|word| word.starts_with(typed.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn accents_case_hyphens_and_order_do_not_matter() {
        let name = fold("Hélène Anne-Sophie Lefèvre-d'Œuvre");
        assert_eq!(name, "helene anne sophie lefevre d oeuvre");
        for typed in ["", " ", "lef", "HELENE", "sophie hel", "Lefèvre", "œuv", "oeuvre anne"] {
            assert!(Query::new(typed).matches(&name), "{typed}");
        }
        for typed in ["elene", "lefevres", "marie", "helene marie"] {
            assert!(!Query::new(typed).matches(&name), "{typed}");
        }
        assert_eq!(fold("Łukasz Đorđe Bjørn"), "lukasz dorde bjorn");
        assert_eq!(fold("e\u{301}"), "e", "composed or not");
    }

    proptest! {
        #[test]
        fn a_name_is_found_by_itself(name in "\\PC{0,40}") {
            prop_assert!(Query::new(&name).matches(&fold(&name)));
            prop_assert_eq!(fold(&fold(&name)), fold(&name));
        }
    }
}
