//! `demo`: the product with everything around it, on this machine alone.
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;

use axum::Router;
use axum_server::Handle;
use tracing_subscriber::EnvFilter;

use crate::app::notices::Carrier;
use crate::demo::folder::Folder;
use crate::demo::stage::{self, Origins, Stage};
use crate::jobs::Jobs;

use super::serve::stop_on_signal;
use super::{Failure, say, start};

#[derive(clap::Args)]
pub(super) struct Options {
    /// Where the product answers: a loopback address. The identity provider and the services take the next ports.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Folder of the demonstration: database, keys, cards.
    #[arg(long, value_name = "FOLDER", default_value = "data/demo")]
    data: PathBuf,
    /// Start anew: whatever an earlier demonstration left in the folder is lost.
    #[arg(long, conflicts_with = "database_url")]
    fresh: bool,
    /// An empty PostgreSQL database instead of the SQLite file, without a password in the URL.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// First of the three ports of the identity provider and the services.
    #[arg(long, value_name = "PORT")]
    services_port_base: Option<u16>,
}

/// Sockets of the product, the identity provider, the taxes and the allowances.
type Sockets = [TcpListener; 4];

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    no_password(options)?;
    start::block_on(async {
        let sockets = sockets(options)?;
        let origins = origins(&sockets)?;
        let folder = Folder::open(&options.data, options.fresh).map_err(refused)?;
        let stage = stage::set(&folder, &origins, options.database_url.as_deref()).await.map_err(refused)?;
        let jobs = Jobs::start(&stage.app, Some(Carrier::Mailbox));
        let handle = Handle::new();
        tokio::spawn(stop_on_signal(handle.clone()));
        let routers = [stage.product(), stage.identity(), stage.taxes(), stage.allowances()];
        let mut servers = Vec::new();
        for (socket, router) in sockets.into_iter().zip(routers) {
            servers.push(tokio::spawn(serve(socket, router, handle.clone())));
        }
        announce(&origins, &folder, &stage);
        for server in servers {
            server.await.map_err(|error| Failure::Refused(error.to_string()))??;
        }
        jobs.stop().await;
        stage.app.store.close().await;
        Ok(())
    })
}

/// Arguments are read by every account of the machine.
fn no_password(options: &Options) -> Result<(), Failure> {
    let url = options.database_url.as_deref().and_then(|url| url::Url::parse(url).ok());
    if url.is_some_and(|url| url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password"))
    {
        return Err(Failure::Refused(
            "--database-url holds a password, and arguments can be read by every account of this machine: \
             use a local socket, or the variable PGPASSWORD"
                .to_owned(),
        ));
    }
    Ok(())
}

fn refused(error: impl std::error::Error) -> Failure {
    Failure::Refused(error.to_string())
}

async fn serve(socket: TcpListener, router: Router, handle: Handle<SocketAddr>) -> Result<(), Failure> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum_server::from_tcp(socket)?.handle(handle).serve(service).await?)
}

/// Takes all four ports before anything is written: either the demonstration runs whole or not at all.
fn sockets(options: &Options) -> Result<Sockets, Failure> {
    let listen = options.listen;
    if !listen.ip().is_loopback() {
        return Err(Failure::Refused(format!(
            "{} can be reached from elsewhere: the demonstration, whose passwords everyone knows, listens on this \
             machine only (127.0.0.1 or [::1])",
            listen.ip()
        )));
    }
    let base = match options.services_port_base {
        Some(base) => base,
        None if listen.port() == 0 => 0,
        None => listen.port().checked_add(1).unwrap_or(0),
    };
    let nth = |n: u16| if base == 0 { 0 } else { base.saturating_add(n) };
    Ok([
        take(listen.ip(), listen.port())?,
        take(listen.ip(), nth(0))?,
        take(listen.ip(), nth(1))?,
        take(listen.ip(), nth(2))?,
    ])
}

fn take(ip: IpAddr, port: u16) -> Result<TcpListener, Failure> {
    let address = SocketAddr::new(ip, port);
    let socket = TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Failure::Refused(format!(
            "port {port} is taken, perhaps by another demonstration: stop it, or choose other ports, for example \
             --listen {ip}:9080 (with --data data/other, since a folder remembers its ports)"
        )),
        ErrorKind::PermissionDenied => {
            Failure::Refused(format!("port {port} is not allowed for this account: choose one above 1023"))
        }
        _ => Failure::Io(error),
    })?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Each on a host of its own, so that cookies and sites are as separate as in life.
fn origins(sockets: &Sockets) -> Result<Origins, Failure> {
    let [product, identity, taxes, allowances] = sockets;
    let at = |host: &str, socket: &TcpListener| -> Result<String, Failure> {
        Ok(format!("http://{host}:{}", socket.local_addr()?.port()))
    };
    Ok(Origins {
        product: at("localhost", product)?,
        identity: at("identite.localhost", identity)?,
        taxes: at("impots.localhost", taxes)?,
        allowances: at("allocations.localhost", allowances)?,
    })
}

fn announce(origins: &Origins, folder: &Folder, stage: &Stage) {
    let mut lines = vec![
        format!("Entremise, the demonstration  {}/demo", origins.product),
        format!("  the desk                    {}/", origins.product),
        format!("  national identity           {}/", origins.identity),
        format!(
            "  professional identity       {}/ (link it from “My account”, then enter with it)",
            origins.identity
        ),
        format!("  taxes                       {}/", origins.taxes),
        format!("  family allowances           {}/", origins.allowances),
        format!("  data                        {}", folder.root().display()),
    ];
    if let Some(client) = &stage.test_client {
        lines.push(format!("  for a service of your own   client_id      {}", client.client_id));
        lines.push(format!("                              client_secret  {}", client.client_secret));
        lines.push(format!("                              redirect_uri   {}", client.redirect_uri));
    }
    lines.push(
        "Open the first address: it says who to sign in as and what to try. Ctrl-C stops it.".to_owned(),
    );
    for line in &lines {
        say(line);
    }
}
