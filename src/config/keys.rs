//! `[keys]`: the folder of the master key and the log key.
use std::path::PathBuf;

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    #[serde(default = "default_folder")]
    pub folder: PathBuf,
}

fn default_folder() -> PathBuf {
    PathBuf::from("keys")
}

impl Default for Keys {
    fn default() -> Self {
        Self { folder: default_folder() }
    }
}
