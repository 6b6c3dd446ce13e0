//! The HTTP edge; async lives here only.
//!
//! Two listeners: the public one for people, the admin one for programs on this machine. The caller
//! binds them, so tests take port 0 and a privileged port is bound before privileges are dropped.

mod accepts;
mod admin;
mod asked;
mod blocking;
mod checkpoints;
mod cleaning;
mod console;
mod content;
mod document;
mod door;
mod duration;
mod edge;
mod editor;
mod exported;
mod failure;
mod gone;
mod health;
mod log;
mod mail;
mod metrics;
mod minutes;
mod notice;
pub mod openapi;
mod origin;
mod pages;
mod paging;
mod public;
mod query;
mod routes;
mod rush;
mod schemas;
mod sightings;
mod signals;
mod slots;
mod streaming;
mod strict;
mod systemd;
mod ticket;
mod view;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::Deps;
use crate::capacity;
use crate::error::Error;
use blocking::App;
pub use console::{Method as ConsoleMethod, Route as ConsoleRoute, TABLE as CONSOLE};
use door::Door;
pub use door::{Consent, Rule, TooOpen};
use edge::accept::{self, Shared};
use edge::around::{Current, Edge};
use edge::body::Budget;
pub use edge::socket::Socket;
use edge::tls::{self, Side, Tls};

/// How long requests in flight may take after the order to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// Most connections at once: of people, of programs, and of those who ask how the service is.
const MOST: (usize, usize, usize) = (8192, 1024, 16);
/// Threads of the admin listener beside those that read.
const SPARE: usize = 2;
/// Descriptors for everything but connections.
const OTHER_FILES: usize = 256;

/// Where the server listens.
#[derive(Debug)]
pub struct Listeners {
    /// For people.
    pub public: Socket,
    /// For programs on this machine.
    pub admin: Socket,
    /// For those who only ask how the service is.
    pub health: Option<Socket>,
}

/// Reads the configuration and opens what it names.
pub type Open = dyn Fn() -> Result<Deps, Error> + Send + Sync;

/// What changes when the configuration is read again.
#[derive(Clone)]
struct Running {
    app: App,
    rules: Current,
    tls: Arc<Tls>,
    log: log::Log,
    admin_is_local: bool,
}

impl Running {
    fn replace(&self, deps: Deps) {
        self.log.set(&deps.options.log_level);
        self.rules.replace(&deps.options);
        self.tls.replace(&deps.options, self.admin_is_local);
        self.app.replace(deps);
    }
}

/// A server that is ready to run.
pub struct Server {
    listeners: Listeners,
    running: Running,
    files: usize,
}

impl Server {
    /// Puts a server together. `files` is how many descriptors the process may have.
    ///
    /// # Errors
    /// When the certificate cannot be used, or the log cannot be started.
    pub fn new(listeners: Listeners, deps: Deps, files: usize) -> io::Result<Self> {
        let admin_is_local = listeners.admin.is_local();
        let tls = Tls::open(&deps.options, admin_is_local).map_err(io::Error::other)?;
        let rules = Current::default();
        rules.replace(&deps.options);
        let clock = deps.clock.clone();
        let log = log::start(&deps.options.log_level, move || clock.now())?;
        let running =
            Running { app: App::new(deps), rules, tls: Arc::new(tls), log, admin_is_local };
        Ok(Self { listeners, running, files })
    }

