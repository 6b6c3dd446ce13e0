//! What systemd is told: that the service is ready, that it lives, that it stops. Without systemd
//! nobody is told, and nothing fails.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The listeners take connections.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The service ends in good order.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd was not told");
    }
}

/// Shows systemd, when it asks for that, that requests can be worked on: the runtime turns, and
/// threads for use cases are to be had. A store that hangs is not mended by a restart.
pub fn watchdog() -> Option<JoinHandle<()>> {
    let limit = sd_notify::watchdog_enabled()?;
    let pause = limit / 3;
    Some(tokio::spawn(async move {
        loop {
            let thread = tokio::task::spawn_blocking(|| {});
            if let Ok(Ok(())) = timeout(pause, thread).await {
                tell(&[NotifyState::Watchdog]);
            }
            tokio::time::sleep(pause.max(Duration::from_millis(10))).await;
        }
    }))
}
