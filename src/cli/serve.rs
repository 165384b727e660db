//! `serve`: the product, in production.
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;

use crate::app::notices::Carrier;
use crate::config::Config;
use crate::jobs::Jobs;
use crate::notify::Mailer;
use crate::web;

use super::{Failure, start};

/// How long requests under way may take to finish after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

pub(super) fn run(file: Option<&Path>) -> Result<(), Failure> {
    if file.is_some_and(Path::is_dir) {
        return Err(Failure::Refused(
            "this is the folder of a demonstration, whose passwords everyone knows: start it with `entremise demo`"
                .to_owned(),
        ));
    }
    start::journal();
    start::block_on(async {
        let app = start::app(file).await?;
        let jobs = Jobs::start(&app, carrier(&app.config)?);
        let server = &app.config.server;
        let handle = Handle::new();
        tokio::spawn(stop_on_signal(handle.clone()));
        let service = web::router(&app).into_make_service_with_connect_info::<SocketAddr>();
        tracing::info!(listen = %server.listen, origin = %server.issuer(), "serving");
        match (&server.tls_certificate_file, &server.tls_key_file) {
            (Some(certificate), Some(key)) => {
                let tls = RustlsConfig::from_pem_file(certificate, key).await?;
                axum_server::bind_rustls(server.listen, tls).handle(handle).serve(service).await?;
            }
            _ => axum_server::bind(server.listen).handle(handle).serve(service).await?,
        }
        jobs.stop().await;
        app.store.close().await;
        Ok(())
    })
}

/// What mails leave with; without a mail server they stay in the outbox.
fn carrier(config: &Config) -> Result<Option<Carrier>, Failure> {
    let Some(mail) = &config.mail else { return Ok(None) };
    let mailer = Mailer::new(&mail.smtp_url, &mail.from);
    mailer
        .map(|mailer| Some(Carrier::Smtp(Box::new(mailer))))
        .map_err(|error| Failure::Refused(error.to_string()))
}

/// Ends gracefully on SIGINT and SIGTERM.
pub(crate) async fn stop_on_signal(handle: Handle<SocketAddr>) {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
    handle.graceful_shutdown(Some(GRACE));
}
