//! The authorization response: a code or an error, sent back through the browser
//! (RFC 6749 §4.1.2, RFC 9207 for `iss`).
use super::authorize::{AnswerTo, ResponseMode};
use super::error::{AuthorizeError, describe};

/// What the browser must do to carry the answer to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go to this address.
    Redirect(String),
    /// Post these fields to this address.
    FormPost { action: String, fields: Vec<(&'static str, String)> },
}

/// Carries a code to the client.
pub fn success(to: &AnswerTo, issuer: &str, code: &str) -> Answer {
    answer(to, vec![("code", code.to_owned())], issuer)
}

/// Carries an error to the client: error, description, state and issuer, nothing else.
pub fn failure(to: &AnswerTo, issuer: &str, error: AuthorizeError) -> Answer {
    answer(to, vec![("error", error.code().to_owned()), ("error_description", describe(&error))], issuer)
}

fn answer(to: &AnswerTo, mut fields: Vec<(&'static str, String)>, issuer: &str) -> Answer {
    if let Some(state) = &to.state {
        fields.push(("state", state.clone()));
    }
    fields.push(("iss", issuer.to_owned()));
    match to.mode {
        ResponseMode::Query => Answer::Redirect(with_query(&to.redirect_uri, &fields)),
        ResponseMode::FormPost => Answer::FormPost { action: to.redirect_uri.clone(), fields },
    }
}

/// Adds parameters to an address, keeping the query it already has (RFC 6749 §3.1.2).
pub fn with_query(uri: &str, fields: &[(&'static str, String)]) -> String {
    if fields.is_empty() {
        return uri.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let joint = match uri.split_once('?') {
        None => "?",
        Some((_, before)) if before.is_empty() || before.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn to(uri: &str, mode: ResponseMode, state: Option<&str>) -> AnswerTo {
        AnswerTo { redirect_uri: uri.into(), mode, state: state.map(str::to_owned) }
    }

    #[test]
    fn the_query_of_the_address_is_kept() {
        let sent = |uri| success(&to(uri, ResponseMode::Query, Some("a b")), "https://op.example", "c0de");
        let tail = "code=c0de&state=a+b&iss=https%3A%2F%2Fop.example";
        for (uri, joint) in [("https://rp/cb", "?"), ("https://rp/cb?x=1", "&"), ("https://rp/cb?", "")] {
            assert_eq!(sent(uri), Answer::Redirect(format!("{uri}{joint}{tail}")));
        }
    }

    #[test]
    fn an_error_says_no_more_than_it_must() {
        let answer = failure(
            &to("https://rp/cb", ResponseMode::Query, None),
            "https://op",
            AuthorizeError::LoginRequired,
        );
        let Answer::Redirect(url) = answer else { panic!("a form") };
        let url = url::Url::parse(&url).unwrap();
        let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(names, ["error", "error_description", "iss"]);
    }

    #[test]
    fn form_post_carries_the_same_fields() {
        let to = to("https://rp/cb?x=1", ResponseMode::FormPost, Some("s"));
        let Answer::FormPost { action, fields } = success(&to, "https://op", "c") else {
            panic!("a redirect")
        };
        assert_eq!(action, "https://rp/cb?x=1");
        assert_eq!(fields, [("code", "c".to_owned()), ("state", "s".into()), ("iss", "https://op".into())]);
    }

    proptest! {
        #[test]
        fn state_survives_the_redirect(state in "[^\0]{1,200}") {
            let answer = success(&to("https://rp/cb?a=%20b", ResponseMode::Query, Some(&state)), "https://op", "c");
            let Answer::Redirect(url) = answer else { panic!("a form") };
            let url = url::Url::parse(&url).unwrap();
            let back = url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
            prop_assert_eq!(back, state);
        }
    }
}
