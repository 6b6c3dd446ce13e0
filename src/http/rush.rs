//! Who may have a password hashed: a crowd of a moment may, a crowd that stays may not.
//!
//! A line that is long for a moment does no harm; one that never gets shorter only makes everybody in
//! it wait for as long as it is (K. Nichols and V. Jacobson, Controlling Queue Delay, 2012). So the
//! line may be long until it has not been empty for a while, and is kept short from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::blocking::CallError;
use super::slots::{Held, Slots};

/// How many may be in line for each hash that is computed, in a rush and when it does not end.
pub const WAITING: (usize, usize) = (2, 1);
/// How long a rush lasts.
pub const RUSH: Duration = Duration::from_millis(100);

/// The line.
#[derive(Clone)]
pub struct Rush {
    /// How many hashes are computed at once.
    at_once: usize,
    places: Slots,
    lasts: Duration,
    begun: Instant,
    /// When there was last nobody in line, in microseconds from then.
    empty_at: Arc<AtomicU64>,
}

impl Rush {
    /// The line for so many hashes at once.
    pub fn new(at_once: usize) -> Self {
        Self {
            at_once,
            places: Slots::new(at_once * (1 + WAITING.0), 0),
            lasts: RUSH,
            begun: Instant::now(),
            empty_at: Arc::default(),
        }
    }

    /// Takes a place, which is held until it is dropped.
    ///
    /// # Errors
    /// `Overloaded` when the line is as long as it may be.
    pub async fn enter(&self) -> Result<Held, CallError> {
        let inside = self.places.counts().0;
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        if inside < self.at_once {
            self.empty_at.store(now, Ordering::Relaxed);
        }
        let since = now.saturating_sub(self.empty_at.load(Ordering::Relaxed));
        if u128::from(since) >= self.lasts.as_micros() && inside >= self.at_once * (1 + WAITING.1) {
            return Err(CallError::Overloaded);
        }
        self.places.take().await
    }

    /// How many hashes are computed, and how many wait for that.
    pub fn counts(&self) -> (usize, usize) {
        let inside = self.places.counts().0;
        (inside.min(self.at_once), inside.saturating_sub(self.at_once))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_crowd_of_a_moment_is_let_in_and_one_that_stays_is_not() {
        // Time does not pass in this test but where it says so.
        let mut rush = Rush { lasts: Duration::MAX, ..Rush::new(2) };
        let mut inside = Vec::new();
        for _ in 0..6 {
            inside.push(rush.enter().await.unwrap());
        }
        assert_eq!(rush.counts(), (2, 4));
        assert!(matches!(rush.enter().await, Err(CallError::Overloaded)));
        rush.lasts = Duration::ZERO;
        inside.truncate(4);
        let refused = rush.enter().await;
        assert!(matches!(refused, Err(CallError::Overloaded)), "there is room, but no end to it");
        inside.truncate(3);
        inside.push(rush.enter().await.unwrap());
        assert!(matches!(rush.enter().await, Err(CallError::Overloaded)));
        rush.lasts = Duration::MAX;
        inside.clear();
        for _ in 0..6 {
            inside.push(rush.enter().await.unwrap());
        }
    }
}
