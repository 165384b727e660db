//! What was typed in a form whose session had died comes back after sign-in: to the same person, in the same browser,
//! for an hour, and never a secret.
use time::Duration;

use crate::domain::secret::PlainToken;
use crate::store::{session, stash};
use crate::{transact, view};

use super::App;
use super::caller::SignedIn;
use super::fault::Fault;

const KEPT: Duration = Duration::hours(1);
/// Parts of the names of fields that are never kept.
const SECRETS: [&str; 5] = ["password", "code", "secret", "token", "pin"];

/// A form as it was posted.
pub struct KeptForm {
    pub path: String,
    pub fields: Vec<(String, String)>,
}

/// Keeps a form posted to `path` with the cookie of a session that had died. Gives the token under which it comes
/// back; nothing is kept when nobody knows whose session it was.
pub async fn keep(
    app: &App,
    dead_session: &PlainToken,
    path: &str,
    fields: Vec<(String, String)>,
) -> Result<Option<PlainToken>, Fault> {
    let owner = view!(app.store, tx => { Ok::<_, Fault>(session::owner(tx, &dead_session.hash()).await?) })?;
    let Some(owner) = owner else { return Ok(None) };
    let fields: Vec<_> = fields.into_iter().filter(|(name, _)| !is_secret(name)).collect();
    let token = PlainToken::generate(&*app.entropy);
    let hash = token.hash();
    let sealed = app.sealer.seal_json(stash::form_place(&hash), &fields)?;
    let now = app.now();
    transact!(app.store, "keep_form", tx => {
        Ok::<_, Fault>(stash::insert(tx, &hash, owner, path, &sealed, now, now + KEPT).await?)
    })?;
    Ok(Some(token))
}

/// The form kept in this browser, if it is this person's.
pub async fn find(app: &App, who: &SignedIn, token: &PlainToken) -> Result<Option<KeptForm>, Fault> {
    let hash = token.hash();
    let now = app.now();
    let row = view!(app.store, tx => { Ok::<_, Fault>(stash::find(tx, &hash, who.person_id, now).await?) })?;
    row.map(|row| {
        let fields = app.sealer.open_json(stash::form_place(&hash), &row.form_sealed)?;
        Ok(KeptForm { path: row.path, fields })
    })
    .transpose()
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in ["password", "new_password", "code", "code2", "Token"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["email", "domains", "duration", "reason"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
