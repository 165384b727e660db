//! The client an integrator tries first: registered like any service, with a secret made at the first start. Nothing
//! answers at its addresses: they are where the integrator's own program will listen.
use crate::app::App;
use crate::app::manage_client::By;
use crate::app::register_client::{self, NewService, RegisterError};
use crate::oidc::provider::policy::Policy;

use super::folder::Memory;
use super::scene::SceneError;

const CLIENT_ID: &str = "essai";
const REDIRECT_URI: &str = "http://localhost:3000/callback";
const SIGNED_OUT_URI: &str = "http://localhost:3000/signed-out";

/// What an integrator needs to know of it.
#[derive(Clone, Debug)]
pub struct TestClient {
    pub client_id: String,
    pub client_secret: String,
    pub redirect_uri: &'static str,
}

/// Registers it where it is not yet: an earlier version's demonstration had none. None if a service that somebody else
/// registered has its name.
pub(super) async fn ensure(app: &App, memory: &mut Memory) -> Result<Option<TestClient>, SceneError> {
    let known = memory.services.iter().find(|(id, _)| id == CLIENT_ID).cloned();
    let (client_id, client_secret) = match known {
        Some(known) => known,
        None => match register_client::register(app, By::CommandLine, &registration()).await {
            Ok((_, secret)) => {
                let made = (
                    CLIENT_ID.to_owned(),
                    secret.map_or_else(String::new, |secret| secret.reveal().to_owned()),
                );
                memory.services.push(made.clone());
                made
            }
            Err(RegisterError::Taken) => return Ok(None),
            Err(error) => return Err(error.into()),
        },
    };
    Ok(Some(TestClient { client_id, client_secret, redirect_uri: REDIRECT_URI }))
}

fn registration() -> NewService {
    NewService {
        client_id: CLIENT_ID.to_owned(),
        name: "Service à l’essai".to_owned(),
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        post_logout_redirect_uris: vec![SIGNED_OUT_URI.to_owned()],
        domains: None,
        sector: None,
        policy: Policy { may_refresh: true, ..Policy::general() },
    }
}
