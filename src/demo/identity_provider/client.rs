//! The relying parties registered here, and how they prove who they are.
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::domain::secret::{PlainToken, Secret};

use super::params::Params;

/// How userinfo is answered to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Userinfo {
    /// `application/jwt`, as FranceConnect and ProConnect do.
    Signed,
    Json,
}

/// One registered relying party.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    pub secret: Secret,
    /// Shown to the person who signs in.
    pub name: String,
    /// Compared character by character.
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub userinfo: Userinfo,
    /// Professionals identify here, not users: in the manner of ProConnect.
    pub professionals: bool,
}

/// The caller of the token endpoint is not a registered client (RFC 6749 §5.2, `invalid_client`).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InvalidClient;

impl Client {
    fn has_secret(&self, presented: &str) -> bool {
        // Compared as hashes: how long it takes tells nothing about the secret.
        let known = PlainToken::presented(self.secret.reveal());
        let presented = PlainToken::presented(presented);
        known.hash() == presented.hash()
    }
}

/// client_secret_basic or client_secret_post (OpenID Connect Core §9), never both at once.
pub(super) fn authenticate<'c>(
    clients: &'c [Client],
    headers: &HeaderMap,
    form: &Params,
) -> Result<&'c Client, InvalidClient> {
    let posted = form.get("client_secret");
    let (id, secret) = match (headers.get(AUTHORIZATION), posted) {
        (Some(header), None) => basic(header.to_str().map_err(|_| InvalidClient)?)?,
        (None, Some(secret)) => (form.get("client_id").unwrap_or("").to_owned(), secret.to_owned()),
        _ => return Err(InvalidClient),
    };
    clients.iter().find(|client| client.id == id && client.has_secret(&secret)).ok_or(InvalidClient)
}

/// RFC 6749 §2.3.1: both halves are form-encoded before they are joined and put in base64.
fn basic(header: &str) -> Result<(String, String), InvalidClient> {
    let encoded = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let bytes = BASE64_STANDARD.decode(encoded.ok_or(InvalidClient)?.1.trim()).map_err(|_| InvalidClient)?;
    let text = String::from_utf8(bytes).map_err(|_| InvalidClient)?;
    let (id, secret) = text.split_once(':').ok_or(InvalidClient)?;
    Ok((form_decode(id), form_decode(secret)))
}

fn form_decode(text: &str) -> String {
    form_urlencoded::parse(format!("v={text}").as_bytes()).map(|(_, value)| value.into_owned()).collect()
}
