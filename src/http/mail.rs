//! The thread that sends mail: it waits for the bell, looks once a second whether another process
//! has queued something, and goes on with whatever the last reload put in place.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::extract::State;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::blocking::App;
use super::document::Document;
use super::failure::Failure;
use crate::service::sending::{self, Postman};

/// How often the queue is looked at when no bell rings.
const EVERY: Duration = Duration::from_secs(1);
/// The bell rings within a transaction, and the message can be seen once that is committed.
const COMMIT: Duration = Duration::from_millis(20);
/// How long a stop waits for a mail that is just being handed over.
const LAST: Duration = Duration::from_secs(5);
/// After a failure of the store.
const RECOVER: Duration = Duration::from_secs(5);

/// The thread.
pub struct Sending {
    app: App,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Starts it.
///
/// # Errors
/// When the system refuses a thread.
pub fn start(app: &App) -> io::Result<Sending> {
    let stop = Arc::new(AtomicBool::new(false));
    let (told, with) = (Arc::clone(&stop), app.clone());
    let thread = std::thread::Builder::new().name("mail".to_owned()).spawn(move || {
        let mut postman = Postman::default();
        while !told.load(Ordering::Acquire) {
            work(&with, &mut postman);
        }
    })?;
    Ok(Sending { app: app.clone(), stop, thread })
}

impl Sending {
    /// Ends it. What it is handing over right now it may finish, within reason; what it cannot
    /// finish is sent again after the next start.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        self.app.deps().outbox.ring();
        let begun = Instant::now();
        while !self.thread.is_finished() && begun.elapsed() < LAST {
            std::thread::sleep(Duration::from_millis(10));
        }
        if !self.thread.is_finished() {
            tracing::warn!("a mail was being sent when the service stopped");
        }
    }
}

/// Sends what is due, and waits for more.
fn work(app: &App, postman: &mut Postman) {
    let deps = app.deps();
    if app.closed().is_some() {
        // What waits may be for somebody who is gone.
        let outbox = deps.outbox.clone();
        drop(deps);
        outbox.wait(EVERY);
        return;
    }
    // A fault in one mail must not be the end of all mail.
    let done = catch_unwind(AssertUnwindSafe(|| sending::run(&deps, postman)));
    let mut pause = EVERY;
    match done {
        Ok(Ok(sent)) => {
            for note in &sent.notes {
                tracing::warn!(note, "mail");
            }
            app.metrics().mailed(&sent);
            if sent.more {
                return;
            }
        }
        Ok(Err(error)) => {
            let cause = error.cause();
            tracing::error!(%error, cause, "the outbox cannot be used");
            pause = RECOVER;
        }
        Err(_) => {
            *postman = Postman::default();
            pause = RECOVER;
        }
    }
    let outbox = deps.outbox.clone();
    // What a reload replaces must not be held on to while nothing happens.
    drop(deps);
    if outbox.wait(pause) {
        std::thread::sleep(COMMIT);
    }
}

/// The route of those who ask how the service is.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(mail))
}

/// Whether mail goes out.
#[utoipa::path(
    get, path = "/health/mail", operation_id = "isMailWorking", tag = "metadata",
    responses((status = 200, description =
        "`status` is `ok`, or `trouble`; `errors` then says why mail does not go out."))
)]
async fn mail(State(app): State<App>) -> Result<Document, Failure> {
    let trouble = app.call(sending::trouble).await??;
    Ok(Document::ok(match trouble {
        None => json!({"status": "ok"}),
        Some(why) => json!({"status": "trouble", "errors": {"mail": why.to_string()}}),
    }))
}
