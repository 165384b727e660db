//! The rules of a registration: addresses, sector, keys.
use jsonwebtoken::jwk::JwkSet;
use url::{Host, Url};

use super::jose::{algorithm, is_private};

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
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    #[error(
        "the keys must be a JWK Set of public keys that can sign: EC P-256, RSA of 2048 bits or more, Ed25519"
    )]
    BadKeys,
}

/// What of a policy goes against the rest of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    #[error("private_key_jwt needs the service's public keys")]
    NoKeys,
    #[error("a service that is told no limits cannot hold to them")]
    Untold,
    #[error("a hub cannot hold to the limits of a narrowed grant")]
    Hub,
    #[error("the profile does not allow this way of authenticating or signing")]
    Profile,
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

pub(super) fn checked_uri(text: &str) -> Result<Url, BadRegistration> {
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

/// A JWK Set as an operator gives it. Private parts are refused: they must not come here at all.
pub fn keys(text: &str) -> Result<JwkSet, BadRegistration> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|_| BadRegistration::BadKeys)?;
    let listed = value.get("keys").and_then(serde_json::Value::as_array).ok_or(BadRegistration::BadKeys)?;
    if listed.iter().any(is_private) {
        return Err(BadRegistration::BadKeys);
    }
    let keys = serde_json::from_value(value).map_err(|_| BadRegistration::BadKeys)?;
    checked_keys(&keys)?;
    Ok(keys)
}

/// Between one and twenty keys, each of a kind that PS256, ES256 or EdDSA sign with.
pub(super) fn checked_keys(keys: &JwkSet) -> Result<(), BadRegistration> {
    let few = (1..=20).contains(&keys.keys.len());
    if few && keys.keys.iter().all(|key| algorithm(key).is_some()) {
        Ok(())
    } else {
        Err(BadRegistration::BadKeys)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::crypto::jwt::{Alg, SigningKey, generate};

    /// A fresh set of one public key.
    pub(crate) fn jwks() -> JwkSet {
        let key = SigningKey::from_pkcs8(Alg::Es256, &generate(Alg::Es256).unwrap()).unwrap();
        JwkSet { keys: vec![key.public().clone()] }
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
    fn only_public_keys_that_can_sign_are_registered() {
        let good = serde_json::to_value(jwks()).unwrap();
        assert!(keys(&good.to_string()).is_ok());
        let mut private = good.clone();
        private["keys"][0]["d"] = "AAAA".into();
        let mut symmetric = good.clone();
        symmetric["keys"][0] = serde_json::json!({"kty": "oct", "k": "AAAA"});
        let mut curve = good.clone();
        curve["keys"][0]["crv"] = "P-384".into();
        let short = serde_json::json!({"keys": [{"kty": "RSA", "e": "AQAB", "n": "A".repeat(171)}]});
        let none = serde_json::json!({"keys": []});
        let many = serde_json::json!({"keys": vec![good["keys"][0].clone(); 21]});
        for bad in [private, symmetric, curve, short, none, many] {
            assert_eq!(keys(&bad.to_string()), Err(BadRegistration::BadKeys), "{bad}");
        }
        for bad in ["", "{}", "[]", "null"] {
            assert_eq!(keys(bad), Err(BadRegistration::BadKeys), "{bad}");
        }
    }
}
