//! The OpenID signing keys: read, kept at hand, rotated with overlap.
use std::sync::{Arc, PoisonError};

use time::Duration;

use crate::crypto::jwt::{self, Alg, JwtError, SigningKey};
use crate::crypto::seal::SealError;
use crate::domain::time::Timestamp;
use crate::log::draft::Draft;
use crate::log::kind::{Kind, Role};
use crate::store::signing_key::{self, SigningKeyRow, private_place};
use crate::store::{AsStoreError, StoreError, WriteTx};
use crate::{transact, view};

use super::App;
use super::record::{self, RecordError};

/// How long a node trusts the keys it has read.
const AT_HAND: Duration = Duration::minutes(1);
/// How long a key is published before it signs: clients re-read keys they do not know, nodes read them every minute.
const OVERLAP: Duration = Duration::hours(1);

/// How long a key signs.
const ROTATED_EVERY: Duration = Duration::days(90);
/// How long a key is published after it signed last: ID tokens are dead after minutes, but come back as hints when a
/// service signs out, and no use lives longer.
const KEPT: Duration = Duration::days(2);

/// The algorithms whose keys every database has; the keys of the others are made when a service is registered for one.
pub const ALGS: [Alg; 2] = [Alg::Es256, Alg::Rs256];

/// The keys of one moment.
#[derive(Debug)]
pub struct KeyRing {
    current: Vec<Arc<SigningKey>>,
    published: Vec<jsonwebtoken::jwk::Jwk>,
    jwks: String,
}

impl KeyRing {
    /// The key that signs with `alg`.
    pub fn current(&self, alg: Alg) -> Result<&SigningKey, KeysError> {
        self.current.iter().map(Arc::as_ref).find(|key| key.alg() == alg).ok_or(KeysError::None(alg.name()))
    }

    /// Every public key a token of ours may be signed with.
    pub fn published(&self) -> &[jsonwebtoken::jwk::Jwk] {
        &self.published
    }

