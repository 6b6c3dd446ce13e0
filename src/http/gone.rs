//! Nobody is served while the database brings people back who were deleted or erased since it was
//! backed up.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::blocking::App;
use super::door::without_prefix;
use crate::app::Deps;
use crate::service::gone;

/// How often it is looked while everybody is served.
const CALM: Duration = Duration::from_mins(1);
/// The same while nobody is.
const CLOSED: Duration = Duration::from_secs(1);
/// What is answered all the same: how the service is, and what ends this.
const ALWAYS: [&str; 4] =
    ["/health", "/version", "/metrics/prometheus", "/doorward/audit/erasures"];

/// Whether a request is answered while nobody is served.
pub fn serves_when_closed(path: &str) -> bool {
    let path = without_prefix(path);
    let within = |open: &&str| {
        path.strip_prefix(*open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    ALWAYS.iter().any(within)
}

/// Looks whether anybody is back who is gone, and serves or does not. When nobody can tell, what was
/// so stays so. May block.
pub fn look(app: &App, d: &Deps) {
    let was = app.closed();
    let why = match gone::missing(d) {
        Ok(missing) if missing.is_empty() => None,
        Ok(missing) => Some(format!(
            "Nobody is served: the database is older than the deletion or erasure of {} people whom it \
             has again. Run the action repeat-erasures, or 'doorward audit repeat-erasures'.",
            missing.len()
        )),
        Err(error) => {
            let cause = error.cause();
            tracing::error!(%error, cause, "nobody can tell whether people are back who are gone");
            match was {
                None => return,
                Some(_) => Some(error.message().to_owned()),
            }
        }
    };
    match &why {
        Some(why) if was.as_ref() != Some(why) => tracing::error!(why, "nobody is served"),
        None if was.is_some() => tracing::info!("everybody is served again"),
        _ => {}
    }
    app.close(why);
}

/// Goes on looking.
pub fn watch(app: App) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            sleep(if app.closed().is_some() { CLOSED } else { CALM }).await;
            let with = app.clone();
            if let Err(error) = app.call(move |d| look(&with, d)).await {
                tracing::warn!(%error, "it was not looked who is gone");
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_questions_how_the_service_is_and_the_way_out_are_answered() {
        for open in [
            "/health/ready",
            "/admin/health/alive",
            "/version",
            "/admin/doorward/audit/erasures",
            "/admin/doorward/audit/erasures/repeat",
        ] {
            assert!(serves_when_closed(open), "{open}");
        }
        for shut in [
            "/",
            "/sessions/whoami",
            "/admin/identities",
            "/healthy",
            "/console",
            "/admin/doorward/audit/events",
            "/self-service/login/browser",
        ] {
            assert!(!serves_when_closed(shut), "{shut}");
        }
    }
}
