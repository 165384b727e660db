//! A registered service, as the protocol sees it.
use url::Url;

use super::policy::Policy;
use crate::domain::ids::ServiceId;

/// A service registered to receive users' identities.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    pub id: ServiceId,
    /// The public identifier the service sends.
    pub client_id: String,
    /// Shown to the aidant.
    pub name: String,
    /// Compared character by character (RFC 9700 §2.1).
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub policy: Policy,
    /// Keys of the domains whose grants may be used there; none for any.
    pub domains: Option<Vec<String>>,
    /// What separates its pairwise identifiers from other services' (OpenID Connect Core §8.1).
    pub sector: String,
    pub suspended: bool,
}

impl Client {
    pub fn returns_to(&self, redirect_uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| registered == redirect_uri)
    }

    pub fn signs_out_to(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris.iter().any(|registered| registered == uri)
    }

    pub fn serves_domain(&self, key: &str) -> bool {
        self.domains.as_ref().is_none_or(|domains| domains.iter().any(|domain| domain == key))
    }

    /// Whether a grant may be offered there: of a domain it works in, with nothing it could not hold to, and for a
    /// hub, of a user whose level of proofing is known.
    pub fn may_be_offered(&self, domain: &str, narrowed: bool, acr: Option<&str>) -> bool {
        let can_hold = !narrowed || self.policy.enforces_limits;
        self.serves_domain(domain) && can_hold && (!self.policy.is_hub || acr.is_some())
    }
}

/// The origin of a registered address, for `form-action` (Content Security Policy 3 §6.4.2).
pub fn origin(uri: &str) -> Option<String> {
    Url::parse(uri).ok().map(|url| url.origin().ascii_serialization()).filter(|origin| origin != "null")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use uuid::Uuid;

    pub(crate) fn client() -> Client {
        Client {
            id: ServiceId::from_uuid(Uuid::from_u128(7)),
            client_id: "impots".into(),
            name: "Impôts".into(),
            redirect_uris: vec!["https://rp.example/cb".into(), "https://rp.example/cb?kept=1".into()],
            post_logout_redirect_uris: vec!["https://rp.example/bye".into()],
            policy: Policy::general(),
            domains: None,
            sector: "rp.example".into(),
            suspended: false,
        }
    }

    #[test]
    fn addresses_are_compared_exactly() {
        let client = client();
        assert!(client.returns_to("https://rp.example/cb"));
        for near in [
            "https://rp.example/cb/",
            "https://RP.example/cb",
            "https://rp.example/cb?x",
            "https://rp.example/CB",
            "",
        ] {
            assert!(!client.returns_to(near), "{near}");
        }
        assert!(
            client.signs_out_to("https://rp.example/bye") && !client.signs_out_to("https://rp.example/cb")
        );
    }

    #[test]
    fn what_a_service_may_be_offered() {
        let any = client();
        assert!(
            any.may_be_offered("argent", true, None) && any.may_be_offered("social", false, Some("eidas1"))
        );
        let untold = Client {
            policy: Policy { tells_actor: false, enforces_limits: false, ..Policy::general() },
            ..client()
        };
        assert!(!untold.may_be_offered("argent", true, None) && untold.may_be_offered("argent", false, None));
        let taxes = Client { domains: Some(vec!["argent".into()]), ..client() };
        assert!(taxes.may_be_offered("argent", false, None) && !taxes.may_be_offered("social", false, None));
        let hub = Client { policy: Policy::france_connect(), ..client() };
        assert!(hub.may_be_offered("argent", false, Some("eidas1")));
        assert!(!hub.may_be_offered("argent", false, None), "a paper mandate has no level of proofing");
        assert!(!hub.may_be_offered("argent", true, Some("eidas1")), "a hub cannot hold to a narrowed grant");
    }

    #[test]
    fn origins_are_what_a_policy_can_name() {
        assert_eq!(origin("https://rp.example:8443/cb?x=1").unwrap(), "https://rp.example:8443");
        assert_eq!(origin("https://rp.example:443/").unwrap(), "https://rp.example");
        assert_eq!(origin("data:text/html,x"), None);
    }
}
