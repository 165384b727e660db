//! The user identifies with the national identity provider, in one browser, for one mandate. The answer is taken
//! once, in that browser only; straight after, the session opened at the provider is closed.
use time::Duration;
use url::Url;

use crate::domain::consent::{CURRENT_VERSION, ConsentTerms, GrantedDomain, ReplacedGrant};
use crate::domain::ids::{RowId, UserId};
use crate::domain::mandate::{Act, Reference, Refusal, Scope, State, Validity, local_day};
use crate::domain::secret::{HashedToken, PlainToken};
use crate::domain::time::Timestamp;
use crate::domain::user::CivilIdentity;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::oidc::federation::{Answer, Expected, FederationError, Identified};
use crate::store::identification::{self, NewRequest, TakenRow};
use crate::store::mandate::{self, MandateRow, Text};
use crate::store::user::{self, NewUser, SealedIdentity};
use crate::store::{AsStoreError, StoreError, WriteTx, catalogue};
use crate::{transact, view};

use super::App;
use super::caller::{PersonName, SignedIn};
use super::desk::{self, DeskError, HUB_SESSION};
use super::fault::Fault;
use super::record::{self, Who};

/// The person has this long to identify at the provider.
const TO_IDENTIFY: Duration = Duration::minutes(15);
/// And this long to read and decide.
const TO_DECIDE: Duration = Duration::minutes(30);
/// Nobody gives a mandate alone before this age.
const OF_AGE: i16 = 18;

#[derive(Debug, thiserror::Error)]
pub enum IdentifyError {
    #[error(transparent)]
    Desk(#[from] DeskError),
    #[error(transparent)]
    Provider(#[from] FederationError),
    /// The answer belongs to no request of this browser, or to one that is too old or was answered before.
    #[error("the answer belongs to no request of this browser")]
    Foreign,
    /// The service itself may have vouched for this person a moment ago: it must not be told back to it.
    #[error("the person may have been identified through this very service")]
    Loop,
    #[error("the person is not of age")]
    UnderAge,
}

impl<E> From<E> for IdentifyError
where
    Fault: From<E>,
{
    fn from(error: E) -> Self {
        Self::Desk(DeskError::Fault(Fault::from(error)))
    }
}

impl AsStoreError for IdentifyError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Desk(error) => error.as_store_error(),
            _ => None,
        }
    }
}

impl IdentifyError {
    /// The reason as the log keeps it; none for a fault of ours.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Desk(error) => error.code(),
            Self::Provider(error) => Some(error.code()),
            Self::Foreign => Some("foreign_answer"),
            Self::Loop => Some("loop"),
            Self::UnderAge => Some("under_age"),
        }
    }
}

/// An address of ours that the provider knows.
pub(super) fn address(app: &App, path: &str) -> Result<Url, Fault> {
    app.config.server.origin.join(path).map_err(|_| Fault::Interrupted)
}

/// Where the browser goes, and the token of the cookie that binds it to the request.
pub struct Start {
    pub url: Url,
    pub browser: PlainToken,
}

