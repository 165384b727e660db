//! A browser is sent to the provider.
use time::Duration;
use url::Url;

use crate::app::activate_account;
use crate::app::caller::SignedIn;
use crate::app::identify_user::address;
use crate::app::sign_in::{self, Browser};
use crate::app::{App, record};
use crate::domain::ids::{PersonId, RowId, SessionId};
use crate::domain::secret::PlainToken;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::professional::{self, NewRequest};
use crate::transact;

use super::{BACK, ProfessionalError, provider, seal};

/// The person has this long to sign in there.
const TO_ANSWER: Duration = Duration::minutes(15);

/// What the answer is wanted for.
pub enum Purpose<'a> {
    /// To enter, then go on to this path of ours.
    SignIn { next: &'a str },
    /// To link one's own account; a fresh code was given just before.
    Link(&'a SignedIn),
    /// To answer the invitation behind this link.
    Activate(&'a PlainToken),
}

/// Where the browser goes, and the token of the cookie that binds it to the request.
pub struct Start {
    pub url: Url,
    pub browser: PlainToken,
}

/// What is written down of a request.
struct Asked {
    purpose: &'static str,
    person: Option<PersonId>,
    session: Option<SessionId>,
    back: String,
}

/// Begins. Nothing is written when the provider cannot be reached.
pub async fn ask(app: &App, purpose: Purpose<'_>, from: &Browser) -> Result<Start, ProfessionalError> {
    let kind = match purpose {
        Purpose::SignIn { .. } => Kind::SignInRefused,
        Purpose::Link(_) | Purpose::Activate(_) => Kind::ProfessionalLinked,
    };
    let begun = begin(app, purpose, from).await;
    if let Err(error) = &begun
        && let Some(code) = error.code()
    {
        let draft = Draft::refused(kind, code).by_role(Role::Nobody);
        record::refuse(app, draft, &from.origin().source()).await?;
    }
    begun
}

async fn begin(app: &App, purpose: Purpose<'_>, from: &Browser) -> Result<Start, ProfessionalError> {
    let now = app.now();
    let asked = check(app, purpose).await?;
    let begun = provider(app)?.begin(now, &address(app, BACK)?, &*app.entropy).await?;
    let browser = PlainToken::generate(&*app.entropy);
    let id = RowId::new(now, &*app.entropy);
    let nonce = seal(app, &id, "nonce_sealed", begun.nonce.reveal())?;
    let verifier =
        begun.verifier.as_ref().map(|one| seal(app, &id, "verifier_sealed", one.reveal())).transpose()?;
    let new = NewRequest {
        id,
        purpose: asked.purpose,
        person: asked.person,
        session: asked.session,
        browser: &browser.hash(),
        state: &begun.state.hash(),
        nonce_sealed: &nonce,
        verifier_sealed: verifier.as_deref(),
        back_sealed: &seal(app, &id, "back_sealed", &asked.back)?,
        now,
        expires_at: now + TO_ANSWER,
    };
    transact!(app.store, "ask_professional", tx => {
        if asked.session.is_none() && !sign_in::address_may_try(app, tx, from, now).await? {
            return Err(ProfessionalError::TooMany);
        }
        professional::insert(tx, &new).await?;
        Ok::<_, ProfessionalError>(())
    })?;
    Ok(Start { url: begun.url, browser })
}

async fn check(app: &App, purpose: Purpose<'_>) -> Result<Asked, ProfessionalError> {
    Ok(match purpose {
        Purpose::SignIn { next } => {
            Asked { purpose: "sign_in", person: None, session: None, back: next.to_owned() }
        }
        Purpose::Link(who) => Asked {
            purpose: "link",
            person: Some(who.person_id),
            session: Some(who.session_id),
            back: "/account/professional".to_owned(),
        },
        Purpose::Activate(link) => {
            let invitation = activate_account::look(app, link).await?.ok_or(ProfessionalError::LinkOver)?;
            if invitation.purpose != activate_account::Purpose::Activate {
                return Err(ProfessionalError::LinkOver);
            }
            let back = format!("/activate/{}", link.reveal());
            Asked { purpose: "activate", person: Some(invitation.person_id), session: None, back }
        }
    })
}
