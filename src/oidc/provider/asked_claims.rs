//! The `claims` parameter (OpenID Connect Core §5.5): claims asked for one by one. Those of the user's identity are given
//! where they are asked for, as the scope that holds them would; three others narrow what the aidant may choose
//! (`rep_scope`, `sub`, an essential `acr`); all else is ignored.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::filter::{BadFilter, GrantFilter, bounded};
use super::scope::{Scope, Scopes};

/// Longer than any request made in good faith.
const LONGEST: usize = 8_192;

/// Claims of the user's identity asked for by name, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedClaims {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub id_token: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub userinfo: BTreeSet<String>,
}

impl AskedClaims {
    pub fn is_empty(&self) -> bool {
        self.id_token.is_empty() && self.userinfo.is_empty()
    }

    /// Those that the scopes open.
    #[must_use]
    pub fn within(mut self, allowed: &Scopes) -> Self {
        self.id_token.retain(|name| allowed.opens(name));
        self.userinfo.retain(|name| allowed.opens(name));
        self
    }

    /// Every name, wherever it was asked for.
    pub fn names(&self) -> BTreeSet<&str> {
        self.id_token.union(&self.userinfo).map(String::as_str).collect()
    }
}

/// Reads a `claims` parameter: what is to be given, and `filter` with what it narrows.
pub fn read(text: &str, mut filter: GrantFilter) -> Result<(AskedClaims, GrantFilter), BadFilter> {
    let claims: Value = serde_json::from_str(text).map_err(|_| BadFilter::Claims)?;
    let claims = claims.as_object().filter(|_| text.len() <= LONGEST).ok_or(BadFilter::Claims)?;
    let (id_token, userinfo) = (member(claims, "id_token")?, member(claims, "userinfo")?);
    if let Some(asked) = id_token {
        filter.rep_scope = wanted(asked, "rep_scope")?;
        filter.subs = wanted(asked, "sub")?;
        // A level that is only preferred is what the mandate has; one that is essential must be met (§5.5.1.1).
        if is_essential(asked, "acr") {
            filter.acr = wanted(asked, "acr")?;
        }
    }
    let asked = AskedClaims { id_token: identity(id_token), userinfo: identity(userinfo) };
    Ok((asked, filter))
}

type Asked = Map<String, Value>;

/// The claims asked for in a place, each well formed: nothing, or what is said of it (§5.5.1).
fn member<'a>(claims: &'a Asked, place: &str) -> Result<Option<&'a Asked>, BadFilter> {
    let asked = match claims.get(place) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(asked)) => asked,
        Some(_) => return Err(BadFilter::Claims),
    };
    let is_well_formed = |wish: &Value| match wish {
        Value::Null => true,
        Value::Object(wish) => {
            wish.get("essential").is_none_or(Value::is_boolean)
                && wish.get("values").is_none_or(|values| values.is_array() || values.is_null())
        }
        _ => false,
    };
    if asked.values().all(is_well_formed) { Ok(Some(asked)) } else { Err(BadFilter::Claims) }
}

fn is_essential(asked: &Asked, name: &str) -> bool {
    asked.get(name).and_then(|wish| wish.get("essential")).and_then(Value::as_bool).unwrap_or(false)
}

/// `value` and `values` of a claim, which must be texts and not too many.
fn wanted(asked: &Asked, name: &str) -> Result<Vec<String>, BadFilter> {
    let Some(wish) = asked.get(name).and_then(Value::as_object) else { return Ok(Vec::new()) };
    let listed = wish.get("values").and_then(Value::as_array).into_iter().flatten();
    let single = wish.get("value").filter(|value| !value.is_null());
    let texts: Option<Vec<String>> =
        listed.chain(single).map(|value| value.as_str().map(str::to_owned)).collect();
    texts.filter(|texts| bounded(texts)).ok_or(BadFilter::Claims)
}