/// Begins an identification. `hub_browser`: the browser's binding to requests of services, if it has one.
pub async fn start(
    app: &App,
    who: &SignedIn,
    reference: &Reference,
    hub_browser: Option<&HashedToken>,
) -> Result<Start, IdentifyError> {
    let now = app.now();
    let checked = may_start(app, who, reference, hub_browser, now).await;
    let row = match checked {
        Ok(row) => row,
        Err(error) => {
            if let Some(code) = error.code() {
                let kind = Kind::MandateIdentificationStarted;
                desk::record_refusal(app, who, kind, code, Some(reference)).await?;
            }
            return Err(error);
        }
    };
    let back = address(app, "/consent/back")?;
    let begun = app.federation.begin(now, &back, &*app.entropy).await?;
    let browser = PlainToken::generate(&*app.entropy);
    let id = RowId::new(now, &*app.entropy);
    let seal =
        |column, token: &PlainToken| app.sealer.seal_text(identification::place(&id, column), token.reveal());
    let nonce = seal("nonce_sealed", &begun.nonce)?;
    let verifier = begun.verifier.as_ref().map(|verifier| seal("verifier_sealed", verifier)).transpose()?;
    let new = NewRequest {
        id,
        mandate: row.id,
        browser: &browser.hash(),
        provider: &app.federation.provider().issuer,
        state: &begun.state.hash(),
        nonce_sealed: &nonce,
        verifier_sealed: verifier.as_deref(),
        now,
        expires_at: now + TO_IDENTIFY,
    };
    transact!(app.store, "start_identification", tx => {
        identification::insert(tx, &new).await?;
        mandate::touch(tx, row.id, now).await?;
        let draft = Draft::done(Kind::MandateIdentificationStarted)
            .by(who.person_id, Role::Aidant)
            .structure(row.structure_id)
            .mandate(row.id);
        record::record(app, tx, draft).await?;
        Ok::<_, Fault>(())
    })?;
    Ok(Start { url: begun.url, browser })
}

async fn may_start(
    app: &App,
    who: &SignedIn,
    reference: &Reference,
    hub_browser: Option<&HashedToken>,
    now: Timestamp,
) -> Result<MandateRow, IdentifyError> {
    if app.config.server.is_ourselves(&app.federation.provider().issuer) {
        return Err(IdentifyError::Loop);
    }
    view!(app.store, tx => {
        let opened = desk::open(tx, who, reference, now).await?;
        opened.row.state()?.identified(now, opened.row.ends_at).map_err(DeskError::from)?;
        let scope = Scope::new(desk::proposed_domains(tx, opened.row.id).await?);
        let scope = scope.map_err(|_| DeskError::Refused(Refusal::OutOfOrder))?;
        let act = Act::Grant { scope: &scope, held_by: opened.row.structure_id };
        opened.check(act, now).map_err(DeskError::from)?;
        if identification::hub_answered_in(tx, who.session_id, hub_browser, now - HUB_SESSION).await? {
            return Err(IdentifyError::Loop);
        }
        Ok(opened.row)
    })
}

/// An answer that failed, with the mandate it was for when that is known.
#[derive(Debug)]
pub struct Failed {
    pub reference: Option<Reference>,
    pub error: IdentifyError,
}

/// Takes the provider's answer. The user, their text and the request are written together.
pub async fn complete(
    app: &App,
    browser: &PlainToken,
    state: &PlainToken,
    answer: Answer,
) -> Result<(), Failed> {
    let nowhere = |error: IdentifyError| Failed { reference: None, error };
    let now = app.now();
    let (state, browser) = (state.hash(), browser.hash());
    let taken: Result<Option<TakenRow>, Fault> = transact!(app.store, "take_identification", tx => {
        Ok::<_, Fault>(identification::take(tx, &state, &browser, now).await?)
    });
    let Some(request) = taken.map_err(|fault| nowhere(fault.into()))? else {
        let draft =
            Draft::refused(Kind::MandateIdentificationRefused, "foreign_answer").by_role(Role::Nobody);
        record::refuse(app, draft, "identity provider").await.map_err(|error| nowhere(error.into()))?;
        return Err(nowhere(IdentifyError::Foreign));
    };
    let row = mandate_of(app, &request).await.map_err(nowhere)?;
    let outcome = match identify(app, &request, answer, now).await {
        Ok(person) => write_with_retry(app, &request, &row, &person).await,
        Err(error) => Err(error),
    };
    let Err(error) = outcome else { return Ok(()) };
    if let Some(code) = error.code() {
        let draft = Draft::refused(Kind::MandateIdentificationRefused, code)
            .by_role(Role::Nobody)
            .structure(row.structure_id)
            .mandate(row.id);
        record::refuse(app, draft, &row.id.to_string()).await.map_err(|error| nowhere(error.into()))?;
    }
    Err(Failed { reference: Some(row.reference), error })
}

