//! An account and its identity at the provider. Linked by its owner alone: signed in and with a fresh code, or invited,
//! by the link of the invitation, the same verified address and a structure with the same SIRET.
use crate::app::caller::{Caller, SignedIn};
use crate::app::fault::Fault;
use crate::app::{App, record, sign_in, sign_out};
use crate::crypto::seal::Sealer;
use crate::domain::ids::PersonId;
use crate::domain::secret::PlainToken;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::oidc::federation::Professional;
use crate::store::professional::{self, TakenRow};
use crate::store::{WriteTx, link, person};
use crate::{transact, view};

use super::ProfessionalError;

/// How an identity is looked up.
pub(super) fn subject_index(app: &App, who: &Professional) -> Vec<u8> {
    index(&app.sealer, &who.issuer, &who.subject)
}

fn index(sealer: &Sealer, issuer: &str, subject: &str) -> Vec<u8> {
    sealer.blind_index("professional subject", format!("{issuer}\n{subject}").as_bytes())
}

/// Links the account of the person who asked for it, in the session in which they did.
pub(super) async fn own(
    app: &App,
    request: &TakenRow,
    who: &Professional,
    caller: &Caller,
) -> Result<(), ProfessionalError> {
    let Caller::SignedIn(asker) = caller else { return Err(ProfessionalError::OtherSession) };
    if request.session_id != Some(asker.session_id) || request.person_id != Some(asker.person_id) {
        return Err(ProfessionalError::OtherSession);
    }
    transact!(app.store, "link_professional", tx => {
        write(app, tx, who, (asker.person_id, sign_out::role(asker))).await
    })
}

/// Links the account of an invited aidant.
pub(super) async fn invited(
    app: &App,
    request: &TakenRow,
    who: &Professional,
    back: &str,
) -> Result<(), ProfessionalError> {
    let now = app.now();
    let token = PlainToken::presented(back.strip_prefix("/activate/").unwrap_or_default());
    transact!(app.store, "link_invited", tx => {
        let found = link::find(tx, &token.hash(), now).await?.ok_or(ProfessionalError::LinkOver)?;
        let invited = person::by_id(tx, found.person_id).await?.ok_or(ProfessionalError::LinkOver)?;
        if invited.status != "invited" || request.person_id != Some(invited.id) {
            return Err(ProfessionalError::LinkOver);
        }
        let email = who.email.as_deref().ok_or(ProfessionalError::OtherEmail)?;
        let owner = person::by_email(tx, &sign_in::email_index(app, email)).await?;
        if owner.is_none_or(|owner| owner.id != invited.id) {
            return Err(ProfessionalError::OtherEmail);
        }
        let siret = who.siret.as_deref().unwrap_or_default();
        if !professional::is_of_siret(tx, invited.id, siret).await? {
            return Err(ProfessionalError::OtherOrganisation);
        }
        write(app, tx, who, (invited.id, sign_in::role_of(&invited))).await
    })
}

async fn write(
    app: &App,
    tx: &mut WriteTx,
    who: &Professional,
    (id, role): (PersonId, Role),
) -> Result<(), ProfessionalError> {
    let subject = subject_index(app, who);
    match professional::by_subject(tx, &subject).await? {
        Some(linked) if linked.id == id => return Err(ProfessionalError::LinkedAlready),
        Some(_) => return Err(ProfessionalError::LinkedElsewhere),
        None => {}
    }
    if professional::linked_since(tx, id).await?.is_some() {
        return Err(ProfessionalError::LinkedAlready);
    }
    let entry = record::record(app, tx, Draft::done(Kind::ProfessionalLinked).by(id, role)).await?.id;
    if !professional::link(tx, id, &subject, app.now(), entry).await? {
        // Somebody linked the same an instant before: nothing of this act stays.
        return Err(ProfessionalError::LinkedElsewhere);
    }
    Ok(())
}

/// Since when the caller's account is linked, if it is.
pub async fn linked_since(app: &App, who: &SignedIn) -> Result<Option<Timestamp>, Fault> {
    view!(app.store, tx => { Ok::<_, Fault>(professional::linked_since(tx, who.person_id).await?) })
}

/// Unlinks the caller's account. Refused to whoever has no password: nothing would be left to enter with.
pub async fn unlink(app: &App, who: &SignedIn) -> Result<bool, Fault> {
    transact!(app.store, "unlink_professional", tx => {
        let owner = person::by_id(tx, who.person_id).await?;
        if owner.is_none_or(|owner| owner.password_hash.is_none()) {
            return Ok(false);
        }
        if professional::unlink(tx, who.person_id).await? {
            let draft = Draft::done(Kind::ProfessionalUnlinked).by(who.person_id, sign_out::role(who));
            record::record(app, tx, draft).await?;
        }
        Ok::<_, Fault>(true)
    })
}
