//! `[database]`: SQLite on one machine, PostgreSQL for several nodes.
use std::path::PathBuf;

use super::{ConfigError, source};
use crate::domain::secret::Secret;

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`; may hold a password, hence a [`Secret`].
    #[serde(default = "default_url")]
    pub url: Secret,
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// Connections to PostgreSQL of this node.
    #[serde(default = "default_connections")]
    pub connections: u32,
}

fn default_url() -> Secret {
    Secret::new("sqlite:data/entremise.db")
}

fn default_connections() -> u32 {
    16
}

impl Default for Database {
    fn default() -> Self {
        Self { url: default_url(), url_file: None, connections: default_connections() }
    }
}

impl Database {
    pub(super) fn resolve(&mut self) -> Result<(), ConfigError> {
        if let Some(file) = &self.url_file {
            self.url = Secret::new(source::secret(file)?);
        }
        Ok(())
    }

    pub(super) fn check(&self, faults: &mut Vec<String>) {
        let url = self.url.reveal();
        if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            faults.push("database.url is `sqlite:PATH` or `postgres://user@host/name`".to_owned());
        }
        if !(2..=200).contains(&self.connections) {
            faults.push("database.connections is between 2 and 200".to_owned());
        }
    }
}
