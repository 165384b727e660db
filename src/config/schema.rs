//! Every key, with its meaning: printed by `config schema`, kept in `docs/configuration.md`, checked by tests.
use std::fmt::Write as _;

/// One key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub section: &'static str,
    pub name: &'static str,
    /// Empty: the key is required.
    pub default: &'static str,
    /// As one would write it in TOML.
    pub example: &'static str,
    pub meaning: &'static str,
}

const fn key(
    section: &'static str,
    name: &'static str,
    default: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> Key {
    Key { section, name, default, example, meaning }
}

/// Grouped by section, in the order of the file.
pub const SCHEMA: &[Key] = &[
    key("server", "listen", "127.0.0.1:8080", "\"0.0.0.0:8080\"", "Address and port to listen on."),
    key(
        "server",
        "origin",
        "",
        "\"https://mandats.example.fr\"",
        "Scheme, host and port under which browsers reach the service; the issuer of its tokens. https, or http on localhost.",
    ),
    key(
        "server",
        "tls_certificate_file",
        "none",
        "\"/etc/entremise/tls.pem\"",
        "PEM chain, for TLS without a proxy; goes with `tls_key_file`.",
    ),
    key(
        "server",
        "tls_key_file",
        "none",
        "\"/etc/entremise/tls.key\"",
        "PEM private key of the certificate.",
    ),
    key(
        "server",
        "trusted_proxies",
        "[]",
        "[\"10.0.0.2\"]",
        "Addresses of the proxies whose `X-Forwarded-For` is believed.",
    ),
    key(
        "database",
        "url",
        "sqlite:data/entremise.db",
        "\"postgres://entremise@db/entremise\"",
        "`sqlite:PATH` or `postgres://…`.",
    ),
    key(
        "database",
        "url_file",
        "none",
        "\"/run/secrets/database_url\"",
        "File that holds the URL; wins over `url`.",
    ),
    key("database", "connections", "16", "16", "Connections of this node to PostgreSQL."),
    key(
        "keys",
        "folder",
        "keys",
        "\"/var/lib/entremise/keys\"",
        "Folder of the master key and the log key, mode 0600.",
    ),
    key(
        "identity",
        "issuer",
        "",
        "\"https://identite.example.fr/api/v2\"",
        "Identity provider of the users, exactly as its discovery document writes it.",
    ),
    key("identity", "client_id", "", "\"entremise\"", "Our identifier at that provider."),
    key(
        "identity",
        "client_secret",
        "",
        "\"uR5pZ0vQd3mXc8LkYt2WfB7nHs4JgEaT\"",
        "Our secret at that provider.",
    ),
    key(
        "identity",
        "client_secret_file",
        "none",
        "\"/run/secrets/identity_secret\"",
        "File that holds the secret; wins over `client_secret`.",
    ),
    key(
        "identity",
        "auth_method",
        "client_secret_basic",
        "\"client_secret_post\"",
        "How we authenticate: `client_secret_basic` or `client_secret_post`.",
    ),
    key("identity", "label_fr", "FranceConnect", "\"FranceConnect\"", "Its name on French pages."),
    key("identity", "label_en", "FranceConnect", "\"FranceConnect\"", "Its name on English pages."),
    key(
        "identity",
        "scopes",
        "[openid, profile, birth, email]",
        "[\"openid\", \"profile\", \"birth\", \"email\"]",
        "Scopes asked for.",
    ),
    key("identity", "pkce", "true", "true", "Send a PKCE challenge (RFC 7636). FranceConnect wants none."),
    key("identity", "acr_values", "[eidas1]", "[\"eidas1\"]", "Levels of assurance asked for."),
    key("identity", "acr_accepted", "[eidas1]", "[\"eidas1\", \"eidas2\"]", "Levels of assurance accepted."),
    key(
        "identity",
        "id_token_alg",
        "ES256",
        "\"ES256\"",
        "Algorithm its ID tokens are signed with: ES256, RS256 or PS256.",
    ),
    key(
        "identity",
        "userinfo_alg",
        "none",
        "\"ES256\"",
        "Algorithm of a signed userinfo; without it userinfo is JSON.",
    ),
    key(
        "identity",
        "birthdate_claim",
        "birthdate",
        "\"idp_birthdate\"",
        "Claim that holds the date of birth, presumed dates (1962-00-00) included.",
    ),
    key(
        "professionals",
        "issuer",
        "",
        "\"https://pro.example.fr/api/v2\"",
        "Identity provider with which professionals may enter instead of a password (ProConnect), exactly as its discovery document writes it. The whole section may be absent; the card is asked for in any case.",
    ),
    key("professionals", "client_id", "", "\"entremise\"", "Our identifier at that provider."),
    key(
        "professionals",
        "client_secret",
        "",
        "\"qW4rT6yU8iO1pA3sD5fG7hJ9kL2zX0cV\"",
        "Our secret at that provider.",
    ),
    key(
        "professionals",
        "client_secret_file",
        "none",
        "\"/run/secrets/professionals_secret\"",
        "File that holds the secret; wins over `client_secret`.",
    ),
    key(
        "professionals",
        "auth_method",
        "client_secret_post",
        "\"client_secret_post\"",
        "How we authenticate: `client_secret_basic` or `client_secret_post`.",
    ),
    key("professionals", "label", "ProConnect", "\"ProConnect\"", "Its name on our pages."),
    key(
        "professionals",
        "scopes",
        "[openid, given_name, usual_name, email, uid, siret]",
        "[\"openid\", \"email\", \"siret\"]",
        "Scopes asked for; `email` and `siret` link an invited aidant.",
    ),
    key(
        "professionals",
        "pkce",
        "false",
        "false",
        "Send a PKCE challenge (RFC 7636). ProConnect wants none.",
    ),
    key(
        "professionals",
        "emails_verified",
        "false",
        "true",
        "Its contract promises that every address it gives is verified: an invitation may be answered with one though \
         `email_verified` is absent. Without it the claim must be there and true.",
    ),
    key(
        "professionals",
        "acr_accepted",
        "[eidas1, eidas0-mfa, eidas1-mfa, eidas2, eidas3]",
        "[\"eidas1-mfa\", \"eidas2\"]",
        "Levels asked for as an essential claim of the ID token, and the only ones accepted.",
    ),
    key(
        "professionals",
        "id_token_alg",
        "ES256",
        "\"RS256\"",
        "Algorithm its ID tokens are signed with: ES256, RS256 or PS256.",
    ),
    key(
        "professionals",
        "userinfo_alg",
        "ES256",
        "\"RS256\"",
        "Algorithm of its userinfo, which is always signed.",
    ),
    key(
        "mail",
        "smtp_url",
        "",
        "\"smtps://user:password@smtp.example.fr\"",
        "Mail server. Without the section no mail is sent.",
    ),
    key(
        "mail",
        "smtp_url_file",
        "none",
        "\"/run/secrets/smtp_url\"",
        "File that holds the URL; wins over `smtp_url`.",
    ),
    key("mail", "from", "", "\"Entremise <ne-pas-repondre@example.fr>\"", "Sender of the mails."),
    key(
        "log",
        "origin",
        "",
        "\"mandats.example.fr/log\"",
        "Name of this deployment's log in its checkpoints. Never changes.",
    ),
    key(
        "log",
        "head_file",
        "data/log-head",
        "\"/var/lib/entremise/log-head\"",
        "File outside the database in which this node remembers the last head it signed or saw signed; what was erased is remembered beside it.",
    ),
    key(
        "log",
        "stop_after",
        "300",
        "300",
        "Seconds after which new mandates and uses stop while the log is not signed. The paper promises 300.",
    ),
    key(
        "log",
        "policy_file",
        "none",
        "\"/etc/entremise/witnesses.policy\"",
        "Policy file (C2SP tlog-policy): the witnesses to submit heads to, and how many are enough.",
    ),
];

/// The reference, as `docs/configuration.md` holds it.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Configuration\n\nOne TOML file, given with `--config`; a variable `ENTREMISE_<SECTION>__<KEY>` wins over it. \
         An unknown key is an error. This page is printed by `entremise config schema` and checked by a test.\n",
    );
    let mut section = "";
    for key in SCHEMA {
        if key.section != section {
            section = key.section;
            let _ = write!(
                text,
                "\n## `[{section}]`\n\n| key | default | example | meaning |\n| --- | --- | --- | --- |\n"
            );
        }
        let default =
            if key.default.is_empty() { "required".to_owned() } else { format!("`{}`", key.default) };
        let _ = writeln!(text, "| `{}` | {default} | `{}` | {} |", key.name, key.example, key.meaning);
    }
    text
}
