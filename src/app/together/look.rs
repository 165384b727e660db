//! Questions that share one view of the data. The view is opened after they were asked: what had ended by then is seen.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::app::App;
use crate::app::caller::CHARTER_VERSION;
use crate::domain::secret::HashedToken;
use crate::store::StoreError;
use crate::store::client::{self, ClientRow};
use crate::store::token::known::{self, Known};
use crate::view;

use super::queue::{Queue, Shared, enter};

/// What one caller wants to know.
#[derive(Debug)]
pub(super) enum Question {
    /// The service of a public identifier.
    Service(String),
    Token(HashedToken),
}

#[derive(Debug)]
pub(super) enum Answer {
    Service(Option<Box<ClientRow>>),
    Token(Option<Box<Known>>),
}

impl Shared for Question {
    type Done = Answer;
    type Error = StoreError;

    fn queue(app: &App) -> &Arc<Queue<Self>> {
        &app.together.questions
    }

    fn fit() -> impl FnMut(&Self) -> bool {
        |_| true
    }

    async fn all(app: &App, questions: &[Self]) -> Result<Vec<Answer>, StoreError> {
        let names: BTreeSet<_> = questions.iter().filter_map(Self::service).collect();
        let hashes: BTreeSet<_> = questions.iter().filter_map(Self::token).collect();
        let (names, hashes): (Vec<_>, Vec<_>) = (names.into_iter().collect(), hashes.into_iter().collect());
        let now = app.now();
        let (services, tokens) = view!(app.store, tx => {
            let services = client::by_client_ids(tx, &names).await?;
            Ok::<_, StoreError>((services, known::find(tx, &hashes, now, CHARTER_VERSION).await?))
        })?;
        let services: BTreeMap<_, _> = services.iter().map(|row| (row.client_id.as_str(), row)).collect();
        let tokens: BTreeMap<_, _> = tokens.iter().map(|token| (&token.hash, token)).collect();
        let answer = |question: &Self| match question {
            Self::Service(name) => {
                Answer::Service(services.get(name.as_str()).copied().cloned().map(Box::new))
            }
            Self::Token(hash) => Answer::Token(tokens.get(hash).copied().cloned().map(Box::new)),
        };
        Ok(questions.iter().map(answer).collect())
    }

    fn outlives_its_caller(&self) -> bool {
        false
    }

    fn lost() -> StoreError {
        StoreError::Shared
    }
}

impl Question {
    fn service(&self) -> Option<&str> {
        match self {
            Self::Service(name) => Some(name),
            Self::Token(_) => None,
        }
    }

    fn token(&self) -> Option<&HashedToken> {
        match self {
            Self::Token(hash) => Some(hash),
            Self::Service(_) => None,
        }
    }
}

/// The service of a public identifier.
pub(in crate::app) async fn service(app: &App, client_id: &str) -> Result<Option<ClientRow>, StoreError> {
    match enter(app, Question::Service(client_id.to_owned())).await? {
        Answer::Service(row) => Ok(row.map(|row| *row)),
        Answer::Token(_) => Err(StoreError::Shared),
    }
}

/// A token of either kind, alive or not.
pub(in crate::app) async fn token(app: &App, hash: HashedToken) -> Result<Option<Box<Known>>, StoreError> {
    match enter(app, Question::Token(hash)).await? {
        Answer::Token(known) => Ok(known),
        Answer::Service(_) => Err(StoreError::Shared),
    }
}
