//! A registered service, as the protocol sees it, and the rules of its registration.
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::crypto::jwt::Alg;
use crate::domain::ids::ServiceId;

/// How a client proves who it is at the token endpoint (OpenID Connect Core §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMethod {
    ClientSecretBasic,
    ClientSecretPost,
}

/// What `prompt=login` demands of the aidant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reauthentication {
    /// A code entered since the request arrived.
    Fresh,
    /// A code entered less than 15 minutes ago: FranceConnect sends `prompt=login` every time.
    Activity,
}

/// The word is none of those a registration may hold.
#[derive(Debug, thiserror::Error)]
#[error("« {0} » is not one of {1}")]
pub struct UnknownWord(String, &'static str);

macro_rules! words {
    ($type:ident, $list:literal: $($variant:ident = $word:literal),+) => {
        impl $type {
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl FromStr for $type {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord(text.to_owned(), $list)),
                }
            }
        }
    };
}
words!(ClientAuthMethod, "client_secret_basic, client_secret_post":
    ClientSecretBasic = "client_secret_basic", ClientSecretPost = "client_secret_post");
words!(Reauthentication, "fresh, activity": Fresh = "fresh", Activity = "activity");

/// A service registered to receive users' identities.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: ServiceId,
    /// The public identifier the service sends.
    pub client_id: String,
    /// Shown to the aidant.
    pub name: String,
    /// Compared character by character (RFC 9700 §2.1).
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub auth_method: ClientAuthMethod,
    pub id_token_alg: Alg,
    /// Keys of the domains whose grants may be used there; none for any.
    pub domains: Option<Vec<String>>,
    /// Whether it is told who acts (`act`) and under which mandate (`authorization_details`). Only a service that
    /// is told the limits of a mandate can hold to them.
    pub tells_actor: bool,
    /// An identity hub such as FranceConnect, behind which stand other services: it is told `rep_scope`, wants a
    /// level of proofing, and does not say for which service a user comes.
    pub is_hub: bool,
    pub reauthentication: Reauthentication,
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
        let can_hold = !narrowed || (self.tells_actor && !self.is_hub);
        self.serves_domain(domain) && can_hold && (!self.is_hub || acr.is_some())
    }
}

/// Why a registration is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRegistration {
    #[error("at least one address to return to is needed")]
    NoRedirectUri,
    #[error(
        "{0}: an address must be absolute, https (http only on loopback or *.localhost), without fragment or user name"
    )]
    BadUri(String),
    #[error("the addresses are on several hosts: the sector must be given")]
    SectorNeeded,
    #[error("the name must have 1 to 100 characters")]
    BadName,
}

/// Checks the addresses of a registration and gives its sector: the one asked for, else the single host of the
/// redirect addresses (OpenID Connect Core §8.1).
pub fn check_registration(
    name: &str,
    redirect_uris: &[String],
    post_logout_redirect_uris: &[String],
    sector: Option<&str>,
) -> Result<String, BadRegistration> {
    if name.trim().is_empty() || name.chars().count() > 100 {
        return Err(BadRegistration::BadName);
    }
    for uri in redirect_uris.iter().chain(post_logout_redirect_uris) {
        checked_uri(uri)?;
    }
    let mut hosts: Vec<String> = redirect_uris.iter().filter_map(|uri| host(uri)).collect();
    hosts.sort();
    hosts.dedup();
    match (sector, hosts.as_slice()) {
        (_, []) => Err(BadRegistration::NoRedirectUri),
        (Some(sector), _) => Ok(sector.to_owned()),
        (None, [host]) => Ok(host.clone()),
        (None, _) => Err(BadRegistration::SectorNeeded),
    }
}

fn checked_uri(text: &str) -> Result<Url, BadRegistration> {
    let bad = || BadRegistration::BadUri(text.to_owned());
    let url = Url::parse(text).map_err(|_| bad())?;
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let plain = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let printable = text.len() <= 1_000 && text.chars().all(|c| c.is_ascii_graphic());
    if safe && plain && printable && url.host().is_some() { Ok(url) } else { Err(bad()) }
}

/// Whether plain http is acceptable: nothing leaves the machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn host(uri: &str) -> Option<String> {
    Url::parse(uri).ok()?.host_str().map(str::to_owned)
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
            auth_method: ClientAuthMethod::ClientSecretBasic,
            id_token_alg: Alg::Es256,
            domains: None,
            tells_actor: true,
            is_hub: false,
            reauthentication: Reauthentication::Fresh,
            sector: "rp.example".into(),
            suspended: false,
        }
    }

    fn sector(uris: &[&str], sector: Option<&str>) -> Result<String, BadRegistration> {
        let uris: Vec<String> = uris.iter().map(|&uri| uri.to_owned()).collect();
        check_registration("Impôts", &uris, &[], sector)
    }

    #[test]
    fn the_sector_is_the_one_host_or_is_given() {
        assert_eq!(sector(&["https://a.example/x", "https://a.example/y"], None).unwrap(), "a.example");
        assert_eq!(
            sector(&["https://a.example/", "https://b.example/"], None),
            Err(BadRegistration::SectorNeeded)
        );
        assert_eq!(sector(&["https://a.example/", "https://b.example/"], Some("s")).unwrap(), "s");
        assert_eq!(sector(&[], Some("s")), Err(BadRegistration::NoRedirectUri));
    }

    #[test]
    fn only_safe_absolute_addresses_are_registered() {
        for good in [
            "https://a.example/cb?x=1",
            "http://localhost:9/cb",
            "http://impots.localhost:8082/",
            "http://[::1]/",
        ] {
            assert!(sector(&[good], None).is_ok(), "{good}");
        }
        for bad in [
            "http://a.example/cb",
            "/cb",
            "javascript:alert(1)",
            "https://a.example/#f",
            "https://u:p@a.example/",
            "http://localhost.evil.example/",
            "https://a.example/é",
            "data:text/html,x",
        ] {
            assert_eq!(sector(&[bad], None), Err(BadRegistration::BadUri(bad.to_owned())), "{bad}");
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
        let untold = Client { tells_actor: false, ..client() };
        assert!(!untold.may_be_offered("argent", true, None) && untold.may_be_offered("argent", false, None));
        let taxes = Client { domains: Some(vec!["argent".into()]), ..client() };
        assert!(taxes.may_be_offered("argent", false, None) && !taxes.may_be_offered("social", false, None));
        let hub = Client { is_hub: true, ..client() };
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
