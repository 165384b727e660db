//! What the provider answered: taken once, in the browser that asked, and good for what was asked.
use crate::app::caller::Caller;
use crate::app::fault::Fault;
use crate::app::identify_user::address;
use crate::app::sign_in::{self, Browser};
use crate::app::{App, record};
use crate::domain::ids::PersonId;
use crate::domain::secret::{PlainToken, Secret};
use crate::domain::session::Stage;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::token::Token;
use crate::oidc::federation::{Answer, Expected, Professional, Refused};
use crate::store::professional::{self, TakenRow};
use crate::store::{WriteTx, person, session};
use crate::transact;

use super::{BACK, ProfessionalError, link, open, provider, seal, token, with_problem};

/// What comes of an answer.
#[derive(Debug)]
pub struct Returned {
    /// The token of a session that only awaits the code of the card.
    pub session: Option<PlainToken>,
    /// Where the browser goes: a path of ours.
    pub to: String,
    /// By way of closing the session at the provider, which has no use any more.
    pub closing: bool,
}

/// Takes the answer. A refusal that belongs to a request is a place to go, with a line of the log.
///
/// # Errors
/// The answer belongs to no request of this browser, or a fault of ours.
pub async fn answer(
    app: &App,
    bound: &PlainToken,
    state: &PlainToken,
    answer: Answer,
    caller: &Caller,
    browser: &Browser,
) -> Result<Returned, ProfessionalError> {
    let (now, state, bound) = (app.now(), state.hash(), bound.hash());
    provider(app)?;
    let taken: Option<TakenRow> = transact!(app.store, "take_professional", tx => {
        Ok::<_, Fault>(professional::take(tx, &state, &bound, now).await?)
    })?;
    let Some(request) = taken else {
        let draft = Draft::refused(Kind::SignInRefused, "foreign_answer").by_role(Role::Nobody);
        record::refuse(app, draft, &browser.origin().source()).await?;
        return Err(ProfessionalError::Foreign);
    };
    let back = open(app, &request.id, "back_sealed", &request.back_sealed)?;
    let (outcome, id_token) = match prove(app, &request, answer).await? {
        Ok(who) => (take_in(app, &request, &who, &back, caller, browser).await, Some(who.id_token)),
        Err(Refused { error, id_token }) => (Err(error.into()), id_token),
    };
    let (session, to) = match outcome {
        Ok(entered) => entered,
        Err(error) => (None, refuse(app, &request, &back, error, browser).await?),
    };
    let closing = match id_token {
        Some(id_token) => keep(app, &request, &id_token, session.is_none().then_some(to.as_str())).await?,
        None => false,
    };
    Ok(Returned { session, to, closing })
}

async fn prove(
    app: &App,
    request: &TakenRow,
    answer: Answer,
) -> Result<Result<Professional, Refused>, ProfessionalError> {
    let verifier = request.verifier_sealed.as_deref();
    let expected = Expected {
        redirect_uri: address(app, BACK)?,
        nonce: token(app, &request.id, "nonce_sealed", &request.nonce_sealed)?,
        verifier: verifier.map(|sealed| token(app, &request.id, "verifier_sealed", sealed)).transpose()?,
    };
    Ok(provider(app)?.complete_professional(app.now(), answer, &expected).await)
}

async fn take_in(
    app: &App,
    request: &TakenRow,
    who: &Professional,
    back: &str,
    caller: &Caller,
    browser: &Browser,
) -> Result<(Option<PlainToken>, String), ProfessionalError> {
    match request.purpose.as_str() {
        "sign_in" => {
            let session = PlainToken::generate(&*app.entropy);
            transact!(app.store, "professional_enters", tx => {
                enter(app, tx, request, who, &session, browser).await
            })?;
            Ok((Some(session), back.to_owned()))
        }
        "link" => {
            link::own(app, request, who, caller).await?;
            Ok((None, back.to_owned()))
        }
        _ => {
            link::invited(app, request, who, back).await?;
            Ok((None, format!("{back}/card")))
        }
    }
}

/// Opens the session that awaits the code.
async fn enter(
    app: &App,
    tx: &mut WriteTx,
    request: &TakenRow,
    who: &Professional,
    session: &PlainToken,
    browser: &Browser,
) -> Result<(), ProfessionalError> {
    let now = app.now();
    let subject = link::subject_index(app, who);
    let found = professional::by_subject(tx, &subject).await?.ok_or(ProfessionalError::Unknown)?;
    if found.status != "active" {
        return Err(ProfessionalError::NotAtWork);
    }
    let elsewhere = found.is_operator || found.is_auditor;
    if !elsewhere && session::memberships_in_force(tx, found.id, now).await?.is_empty() {
        return Err(ProfessionalError::NoStructure);
    }
    sign_in::forgive_address(app, tx, browser, now).await?;
    sign_in::leave_behind(app, tx, &found, browser).await?;
    let entry = record::reserve(app);
    let means =
        sign_in::Means { stage: Stage::AwaitingCode, card: None, entered_by: Some(request.id), entry };
    sign_in::begin(app, tx, &found, means, session, browser).await?;
    let draft = Draft::done(Kind::SignInProviderAccepted)
        .named(entry)
        .by(found.id, sign_in::role_of(&found))
        .fact_if("acr", Token::new(&who.acr).ok());
    record::record(app, tx, draft).await?;
    Ok(())
}

/// Writes the refusal down. Gives where to say so.
async fn refuse(
    app: &App,
    request: &TakenRow,
    back: &str,
    error: ProfessionalError,
    browser: &Browser,
) -> Result<String, ProfessionalError> {
    let Some(code) = error.code() else { return Err(error) };
    tracing::warn!(%error, "a professional was not let in");
    let (kind, to) = match request.purpose.as_str() {
        "sign_in" => (Kind::SignInRefused, "/sign-in"),
        _ => (Kind::ProfessionalLinked, back),
    };
    let draft = Draft::refused(kind, code).by_role(Role::Nobody);
    let draft = match known(app, request).await? {
        Some(person) => draft.about(person),
        None => draft,
    };
    record::refuse(app, draft, &browser.origin().source()).await?;
    Ok(with_problem(to, code))
}

async fn known(app: &App, request: &TakenRow) -> Result<Option<PersonId>, Fault> {
    let Some(id) = request.person_id else { return Ok(None) };
    let found = crate::view!(app.store, tx => { Ok::<_, Fault>(person::by_id(tx, id).await?) })?;
    Ok(found.map(|person| person.id))
}

/// Keeps the ID token until the session here ends; or, with a place to go next, until the browser was by the provider
/// to close the session there. Gives whether it has to.
async fn keep(app: &App, request: &TakenRow, id_token: &Secret, next: Option<&str>) -> Result<bool, Fault> {
    let hint = seal(app, &request.id, "logout_hint_sealed", id_token.reveal())?;
    let back = next.map(|to| seal(app, &request.id, "back_sealed", to)).transpose()?;
    let now = app.now();
    transact!(app.store, "keep_professional_hint", tx => {
        professional::keep_hint(tx, request.id, &hint).await?;
        Ok::<_, Fault>(match &back {
            Some(back) => professional::close(tx, request.id, now, back).await?,
            None => false,
        })
    })
}
