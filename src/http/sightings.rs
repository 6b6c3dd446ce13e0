//! Writes down every minute which sessions were used.

use tokio::task::JoinHandle;

use super::blocking::App;
use super::minutes::every_minute;
use crate::service::sessions;

/// Writes down every minute.
pub fn start(app: App) -> JoinHandle<()> {
    every_minute(move || {
        let app = app.clone();
        async move { write_down(&app).await }
    })
}

/// Writes down now. A failure is for the log: what is lost is minutes.
pub async fn write_down(app: &App) {
    match app.call(sessions::write_down).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            let cause = error.cause();
            tracing::warn!(%error, cause, "when sessions were last used was not written down");
        }
        Err(error) => {
            tracing::warn!(%error, "when sessions were last used was not written down");
        }
    }
}
