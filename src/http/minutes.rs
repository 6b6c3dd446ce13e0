//! What is done again and again while the service runs.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

const MINUTE: Duration = Duration::from_mins(1);

/// Does `job` now and every minute; see [`every`].
pub fn every_minute<J>(job: impl Fn() -> J + Send + 'static) -> JoinHandle<()>
where
    J: Future<Output = ()> + Send,
{
    every(MINUTE, job)
}

/// Does `job` now and once in each `period`. One that takes longer delays the next: they never run
/// side by side, and none is made up for.
pub fn every<J>(period: Duration, job: impl Fn() -> J + Send + 'static) -> JoinHandle<()>
where
    J: Future<Output = ()> + Send,
{
    tokio::spawn(async move {
        let mut periods = interval(period);
        periods.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            periods.tick().await;
            job().await;
        }
    })
}
