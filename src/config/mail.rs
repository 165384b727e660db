//! `[mail]`: the server that takes our mails.
use std::path::PathBuf;

use super::{ConfigError, source};
use crate::domain::secret::Secret;

#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `smtps://user:password@host`, or `smtp://host?tls=required`.
    #[serde(default = "no_url")]
    pub smtp_url: Secret,
    #[serde(default)]
    pub smtp_url_file: Option<PathBuf>,
    /// `Entremise <ne-pas-repondre@example.fr>`
    pub from: String,
}

fn no_url() -> Secret {
    Secret::new("")
}

impl Mail {
    pub(super) fn resolve(&mut self) -> Result<(), ConfigError> {
        if let Some(file) = &self.smtp_url_file {
            self.smtp_url = Secret::new(source::secret(file)?);
        }
        Ok(())
    }

    pub(super) fn check(&self, faults: &mut Vec<String>) {
        let url = self.smtp_url.reveal();
        let clear =
            url.starts_with("smtp://") && !url.contains("tls=required") && !url.contains("@localhost");
        if !(url.starts_with("smtp://") || url.starts_with("smtps://")) {
            faults.push(
                "mail.smtp_url is `smtps://user:password@host` or `smtp://host?tls=required`".to_owned(),
            );
        } else if clear {
            faults.push("mail.smtp_url sends in clear: use smtps:// or add ?tls=required".to_owned());
        }
        if self.from.parse::<lettre::message::Mailbox>().is_err() {
            faults.push("mail.from is not a mail address".to_owned());
        }
    }
}
