//! Who the user is. openidconnect verifies signed userinfo with RS256 only; FranceConnect and others sign with
//! what was registered, so the signature is checked here with jsonwebtoken, against the same keys.
use std::sync::Arc;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation};
use openidconnect::{AccessToken, HttpRequest, HttpResponse, JsonWebKey};
use serde_json::{Map, Value};

use crate::domain::time::Timestamp;

use super::discovery::Metadata;
use super::{Federation, FederationError, SignatureAlg};

pub(super) type Claims = Map<String, Value>;

impl Federation {
    pub(super) async fn userinfo(
        &self,
        now: Timestamp,
        metadata: &Arc<Metadata>,
        token: &AccessToken,
    ) -> Result<Claims, FederationError> {
        let endpoint = metadata
            .userinfo_endpoint()
            .ok_or(FederationError::Nonsense("metadata without a userinfo endpoint"))?;
        let accept =
            if self.provider.userinfo_alg.is_some() { "application/jwt" } else { "application/json" };
        let request = http::Request::builder()
            .uri(endpoint.as_str())
            .header(http::header::ACCEPT, accept)
            .header(http::header::AUTHORIZATION, format!("Bearer {}", token.secret()))
            .body(Vec::new());
        let request: HttpRequest = request.map_err(|_| FederationError::Nonsense("access token"))?;
        let answer = self.http.send(request).await?;
        if !answer.status().is_success() {
            return Err(FederationError::Failing(answer.status().as_u16()));
        }
        match self.provider.userinfo_alg {
            None if essence(&answer) == "application/json" => {
                serde_json::from_slice(answer.body()).map_err(|_| FederationError::Nonsense("userinfo"))
            }
            Some(algorithm) if essence(&answer) == "application/jwt" => {
                self.signed(now, metadata, answer.body(), algorithm)
            }
            Some(_) => Err(FederationError::WrongAlgorithm),
            None => Err(FederationError::Nonsense("userinfo is not JSON")),
        }
    }

    fn signed(
        &self,
        now: Timestamp,
        metadata: &Metadata,
        body: &[u8],
        algorithm: SignatureAlg,
    ) -> Result<Claims, FederationError> {
        let header = jsonwebtoken::decode_header(body).map_err(|_| FederationError::Nonsense("userinfo"))?;
        if header.alg != algorithm.for_userinfo() {
            return Err(FederationError::WrongAlgorithm);
        }
        let mut rules = Validation::new(algorithm.for_userinfo());
        // The system clock is not ours: `exp`, optional here, is compared below.
        rules.validate_exp = false;
        rules.required_spec_claims.clear();
        rules.validate_aud = false;
        let claims = keys(metadata, header.kid.as_deref())
            .iter()
            .find_map(|key| jsonwebtoken::decode::<Claims>(body, key, &rules).ok())
            .ok_or(FederationError::BadSignature)?
            .claims;
        self.meant_for_us(now, &claims)?;
        Ok(claims)
    }

    /// OpenID Connect Core §5.3.2: a signed userinfo names its issuer and its audience.
    fn meant_for_us(&self, now: Timestamp, claims: &Claims) -> Result<(), FederationError> {
        if claims.get("iss").and_then(Value::as_str) != Some(&self.provider.issuer) {
            return Err(FederationError::WrongIssuer);
        }
        let ours = |audience: &Value| audience.as_str() == Some(&self.provider.client_id);
        let for_us = match claims.get("aud") {
            Some(Value::Array(audiences)) => audiences.iter().any(ours),
            Some(audience) => ours(audience),
            None => false,
        };
        if !for_us {
            return Err(FederationError::WrongAudience);
        }
        let expired = claims.get("exp").is_some_and(|exp| exp.as_i64().is_none_or(|exp| exp <= now.unix()));
        if expired { Err(FederationError::WrongTime) } else { Ok(()) }
    }
}

fn essence(answer: &HttpResponse) -> String {
    let header = answer.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    header.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}

/// The provider's keys that may have signed: the one named, or all when none is.
fn keys(metadata: &Metadata, kid: Option<&str>) -> Vec<DecodingKey> {
    let named = |key: &&openidconnect::core::CoreJsonWebKey| {
        kid.is_none_or(|kid| key.key_id().is_some_and(|id| id.as_str() == kid))
    };
    let readable = |key| {
        let jwk: Jwk = serde_json::from_value(serde_json::to_value(key).ok()?).ok()?;
        DecodingKey::from_jwk(&jwk).ok()
    };
    metadata.jwks().keys().iter().filter(named).filter_map(readable).collect()
}
