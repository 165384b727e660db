//! Under which grant: the aidant chooses, says where the user is, and the service is opened in the user's name.
use serde_json::json;

use crate::domain::ids::{CardId, GrantId, MandateId, StructureId, UseId, UserId};
use crate::domain::secret::PlainToken;
use crate::domain::time::Timestamp;
use crate::domain::use_session::{Presence, UseEnd, may_act_for};
use crate::domain::user::CivilIdentity;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::log::part::PartKind;
use crate::oidc::provider::france_connect::{Unfit, unfit};
use crate::oidc::provider::policy::Profile;
use crate::oidc::provider::response::{self, Answer};
use crate::store::offer::{self, OfferRow};
use crate::store::use_session::NewUse;
use crate::store::{StoreError, WriteTx, authorization, token, use_session};
use crate::{transact, view};

use super::App;
use super::alarms;
use super::caller::{CHARTER_VERSION, SignedIn};
use super::choose_user::identity;
use super::end_use;
use super::open_service::{OpenError, Opening, issue_code};
use super::openid::issuer;
use super::record;

/// A grant the aidant may choose.
pub struct Offer {
    pub grant: GrantId,
    pub domain: String,
    pub label_fr: String,
    pub label_en: String,
    pub may_act: bool,
    pub single_use: bool,
    pub ends_at: Timestamp,
}

/// What the aidant decided.
pub struct Choice {
    pub user: UserId,
    pub grant: GrantId,
    pub presence: Presence,
    /// Behind a hub, which service it is for, in the aidant's words.
    pub declared_service: Option<String>,
}

/// What of this identity the service would refuse.
fn refused_there(opening: &Opening, identity: &CivilIdentity) -> Option<Unfit> {
    match opening.client.policy.profile {
        Profile::FranceConnect => unfit(identity),
        Profile::General | Profile::HighSecurity => None,
    }
}

/// A user with the grants that the request may use, in the order of the catalogue.
pub async fn offers(
    app: &App,
    opening: &Opening,
    who: &SignedIn,
    structure: StructureId,
    user: UserId,
) -> Result<(CivilIdentity, Vec<Offer>), OpenError> {
    let now = app.now();
    let rows = view!(app.store, tx => { offer::of_user(tx, structure, now, user).await })?;
    let Some(first) = rows.iter().find(|row| opening.offers(app, row)) else {
        return Err(OpenError::NotOffered);
    };
    let identity = identity(app, user, &first.identity_sealed)?;
    if let Some(why) = refused_there(opening, &identity) {
        let draft = Draft::refused(Kind::AuthorizationRefused, why.code()).by(who.person_id, Role::Aidant);
        let draft =
            draft.user(user).mandate(first.mandate_id).service(opening.client.id).structure(structure);
        record::refuse(app, draft, &who.session_id.to_string()).await?;
        return Err(OpenError::Unfit(why));
    }
    let offered = rows.iter().filter(|row| opening.offers(app, row)).map(|row| Offer {
        grant: row.grant_id,
        domain: row.domain.clone(),
        label_fr: row.label_fr.clone(),
        label_en: row.label_en.clone(),
        may_act: row.access == "act",
        single_use: row.single_use,
        ends_at: row.ends_at,
    });
    Ok((identity, offered.collect()))
}

/// Whether this browser acts for nobody, or for `user` already.
pub async fn may_open_for(
    app: &App,
    opening: &Opening,
    who: &SignedIn,
    user: UserId,
) -> Result<bool, StoreError> {
    let open_uses = view!(app.store, tx => {
        use_session::live_of_browser(tx, who.session_id, Some(&opening.browser)).await
    })?;
    Ok(may_act_for(who.acting_user_id, user) && open_uses.iter().all(|row| row.user_id == user))
}

/// Opens the service: a use begins, and the code that says so goes to the service. One transaction.
pub async fn open(
    app: &App,
    opening: &Opening,
    who: &SignedIn,
    choice: &Choice,
) -> Result<Answer, OpenError> {
    let now = app.now();
    let structure = who.structure_id.ok_or(OpenError::NotOffered)?;
    let card = who.card_id.ok_or(OpenError::NotOffered)?;
    let code = transact!(app.store, "open_service", tx => {
        if alarms::log_stopped(app, tx).await? {
            return Err(OpenError::LogStopped);
        }
        let chosen = (who.session_id, choice.user, choice.grant);
        if !authorization::answer(tx, opening.id, now, Some(chosen)).await? {
            return Err(OpenError::Gone);
        }
        make_way(app, tx, opening, who, choice.user, now).await?;
        let offers = offer::of_user(tx, structure, now, choice.user).await?;
        let offered = offers.into_iter().find(|row| row.grant_id == choice.grant && opening.offers(app, row));
        let offered = offered.ok_or(OpenError::NotOffered)?;
        begin(app, tx, opening, who, choice, &offered, (structure, card), now).await
    })?;
    Ok(response::success(&opening.request.answer_to, &issuer(app), code.reveal()))
}

