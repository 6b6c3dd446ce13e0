//! Signals: SIGTERM and SIGINT stop the service, SIGHUP makes it read its configuration again.

use std::future::Future;
use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::{Open, Running};

/// Completes when the service is told to stop.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn stop() -> io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Reads the configuration again at every SIGHUP; one that cannot be used changes nothing.
///
/// # Errors
/// When the handler cannot be installed.
pub fn reload_on_hangup(running: Running, open: Arc<Open>) -> io::Result<JoinHandle<()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let (open, running) = (Arc::clone(&open), running.clone());
            let read = tokio::task::spawn_blocking(move || match open() {
                Ok(deps) => {
                    running.replace(deps);
                    tracing::info!("configuration read again");
                }
                Err(error) => tracing::error!(%error, "configuration kept as it was"),
            });
            if let Err(error) = read.await {
                tracing::error!(%error, "configuration kept as it was");
            }
        }
    }))
}
