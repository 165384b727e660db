//! Faults that the provider can be asked to commit, on the wire, so that those who depend on it can be tried.

/// One way of misbehaving. `key` is what the control page posts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    None,
    SlowDiscovery,
    SlowToken,
    SlowUserinfo,
    Down,
    CutOff,
    NotJson,
    Huge,
    TokenRefused,
    MalformedIdToken,
    WrongSignature,
    UnknownKey,
    Unsigned,
    WrongIssuer,
    WrongAudience,
    WrongNonce,
    MissingNonce,
    Expired,
    WeakAcr,
    MissingAcr,
    WrongState,
    WrongRedirectIssuer,
    OtherSubject,
    MissingName,
    BadBirthdate,
    UserinfoMalformed,
    UserinfoRefused,
}

/// A fault with its key and what to say of it, in French and in English.
pub struct Described {
    pub fault: Fault,
    pub key: &'static str,
    pub fr: &'static str,
    pub en: &'static str,
}

const fn row(fault: Fault, key: &'static str, fr: &'static str, en: &'static str) -> Described {
    Described { fault, key, fr, en }
}

pub const FAULTS: [Described; 27] = [
    row(Fault::None, "none", "Tout va bien", "All is well"),
    row(
        Fault::SlowDiscovery,
        "slow_discovery",
        "Découverte : 30 secondes d’attente",
        "Discovery: waits 30 seconds",
    ),
    row(Fault::SlowToken, "slow_token", "Jeton : 30 secondes d’attente", "Token: waits 30 seconds"),
    row(
        Fault::SlowUserinfo,
        "slow_userinfo",
        "Identité : 30 secondes d’attente",
        "Userinfo: waits 30 seconds",
    ),
    row(Fault::Down, "down", "Hors service (503 partout)", "Out of order (503 everywhere)"),
    row(Fault::CutOff, "cut_off", "Jeton : la réponse s’interrompt", "Token: the answer breaks off"),
    row(
        Fault::NotJson,
        "not_json",
        "Jeton : une page HTML au lieu de JSON",
        "Token: an HTML page instead of JSON",
    ),
    row(Fault::Huge, "huge", "Jeton : une réponse de 16 Mio", "Token: an answer of 16 MiB"),
    row(
        Fault::TokenRefused,
        "token_refused",
        "Jeton : code refusé (invalid_grant)",
        "Token: code refused (invalid_grant)",
    ),
    row(Fault::MalformedIdToken, "malformed_id_token", "Jeton d’identité illisible", "Malformed ID token"),
    row(
        Fault::WrongSignature,
        "wrong_signature",
        "Jeton d’identité : signé par une autre clé",
        "ID token: signed by another key",
    ),
    row(Fault::UnknownKey, "unknown_key", "Jeton d’identité : clé inconnue", "ID token: unknown key"),
    row(
        Fault::Unsigned,
        "unsigned",
        "Jeton d’identité : non signé (alg none)",
        "ID token: unsigned (alg none)",
    ),
    row(Fault::WrongIssuer, "wrong_iss", "Jeton d’identité : autre émetteur", "ID token: another issuer"),
    row(
        Fault::WrongAudience,
        "wrong_aud",
        "Jeton d’identité : autre destinataire",
        "ID token: another audience",
    ),
    row(Fault::WrongNonce, "wrong_nonce", "Jeton d’identité : autre nonce", "ID token: another nonce"),
    row(Fault::MissingNonce, "missing_nonce", "Jeton d’identité : nonce absent", "ID token: no nonce"),
    row(Fault::Expired, "expired", "Jeton d’identité : périmé", "ID token: expired"),
    row(
        Fault::WeakAcr,
        "weak_acr",
        "Jeton d’identité : niveau trop faible (acr eidas0)",
        "ID token: level too low (acr eidas0)",
    ),
    row(
        Fault::MissingAcr,
        "missing_acr",
        "Jeton d’identité : niveau absent (acr)",
        "ID token: no level (acr)",
    ),
    row(Fault::WrongState, "wrong_state", "Retour : autre state", "Redirect: another state"),
    row(
        Fault::WrongRedirectIssuer,
        "wrong_redirect_iss",
        "Retour : autre émetteur (iss)",
        "Redirect: another issuer (iss)",
    ),
    row(
        Fault::OtherSubject,
        "other_subject",
        "Identité : une autre personne (sub)",
        "Userinfo: another person (sub)",
    ),
    row(Fault::MissingName, "missing_name", "Identité : nom de naissance absent", "Userinfo: no family name"),
    row(
        Fault::BadBirthdate,
        "bad_birthdate",
        "Identité : date de naissance impossible",
        "Userinfo: impossible birth date",
    ),
    row(
        Fault::UserinfoMalformed,
        "userinfo_malformed",
        "Identité : réponse illisible",
        "Userinfo: malformed answer",
    ),
    row(
        Fault::UserinfoRefused,
        "userinfo_refused",
        "Identité : jeton d’accès refusé (401)",
        "Userinfo: access token refused (401)",
    ),
];

impl Fault {
    /// The fault of that key, if there is one.
    pub fn parse(key: &str) -> Option<Self> {
        FAULTS.iter().find(|row| row.key == key).map(|row| row.fault)
    }
}
