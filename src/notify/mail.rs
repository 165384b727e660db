//! A mail, and the server that takes it.
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::domain::secret::Secret;

/// The server must answer within this time; the job tries again later otherwise.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A mail to one person: nobody ever sees another recipient.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub body: String,
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("not a mail address")]
    Address,
    #[error("the message could not be written: {0}")]
    Message(#[from] lettre::error::Error),
    #[error("the mail server: {0}")]
    Server(#[from] lettre::transport::smtp::Error),
}

impl MailError {
    /// Whether trying again later can help.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Address | Self::Message(_) => true,
            Self::Server(error) => error.is_permanent(),
        }
    }
}

/// A connection pool to the mail server.
#[derive(Debug)]
pub struct Mailer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// `url` as lettre reads it: `smtps://user:password@host`, `smtp://host?tls=required`.
    pub fn new(url: &Secret, from: &str) -> Result<Self, MailError> {
        let server =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url.reveal())?.timeout(Some(TIMEOUT)).build();
        Ok(Self { server, from: from.parse().map_err(|_| MailError::Address)? })
    }

    pub async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let to: Mailbox = mail.to.parse().map_err(|_| MailError::Address)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.body.clone())?;
        self.server.send(message).await?;
        Ok(())
    }
}
