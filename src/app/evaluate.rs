//! A service asks whether an aidant may do something for a user now. Both are named by the identifiers the service was
//! given when it was opened, and the answer holds for as long as that use goes on: anything else is denied, and the
//! service is not told why. The log is.
use crate::domain::secret::PlainToken;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::oidc::provider::client::Client;
use crate::oidc::provider::evaluation::{Access, Evaluation};
use crate::store::token::Standing;
use crate::store::token::uses::{self, OpenRow};
use crate::view;

use super::caller::CHARTER_VERSION;
use super::give_check::{self, Check};
use super::know_service::{self, ServiceError};
use super::redeem_code::exchange::entry;
use super::{App, record};

/// The decision. The service shows its credentials in the header: the body is the question.
pub async fn evaluate(
    app: &App,
    authorization: Option<&str>,
    asked: Option<&Evaluation>,
    source: &str,
) -> Result<Option<bool>, ServiceError> {
    let client = know_service::service_by_header(app, authorization, source).await?;
    let Some(asked) = asked else { return Ok(None) };
    let subject = PlainToken::presented(&*asked.resource.id).hash();
    let now = app.now();
    let open = view!(app.store, tx => {
        uses::of_subject(tx, client.id, &subject, now, CHARTER_VERSION).await
    })?;
    let refused = match judge(app, &client, asked, open) {
        Ok((standing, access)) => {
            let what = format!("{} {}", access.name(), standing.domain);
            let check = Check {
                via: "evaluation",
                what: what.as_bytes(),
                service: client.id,
                asked_by: client.id,
                standing: &standing,
                ends_at: standing.grant_ends_at,
            };
            if give_check::agreed(app, &check).await? {
                return Ok(Some(true));
            }
            entry(Draft::refused(Kind::CheckGiven, "not_in_force"), &standing, client.id)
        }
        Err(refused) => *refused,
    };
    record::refuse(app, refused.fact("via", "evaluation"), source).await?;
    Ok(Some(false))
}

/// The use under which it is allowed, or the entry of a denial.
fn judge(
    app: &App,
    client: &Client,
    asked: &Evaluation,
    open: Vec<OpenRow>,
) -> Result<(Standing, Access), Box<Draft>> {
    let unknown = |reason| Box::new(know_service::refusal(Kind::CheckGiven, reason, Some(client.id)));
    let access = asked.access().ok_or(unknown("unknown_question"))?;
    if open.is_empty() {
        return Err(unknown("unknown_subject"));
    }
    let pairwise = &app.openid.pairwise;
    let theirs = |standing: &Standing| {
        pairwise.aidant(&client.sector, standing.person_id) == asked.subject.id
            && pairwise.structure(&client.sector, standing.structure_id) == asked.subject.properties.structure
    };
    let mut open: Vec<_> = open.into_iter().filter(|row| theirs(&row.standing)).collect();
    // Of several desks of one aidant, the one that allows it.
    let allows = |row: &OpenRow| why_not(client, asked, access, row).is_none();
    let place = open.iter().position(allows).unwrap_or(0);
    if place >= open.len() {
        return Err(unknown("another_actor"));
    }
    let row = open.swap_remove(place);
    match why_not(client, asked, access, &row) {
        None => Ok((row.standing, access)),
        Some(reason) => {
            let refused = Draft::refused(Kind::CheckGiven, reason);
            Err(Box::new(entry(refused, &row.standing, client.id)))
        }
    }
}

fn why_not(client: &Client, asked: &Evaluation, access: Access, row: &OpenRow) -> Option<&'static str> {
    let standing = &row.standing;
    if !row.alive {
        Some("not_in_force")
    } else if asked.resource.properties.domain.as_ref().is_some_and(|domain| *domain != standing.domain) {
        Some("other_domain")
    } else if !client.serves_domain(&standing.domain) {
        Some("domain_not_covered")
    } else if !access.is_within(&standing.access) {
        Some("beyond_access")
    } else {
        None
    }
}