/// One user at a time in a browser: takes the desk session for `user`, or refuses. An earlier use of the same service
/// for the same user ends: the new one takes its place.
async fn make_way(
    app: &App,
    tx: &mut WriteTx,
    opening: &Opening,
    who: &SignedIn,
    user: UserId,
    now: Timestamp,
) -> Result<(), OpenError> {
    if !use_session::act_for(tx, who.session_id, user).await? {
        return Err(OpenError::EndFirst);
    }
    let open_uses = use_session::live_of_browser(tx, who.session_id, Some(&opening.browser)).await?;
    if open_uses.iter().any(|row| row.user_id != user) {
        return Err(OpenError::EndFirst);
    }
    let replaced: Vec<_> = open_uses
        .into_iter()
        .filter(|row| row.session_id == who.session_id && row.client_id == opening.client.id)
        .collect();
    for row in &replaced {
        end_use::end_one(app, tx, row, UseEnd::Aidant, Some(who), now).await?;
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one step of `open`, cut out to be read alone")]
async fn begin(
    app: &App,
    tx: &mut WriteTx,
    opening: &Opening,
    who: &SignedIn,
    choice: &Choice,
    offered: &OfferRow,
    (structure, card): (StructureId, CardId),
    now: Timestamp,
) -> Result<PlainToken, OpenError> {
    let id = UseId::new(now, app.entropy.as_ref());
    let identity = identity(app, choice.user, &offered.identity_sealed)?;
    if let Some(why) = refused_there(opening, &identity) {
        return Err(OpenError::Unfit(why));
    }
    // Writing the entry takes the mandate's row: from here on no revocation can slip in before the commit.
    let draft = opened(opening, who, choice, offered, id, &identity).structure(structure).card(card);
    let entry = record::record(app, tx, draft).await?;
    let subject = PlainToken::presented(app.openid.pairwise.user(&opening.client.sector, choice.user)).hash();
    let new = NewUse {
        id,
        session: who.session_id,
        browser: Some(&opening.browser),
        client: opening.client.id,
        grant: choice.grant,
        mandate: offered.mandate_id,
        user: choice.user,
        structure,
        person: who.person_id,
        card,
        presence: choice.presence.as_str(),
        subject: Some(&subject),
        declared_service: choice.declared_service.as_deref(),
        auth_time: who.last_code_at,
        started_at: now,
        entry: entry.id,
    };
    use_session::insert(tx, &new).await?;
    if !token::is_in_force(tx, id, now, CHARTER_VERSION).await? {
        return Err(OpenError::NotOffered);
    }
    issue_code(app, tx, opening, id, now, offered.ends_at).await
}

fn opened(
    opening: &Opening,
    who: &SignedIn,
    choice: &Choice,
    offered: &OfferRow,
    id: UseId,
    identity: &CivilIdentity,
) -> Draft {
    let mandate: MandateId = offered.mandate_id;
    let mut draft = who
        .signs(Draft::done(Kind::UseOpened), Role::Aidant)
        .user(choice.user)
        .mandate(mandate)
        .grant(choice.grant)
        .service(opening.client.id)
        .use_id(id)
        .fact("domain", offered.domain.as_str())
        .fact("access", offered.access.as_str())
        .fact("presence", choice.presence.as_str())
        .fact("single_use", offered.single_use)
        .fact("valid_to", offered.ends_at)
        .fact("auth_time", who.last_code_at)
        .part(
            PartKind::User,
            json!({ "given_name": identity.given_name, "family_name": identity.family_name, "birthdate": identity.birthdate.as_str() }),
        );
    let mut details = json!({ "service": opening.client.name });
    if let Some(structure) = who.structure_id {
        draft = draft.structure(structure);
    }
    if let Some(card) = who.card_id {
        draft = draft.card(card);
    }
    if let (Some(declared), Some(details)) = (&choice.declared_service, details.as_object_mut()) {
        details.insert("declared_service".to_owned(), json!(declared));
    }
    draft = draft.part(PartKind::Details, details);
    draft
}