async fn mandate_of(app: &App, request: &TakenRow) -> Result<MandateRow, IdentifyError> {
    let row = view!(app.store, tx => { mandate::by_id(tx, request.mandate_id).await })?;
    Ok(row.ok_or(DeskError::NotFound)?)
}

async fn identify(
    app: &App,
    request: &TakenRow,
    answer: Answer,
    now: Timestamp,
) -> Result<Identified, IdentifyError> {
    // Asked again: a request begun under another configuration may come back under this one.
    if app.config.server.is_ourselves(&app.federation.provider().issuer) {
        return Err(IdentifyError::Loop);
    }
    let open = |column, sealed: &[u8]| {
        app.sealer.open_text(identification::place(&request.id, column), sealed).map(PlainToken::presented)
    };
    let expected = Expected {
        redirect_uri: address(app, "/consent/back")?,
        nonce: open("nonce_sealed", &request.nonce_sealed)?,
        verifier: request.verifier_sealed.as_deref().map(|v| open("verifier_sealed", v)).transpose()?,
    };
    Ok(app.federation.complete(now, answer, &expected).await?)
}

/// Two browsers may bring a new user at the same instant: the second finds the user the first has made.
async fn write_with_retry(
    app: &App,
    request: &TakenRow,
    row: &MandateRow,
    person: &Identified,
) -> Result<(), IdentifyError> {
    let mut last = true;
    loop {
        let outcome =
            transact!(app.store, "identify_user", tx => { write(app, tx, request, row, person).await });
        match outcome {
            Err(error) if last && matches!(error.as_store_error(), Some(StoreError::Constraint { .. })) => {
                last = false;
            }
            outcome => return outcome,
        }
    }
}

async fn write(
    app: &App,
    tx: &mut WriteTx,
    request: &TakenRow,
    row: &MandateRow,
    person: &Identified,
) -> Result<(), IdentifyError> {
    let now = app.now();
    let zone = jiff::tz::TimeZone::get(&row.time_zone).map_err(|_| Fault::Interrupted)?;
    let today = local_day(now, &zone).map_err(|_| Fault::Interrupted)?;
    if person.identity.birthdate.is_certainly_under(OF_AGE, today) {
        return Err(IdentifyError::UnderAge);
    }
    let subject =
        app.sealer.blind_index("user subject", format!("{}\n{}", person.issuer, person.subject).as_bytes());
    let known = user::by_subject(tx, &subject).await?;
    if let Some(id) = known
        && identification::hub_answered_for(tx, id, now - HUB_SESSION).await?
    {
        return Err(IdentifyError::Loop);
    }
    let draft = Draft::done(Kind::MandateIdentified)
        .by_role(Role::User)
        .structure(row.structure_id)
        .mandate(row.id)
        .fact("acr", person.acr.as_str())
        .fact_if("auth_time", person.auth_time)
        .part(PartKind::User, serde_json::to_value(&person.identity).unwrap_or_default());
    let id = keep_user(app, tx, person, &subject, known, draft).await?;
    let terms = terms(app, tx, row, id, person, &zone).await?;
    let frozen = terms.freeze().map_err(DeskError::from)?;
    let stored = (frozen.terms_json(), frozen.text());
    let sealed = app.sealer.seal_json(mandate::place(&row.id, "text_sealed"), &stored)?;
    let version = CURRENT_VERSION.to_string();
    let text = Text { version: &version, sealed: &sealed, hash: &frozen.hash() };
    if !mandate::identified(tx, row.id, id, &text, now, desk::alive_since(now)).await? {
        let state = row.state_at(now)?;
        let over =
            matches!(state, State::Draft { .. } | State::AwaitingConsent { .. } | State::Lapsed { .. });
        return Err(DeskError::from(if over { Refusal::Lapsed } else { Refusal::OutOfOrder }).into());
    }
    let place = identification::place(&request.id, "logout_hint_sealed");
    let hint = app.sealer.seal_text(place, person.id_token.reveal())?;
    let proof = (person.acr.as_str(), person.auth_time);
    identification::identified(tx, request.id, id, proof, &hint, now + TO_DECIDE).await?;
    Ok(())
}

