//! The aidant signs with a fresh code. One transaction makes the mandate, its grants, what they replace and the log
//! entries; of two signatures with one code, or for one domain, one wins.
use crate::domain::consent::{ConsentTerms, ReplacedGrant};
use crate::domain::mandate::{Act, End, Reference, Refusal, Scope, State};
use crate::domain::time::Timestamp;
use crate::domain::use_session::UseEnd;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::notify::{Language, Signed as SignedNotice};
use crate::store::mandate::{self, Ending, MandateRow, OlderGrant, Signature};
use crate::store::{AsStoreError, StoreError, WriteTx, use_session, user};
use crate::transact;

use super::caller::SignedIn;
use super::check_code::{self, Checked, CodeCheck, CodeOrigin, Told};
use super::desk::{self, DeskError, Opened};
use super::print_attestation::{Attestation, Proof};
use super::{App, decide_consent, end_use, notices, record};

/// What became of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    Signed,
    /// By this same form a moment ago: the same mandate, once.
    AlreadySigned,
    /// The code was not accepted; nothing else has changed.
    Code(CodeCheck),
    /// What this mandate would replace is no longer what the user read: they must be asked again.
    Changed,
}

#[derive(Debug, thiserror::Error)]
enum SignError {
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// Somebody else's mandate took one of the domains in between.
    #[error("changed")]
    Changed,
}

impl<E> From<E> for SignError
where
    super::fault::Fault: From<E>,
{
    fn from(error: E) -> Self {
        Self::Desk(DeskError::Fault(error.into()))
    }
}

impl AsStoreError for SignError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Desk(error) => error.as_store_error(),
            Self::Changed => None,
        }
    }
}

/// Signs the mandate of this reference with the code the aidant reads on their card.
pub async fn sign(
    app: &App,
    who: &SignedIn,
    reference: &Reference,
    code: &str,
) -> Result<Signing, DeskError> {
    let outcome: Result<(Signing, Told), SignError> = transact!(app.store, "sign_mandate", tx => {
        let now = app.now();
        let opened = desk::open(tx, who, reference, now).await?;
        let Some(ready) = prepare(app, tx, who, opened, now).await? else {
            return Ok((Signing::AlreadySigned, Told::default()));
        };
        let origin = CodeOrigin::Session(who.session_id);
        let Checked { answer, told } = check_code::check(app, tx, who.person_id, origin, code).await?;
        match answer {
            CodeCheck::Accepted { card_id, step } => {
                complete(app, tx, who, &ready, (card_id, step)).await?;
                Ok((Signing::Signed, told))
            }
            refused => Ok((Signing::Code(refused), told)),
        }
    });
    let outcome = match outcome {
        // The index on live grants has decided between two signatures at the same instant. What any other rule of the
        // database refuses is a fault of ours: the user is not asked again for it.
        Err(error) if error.as_store_error().is_some_and(mandate::is_live_elsewhere) => Ok(Signing::Changed),
        Err(SignError::Changed) => Ok(Signing::Changed),
        Err(SignError::Desk(error)) => Err(error),
        Ok((signing, told)) => {
            told.tell(app, &who.origin).await?;
            Ok(signing)
        }
    };
    if let Some(code) = refusal(&outcome) {
        desk::record_refusal(app, who, Kind::MandateSignRefused, code, Some(reference)).await?;
    }
    outcome
}

/// Why a signature was refused, as the log keeps it.
fn refusal(outcome: &Result<Signing, DeskError>) -> Option<&'static str> {
    match outcome {
        Ok(Signing::Signed | Signing::AlreadySigned | Signing::Code(CodeCheck::Accepted { .. })) => None,
        Ok(Signing::Changed) => Some("replaces_something_else"),
        Ok(Signing::Code(CodeCheck::Wrong)) => Some("code_wrong"),
        Ok(Signing::Code(CodeCheck::AlreadyUsed { .. })) => Some("code_used"),
        Ok(Signing::Code(CodeCheck::Locked { .. })) => Some("locked"),
        Err(error) => error.code(),
    }
}

/// A mandate that only lacks its signature.
struct Ready {
    row: MandateRow,
    terms: ConsentTerms,
    older: Vec<OlderGrant>,
    attestation: Attestation,
    now: Timestamp,
}

/// Everything but the code. None when this mandate is signed already.
async fn prepare(
    app: &App,
    tx: &mut WriteTx,
    who: &SignedIn,
    opened: Opened,
    now: Timestamp,
) -> Result<Option<Ready>, SignError> {
    let id = opened.row.id;
    if !mandate::take_for_signature(tx, id, now, desk::alive_since(now)).await? {
        let row = mandate::by_id(tx, id).await?.ok_or(DeskError::NotFound)?;
        return match row.state_at(now)? {
            State::Active { .. } if row.signed_by == Some(who.person_id) => Ok(None),
            other => {
                Err(DeskError::Refused(other.signed(now, row.ends_at).err().unwrap_or(Refusal::OutOfOrder))
                    .into())
            }
        };
    }
    desk::log_goes_on(app, tx).await?;
    let row = mandate::by_id(tx, id).await?.ok_or(DeskError::NotFound)?;
    let (Some(user), Some(consented_at)) = (row.user_id, row.standing.consented_at) else {
        return Err(DeskError::Refused(Refusal::OutOfOrder).into());
    };
    let frozen = decide_consent::frozen(app, &row)?;
    let terms = frozen.terms().map_err(DeskError::from)?;
    let scope = Scope::new(terms.domains.iter().map(|domain| domain.key.clone()));
    let scope = scope.map_err(|_| DeskError::Refused(Refusal::OutOfOrder))?;
    opened.check(Act::Grant { scope: &scope, held_by: row.structure_id }, now).map_err(DeskError::from)?;
    let older = mandate::older_grants(tx, row.structure_id, user, id, now).await?;
    if !says(&terms.replaces, &older) {
        return Err(SignError::Changed);
    }
    let attestation = Attestation {
        reference: row.reference.to_string(),
        structure: row.structure_name.clone(),
        text_hash: data_encoding::HEXLOWER.encode(&frozen.hash()),
        terms: frozen.terms_json().to_owned(),
        text: frozen.text().to_owned(),
        consented_at,
        means: "screen".to_owned(),
        acr: row.acr.clone(),
        signed_at: now,
        signed_by: who.name.full(),
        proof: None,
    };
    Ok(Some(Ready { row, terms, older, attestation, now }))
}

