//! What we tell people outside our pages: mails, in plain text, in their language.
mod mail;
mod mandate;

pub use mail::{Mail, MailError, Mailer};
pub use mandate::{Ended, Language, Signed};
