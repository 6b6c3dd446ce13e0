//! Sends the ledger on while the service runs, where the option `audit_stream` asks for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::blocking::App;
use super::minutes::every;
use crate::service::streaming::Stream;

/// How often it is looked for new entries.
const EVERY: Duration = Duration::from_secs(1);

/// Sends every second what was committed since.
pub fn start(app: App) -> JoinHandle<()> {
    let stream = Arc::new(Mutex::new(Stream::default()));
    let well = Arc::new(AtomicBool::new(true));
    every(EVERY, move || {
        let (app, stream, well) = (app.clone(), Arc::clone(&stream), Arc::clone(&well));
        async move {
            let now = send(&app, &stream, well.load(Ordering::Relaxed)).await;
            well.store(now, Ordering::Relaxed);
        }
    })
}

/// Sends all there is; says whether that went well. A failure is for the log, once until it is over.
pub async fn send(app: &App, stream: &Arc<Mutex<Stream>>, well: bool) -> bool {
    loop {
        let stream = Arc::clone(stream);
        let step = move |d: &crate::app::Deps| {
            stream.lock().unwrap_or_else(PoisonError::into_inner).step(d)
        };
        match app.call(step).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return true,
            Ok(Err(error)) => {
                if well {
                    let cause = error.cause();
                    tracing::warn!(%error, cause, "the ledger is not streamed");
                }
                return false;
            }
            Err(error) => {
                if well {
                    tracing::warn!(%error, "the ledger is not streamed");
                }
                return false;
            }
        }
    }
}
