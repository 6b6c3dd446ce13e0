//! Removes what has had its time while the service runs: a few rows, a pause, a few more.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::blocking::App;
use super::minutes::every_minute;
use crate::service::cleaning::{self, Leftover};

/// The pause that leaves room to others.
const PAUSE: Duration = Duration::from_millis(100);

/// Cleans every minute. Several units may do so at the same time: what one of them
/// removed, another does not find.
pub fn start(app: App) -> JoinHandle<()> {
    every_minute(move || {
        let app = app.clone();
        async move {
            for what in Leftover::ALL {
                while clean(&app, what).await {
                    sleep(PAUSE).await;
                }
            }
        }
    })
}

/// One step; says whether there may be more. A failure is for the log: the next minute may be better.
async fn clean(app: &App, what: Leftover) -> bool {
    match app.call(move |d| cleaning::step(d, what)).await {
        Ok(Ok(more)) => more,
        Ok(Err(error)) => {
            let cause = error.cause();
            tracing::warn!(?what, %error, cause, "what has had its time was not removed");
            false
        }
        Err(error) => {
            tracing::warn!(?what, %error, "what has had its time was not removed");
            false
        }
    }
}
