//! What is done every minute while the service runs.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

const MINUTE: Duration = Duration::from_mins(1);

/// Does `job` now and every minute. One that takes longer delays the next: they never run side by
/// side, and none is made up for.
pub fn every_minute<J>(job: impl Fn() -> J + Send + 'static) -> JoinHandle<()>
where
    J: Future<Output = ()> + Send,
{
    tokio::spawn(async move {
        let mut minutes = interval(MINUTE);
        minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            minutes.tick().await;
            job().await;
        }
    })
}
