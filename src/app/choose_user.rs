//! In whose name: the users of the structure with a grant that this request may use.
use uuid::Uuid;

use crate::crypto::seal::{Place, SealError};
use crate::domain::ids::{StructureId, UserId};
use crate::domain::search::{Query, fold};
use crate::domain::time::Timestamp;
use crate::domain::user::CivilIdentity;
use crate::oidc::provider::filter::Access;
use crate::store::offer::{self, OfferRow};
use crate::view;

use super::App;
use super::open_service::{OpenError, Opening};

/// Users on one page.
const PAGE: usize = 20;
/// Grants read at once while searching.
const CHUNK: i64 = 400;

/// Somebody in whose name the service may be opened.
pub struct Candidate {
    pub user: UserId,
    pub identity: CivilIdentity,
    /// How many grants may be used.
    pub grants: usize,
}

/// A page of users, most recently registered first.
pub struct Candidates {
    pub users: Vec<Candidate>,
    /// Where the next page begins.
    pub next: Option<UserId>,
}

/// Opens the sealed civil identity of a user.
pub fn identity(app: &App, user: UserId, sealed: &[u8]) -> Result<CivilIdentity, SealError> {
    app.sealer.open_json(Place { table: "app_user", row: user.as_bytes(), column: "identity_sealed" }, sealed)
}

impl Opening {
    /// Whether the request and its service let this grant be used.
    pub(super) fn offers(&self, app: &App, row: &OfferRow) -> bool {
        let filter = &self.request.filter;
        let narrowed = row.access != "act";
        let wanted = |list: &[String], value: &str| list.is_empty() || list.iter().any(|wish| wish == value);
        let meant = || filter.subs.contains(&app.openid.pairwise.user(&self.client.sector, row.user_id));
        let met = |level: &String| row.acr.as_ref() == Some(level);
        self.client.may_be_offered(&row.domain, narrowed, row.acr.as_deref())
            && wanted(&filter.domains, &row.domain)
            && wanted(&filter.rep_scope, &row.rep_scope)
            && !(narrowed && filter.access == Some(Access::Act))
            && (filter.acr.is_empty() || filter.acr.iter().any(met))
            && (filter.subs.is_empty() || meant())
    }
}

/// Users whose name begins words as `search` does (accents and case do not matter), after `before`.
pub async fn candidates(
    app: &App,
    opening: &Opening,
    structure: StructureId,
    search: &str,
    before: Option<UserId>,
) -> Result<Candidates, OpenError> {
    let (now, query) = (app.now(), Query::new(search));
    let mut users: Vec<Candidate> = Vec::new();
    let mut after = before.unwrap_or(UserId::from_uuid(Uuid::max()));
    loop {
        let rows = chunk(app, structure, now, after).await?;
        let complete = i64::try_from(rows.len()).unwrap_or(CHUNK) < CHUNK;
        let mut groups: Vec<&[OfferRow]> = rows.chunk_by(|a, b| a.user_id == b.user_id).collect();
        // The grants of the last user may go on in the next chunk.
        if !complete && groups.len() > 1 {
            groups.pop();
        }
        for group in groups {
            let Some(first) = group.first() else { continue };
            let grants = group.iter().filter(|row| opening.offers(app, row)).count();
            if grants > 0 {
                let identity = identity(app, first.user_id, &first.identity_sealed)?;
                if query.matches(&searched(&identity)) {
                    if users.len() == PAGE {
                        let next = users.last().map(|last| last.user);
                        return Ok(Candidates { users, next });
                    }
                    users.push(Candidate { user: first.user_id, identity, grants });
                }
            }
            after = first.user_id;
        }
        if complete {
            return Ok(Candidates { users, next: None });
        }
    }
}

async fn chunk(
    app: &App,
    structure: StructureId,
    now: Timestamp,
    after: UserId,
) -> Result<Vec<OfferRow>, OpenError> {
    Ok(view!(app.store, tx => { offer::page(tx, structure, now, after, CHUNK).await })?)
}

/// What a search looks at: every name of the person.
fn searched(identity: &CivilIdentity) -> String {
    let usual = identity.preferred_username.as_deref().unwrap_or_default();
    fold(&format!("{} {} {usual}", identity.given_name, identity.family_name))
}
