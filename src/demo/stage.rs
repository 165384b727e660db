//! Sets the stage: product, identity provider and services of one process, under one clock.
use std::sync::Arc;

use axum::Router;
use url::Url;

use crate::app::signing_keys::{self, KeysError};
use crate::app::{App, professional};
use crate::config::{AuthMethod, Config, Database, Identity, Keys, Log, Professionals, Server};
use crate::crypto::keyring::{Keyring, KeyringError};
use crate::crypto::random::SystemEntropy;
use crate::domain::secret::{PlainToken, Secret};
use crate::log::note::NoteError;
use crate::store::{Options, Store, StoreError};
use crate::web;

use super::backstage::{self, Backstage};
use super::clock::DemoClock;
use super::folder::{Folder, FolderError, Memory};
use super::identity_provider::{self, IdentityProvider, KeyError, Userinfo};
use super::scene::{self, SceneError};
use super::services::{Algorithm, Kind, Registration, Service};
use super::test_client::{self, TestClient};

/// Scheme, host and port of everything that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    pub product: String,
    pub identity: String,
    pub taxes: String,
    pub allowances: String,
}

impl Origins {
    fn all(&self) -> Vec<String> {
        [&self.product, &self.identity, &self.taxes, &self.allowances].map(Clone::clone).to_vec()
    }

