//! Who was identified is kept: the user, their text and the request are written together.
use time::Duration;

use crate::app::App;
use crate::app::caller::PersonName;
use crate::app::desk::{self, DeskError, HUB_SESSION};
use crate::app::fault::Fault;
use crate::app::record::{self, Who};
use crate::domain::consent::{CURRENT_VERSION, ConsentTerms, GrantedDomain, ReplacedGrant, Salt};
use crate::domain::ids::UserId;
use crate::domain::mandate::{Refusal, State, Validity, local_day};
use crate::domain::user::CivilIdentity;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::oidc::federation::Identified;
use crate::store::identification::{self, TakenRow};
use crate::store::mandate::{self, MandateRow, Text};
use crate::store::user::{self, NewUser, SealedIdentity};
use crate::store::{AsStoreError, StoreError, WriteTx, catalogue};
use crate::transact;

use super::IdentifyError;

/// The person has this long to read and decide.
const TO_DECIDE: Duration = Duration::minutes(30);
/// Nobody gives a mandate alone before this age.
const OF_AGE: i16 = 18;

/// Two browsers may bring a new user at the same instant: the second finds the user the first has made.
pub(super) async fn write_with_retry(
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
pub(in crate::app) fn identity_index(
    app: &App,
    given_name: &str,
    family_name: &str,
    birthdate: &str,
) -> Vec<u8> {
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
        salt: Some(Salt::draw(&*app.entropy)),
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
