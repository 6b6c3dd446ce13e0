//! Signs the ledger's newest entries while the service runs, so that a quiet evening does not leave
//! the day's last changes without a signature.

use tokio::task::JoinHandle;

use super::blocking::App;
use super::minutes::every_minute;
use crate::service::ledger;

/// Signs every minute: no entry is left without a checkpoint for longer (AL-08).
pub fn start(app: App) -> JoinHandle<()> {
    every_minute(move || {
        let app = app.clone();
        async move { sign(&app).await }
    })
}

/// Signs now. A failure is for the log: the entries are there, and the next time may succeed.
pub async fn sign(app: &App) {
    match app.call(ledger::cover).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let cause = error.cause();
            tracing::error!(%error, cause, "the ledger's newest entries are not signed");
        }
        Err(error) => tracing::error!(%error, "the ledger's newest entries are not signed"),
    }
}
