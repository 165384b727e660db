//! What we tell outside our pages: mails to people, in plain text, in their language; calls to services.
mod mail;
mod mandate;
mod service;

pub use mail::{Mail, MailError, Mailer};
pub use mandate::{Ended, Language, Signed};
pub use service::{CallError, ServiceCaller};