/// Those that are of the user's identity: what a scope could open.
fn identity(asked: Option<&Asked>) -> BTreeSet<String> {
    let known = Scope::ALL.into_iter().filter(|scope| *scope != Scope::OpenId).flat_map(Scope::claims);
    let known: BTreeSet<&str> = known.copied().collect();
    asked.into_iter().flat_map(Map::keys).filter(|name| known.contains(name.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claims(text: &str) -> Result<(AskedClaims, GrantFilter), BadFilter> {
        read(text, GrantFilter::default())
    }

    fn names(text: &str) -> (Vec<String>, Vec<String>) {
        let (asked, _) = claims(text).unwrap();
        (asked.id_token.into_iter().collect(), asked.userinfo.into_iter().collect())
    }

    #[test]
    fn rep_scope_as_franceconnect_sends_it() {
        let sent = r#"{"id_token":{"rep_scope":{"essential":true,"values":["Logement","Justice"]}}}"#;
        assert_eq!(claims(sent).unwrap().1.rep_scope, ["Logement", "Justice"]);
        for nothing_asked in [
            "{}",
            r#"{"id_token":null}"#,
            r#"{"id_token":{}}"#,
            r#"{"id_token":{"rep_scope":null}}"#,
            r#"{"id_token":{"rep_scope":{"essential":true}}}"#,
            r#"{"id_token":{"rep_scope":{"essential":true,"values":[]}}}"#,
        ] {
            assert_eq!(claims(nothing_asked), Ok(Default::default()), "{nothing_asked}");
        }
        let one = claims(r#"{"id_token":{"rep_scope":{"value":"Logement"}}}"#).unwrap();
        assert_eq!(one.1.rep_scope, ["Logement"]);
    }

    #[test]
    fn claims_of_the_identity_are_asked_for_one_by_one() {
        let text = r#"{"userinfo":{"given_name":{"essential":true},"email":null,"picture":null,"http://x.example/#y":{"value":3}},
            "id_token":{"auth_time":{"essential":true},"birthdate":null,"sub":null,"act":null,"family_name#fr":null}}"#;
        assert_eq!(
            names(text),
            (vec!["birthdate".to_owned()], vec!["email".to_owned(), "given_name".to_owned()])
        );
        assert_eq!(
            names(r#"{"userinfo":{"given_name":{"value":"Anne","surprise":[1]}},"other":3}"#).1,
            ["given_name"]
        );
        assert_eq!(claims(text).unwrap().1, GrantFilter::default());
    }

    #[test]
    fn an_essential_level_and_a_named_user_narrow() {
        let acr = |text: &str| claims(text).unwrap().1.acr;
        assert_eq!(
            acr(r#"{"id_token":{"acr":{"essential":true,"values":["eidas1","eidas2"]}}}"#),
            ["eidas1", "eidas2"]
        );
        assert_eq!(acr(r#"{"id_token":{"acr":{"essential":true,"value":"eidas2"}}}"#), ["eidas2"]);
        for only_preferred in [
            r#"{"id_token":{"acr":{"values":["eidas9"]}}}"#,
            r#"{"id_token":{"acr":{"essential":false,"values":["eidas9"]}}}"#,
            r#"{"id_token":{"acr":{"essential":true}}}"#,
            r#"{"userinfo":{"acr":{"essential":true,"values":["eidas9"]}}}"#,
        ] {
            assert_eq!(acr(only_preferred), Vec::<String>::new(), "{only_preferred}");
        }
        assert_eq!(claims(r#"{"id_token":{"sub":{"value":"x"}}}"#).unwrap().1.subs, ["x"]);
    }

    #[test]
    fn claims_not_well_formed_are_refused() {
        let long = format!(r#"{{"userinfo":{{"{}":null}}}}"#, "x".repeat(LONGEST));
        let many =
            format!(r#"{{"id_token":{{"rep_scope":{{"values":{}}}}}}}"#, serde_json::json!(vec!["x"; 65]));
        for bad in [
            "",
            "[]",
            "null",
            "nonsense",
            r#"{"id_token":3}"#,
            r#"{"userinfo":[]}"#,
            r#"{"userinfo":"email"}"#,
            r#"{"userinfo":{"email":true}}"#,
            r#"{"userinfo":{"email":{"essential":"yes"}}}"#,
            r#"{"userinfo":{"email":{"values":"x"}}}"#,
            r#"{"id_token":{"rep_scope":"Logement"}}"#,
            r#"{"id_token":{"rep_scope":{"values":"Logement"}}}"#,
            r#"{"id_token":{"rep_scope":{"values":[1]}}}"#,
            r#"{"id_token":{"sub":{"value":1}}}"#,
            r#"{"id_token":{"acr":{"essential":true,"values":[1]}}}"#,
            long.as_str(),
            many.as_str(),
        ] {
            assert_eq!(claims(bad), Err(BadFilter::Claims), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_claims_are_read_without_panic(text in "\\PC*") {
            let _ = claims(&text);
        }

        /// Whatever stands in the places that are read, only claims of the identity come out.
        #[test]
        fn only_claims_of_the_identity_come_out(
            name in "[a-z_]{1,12}|given_name|email|sub|acr|rep_scope",
            wish in prop_oneof![
                Just(serde_json::json!(null)), Just(serde_json::json!({})), Just(serde_json::json!([1])),
                "[a-z]{0,3}".prop_map(|text| serde_json::json!({ "value": text, "essential": true })),
                any::<i64>().prop_map(|number| serde_json::json!({ "values": [number] })),
            ],
        ) {
            let text = serde_json::json!({ "id_token": { name.clone(): wish }, "userinfo": { name: null } }).to_string();
            if let Ok((asked, _)) = claims(&text) {
                let opened: Vec<_> = Scope::ALL.iter().flat_map(|scope| scope.claims()).collect();
                for name in asked.names() {
                    prop_assert!(name != "sub" && opened.contains(&&name));
                }
            }
        }
    }
}
