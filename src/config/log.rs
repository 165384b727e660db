//! `[log]`: the verifiable action log.
use std::path::PathBuf;

use crate::log::policy::Policy;

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Name of this deployment's log in its checkpoints (C2SP tlog-checkpoint): a host and a path, without a scheme.
    /// Never changes in the life of the log.
    #[serde(default)]
    pub origin: String,
    /// File, outside the database, in which this node remembers the last head it signed or saw signed; erasures are
    /// remembered beside it.
    #[serde(default = "default_head_file")]
    pub head_file: PathBuf,
    /// Seconds after which new mandates and uses stop while the log is not signed.
    #[serde(default = "default_stop_after")]
    pub stop_after: u32,
    /// Whose cosignatures are asked for, and how many are enough (C2SP tlog-policy).
    #[serde(default)]
    pub policy_file: Option<PathBuf>,
}

/// The delay promised on paper.
fn default_stop_after() -> u32 {
    300
}

fn default_head_file() -> PathBuf {
    PathBuf::from("data/log-head")
}

impl Default for Log {
    fn default() -> Self {
        Self {
            origin: String::new(),
            head_file: default_head_file(),
            stop_after: default_stop_after(),
            policy_file: None,
        }
    }
}

impl Log {
    /// The policy of witnesses; `None` without one. Errors are sentences.
    pub fn policy(&self) -> Result<Option<Policy>, String> {
        let Some(path) = &self.policy_file else { return Ok(None) };
        let wrong = |error: &dyn std::fmt::Display| format!("log.policy_file {}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
        text.parse().map(Some).map_err(|error| wrong(&error))
    }

    pub(super) fn check(&self, faults: &mut Vec<String>) {
        faults.extend(self.policy().err());
        if !(30..=86_400).contains(&self.stop_after) {
            faults.push("log.stop_after is between 30 seconds and a day (86400)".to_owned());
        }
        let good = !self.origin.is_empty()
            && self.origin.len() <= 100
            && !self.origin.contains("/epoch-")
            && self.origin.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte));
        if !good {
            faults.push(
                "log.origin names the log: a host and a path, such as mandats.example.fr/log".to_owned(),
            );
        }
    }
}
