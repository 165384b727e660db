//! `[log]`: the verifiable action log.
use std::path::PathBuf;

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Name of this deployment's log in its checkpoints (C2SP tlog-checkpoint): a host and a path, without a scheme.
    /// Never changes in the life of the log.
    #[serde(default)]
    pub origin: String,
    /// File, outside the database, in which this node remembers the last head it signed.
    #[serde(default = "default_head_file")]
    pub head_file: PathBuf,
    /// Seconds after which new mandates and uses stop while the log is not signed.
    #[serde(default = "default_stop_after")]
    pub stop_after: u32,
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
        Self { origin: String::new(), head_file: default_head_file(), stop_after: default_stop_after() }
    }
}

impl Log {
    pub(super) fn check(&self, faults: &mut Vec<String>) {
        if !(30..=86_400).contains(&self.stop_after) {
            faults.push("log.stop_after is between 30 seconds and a day (86400)".to_owned());
        }
        let good = !self.origin.is_empty()
            && self.origin.len() <= 128
            && self.origin.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_/".contains(&byte));
        if !good {
            faults.push(
                "log.origin names the log: a host and a path, such as mandats.example.fr/log".to_owned(),
            );
        }
    }
}
