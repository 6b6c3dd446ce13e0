//! Signs the ledger's newest entries while the service runs, so that a quiet evening does not leave
//! the day's last changes without a signature.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::blocking::App;
use crate::service::ledger;

/// How old an entry without a checkpoint may become (AL-08).
const EVERY: Duration = Duration::from_mins(1);

/// Signs at the end of every minute.
pub fn start(app: App) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut minutes = interval(EVERY);
        minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            minutes.tick().await;
            sign(&app).await;
        }
    })
}

/// Signs now. A failure is for the log: the entries are there, and the next time may succeed.
pub async fn sign(app: &App) {
    match app.call(ledger::cover).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "the ledger's newest entries are not signed");
        }
        Err(error) => tracing::error!(%error, "the ledger's newest entries are not signed"),
    }
}
