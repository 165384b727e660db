//! The language of the demonstration's own pages: French unless the browser prefers English.
use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lang {
    Fr,
    En,
}

impl Lang {
    /// Reads `Accept-Language` (RFC 9110 §12.5.4): the better weighted of the two, French on a tie.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let weight = |tag: &str| wanted.split(',').filter_map(|range| weight_of(range, tag)).reduce(f32::max);
        let (fr, en) = (weight("fr"), weight("en"));
        if en > fr { Self::En } else { Self::Fr }
    }

    pub(crate) fn code(self) -> &'static str {
        self.t("fr", "en")
    }

    /// The text in this language.
    pub(crate) fn t<'a>(self, fr: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Fr => fr,
            Self::En => en,
        }
    }
}

/// The weight of one range such as `en-GB;q=0.8`, when it is of language `tag`.
fn weight_of(range: &str, tag: &str) -> Option<f32> {
    let mut parts = range.trim().split(';');
    let language = parts.next()?.split('-').next()?;
    if !language.eq_ignore_ascii_case(tag) {
        return None;
    }
    let weight = parts.find_map(|part| part.trim().strip_prefix("q="));
    Some(weight.and_then(|text| text.parse().ok()).unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_browser_and_falls_back_on_french() {
        for (header, expected) in [
            ("", Lang::Fr),
            ("en-GB,en;q=0.9,fr;q=0.8", Lang::En),
            ("fr-FR,fr;q=0.9,en;q=0.8", Lang::Fr),
            ("de", Lang::Fr),
            ("de, en;q=0.3", Lang::En),
            ("en;q=0.5, fr;q=0.5", Lang::Fr),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, header.parse().unwrap());
            assert_eq!(Lang::of(&headers), expected, "{header}");
        }
    }
}
