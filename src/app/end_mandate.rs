//! A mandate, or one domain of it, ends at the desk: because the user asks, or because the structure gives it up.
//! In effect at the next request: uses under it end in the same transaction.
use crate::domain::catalogue::DomainKey;
use crate::domain::mandate::{Act, End, Reference, Refusal, Revoker, State};
use crate::domain::time::Timestamp;
use crate::domain::use_session::UseEnd;
use crate::log::draft::Draft;
use crate::log::kind::Kind;
use crate::notify::{Ended as EndedNotice, Language};
use crate::store::mandate::{self, Ending, GrantRow};
use crate::store::{WriteTx, use_session, user};
use crate::transact;

use super::caller::SignedIn;
use super::desk::{self, DeskError, Opened};
use super::{App, end_use, notices, record};

/// How much ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    Whole,
    Domain(DomainKey),
}

/// Who wants it. No reason is ever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    User,
    Structure,
}

impl Asker {
    const fn end(self) -> End {
        match self {
            Self::User => End::Revoked { by: Revoker::UserAtDesk },
            Self::Structure => End::Renounced,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::User => Revoker::UserAtDesk.name(),
            Self::Structure => "structure",
        }
    }
}

/// Ends it. What has ended before stays as it ended: asking twice is asking once.
pub async fn end(
    app: &App,
    who: &SignedIn,
    reference: &Reference,
    extent: &Extent,
    asker: Asker,
) -> Result<(), DeskError> {
    let outcome = transact!(app.store, "end_mandate", tx => {
        let now = app.now();
        let opened = desk::open(tx, who, reference, now).await?;
        opened.check(Act::End { held_by: opened.row.structure_id }, now)?;
        match opened.row.state_at(now)? {
            State::Active { .. } | State::Suspended { .. } => {}
            State::Ended { .. } => return Ok(()),
            _ => return Err(DeskError::Refused(Refusal::OutOfOrder)),
        }
        match extent {
            Extent::Whole => whole(app, tx, who, &opened, asker, now).await,
            Extent::Domain(domain) => {
                let grants = mandate::grants(tx, opened.row.id).await?;
                let grant = grants.iter().find(|grant| grant.domain == *domain).ok_or(DeskError::NotFound)?;
                one(app, tx, who, &opened, grant, asker, now).await
            }
        }
    });
    desk::recorded(app, who, Kind::MandateRevoked, Some(reference), outcome).await
}

/// How it ends, under the id of the entry that will say so.
fn ending(app: &App, asker: Asker, now: Timestamp) -> Ending {
    Ending { reason: asker.end().name(), by: Some(asker.name()), at: now, entry: record::reserve(app) }
}

fn entry(who: &SignedIn, opened: &Opened, kind: Kind, asker: Asker, ending: Ending) -> Draft {
    let mut draft = who
        .signs(Draft::done(kind), desk::role(&opened.facts))
        .structure(opened.row.structure_id)
        .mandate(opened.row.id)
        .fact("asked_by", asker.name())
        .fact("effective_at", ending.at)
        .named(ending.entry);
    if let Some(user) = opened.row.user_id {
        draft = draft.user(user);
    }
    draft
}

const fn kind_of(asker: Asker) -> Kind {
    match asker {
        Asker::User => Kind::MandateRevoked,
        Asker::Structure => Kind::MandateRenounced,
    }
}

async fn whole(
    app: &App,
    tx: &mut WriteTx,
    who: &SignedIn,
    opened: &Opened,
    asker: Asker,
    now: Timestamp,
) -> Result<(), DeskError> {
    let id = opened.row.id;
    let ending = ending(app, asker, now);
    if !mandate::end_whole(tx, id, ending).await? {
        return Ok(());
    }
    record::record(app, tx, entry(who, opened, kind_of(asker), asker, ending)).await?;
    let uses = use_session::live_of_mandate(tx, id).await?;
    end_use::end_all(app, tx, uses, UseEnd::Revoked, now).await?;
    notify(app, tx, opened, &[], "whole").await
}

async fn one(
    app: &App,
    tx: &mut WriteTx,
    who: &SignedIn,
    opened: &Opened,
    grant: &GrantRow,
    asker: Asker,
    now: Timestamp,
) -> Result<(), DeskError> {
    let of_grant = ending(app, asker, now);
    if !mandate::end_grant(tx, grant.id, of_grant).await? {
        return Ok(());
    }
    let draft = entry(who, opened, Kind::GrantRevoked, asker, of_grant).grant(grant.id);
    record::record(app, tx, draft.fact("domain", grant.domain.as_str())).await?;
    let uses = use_session::live_of_grant(tx, grant.id).await?;
    end_use::end_all(app, tx, uses, UseEnd::Revoked, now).await?;
    let of_all = ending(app, asker, now);
    if mandate::end_emptied(tx, opened.row.id, of_all).await? {
        record::record(app, tx, entry(who, opened, kind_of(asker), asker, of_all)).await?;
    }
    notify(app, tx, opened, &[grant], grant.domain.as_str()).await
}

async fn notify(
    app: &App,
    tx: &mut WriteTx,
    opened: &Opened,
    grants: &[&GrantRow],
    what: &str,
) -> Result<(), DeskError> {
    let row = &opened.row;
    let email = desk::identity(app, row)?.and_then(|person| person.email).filter(|email| email.contains('@'));
    let Some(to) = email else { return Ok(()) };
    let Some(user) = row.user_id else { return Ok(()) };
    let language = Language::of(&user::locale(tx, user).await?);
    let label = |grant: &&GrantRow| match language {
        Language::French => grant.label_fr.clone(),
        Language::English => grant.label_en.clone(),
    };
    let domains: Vec<String> = grants.iter().map(label).collect();
    let (reference, structure) = (row.reference.as_str(), &row.structure_name);
    let mail = EndedNotice { reference, structure, domains: &domains }
        .mail(&to, language)
        .map_err(|_| super::fault::Fault::Interrupted)?;
    notices::queue(app, tx, &mail, &format!("{}{what}", notices::ended_notice(row.id))).await?;
    Ok(())
}
