//! The HTTP edge; async lives here only.
//!
//! Two listeners: the public one for people, the admin one for programs on this machine. The caller
//! binds them, so tests take port 0 and a privileged port is bound before privileges are dropped.

mod accepts;
mod admin;
mod asked;
mod blocking;
mod checkpoints;
mod content;
mod document;
mod door;
mod duration;
mod failure;
mod health;
mod log;
mod machine;
pub mod openapi;
mod paging;
mod public;
mod query;
mod routes;
mod schemas;
mod signals;
mod slots;
mod ticket;
mod view;

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::Deps;
use crate::error::Error;
use asked::Peer;
use blocking::App;
use door::Door;
pub use door::{Consent, Rule, TooOpen};

/// How long requests in flight may take after the order to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Where the server listens.
#[derive(Debug)]
pub struct Listeners {
    /// For people.
    pub public: TcpListener,
    /// For programs on this machine.
    pub admin: TcpListener,
    /// Who may use the latter.
    pub rule: Rule,
}

/// What a configuration comes down to.
pub struct Opened {
    /// The use cases' dependencies.
    pub deps: Deps,
    /// The option `log_level`.
    pub log_level: String,
}

/// Reads the configuration and opens what it names.
pub type Open = dyn Fn() -> Result<Opened, Error> + Send + Sync;

/// Serves what was `opened` until SIGTERM or SIGINT; SIGHUP puts what `reopen` gives in its place.
/// Told to stop, it finishes what is in flight, for at most ten seconds.
///
/// # Errors
/// When the system refuses a listener, a thread or a signal handler.
pub fn run(listeners: Listeners, opened: Opened, reopen: Arc<Open>) -> io::Result<()> {
    let level = log::start(&opened.log_level);
    let app = App::new(opened.deps);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The last owner of the store lives out here: closing it may block.
    let result = runtime.block_on(async {
        let reload = signals::reload_on_hangup(app.clone(), reopen, level)?;
        let signing = checkpoints::start(app.clone());
        let door = Door::new(app.clone(), listeners.rule);
        let recording = door.keep_records();
        let result = serve(listeners, app.clone(), &door, signals::stop()?).await;
        reload.abort();
        signing.abort();
        recording.abort();
        door.settle(true).await;
        checkpoints::sign(&app).await;
        result
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    drop(app);
    result
}

/// Serves both listeners until `stop` completes.
async fn serve(
    listeners: Listeners,
    app: App,
    door: &Door,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let (tell, told) = watch::channel(false);
    let public = spawn(listeners.public, routes::finish(routes::public(&app)), told.clone())?;
    // Clients of the admin API know the same routes with and without its prefix.
    let admin = routes::admin(&app);
    let admin = routes::finish_admin(admin.clone().nest("/admin", admin), door);
    let admin = spawn(listeners.admin, admin, told)?;
    tracing::info!("serving");
    let both = async { (flatten(public.await), flatten(admin.await)) };
    tokio::pin!(both);
    tokio::select! {
        (public, admin) = &mut both => return public.and(admin),
        () = stop => tracing::info!("stopping"),
    }
    // Both tasks hold a receiver until they have ended.
    let _ = tell.send(true);
    let Ok((public, admin)) = tokio::time::timeout(DRAIN, both).await else {
        tracing::warn!(seconds = DRAIN.as_secs(), "requests still in flight were cut off");
        return Ok(());
    };
    public.and(admin)
}

fn spawn(
    listener: TcpListener,
    routes: Router,
    mut told: watch::Receiver<bool>,
) -> io::Result<JoinHandle<io::Result<()>>> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let stop = async move {
        // An error means that nobody can tell us any more, which is a reason to stop too.
        let _ = told.wait_for(|stop| *stop).await;
    };
    let routes = routes.layer(from_fn(peer)).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, routes).with_graceful_shutdown(stop);
    Ok(tokio::spawn(server.into_future()))
}

/// Middleware: says who is at the other end.
async fn peer(
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = Peer { address: Some(address), tls: false, certificate: None };
    request.extensions_mut().insert(peer);
    next.run(request).await
}

fn flatten(ended: Result<io::Result<()>, tokio::task::JoinError>) -> io::Result<()> {
    ended.unwrap_or_else(|error| Err(io::Error::other(error)))
}
