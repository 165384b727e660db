//! What an operator types of a service: read, and refused beside the field that is to blame.
use crate::app::oversee_clients::Domain;
use crate::app::register_client::NewService;
use crate::crypto::jwt::Alg;
use crate::oidc::provider::policy::{ClientKeys, Profile};
use crate::oidc::provider::registration::{self, BadRegistration, Contradiction};
use crate::oidc::provider::scope::Scope;
use crate::oidc::provider::terms::Terms;
use crate::web::ui::{Form, Message};

/// The fields of addresses, one per line.
pub(super) const LINES: [&str; 3] = ["redirect_uris", "post_logout_uris", "backchannel_uri"];

/// The lines of a field that are not empty.
pub(super) fn lines(form: &Form, field: &str) -> Vec<String> {
    form.value(field).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The one address of a field, if it has one.
pub(super) fn address(form: &Form, field: &str) -> Option<String> {
    Some(form.value(field).to_owned()).filter(|text| !text.is_empty())
}

/// The public keys given, or where they are published: one or the other. Notes what is wrong.
pub(super) fn keys(form: &mut Form) -> ClientKeys {
    match (form.value("jwks").to_owned(), address(form, "jwks_uri")) {
        (given, Some(uri)) if given.is_empty() => ClientKeys::Uri(uri),
        (given, None) if given.is_empty() => ClientKeys::None,
        (_, Some(_)) => {
            form.refuse("jwks", "clients-keys-both");
            ClientKeys::None
        }
        (given, None) => {
            if let Ok(keys) = registration::keys(&given) {
                return ClientKeys::Inline(keys);
            }
            form.refuse("jwks", "clients-keys-bad");
            ClientKeys::None
        }
    }
}

/// What the service may ask for beyond an identifier. None when a word is not one of ours.
pub(super) fn scopes(form: &Form) -> Option<Vec<Scope>> {
    form.all("scopes").map(Scope::named).collect()
}

/// The service described; what is wrong is noted. None when the form is not one of ours.
pub(super) fn service(form: &mut Form, catalogue: &[Domain]) -> Option<NewService> {
    let chosen = |field: &str| Some(form.value(field)).filter(|word| !word.is_empty());
    let auth_method = chosen("auth_method").map(str::parse).transpose().ok()?;
    let userinfo_alg = match chosen("userinfo_alg") {
        Some(name) => Some(Alg::named(name)?),
        None => None,
    };
    let id_token_alg = chosen("id_token_alg").map_or(Some(Alg::Es256), Alg::named)?;
    let reauthentication = chosen("reauthentication").map(str::parse).transpose().ok()?;
    let profile = chosen("profile").map(str::parse::<Profile>).transpose().ok()?;
    let domains: Vec<String> = form.all("domains").map(str::to_owned).collect();
    if !domains.iter().all(|key| catalogue.iter().any(|row| row.key == *key)) {
        return None;
    }
    let scopes = scopes(form)?;
    let flag = |name: &str| form.has("flags", name);
    let mut terms = Terms {
        profile: profile.unwrap_or(Profile::General),
        auth_method,
        keys: ClientKeys::None,
        id_token_alg,
        userinfo_alg,
        scopes,
        requires_par: flag("par"),
        requires_dpop: flag("dpop"),
        withholds_actor: flag("withhold_actor"),
        ignores_limits: flag("ignores_limits"),
        is_hub: flag("hub"),
        reauthentication,
        may_refresh: flag("refresh"),
        is_resource_server: flag("resource_server"),
        backchannel_logout_uri: address(form, "backchannel_uri"),
    };
    // In the order of the page, which the summary of what is wrong keeps.
    let client_id = form.required("client_id", "clients-client-id-bad");
    let name = form.required("name", "clients-name-bad");
    if profile.is_none() {
        form.refuse("profile", "clients-profile-required");
    }
    if lines(form, "redirect_uris").is_empty() {
        form.refuse("redirect_uris", "clients-redirect-required");
    }
    terms.keys = keys(form);
    Some(NewService {
        client_id,
        name,
        redirect_uris: lines(form, "redirect_uris"),
        post_logout_redirect_uris: lines(form, "post_logout_uris"),
        domains: (!domains.is_empty()).then_some(domains),
        sector: address(form, "sector"),
        policy: terms.policy(),
    })
}

/// Notes why a registration is refused, beside the field that is to blame.
pub(super) fn refuse(form: &mut Form, refused: &BadRegistration) {
    let (field, message) = match refused {
        BadRegistration::NoRedirectUri => ("redirect_uris", Message::new("clients-redirect-required")),
        BadRegistration::BadUri(uri) => {
            let holds = |field: &&&str| lines(form, field).contains(uri);
            let field = LINES.iter().chain(&["jwks_uri"]).find(holds).unwrap_or(&"redirect_uris");
            (*field, Message::new("clients-uri-bad").with("uri", uri.as_str()))
        }
        BadRegistration::SectorNeeded => ("sector", Message::new("clients-sector-required")),
        BadRegistration::BadName => ("name", Message::new("clients-name-bad")),
        BadRegistration::BadKeys => ("jwks", Message::new("clients-keys-bad")),
        BadRegistration::Contradiction(Contradiction::NoKeys) => {
            ("jwks_uri", Message::new("clients-keys-required"))
        }
        BadRegistration::Contradiction(Contradiction::Untold) => {
            ("flags", Message::new("clients-untold-limits"))
        }
        BadRegistration::Contradiction(Contradiction::Hub) => ("flags", Message::new("clients-hub-limits")),
        BadRegistration::Contradiction(Contradiction::Profile) => {
            ("profile", Message::new("clients-profile-against"))
        }
    };
    form.refuse(field, message);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::provider::policy::ClientAuthMethod;
    use crate::oidc::provider::scope::Scopes;

    fn form(fields: &[(&str, &str)]) -> Form {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Form::from(fields.collect::<Vec<_>>())
    }

    #[test]
    fn what_is_typed_is_what_the_command_line_would_register() {
        let mut typed = form(&[
            ("client_id", "impots"),
            ("name", "Impôts"),
            ("profile", "general"),
            ("redirect_uris", " https://a.example/cb \r\n\r\nhttps://a.example/two"),
            ("scopes", "email"),
            ("flags", "refresh"),
            ("flags", "withhold_actor"),
            ("id_token_alg", "RS256"),
        ]);
        let new = service(&mut typed, &[]).unwrap();
        assert!(typed.is_valid());
        assert_eq!(new.redirect_uris, ["https://a.example/cb", "https://a.example/two"]);
        assert!(new.policy.may_refresh && !new.policy.tells_actor && !new.policy.enforces_limits);
        assert_eq!(
            (new.policy.auth_method, new.policy.id_token_alg),
            (ClientAuthMethod::ClientSecretBasic, Alg::Rs256)
        );
        assert_eq!(new.policy.scopes, Scopes::of(&[Scope::Email]));
        assert_eq!(new.domains, None);
        for strange in [
            ("profile", "x"),
            ("auth_method", "x"),
            ("id_token_alg", "none"),
            ("scopes", "x"),
            ("domains", "x"),
        ] {
            assert!(service(&mut form(&[strange]), &[]).is_none(), "{strange:?}");
        }
    }

    #[test]
    fn errors_are_in_the_order_of_the_page() {
        let mut all = form(&[("jwks", "{}")]);
        service(&mut all, &[]).unwrap();
        let fields: Vec<_> = all.errors().iter().map(|error| error.field).collect();
        assert_eq!(fields, ["client_id", "name", "profile", "redirect_uris", "jwks"]);
        let page = include_str!("../../ui/templates/clients/new.html");
        let places: Vec<_> = fields.iter().map(|field| page.find(&format!("form, \"{field}\""))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    }

    #[test]
    fn each_thing_wrong_is_said_beside_its_field() {
        let uri = || BadRegistration::BadUri("http://x.example/".to_owned());
        for (refused, typed, field) in [
            (BadRegistration::NoRedirectUri, "", "redirect_uris"),
            (uri(), "post_logout_uris", "post_logout_uris"),
            (uri(), "backchannel_uri", "backchannel_uri"),
            (uri(), "jwks_uri", "jwks_uri"),
            (BadRegistration::SectorNeeded, "", "sector"),
            (BadRegistration::BadName, "", "name"),
            (BadRegistration::BadKeys, "", "jwks"),
            (Contradiction::NoKeys.into(), "", "jwks_uri"),
            (Contradiction::Untold.into(), "", "flags"),
            (Contradiction::Hub.into(), "", "flags"),
            (Contradiction::Profile.into(), "", "profile"),
        ] {
            let mut form = form(&[(typed, "https://a.example/\nhttp://x.example/")]);
            if typed == "jwks_uri" || typed == "backchannel_uri" {
                form = self::form(&[(typed, "http://x.example/")]);
            }
            refuse(&mut form, &refused);
            assert_eq!(form.errors()[0].field, field, "{refused:?}");
            assert!(crate::web::ui::L::has(form.errors()[0].message.key()), "{refused:?}");
        }
        let mut both = form(&[("jwks", "{}"), ("jwks_uri", "https://a.example/")]);
        keys(&mut both);
        let mut bad = form(&[("jwks", "{}")]);
        keys(&mut bad);
        assert!(!both.is_valid() && !bad.is_valid());
    }
}