    /// The JSON Web Key Set (RFC 7517 §5).
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Sealed(#[from] SealError),
    #[error(transparent)]
    Key(#[from] JwtError),
    #[error("no {0} key: run `entremise keys generate`")]
    None(&'static str),
    #[error("the next {0} key was published less than an hour ago: services may not know it yet")]
    TooSoon(&'static str),
    #[error("a public key cannot be written or read")]
    Json(#[from] serde_json::Error),
}

impl AsStoreError for KeysError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Record(error) => error.as_store_error(),
            _ => None,
        }
    }
}

/// The keys of now.
pub async fn ring(app: &App) -> Result<Arc<KeyRing>, KeysError> {
    let now = app.now();
    if let Some(ring) = at_hand(app, now) {
        return Ok(ring);
    }
    let rows = view!(app.store, tx => { signing_key::published(tx).await })?;
    let ring = Arc::new(open(app, &rows)?);
    // A ring without keys is not worth keeping: `keys generate` must take effect at once.
    if !ring.published.is_empty() {
        let mut kept = app.openid.keys.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((now, Arc::clone(&ring)));
    }
    Ok(ring)
}

/// The keys of now, with one that signs with `alg`: the first of an algorithm may just have been made by another node.
pub async fn ring_with(app: &App, alg: Alg) -> Result<Arc<KeyRing>, KeysError> {
    let at_hand = ring(app).await?;
    if at_hand.current(alg).is_ok() {
        return Ok(at_hand);
    }
    forget_at_hand(app);
    ring(app).await
}

fn at_hand(app: &App, now: Timestamp) -> Option<Arc<KeyRing>> {
    let kept = app.openid.keys.lock().unwrap_or_else(PoisonError::into_inner);
    kept.as_ref()
        .filter(|(read, _)| (Duration::ZERO..AT_HAND).contains(&now.since(*read)))
        .map(|(_, ring)| Arc::clone(ring))
}

fn open(app: &App, rows: &[SigningKeyRow]) -> Result<KeyRing, KeysError> {
    let mut current = Vec::new();
    let mut published = Vec::new();
    for row in rows {
        if row.state == "current" {
            let alg =
                Alg::named(&row.alg).ok_or_else(|| StoreError::Corrupt("signing_key alg".to_owned()))?;
            let private = app.sealer.open(private_place(&row.kid), &row.private_sealed)?;
            current.push(Arc::new(SigningKey::from_pkcs8(alg, &private)?));
        }
        published.push(serde_json::from_str(&row.public_jwk)?);
    }
    let jwks = serde_json::to_string(&jsonwebtoken::jwk::JwkSet { keys: published.clone() })?;
    Ok(KeyRing { current, published, jwks })
}

/// Makes the first keys of a new database. Does nothing where there are keys.
pub async fn ensure(app: &App) -> Result<(), KeysError> {
    ensure_of(app, &ALGS).await
}

/// Makes the first keys of these algorithms. Does nothing where there are keys.
pub async fn ensure_of(app: &App, algs: &[Alg]) -> Result<(), KeysError> {
    let ring = ring(app).await?;
    for alg in algs.iter().copied() {
        if ring.current(alg).is_err() {
            match generate(app, alg).await {
                // Another node made them at the same moment.
                Ok(_) | Err(KeysError::Store(StoreError::Constraint { .. })) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Rotates the keys of `alg`: the next becomes current, the current previous, the previous is retired, a new next is
/// published. The first time both current and next are made. Gives the new keys' names.
pub async fn generate(app: &App, alg: Alg) -> Result<Vec<String>, KeysError> {
    let made = transact!(app.store, "rotate_keys", tx => { rotate(app, tx, alg).await })?;
    forget_at_hand(app);
    Ok(made)
}

/// The same for every algorithm whose key has signed for `ROTATED_EVERY`, and the end of previous keys that nothing
/// needs any more. How many keys were made or retired.
pub async fn keep(app: &App) -> Result<usize, KeysError> {
    let mut changed = 0;
    for alg in Alg::ALL {
        changed += transact!(app.store, "keep_keys", tx => {
            let now = app.now();
            let rows = signing_key::published(tx).await?;
            // A next key is made when the current one begins to sign.
            let since = of(&rows, alg, "next").map(|next| now.since(next.created_at));
            if of(&rows, alg, "current").is_some() && since.is_some_and(|since| since >= ROTATED_EVERY) {
                return Ok(rotate(app, tx, alg).await?.len());
            }
            match of(&rows, alg, "previous") {
                Some(previous) if since.is_some_and(|since| since >= KEPT) => {
                    step(app, tx, previous).await?;
                    Ok::<_, KeysError>(1)
                }
                _ => Ok(0),
            }
        })?;
    }
    if changed > 0 {
        forget_at_hand(app);
    }
    Ok(changed)
}

fn forget_at_hand(app: &App) {
    *app.openid.keys.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn of<'a>(rows: &'a [SigningKeyRow], alg: Alg, state: &str) -> Option<&'a SigningKeyRow> {
    rows.iter().find(|row| row.alg == alg.name() && row.state == state)
}

async fn rotate(app: &App, tx: &mut WriteTx, alg: Alg) -> Result<Vec<String>, KeysError> {
    let now = app.now();
    let rows = signing_key::published(tx).await?;
    let of = |state| of(&rows, alg, state);
    let mut made = Vec::new();
    match (of("current"), of("next")) {
        (None, _) => made.push(add(app, tx, alg, "current", now).await?),
        (Some(_), None) => {}
        (Some(_), Some(next)) if now.since(next.created_at) < OVERLAP => {
            return Err(KeysError::TooSoon(alg.name()));
        }
        // One after the other: there is one current key at most at each moment.
        (Some(current), Some(next)) => {
            for row in of("previous").into_iter().chain([current, next]) {
                step(app, tx, row).await?;
            }
        }
    }
    if of("next").is_none() || of("current").is_some() {
        made.push(add(app, tx, alg, "next", now).await?);
    }
    Ok(made)
}

/// Moves a key on; the end of one is an entry, as its beginning was.
async fn step(app: &App, tx: &mut WriteTx, row: &SigningKeyRow) -> Result<(), KeysError> {
    if !signing_key::step(tx, row).await? {
        return Err(StoreError::Overtaken.into());
    }
    if row.state == "previous" {
        let draft = Draft::done(Kind::KeyRetired).by_role(Role::System);
        let draft = draft.fact("kid", row.kid.as_str()).fact("alg", row.alg.as_str());
        record::record(app, tx, draft).await?;
    }
    Ok(())
}

async fn add(
    app: &App,
    tx: &mut WriteTx,
    alg: Alg,
    state: &str,
    now: Timestamp,
) -> Result<String, KeysError> {
    let private = jwt::generate(alg)?;
    let key = SigningKey::from_pkcs8(alg, &private)?;
    let draft =
        Draft::done(Kind::KeyCreated).by_role(Role::System).fact("kid", key.kid()).fact("alg", alg.name());
    let entry = record::record(app, tx, draft).await?;
    let row = SigningKeyRow {
        kid: key.kid().to_owned(),
        alg: alg.name().to_owned(),
        private_sealed: app.sealer.seal(private_place(key.kid()), &private)?,
        public_jwk: serde_json::to_string(key.public())?,
        state: state.to_owned(),
        created_at: now,
    };
    signing_key::insert(tx, &row, entry.id).await?;
    Ok(row.kid)
}

/// The algorithms that sign here now.
pub async fn served(app: &App) -> Result<Vec<Alg>, KeysError> {
    let ring = ring(app).await?;
    Ok(Alg::ALL.into_iter().filter(|alg| ring.current(*alg).is_ok()).collect())
}

/// A key as `keys list` shows it.
pub struct ListedKey {
    pub kid: String,
    pub alg: String,
    pub state: String,
    pub created_at: Timestamp,
}

/// Every key, the retired included.
pub async fn list(app: &App) -> Result<Vec<ListedKey>, KeysError> {
    let rows = view!(app.store, tx => { signing_key::all(tx).await })?;
    let listed = |row: SigningKeyRow| ListedKey {
        kid: row.kid,
        alg: row.alg,
        state: row.state,
        created_at: row.created_at,
    };
    Ok(rows.into_iter().map(listed).collect())
}
