//! Codes redeemed and access tokens, with what they stand on: each look at a code or a token also says whether use,
//! grant, mandate, structure, aidant and card are still in force.
use sqlx::AssertSqlSafe;

use crate::domain::ids::{EntryId, GrantId, MandateId, PersonId, ServiceId, StructureId, UseId, UserId};
use crate::domain::secret::HashedToken;
use crate::domain::time::Timestamp;

use super::many::{list, padded, rows};
use super::{Access, StoreError, WriteTx};

/// What a use `u` stands on. Each by its key and outer: whatever is missing makes [`in_force`] false, and no plan does
/// better than one look at each.
macro_rules! stands_on {
    () => {
        "
LEFT JOIN mandate_grant g ON g.id = u.grant_id
LEFT JOIN mandate m ON m.id = u.mandate_id
LEFT JOIN structure s ON s.id = u.structure_id
LEFT JOIN structure_domain sd ON sd.structure_id = u.structure_id AND sd.domain = g.domain
LEFT JOIN membership mb ON mb.person_id = u.person_id AND mb.structure_id = u.structure_id
LEFT JOIN person p ON p.id = u.person_id
LEFT JOIN card cd ON cd.id = u.card_id
LEFT JOIN client k ON k.id = u.client_id
LEFT JOIN domain d ON d.key = g.domain"
    };
}

/// True while a use `u` may go on, at the instant `$1`, its aidant having accepted charter `$2`; over [`stands_on`].
macro_rules! in_force {
    () => {
        "COALESCE(u.ended_at IS NULL
    AND g.mandate_id = m.id AND g.state = 'live' AND g.ends_at > $1
    AND m.state = 'active' AND m.ends_at > $1
    AND s.status = 'habilitated' AND s.habilitated_from <= $1 AND s.habilitated_until > $1
    AND sd.domain IS NOT NULL
    AND mb.status = 'active' AND mb.is_aidant AND p.status = 'active' AND p.charter_version = $2
    AND cd.state = 'active' AND cd.person_id = u.person_id AND k.status = 'active', FALSE)"
    };
}

/// What a code or a token stands on.
macro_rules! standing {
    () => {
        "u.id AS use_id, u.grant_id, u.mandate_id, u.user_id, u.structure_id, u.person_id, u.auth_time, u.entry_id AS opened_by, g.domain, g.access, g.single_use, g.ends_at AS grant_ends_at, d.rep_scope, m.acr"
    };
}

pub mod known;
pub mod refresh;
pub mod uses;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Standing {
    pub use_id: UseId,
    pub grant_id: GrantId,
    pub mandate_id: MandateId,
    pub user_id: UserId,
    pub structure_id: StructureId,
    pub person_id: PersonId,
    pub auth_time: Timestamp,
    /// The entry of the log in which the use was opened.
    pub opened_by: EntryId,
    pub domain: String,
    pub access: String,
    pub single_use: bool,
    pub grant_ends_at: Timestamp,
    pub rep_scope: String,
    /// Level of the user's proofing at consent.
    pub acr: Option<String>,
}

/// A code as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CodeRow {
    pub code_hash: HashedToken,
    pub client_id: ServiceId,
    pub redirect_uri: String,
    pub scope: String,
    pub nonce: Option<String>,
    /// Claims asked for one by one, JSON.
    pub claims: Option<String>,
    pub code_challenge: Option<String>,
    /// Thumbprint of the key that must come with it.
    pub dpop_jkt: Option<String>,
    pub expires_at: Timestamp,
    pub redeemed_at: Option<Timestamp>,
    /// Whether all it stands on is in force, and a grant for one use is not consumed.
    pub allowed: bool,
    #[sqlx(flatten)]
    pub standing: Standing,
}

const CODES: &str = concat!(
    "SELECT c.code_hash, c.client_id, c.redirect_uri, c.scope, c.nonce, c.claims, c.code_challenge, c.dpop_jkt, c.expires_at, c.redeemed_at,
  (NOT (g.single_use AND g.consumed_at IS NOT NULL) AND ",
    in_force!(),
    ") AS allowed, ",
    standing!(),
    "
FROM authorization_code c
JOIN use_session u ON u.id = c.use_id",
    stands_on!(),
    "
WHERE c.code_hash IN"
);

const REDEEM: &str = "UPDATE authorization_code SET redeemed_at = $1
WHERE redeemed_at IS NULL AND expires_at > $1 AND code_hash IN";

const CONSUME: &str = "
UPDATE mandate_grant SET consumed_at = $2 WHERE id = $1 AND single_use AND consumed_at IS NULL";

const INSERT: &str = "
INSERT INTO access_token (token_hash, code_hash, use_id, client_id, scope, dpop_jkt, issued_at, expires_at, entry_id) VALUES";

const REVOKE_OF_CODE: &str =
    "UPDATE access_token SET revoked_at = $2 WHERE code_hash = $1 AND revoked_at IS NULL";

/// Codes, whatever their state; an unknown one is missing.
pub async fn codes(
    tx: &mut impl Access,
    hashes: &[&HashedToken],
    now: Timestamp,
    charter: i64,
) -> Result<Vec<CodeRow>, StoreError> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{CODES} ({})", list(3, hashes.len()));
    on!(tx, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.clone())).bind(now).bind(charter);
        for hash in padded(hashes) {
            query = query.bind(*hash);
        }
        query.fetch_all(c).await
    })
}

