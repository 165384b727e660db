//! Configuration: one file in TOML, then `ENTREMISE_<SECTION>__<KEY>` from the environment over it. A key that is not
//! known is fatal. Secrets are given by file (`x_file`) or directly (`x`), never on the command line.
mod database;
mod identity;
mod keys;
mod log;
mod mail;
mod professionals;
mod schema;
mod server;
mod source;

use std::path::{Path, PathBuf};

pub use self::database::Database;
pub use self::identity::{AuthMethod, Identity};
pub use self::keys::Keys;
pub use self::log::Log;
pub use self::mail::Mail;
pub use self::professionals::Professionals;
pub use self::schema::{Key, SCHEMA, markdown};
pub use self::server::{Server, plain_http_is_local};

/// What the service is told at its start.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    #[serde(default)]
    pub database: Database,
    #[serde(default)]
    pub keys: Keys,
    pub identity: Identity,
    #[serde(default)]
    pub professionals: Option<Professionals>,
    #[serde(default)]
    pub mail: Option<Mail>,
    #[serde(default)]
    pub log: Log,
    /// Set by the command `demo` alone, never by a file: virtual cards, mailbox and the page `/demo`.
    #[serde(skip)]
    pub demonstration: bool,
}

/// Why the configuration is refused: every fault found, so that one pass mends them all.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: {cause}", file.display())]
    Unreadable { file: PathBuf, cause: std::io::Error },
    #[error("configuration not understood: {0}")]
    Syntax(String),
    #[error("configuration refused:\n{}", .0.iter().map(|fault| format!("  - {fault}")).collect::<Vec<_>>().join("\n"))]
    Refused(Vec<String>),
}

impl Config {
    /// Reads the file if given, then the environment; resolves `x_file`; refuses what is unsafe.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let config = Self::read(file, &source::environment())?;
        let faults = config.faults();
        if faults.is_empty() { Ok(config) } else { Err(ConfigError::Refused(faults)) }
    }

    fn read(file: Option<&Path>, environment: &[(String, String)]) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(file) => source::file(file)?,
            None => toml::Table::new(),
        };
        source::overlay(&mut table, environment)?;
        let mut config: Self = toml::Value::Table(table)
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::Syntax(error.to_string()))?;
        config.database.resolve()?;
        config.identity.resolve()?;
        if let Some(professionals) = &mut config.professionals {
            professionals.resolve()?;
        }
        if let Some(mail) = &mut config.mail {
            mail.resolve()?;
        }
        Ok(config)
    }

    /// Everything that makes this configuration unfit for a production start.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        self.server.check(&mut faults);
        self.database.check(&mut faults);
        self.identity.check(&mut faults);
        if self.server.is_ourselves(&self.identity.issuer) {
            faults.push("identity.issuer is this very service: users are identified by another".to_owned());
        }
        if let Some(professionals) = &self.professionals {
            professionals.check(&mut faults);
            if self.server.is_ourselves(&professionals.issuer) {
                faults.push(
                    "professionals.issuer is this very service: professionals enter by another".to_owned(),
                );
            }
        }
        if let Some(mail) = &self.mail {
            mail.check(&mut faults);
        }
        self.log.check(&mut faults);
        faults
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn read(toml: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = std::env::temp_dir().join(format!("entremise-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{:?}.toml", std::thread::current().id()));
        std::fs::write(&file, toml).unwrap();
        let environment: Vec<_> =
            environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Config::read(Some(&file), &environment)
    }

    const GOOD: &str = r#"
        [server]
        origin = "https://mandats.example.fr"
        [identity]
        issuer = "https://identite.example.fr/api/v2"
        client_id = "entremise"
        client_secret = "uR5pZ0vQd3mXc8LkYt2WfB7nHs4JgEaT"
        [log]
        origin = "mandats.example.fr/log"
    "#;

    #[test]
    fn a_good_configuration_is_accepted() {
        let config = read(GOOD, &[]).unwrap();
        assert_eq!(config.faults(), Vec::<String>::new());
    }

    #[test]
    fn the_environment_wins_and_unknown_keys_are_fatal() {
        let config = read(GOOD, &[("ENTREMISE_SERVER__LISTEN", "[::1]:9000")]).unwrap();
        assert_eq!(config.server.listen, "[::1]:9000".parse().unwrap());
        let error = read(GOOD, &[("ENTREMISE_SERVER__LISTNE", "x")]).unwrap_err().to_string();
        assert!(error.contains("listne"), "{error}");
        assert!(read(&GOOD.replace("[log]", "[logg]"), &[]).is_err());
        assert!(read(GOOD, &[("ENTREMISE_DEMONSTRATION", "true")]).is_err());
    }

    #[test]
    fn unsafe_settings_are_refused_and_named() {
        for (from, to, word) in [
            ("https://mandats.example.fr\"", "http://mandats.example.fr\"", "https"),
            ("https://identite.example.fr/api/v2", "http://identite.example.fr", "https"),
            ("https://identite.example.fr/api/v2", "https://identite.localhost:8081", "demonstration"),
            ("https://identite.example.fr/api/v2", "https://mandats.example.fr", "this very service"),
            ("https://identite.example.fr/api/v2", "https://Mandats.example.fr:443/", "this very service"),
            ("uR5pZ0vQd3mXc8LkYt2WfB7nHs4JgEaT", "secret", "identity.client_secret"),
            ("uR5pZ0vQd3mXc8LkYt2WfB7nHs4JgEaT", "", "identity.client_secret"),
            (
                "uR5pZ0vQd3mXc8LkYt2WfB7nHs4JgEaT",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "identity.client_secret",
            ),
        ] {
            let faults = read(&GOOD.replace(from, to), &[]).unwrap().faults().join("\n");
            assert!(faults.contains(word), "{to}: {faults}");
            assert!(!faults.contains("uR5pZ0"), "a secret was printed");
        }
    }

    #[test]
    fn a_provider_of_professionals_is_held_to_the_same() {
        let good = format!(
            "{GOOD}\n[professionals]\nissuer = \"https://pro.example.fr/api/v2\"\nclient_id = \"entremise\"\n\
             client_secret = \"qW4rT6yU8iO1pA3sD5fG7hJ9kL2zX0cV\"\n"
        );
        assert_eq!(read(&good, &[]).unwrap().faults(), Vec::<String>::new());
        for (from, to, word) in [
            ("https://pro.example.fr", "http://pro.example.fr", "professionals.issuer must be https"),
            ("https://pro.example.fr/api/v2", "http://pro.localhost:8085", "demonstration"),
            ("https://pro.example.fr/api/v2", "https://mandats.example.fr", "this very service"),
            ("qW4rT6yU8iO1pA3sD5fG7hJ9kL2zX0cV", "secret", "professionals.client_secret"),
            ("[professionals]", "[professionals]\nacr_accepted = []", "professionals.acr_accepted"),
            ("[professionals]", "[professionals]\nuserinfo_alg = \"none\"", "professionals.userinfo_alg"),
        ] {
            let faults = read(&good.replace(from, to), &[]).unwrap().faults().join("\n");
            assert!(faults.contains(word), "{to}: {faults}");
        }
    }

    #[test]
    fn the_schema_names_every_key_and_no_other() {
        let mut text = String::new();
        let mut section = "";
        for key in SCHEMA {
            if key.section != section {
                section = key.section;
                let _ = writeln!(text, "[{section}]");
            }
            if !key.name.ends_with("_file") {
                let _ = writeln!(text, "{} = {}", key.name, key.example);
            }
        }
        let config = read(&text, &[]).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(config.faults(), Vec::<String>::new());
    }
}
