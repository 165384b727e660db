//! Makes the demonstration's structures, people, cards and services, through the same use cases as everyone else.
use time::Duration;

use crate::app::activate_account::{self, CardValidation, PasswordChoice};
use crate::app::caller::{self, Caller, CallerError};
use crate::app::create_person::{self, NewPerson};
use crate::app::create_structure::{self, NewStructure};
use crate::app::manage_cards::{self, Manager};
use crate::app::manage_client::By;
use crate::app::register_client::{self, NewService, RegisterError};
use crate::app::set_perimeter::Perimeter;
use crate::app::sign_in::Browser;
use crate::app::{App, choose_structure, import_cards, sign_out};
use crate::crypto::jwt::Alg;
use crate::crypto::totp::BadCard;
use crate::domain::ids::{CardId, PersonId, StructureId};
use crate::domain::person::{Email, PersonName, Role};
use crate::domain::secret::{PlainToken, Secret};
use crate::domain::structure::Siret;
use crate::oidc::provider::policy::Policy;
use crate::store::{StoreError, card};
use crate::view;

use super::cards::{PERIOD, VirtualCard};
use super::folder::Memory;
use super::people::{GANNAT, MEMBERS, Member, Place, VICHY};
use super::services::{Algorithm, Kind, Registration};

/// The stage could not be set.
#[derive(Debug, thiserror::Error)]
pub enum SceneError {
    #[error("structure: {0}")]
    Structure(#[from] create_structure::CreateError),
    #[error("person: {0}")]
    Person(#[from] create_person::CreateError),
    #[error("cards: {0}")]
    Cards(#[from] import_cards::ImportError),
    #[error(transparent)]
    Fault(#[from] crate::app::fault::Fault),
    #[error("service: {0}")]
    Service(#[from] RegisterError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Caller(#[from] CallerError),
    #[error(transparent)]
    Card(#[from] BadCard),
    #[error("{0}")]
    Unexpected(String),
}

fn unexpected(what: &str, who: &str) -> SceneError {
    SceneError::Unexpected(format!("{what} ({who})"))
}

/// Creates everything in an empty database. What people hold and services know goes into `memory`.
pub(crate) async fn create(
    app: &App,
    memory: &mut Memory,
    services: &[Registration],
) -> Result<(), SceneError> {
    let gannat = structure(app, &GANNAT).await?;
    let vichy = structure(app, &VICHY).await?;
    let places = [(&GANNAT, gannat), (&VICHY, vichy)];
    for (place, id) in places {
        let here = |member: &&Member| member.places.first().is_some_and(|first| first.siret == place.siret);
        let cards: Vec<VirtualCard> = MEMBERS
            .iter()
            .filter(here)
            .filter_map(|member| Some(VirtualCard::hardware(member.email, member.serial?, &*app.entropy)))
            .collect();
        import_cards::import(app, &VirtualCard::delivery(&cards), id, false).await?;
        memory.cards.extend(cards);
    }
    for member in &MEMBERS {
        let id_of = |place: &&&'static Place| {
            places.iter().find(|(known, _)| known.siret == place.siret).map(|(_, id)| *id)
        };
        let homes: Vec<StructureId> = member.places.iter().filter_map(|place| id_of(&place)).collect();
        person(app, memory, member, &homes).await?;
    }
    for registration in services {
        memory.services.push(service(app, registration).await?);
    }
    Ok(())
}

async fn structure(app: &App, place: &Place) -> Result<StructureId, SceneError> {
    let siret = Siret::parse(place.siret).map_err(|_| unexpected("SIRET", place.name))?;
    let domains = [
        "papiers",
        "famille",
        "social",
        "travail",
        "logement",
        "transports",
        "argent",
        "justice",
        "etranger",
        "loisirs",
    ];
    let new = NewStructure {
        name: place.name.to_owned(),
        siret,
        kind: place.kind.to_owned(),
        territory: place.territory.to_owned(),
        time_zone: "Europe/Paris".to_owned(),
        domains: domains.map(str::to_owned).to_vec(),
        agreement: Duration::days(3 * 365),
    };
    Ok(create_structure::create(app, &new).await?)
}

/// From the invitation to an account that works: password, card, first code, charter.
async fn person(
    app: &App,
    memory: &mut Memory,
    member: &Member,
    homes: &[StructureId],
) -> Result<(), SceneError> {
    let email = Email::parse(member.email).map_err(|_| unexpected("address", member.email))?;
    let name = PersonName::new(member.given, member.family).map_err(|_| unexpected("name", member.email))?;
    let first = homes.first().copied();
    let new = NewPerson {
        email: email.clone(),
        name,
        roles: member.roles.to_vec(),
        structure: first,
        perimeter: member.roles.contains(&Role::Auditor).then_some(Perimeter::All),
        locale: "fr",
    };
    let created = create_person::create(app, &new).await?;
    for other in homes.iter().skip(1) {
        create_person::join(app, &email, *other, member.roles).await?;
    }
    match activate_account::choose_password(app, &created.link, Secret::new(member.password)).await? {
        PasswordChoice::Next => {}
        other => return Err(unexpected(&format!("password: {other:?}"), member.email)),
    }
    let card = match (member.serial, first) {
        (Some(serial), Some(home)) => {
            give(app, serial, home, created.person_id).await?;
            memory.cards.iter().find(|card| card.holder == member.email).cloned()
        }
        _ => match activate_account::enrol_app(app, &created.link).await? {
            Some(enrolment) => {
                let card = VirtualCard::app(member.email, &enrolment.secret)?;
                memory.cards.push(card.clone());
                Some(card)
            }
            None => None,
        },
    };
    let card = card.ok_or_else(|| unexpected("no card", member.email))?;
    begin_work(app, &created.link, &card).await
}

async fn give(app: &App, serial: &str, home: StructureId, to: PersonId) -> Result<(), SceneError> {
    let listed = view!(app.store, tx => { card::page(tx, home, 100, 0).await })?;
    let found = listed.iter().find(|row| row.card.serial.as_deref() == Some(serial)).map(|row| row.card.id);
    let id: CardId = found.ok_or_else(|| unexpected("card not in stock", serial))?;
    let given = manage_cards::assign(app, Manager::CommandLine(home), id, to).await?;
    given.map_err(|refused| unexpected(&format!("card refused: {refused:?}"), serial))
}

/// Validates the card, accepts the charter, leaves.
async fn begin_work(app: &App, link: &PlainToken, card: &VirtualCard) -> Result<(), SceneError> {
    // The code before the present one: the visitor's first sign-in need not wait for the next.
    let code = card.show(app.now() - Duration::seconds(PERIOD))?.code;
    let session = match activate_account::validate_card(app, link, &code, &Browser::default()).await? {
        CardValidation::Complete { session, .. } => session,
        other => return Err(unexpected(&format!("first code: {other:?}"), &card.holder)),
    };
    let caller = caller::resolve(app, &session).await?;
    if let Caller::SignedIn(who) = &caller {
        choose_structure::accept_charter(app, who).await?;
    }
    sign_out::sign_out(app, &caller).await?;
    Ok(())
}

/// Registers a service; gives its identifier and its secret.
async fn service(app: &App, registration: &Registration) -> Result<(String, String), SceneError> {
    let (name, domains) = match registration.kind {
        Kind::Taxes => ("Impôts (démonstration)", vec!["argent".to_owned()]),
        Kind::Allowances => {
            ("Allocations familiales (démonstration)", vec!["famille".to_owned(), "logement".to_owned()])
        }
    };
    let new = NewService {
        client_id: registration.client_id.clone(),
        name: name.to_owned(),
        redirect_uris: vec![registration.redirect_uri()],
        post_logout_redirect_uris: vec![registration.post_logout_redirect_uri()],
        domains: Some(domains),
        sector: None,
        policy: Policy {
            id_token_alg: match registration.algorithm {
                Algorithm::Es256 => Alg::Es256,
                Algorithm::Rs256 => Alg::Rs256,
            },
            ..Policy::general()
        },
    };
    let (_, secret) = register_client::register(app, By::CommandLine, &new).await?;
    Ok((registration.client_id.clone(), secret.map(|secret| secret.reveal().to_owned()).unwrap_or_default()))
}
