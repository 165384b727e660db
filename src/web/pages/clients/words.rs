//! What is registered of a service, in words.
use crate::app::oversee_clients::{Domain, KeysFault};
use crate::oidc::outbound::OutboundError;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::policy::{ClientAuthMethod, Policy, Profile, Reauthentication};
use crate::oidc::provider::scope::{Scope, Scopes};
use crate::web::ui::{Choice, L, Locale, Message, Row, Tone};

pub(super) fn state(client: &Client, l: &L) -> (String, Tone) {
    let (key, tone) = if client.suspended {
        ("clients-state-suspended", Tone::Bad)
    } else {
        ("clients-state-active", Tone::Good)
    };
    (l.t(key).into_owned(), tone)
}

fn dashed(word: &str) -> String {
    word.replace('_', "-")
}

pub(super) fn profile(profile: Profile, l: &L) -> String {
    l.t(&format!("clients-profile-{}", dashed(profile.as_str()))).into_owned()
}

pub(super) fn auth_method(method: ClientAuthMethod, l: &L) -> String {
    l.t(&format!("clients-auth-{}", dashed(method.as_str()))).into_owned()
}

pub(super) fn domain(row: &Domain, l: &L) -> String {
    match l.locale() {
        Locale::Fr => row.label_fr.clone(),
        Locale::En => row.label_en.clone(),
    }
}

/// What a service may do and must prove, line by line.
pub(super) fn policy(client: &Client, catalogue: &[Domain], l: &L) -> Vec<Row> {
    let policy = &client.policy;
    let term = |key: &str| l.t(key).into_owned();
    let or_none = |lines: &[String]| {
        if lines.is_empty() { vec![l.t("clients-none-given").into_owned()] } else { lines.to_vec() }
    };
    let domains = match &client.domains {
        None => vec![l.t("clients-domains-any").into_owned()],
        Some(keys) => {
            let label = |key: &String| {
                let known = catalogue.iter().find(|row| row.key == *key);
                known.map_or_else(|| key.clone(), |row| domain(row, l))
            };
            keys.iter().map(label).collect()
        }
    };
    let userinfo = match policy.userinfo_alg {
        Some(alg) => l.t1("clients-userinfo-signed", "alg", alg.name()).into_owned(),
        None => l.t("clients-userinfo-plain").into_owned(),
    };
    vec![
        Row::new(term("clients-client-id"), client.client_id.clone()).hash(),
        Row::new(term("clients-profile"), profile(policy.profile, l)),
        Row::new(term("clients-auth-method"), auth_method(policy.auth_method, l)),
        Row::many(term("clients-redirect-uris"), client.redirect_uris.clone()).hash(),
        Row::many(term("clients-post-logout-uris"), or_none(&client.post_logout_redirect_uris)).hash(),
        Row::many(term("clients-backchannel"), or_none(policy.backchannel_logout_uri.as_slice())).hash(),
        Row::new(term("clients-sector"), client.sector.clone()).hash(),
        Row::many(term("clients-scopes"), known(&policy.scopes, l)),
        Row::many(term("clients-domains"), domains),
        Row::new(term("clients-id-token"), policy.id_token_alg.name()),
        Row::new(term("clients-userinfo"), userinfo),
        Row::many(term("clients-rules"), rules(policy, l)),
    ]
}

/// What a service may ask to know of the user, as boxes to tick; an identifier it always gets.
pub(super) fn scopes(l: &L) -> Vec<Choice> {
    let others = Scope::ALL.into_iter().filter(|scope| *scope != Scope::OpenId);
    let choice = |scope: Scope| {
        let key = format!("clients-scope-{}", scope.name());
        let hint = l.t(&format!("{key}-hint"));
        Choice::new(scope.name(), l.t(&key)).hint(hint)
    };
    others.map(choice).collect()
}

/// The same, in words.
fn known(scopes: &Scopes, l: &L) -> Vec<String> {
    scopes.iter().map(|scope| l.t(&format!("clients-scope-{}", scope.name())).into_owned()).collect()
}

fn rules(policy: &Policy, l: &L) -> Vec<String> {
    let either = |is: bool, yes: &'static str, no: &'static str| if is { yes } else { no };
    let mut keys = vec![
        either(policy.requires_par, "clients-rule-par", "clients-rule-any-request"),
        either(policy.requires_dpop, "clients-rule-dpop", "clients-rule-bearer"),
        either(policy.tells_actor, "clients-rule-told", "clients-rule-untold"),
        either(policy.enforces_limits, "clients-rule-limits", "clients-rule-no-limits"),
        match policy.reauthentication {
            Reauthentication::Fresh => "clients-rule-fresh",
            Reauthentication::Activity => "clients-rule-activity",
        },
        either(policy.may_refresh, "clients-rule-refresh", "clients-rule-no-refresh"),
    ];
    keys.extend(policy.is_hub.then_some("clients-rule-hub"));
    keys.extend(policy.is_resource_server.then_some("clients-rule-resource-server"));
    keys.into_iter().map(|key| l.t(key).into_owned()).collect()
}

/// Why keys that a service publishes could not be had.
pub(super) fn fault(fault: KeysFault) -> Message {
    match fault {
        KeysFault::Call(OutboundError::Forbidden) => Message::new("clients-keys-forbidden"),
        KeysFault::Call(OutboundError::NoAnswer) => Message::new("clients-keys-no-answer"),
        KeysFault::Call(OutboundError::Status(status)) => {
            Message::new("clients-keys-status").with("status", status.to_string())
        }
        KeysFault::Call(OutboundError::TooLarge) => Message::new("clients-keys-too-large"),
        KeysFault::NotKeys => Message::new("clients-keys-nonsense"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_and_fault_has_its_words() {
        let hub = Policy { is_resource_server: true, may_refresh: true, ..Policy::france_connect() };
        let bound = Policy { requires_par: true, requires_dpop: true, ..Policy::general() };
        for locale in Locale::ALL {
            let l = L::new(locale);
            for said in known(&Scopes::all(), &l) {
                assert!(!said.contains('⟨'), "{said}");
            }
            for said in [rules(&Policy::general(), &l), rules(&hub, &l), rules(&bound, &l)].concat() {
                assert!(!said.contains('⟨'), "{said}");
            }
            for one in [Profile::General, Profile::HighSecurity, Profile::FranceConnect] {
                assert!(!profile(one, &l).contains('⟨'), "{one:?}");
            }
            for one in [
                ClientAuthMethod::ClientSecretBasic,
                ClientAuthMethod::ClientSecretPost,
                ClientAuthMethod::PrivateKeyJwt,
            ] {
                assert!(!auth_method(one, &l).contains('⟨'), "{one:?}");
            }
            for one in [
                OutboundError::Forbidden,
                OutboundError::NoAnswer,
                OutboundError::Status(404),
                OutboundError::TooLarge,
            ] {
                assert!(!l.message(&fault(KeysFault::Call(one))).contains(['⟨', '{']), "{one:?}");
            }
            assert!(!l.message(&fault(KeysFault::NotKeys)).contains('⟨'));
        }
    }
}