    /// Where clients find the listeners, by name.
    fn urls(&self) -> [(&'static str, String); 2] {
        let speaks = |side| self.running.tls.current(side).is_some();
        [
            ("public", self.listeners.public.url(speaks(Side::Public))),
            ("admin", self.listeners.admin.url(speaks(Side::Admin))),
        ]
    }

    /// Serves, with the admin listener kept by `rule`, until SIGTERM or SIGINT; SIGHUP puts what `reopen` gives in place of what there is.
    /// Told to stop, it finishes what is in flight, for at most ten seconds. `announce` is told where the listeners are as soon as a
    /// signal does what is said here.
    ///
    /// # Errors
    /// When the system refuses a listener, a thread or a signal handler.
    pub fn run(
        self,
        rule: Rule,
        reopen: Arc<Open>,
        announce: impl FnOnce([(&'static str, String); 2]),
    ) -> io::Result<()> {
        log_panics();
        let urls = self.urls();
        let Self { listeners, running, files } = self;
        let cores = capacity::cores();
        let threads = |many| Builder::new_multi_thread().worker_threads(many).enable_all().build();
        // Nobody who signs in waits for what an administrator reads; and as many read at once as
        // there are cores, so that the others of the admin listener find a thread too.
        let (runtime, admin) = (threads(cores)?, threads(cores + SPARE)?);
        // Before anybody is let in.
        running.app.close(Some("It was not found out yet who is gone.".to_owned()));
        gone::look(&running.app, &running.app.deps());
        let mail = mail::start(&running.app)?;
        // The last owner of the store lives out here: closing it may block.
        let result = runtime.block_on(async {
            let stop = signals::stop()?;
            let mut tasks = vec![
                signals::reload_on_hangup(running.clone(), reopen)?,
                checkpoints::start(running.app.clone()),
                cleaning::start(running.app.clone()),
                sightings::start(running.app.clone()),
                streaming::start(running.app.clone()),
                gone::watch(running.app.clone()),
                tls::watch(Arc::clone(&running.tls)),
            ];
            let door = Door::new(running.app.clone(), rule);
            tasks.push(door.keep_records());
            tasks.extend(systemd::watchdog());
            announce(urls);
            let result = serve(listeners, &running, &door, admin.handle(), files, stop).await;
            for task in tasks {
                task.abort();
            }
            door.settle(true).await;
            sightings::write_down(&running.app).await;
            checkpoints::sign(&running.app).await;
            result
        });
        mail.stop();
        admin.shutdown_timeout(Duration::from_secs(1));
        runtime.shutdown_timeout(Duration::from_secs(1));
        running.log.flush();
        drop(running);
        result
    }
}

/// Serves all listeners until `stop` completes, the admin listener on `threads`.
async fn serve(
    listeners: Listeners,
    running: &Running,
    door: &Door,
    threads: &Handle,
    files: usize,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let (tell, told) = watch::channel(false);
    let app = &running.app;
    let budget = Budget::default();
    let edge = |side| Edge {
        side,
        app: app.clone(),
        rules: running.rules.clone(),
        budget: budget.clone(),
        metrics: Arc::clone(app.metrics()),
        lines: running.log.lines(),
    };
    let shared = |side, routes, most| {
        let (tls, metrics) = (Arc::clone(&running.tls), Arc::clone(app.metrics()));
        Shared { side, routes, tls, metrics, most }
    };
    let room = files.saturating_sub(OTHER_FILES + MOST.1).clamp(64, MOST.0);
    let mut serving = JoinSet::new();
    let public = routes::finish(routes::public(app), edge(Side::Public));
    let public = shared(Side::Public, public, room);
    serving.spawn(accept::serve(listeners.public, public, told.clone()));
    // Clients of the admin API know the same routes with and without its prefix.
    let admin = routes::admin(app);
    let admin = admin.clone().nest("/admin", admin);
    let admin = routes::finish_admin(admin, edge(Side::Admin), door);
    let admin = shared(Side::Admin, admin, MOST.1.min(room));
    serving.spawn_on(accept::serve(listeners.admin, admin, told.clone()), threads);
    if let Some(socket) = listeners.health {
        let health = health::routes().merge(mail::routes()).with_state(app.clone());
        let health = routes::finish(health, edge(Side::Health));
        serving.spawn(accept::serve(socket, shared(Side::Health, health, MOST.2), told.clone()));
    }
    drop(told);
    tracing::info!("serving");
    systemd::ready();
    tokio::select! {
        // A listener ends by itself only when the system refuses it.
        Some(ended) = serving.join_next() => return flatten(ended),
        () = stop => tracing::info!("stopping"),
    }
    systemd::stopping();
    // All tasks hold a receiver until they have ended.
    let _ = tell.send(true);
    let all = async {
        let mut result = Ok(());
        while let Some(ended) = serving.join_next().await {
            result = result.and(flatten(ended));
        }
        result
    };
    tokio::time::timeout(DRAIN, all).await.unwrap_or_else(|_| {
        tracing::warn!(seconds = DRAIN.as_secs(), "requests still in flight were cut off");
        Ok(())
    })
}

fn flatten(ended: Result<io::Result<()>, tokio::task::JoinError>) -> io::Result<()> {
    ended.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// A panic becomes a line of the log: where, and not what, because that may hold anything.
fn log_panics() {
    std::panic::set_hook(Box::new(|about| {
        let place = about.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "internal error: a request met a fault in the program");
    }));
}