/// How a civil identity is looked up: to the letter.
pub(super) fn identity_index(app: &App, given_name: &str, family_name: &str, birthdate: &str) -> Vec<u8> {
    let exact = format!("{given_name}\n{family_name}\n{birthdate}");
    app.sealer.blind_index("user identity", exact.as_bytes())
}

/// The user, made or brought up to date, with the entry of this identification.
async fn keep_user(
    app: &App,
    tx: &mut WriteTx,
    person: &Identified,
    subject_index: &[u8],
    known: Option<UserId>,
    draft: Draft,
) -> Result<UserId, IdentifyError> {
    let now = app.now();
    let id = known.unwrap_or_else(|| UserId::new(now, &*app.entropy));
    let sealed = SealedIdentity {
        issuer: person.issuer.clone(),
        subject: person.subject.clone(),
        identity: person.identity.clone(),
    };
    let identity_sealed = app.sealer.seal_json(user::identity_place(&id), &sealed)?;
    let CivilIdentity { given_name, family_name, birthdate, .. } = &person.identity;
    let identity_index = identity_index(app, given_name, family_name, birthdate.as_str());
    if known.is_some() {
        record::record(app, tx, draft.user(id)).await?;
        user::update_identity(tx, id, &identity_index, &identity_sealed, now).await?;
        return Ok(id);
    }
    let fresh = record::fresh_pseudonym(app, Who::User(id))?;
    let entry = record::record(app, tx, draft.new_user(&fresh.pseudonym)).await?.id;
    let new = NewUser {
        id,
        subject_index,
        identity_index: &identity_index,
        identity_sealed: &identity_sealed,
        pseudonym_key_sealed: &fresh.sealed_key,
        now,
        entry,
    };
    user::insert(tx, &new).await?;
    Ok(id)
}

/// Every fact of the text, as of now.
async fn terms(
    app: &App,
    tx: &mut WriteTx,
    row: &MandateRow,
    user: UserId,
    person: &Identified,
    zone: &jiff::tz::TimeZone,
) -> Result<ConsentTerms, IdentifyError> {
    let catalogue = catalogue::all(tx).await?;
    let proposed = desk::proposed_domains(tx, row.id).await?;
    let domains =
        catalogue.iter().filter(|domain| proposed.contains(&domain.key)).map(|domain| GrantedDomain {
            key: domain.key.clone(),
            label: domain.label.clone(),
            warning: domain.warning.clone(),
        });
    let domains: Vec<GrantedDomain> = domains.collect();
    let older = mandate::older_grants(tx, row.structure_id, user, row.id, app.now()).await?;
    let replaced = older.into_iter().filter_map(|grant| {
        let label = domains.iter().find(|domain| domain.key == grant.domain)?.label.clone();
        Some(ReplacedGrant { reference: grant.reference, domain: grant.domain, label })
    });
    let replaces = replaced.collect();
    let place = crate::store::person::name_place(&row.proposed_by);
    let aidant: PersonName = app.sealer.open_json(place, &row.proposer_name_sealed)?;
    let validity = Validity::of_end(row.ends_at, zone).map_err(|_| Fault::Interrupted)?;
    Ok(ConsentTerms {
        version: CURRENT_VERSION,
        reference: row.reference.to_string(),
        user: person.identity.clone(),
        structure: row.structure_name.clone(),
        aidant: aidant.full(),
        identified_with: app.federation.provider().label.clone(),
        domains,
        last_day: validity.last_day,
        ends_at: row.ends_at,
        time_zone: row.time_zone.clone(),
        replaces,
    })
}