/// Redeems codes, each once. How many were: exactly one of several callers redeems a code.
pub async fn redeem(tx: &mut WriteTx, hashes: &[&HashedToken], now: Timestamp) -> Result<u64, StoreError> {
    if hashes.is_empty() {
        return Ok(0);
    }
    let sql = format!("{REDEEM} ({})", list(2, hashes.len()));
    changed!(tx, {
        let mut query = sqlx::query(AssertSqlSafe(sql.clone())).bind(now);
        for hash in padded(hashes) {
            query = query.bind(*hash);
        }
        query
    })
}

/// Consumes a grant that allows one use. False if it was consumed before.
pub async fn consume(tx: &mut WriteTx, grant: GrantId, now: Timestamp) -> Result<bool, StoreError> {
    Ok(changed!(tx, sqlx::query(CONSUME).bind(grant).bind(now))? == 1)
}

/// An access token to keep, hashed.
pub struct NewToken<'a> {
    pub hash: &'a HashedToken,
    pub code: &'a HashedToken,
    pub use_id: UseId,
    pub client: ServiceId,
    pub scope: &'a str,
    /// Thumbprint of the key it is bound to.
    pub dpop_jkt: Option<&'a str>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub entry: EntryId,
}

pub async fn insert(tx: &mut WriteTx, tokens: &[NewToken<'_>]) -> Result<(), StoreError> {
    if tokens.is_empty() {
        return Ok(());
    }
    let sql = format!("{INSERT} {}", rows(tokens.len(), 9));
    changed!(tx, {
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        for new in tokens {
            query = query
                .bind(new.hash)
                .bind(new.code)
                .bind(new.use_id)
                .bind(new.client)
                .bind(new.scope)
                .bind(new.dpop_jkt)
                .bind(new.issued_at)
                .bind(new.expires_at)
                .bind(new.entry);
        }
        query
    })?;
    Ok(())
}

/// Kills every token of a code, those that refresh included; how many were not dead before.
pub async fn revoke_of_code(tx: &mut WriteTx, code: &HashedToken, now: Timestamp) -> Result<u64, StoreError> {
    let killed = changed!(tx, sqlx::query(REVOKE_OF_CODE).bind(code).bind(now))?;
    Ok(killed + refresh::revoke_of_code(tx, code, now).await?)
}

const IN_FORCE: &str = concat!(
    "SELECT COUNT(*) FROM use_session u",
    stands_on!(),
    "
WHERE ",
    in_force!(),
    " AND u.id IN"
);

/// How many of these uses, all different, may go on at `now`: neither ended, nor anything they stand on.
pub async fn in_force(
    tx: &mut impl Access,
    uses: &[UseId],
    now: Timestamp,
    charter: i64,
) -> Result<usize, StoreError> {
    if uses.is_empty() {
        return Ok(0);
    }
    let sql = format!("{IN_FORCE} ({})", list(3, uses.len()));
    let count: i64 = on!(tx, c => {
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql.clone())).bind(now).bind(charter);
        for id in padded(uses) {
            query = query.bind(*id);
        }
        query.fetch_one(c).await
    })?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Whether one use may go on at `now`.
pub async fn is_in_force(
    tx: &mut impl Access,
    id: UseId,
    now: Timestamp,
    charter: i64,
) -> Result<bool, StoreError> {
    Ok(in_force(tx, &[id], now, charter).await? == 1)
}

/// An access token as stored, with the user's identity and whether it still opens it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TokenRow {
    pub token_hash: HashedToken,
    pub code_hash: HashedToken,
    pub client_id: ServiceId,
    pub scope: String,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// The public identifier of the client.
    pub issued_to: String,
    pub sector: String,
    pub tells_actor: bool,
    /// Thumbprint of the key that must come with it.
    pub dpop_jkt: Option<String>,
    /// The algorithm its answers of userinfo are signed with; plain if absent.
    pub userinfo_alg: Option<String>,
    /// Scopes that its service may ask for today.
    pub allowed: String,
    /// Claims asked for one by one, JSON.
    pub claims: Option<String>,
    pub identity_sealed: Vec<u8>,
    /// Neither revoked nor expired, and all it stands on in force.
    pub alive: bool,
    #[sqlx(flatten)]
    pub standing: Standing,
}

const TOKENS: &str = concat!(
    "SELECT t.token_hash, t.code_hash, t.client_id, t.scope, t.issued_at, t.expires_at, k.client_id AS issued_to, k.sector, k.tells_actor, t.dpop_jkt, k.userinfo_alg, k.scopes AS allowed, ac.claims, a.identity_sealed,
  (t.revoked_at IS NULL AND t.expires_at > $1 AND ",
    in_force!(),
    ") AS alive, ",
    standing!(),
    "
FROM access_token t
JOIN use_session u ON u.id = t.use_id
JOIN app_user a ON a.id = u.user_id
LEFT JOIN authorization_code ac ON ac.code_hash = t.code_hash",
    stands_on!(),
    "
WHERE t.token_hash IN"
);

/// Access tokens, alive or not; an unknown one is missing.
pub async fn find(
    tx: &mut impl Access,
    hashes: &[&HashedToken],
    now: Timestamp,
    charter: i64,
) -> Result<Vec<TokenRow>, StoreError> {
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{TOKENS} ({})", list(3, hashes.len()));
    on!(tx, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.clone())).bind(now).bind(charter);
        for hash in padded(hashes) {
            query = query.bind(*hash);
        }
        query.fetch_all(c).await
    })
}