/// Whether the text named exactly what is replaced.
fn says(named: &[ReplacedGrant], older: &[OlderGrant]) -> bool {
    let names = |grant: &OlderGrant| {
        named.iter().any(|one| one.domain == grant.domain && one.reference == grant.reference)
    };
    older.iter().all(names)
}

async fn complete(
    app: &App,
    tx: &mut WriteTx,
    who: &SignedIn,
    ready: &Ready,
    (card, step): (crate::domain::ids::CardId, i64),
) -> Result<(), SignError> {
    let Ready { row, terms, older, now, .. } = ready;
    let now = *now;
    let user = row.user_id.ok_or(DeskError::NotFound)?;
    let mut draft = who
        .signs(Draft::done(Kind::MandateSigned), Role::Aidant)
        .user(user)
        .structure(row.structure_id)
        .mandate(row.id)
        .card(card)
        .list("domains", terms.domains.iter().map(|domain| domain.key.as_str()))
        .fact("access", "act")
        .fact("valid_from", now)
        .fact("valid_to", row.ends_at)
        .fact("step", step)
        .fact("text", ready.attestation.text_hash.as_str());
    if let Some(consent) = mandate::consent_entry(tx, row.id).await? {
        draft = draft.on(consent);
    }
    let entry = record::record(app, tx, draft).await?;
    replace(app, tx, who, ready, entry.id).await?;
    let live =
        mandate::make_grants_live(tx, row.id, row.structure_id, user, (now, row.ends_at), entry.id).await?;
    if usize::try_from(live).ok() != Some(terms.domains.len()) || older.len() > terms.domains.len() {
        return Err(SignError::Changed);
    }
    let mut attestation = ready.attestation.clone();
    attestation.proof = Some(Proof {
        entry: entry.id.to_string(),
        leaf: entry.leaf.hex(),
        promise: app.log.promise(&entry).map(|promise| promise.to_string()),
    });
    let sealed = app.sealer.seal_json(mandate::place(&row.id, "attestation_sealed"), &attestation)?;
    let signature =
        Signature { by: who.person_id, card, step, now, attestation_sealed: &sealed, entry: entry.id };
    if !mandate::sign(tx, row.id, &signature).await? {
        return Err(DeskError::Refused(Refusal::OutOfOrder).into());
    }
    notify(app, tx, ready).await
}

/// Ends the grants this mandate replaces, the uses under them, and the mandates they leave empty.
async fn replace(
    app: &App,
    tx: &mut WriteTx,
    who: &SignedIn,
    ready: &Ready,
    signed: crate::domain::ids::EntryId,
) -> Result<(), SignError> {
    let ending =
        || Ending { reason: End::Replaced.name(), by: None, at: ready.now, entry: record::reserve(app) };
    for grant in &ready.older {
        let (of_grant, of_all) = (ending(), ending());
        if !mandate::end_grant(tx, grant.id, of_grant).await? {
            return Err(SignError::Changed);
        }
        let about = |kind, ending: Ending| {
            let mut draft = who
                .signs(Draft::done(kind), Role::Aidant)
                .structure(ready.row.structure_id)
                .mandate(grant.mandate_id)
                .fact("effective_at", ready.now)
                .named(ending.entry)
                .on(signed);
            if let Some(user) = ready.row.user_id {
                draft = draft.user(user);
            }
            draft
        };
        let replaced =
            about(Kind::GrantReplaced, of_grant).grant(grant.id).fact("domain", grant.domain.as_str());
        record::record(app, tx, replaced).await?;
        let uses = use_session::live_of_grant(tx, grant.id).await?;
        end_use::end_all(app, tx, uses, UseEnd::Revoked, ready.now).await?;
        if mandate::end_emptied(tx, grant.mandate_id, of_all).await? {
            record::record(app, tx, about(Kind::MandateReplaced, of_all)).await?;
        }
    }
    Ok(())
}

async fn notify(app: &App, tx: &mut WriteTx, ready: &Ready) -> Result<(), SignError> {
    let Some(to) = ready.terms.user.email.as_deref().filter(|email| email.contains('@')) else {
        return Ok(());
    };
    let user = ready.row.user_id.ok_or(DeskError::NotFound)?;
    let language = Language::of(&user::locale(tx, user).await?);
    let domains = ready.terms.domains.iter();
    let domains: Vec<String> =
        domains.map(|domain| domain.label.in_language(language.tag()).to_owned()).collect();
    let until = ready.terms.last_day_in_words(language.tag());
    let notice = SignedNotice {
        reference: &ready.attestation.reference,
        structure: &ready.row.structure_name,
        domains: &domains,
        until: &until,
    };
    let mail = notice.mail(to, language).map_err(|_| super::fault::Fault::Interrupted)?;
    notices::queue(app, tx, &mail, &notices::signed_notice(ready.row.id)).await.map_err(DeskError::from)?;
    Ok(())
}