    fn from_all(all: &[String]) -> Self {
        let nth = |n: usize| all.get(n).cloned().unwrap_or_default();
        Self { product: nth(0), identity: nth(1), taxes: nth(2), allowances: nth(3) }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] NoteError),
    #[error(transparent)]
    SigningKeys(#[from] KeysError),
    #[error("identity provider: {0}")]
    Identity(#[from] KeyError),
    #[error("HTTP client: {0}")]
    Http(#[from] reqwest::Error),
    #[error("address: {0}")]
    Address(#[from] url::ParseError),
    #[error("the demonstration could not be created: {0}")]
    Scene(#[from] SceneError),
    #[error(
        "this data folder was made for {was}: listen there again, or start anew with --fresh (everything in it is lost)"
    )]
    Moved { was: String },
}

/// Everything that runs.
pub struct Stage {
    pub app: App,
    provider: IdentityProvider,
    taxes: Service,
    allowances: Service,
    backstage: Backstage,
    /// For whoever connects a service of their own; none if its name was taken.
    pub test_client: Option<TestClient>,
}

/// Opens the folder's demonstration, or creates it.
pub async fn set(
    folder: &Folder,
    origins: &Origins,
    database_url: Option<&str>,
) -> Result<Stage, StageError> {
    let mut memory = folder.recall()?;
    if memory.complete && memory.origins != origins.all() {
        return Err(StageError::Moved { was: memory.origins.first().cloned().unwrap_or_default() });
    }
    let clock = Arc::new(DemoClock::open(folder.clock())?);
    let entropy = Arc::new(SystemEntropy);
    if !memory.complete {
        Keyring::create(&folder.keys(), &SystemEntropy)?;
        PlainToken::generate(&SystemEntropy).reveal().clone_into(&mut memory.identity_secret);
        memory.origins = origins.all();
        memory.database_url = database_url.map(str::to_owned);
    }
    let app = open(folder, &memory, clock.clone()).await?;
    if !memory.complete {
        let registrations = [Kind::Taxes, Kind::Allowances].map(|kind| registration(kind, origins, &memory));
        scene::create(&app, &mut memory, &registrations).await?;
        memory.complete = true;
    }
    let test_client = test_client::ensure(&app, &mut memory).await?;
    folder.remember(&memory)?;
    let clients = products_at_the_provider(origins, &memory);
    let provider = IdentityProvider::new(origins.identity.clone(), clients, clock.clone(), entropy.clone())?;
    let service = |kind| Service::new(registration(kind, origins, &memory), clock.clone(), entropy.clone());
    let (taxes, allowances) = (service(Kind::Taxes)?, service(Kind::Allowances)?);
    let backstage = Backstage::new(clock.clone(), memory.cards.clone(), origins.clone());
    Ok(Stage { app, provider, taxes, allowances, backstage, test_client })
}

/// The product of an existing demonstration, for the other verbs of the command line.
pub async fn app(folder: &Folder) -> Result<App, StageError> {
    let memory = folder.recall()?;
    let clock = DemoClock::open(folder.clock())?;
    open(folder, &memory, Arc::new(clock)).await
}

async fn open(folder: &Folder, memory: &Memory, clock: Arc<DemoClock>) -> Result<App, StageError> {
    let config = config(folder, memory)?;
    let keyring = Keyring::load(&folder.keys())?;
    let options: Options = config.database.url.reveal().parse()?;
    let store = Store::open(&options).await?;
    if !memory.complete {
        store.migrate().await?;
    }
    store.check_version().await?;
    let app = App::new(store, clock, keyring, config)?;
    signing_keys::ensure(&app).await?;
    Ok(app)
}

impl Stage {
    /// What answers at the product's own address: the product and the page `/demo`.
    pub fn product(&self) -> Router {
        web::router_with(&self.app, backstage::routes()).layer(axum::Extension(self.backstage.clone()))
    }

    pub fn identity(&self) -> Router {
        self.provider.router()
    }

    pub fn taxes(&self) -> Router {
        self.taxes.router()
    }

    pub fn allowances(&self) -> Router {
        self.allowances.router()
    }
}

fn config(folder: &Folder, memory: &Memory) -> Result<Config, StageError> {
    let here = || format!("sqlite:{}", folder.database().display());
    let url = memory.database_url.clone().unwrap_or_else(here);
    let origins = Origins::from_all(&memory.origins);
    let origin = Url::parse(&origins.product)?;
    let scopes = ["openid", "profile", "birth", "email", "idp_birthdate"];
    Ok(Config {
        server: Server {
            listen: ([127, 0, 0, 1], origin.port_or_known_default().unwrap_or(0)).into(),
            origin,
            tls_certificate_file: None,
            tls_key_file: None,
            trusted_proxies: Vec::new(),
        },
        database: Database { url: Secret::new(url), ..Database::default() },
        keys: Keys { folder: folder.keys() },
        identity: Identity {
            issuer: origins.identity.clone(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: Secret::new(memory.identity_secret.clone()),
            client_secret_file: None,
            auth_method: AuthMethod::ClientSecretPost,
            label_fr: "Identité de démonstration".to_owned(),
            label_en: "Demonstration identity".to_owned(),
            scopes: scopes.map(str::to_owned).to_vec(),
            pkce: true,
            acr_values: vec!["eidas1".to_owned()],
            acr_accepted: vec!["eidas1".to_owned()],
            id_token_alg: "ES256".to_owned(),
            userinfo_alg: Some("ES256".to_owned()),
            birthdate_claim: "idp_birthdate".to_owned(),
        },
        professionals: Some(Professionals {
            issuer: origins.identity.clone(),
            client_id: PROFESSIONALS_ID.to_owned(),
            client_secret: Secret::new(memory.identity_secret.clone()),
            client_secret_file: None,
            auth_method: AuthMethod::ClientSecretPost,
            label: "Identité pro de démonstration".to_owned(),
            scopes: ["openid", "given_name", "usual_name", "email", "uid", "siret"]
                .map(str::to_owned)
                .to_vec(),
            pkce: false,
            emails_verified: false,
            acr_accepted: vec!["eidas1".to_owned()],
            id_token_alg: "ES256".to_owned(),
            userinfo_alg: "ES256".to_owned(),
        }),
        mail: None,
        log: Log {
            origin: "entremise.localhost/demo".to_owned(),
            head_file: folder.log_head(),
            ..Log::default()
        },
        demonstration: true,
    })
}

/// The product, as the identity provider knows it.
const CLIENT_ID: &str = "entremise";

/// And as its provider of professionals knows it, which the same site plays.
const PROFESSIONALS_ID: &str = "entremise-pro";

fn products_at_the_provider(origins: &Origins, memory: &Memory) -> Vec<identity_provider::Client> {
    let client = |id: &str, name: &str, (back, signed_out): (&str, &str)| identity_provider::Client {
        id: id.to_owned(),
        secret: Secret::new(memory.identity_secret.clone()),
        name: name.to_owned(),
        redirect_uris: vec![format!("{}{back}", origins.product)],
        post_logout_redirect_uris: vec![format!("{}{signed_out}", origins.product)],
        userinfo: Userinfo::Signed,
        professionals: id == PROFESSIONALS_ID,
    };
    vec![
        client(CLIENT_ID, "Entremise", ("/consent/back", "/consent/signed-out")),
        client(PROFESSIONALS_ID, "Entremise (pro)", (professional::BACK, professional::SIGNED_OUT)),
    ]
}

/// A service, as the product knows it; without a secret until it has been registered.
fn registration(kind: Kind, origins: &Origins, memory: &Memory) -> Registration {
    let (origin, client_id, algorithm) = match kind {
        Kind::Taxes => (&origins.taxes, "impots", Algorithm::Es256),
        Kind::Allowances => (&origins.allowances, "allocations", Algorithm::Rs256),
    };
    let secret = memory.services.iter().find(|(id, _)| id == client_id).map(|(_, secret)| secret.clone());
    Registration {
        kind,
        issuer: origins.product.clone(),
        origin: origin.clone(),
        client_id: client_id.to_owned(),
        client_secret: Secret::new(secret.unwrap_or_default()),
        algorithm,
    }
}
