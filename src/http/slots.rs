//! So many at once, so many more in line, and the rest is refused at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::blocking::CallError;

/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Turns, and the line of those who wait for one.
#[derive(Clone)]
pub struct Slots {
    at_once: usize,
    all: usize,
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

/// A turn; it ends when this is dropped.
pub struct Held {
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Slots {
    /// Turns for `at_once`, and room for `waiting` more.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        Self {
            at_once,
            all: at_once + waiting,
            turns: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + waiting)),
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// `Overloaded` at once when too many wait already, and when the wait is too long.
    pub async fn take(&self) -> Result<Held, CallError> {
        let place =
            Arc::clone(&self.places).try_acquire_owned().map_err(|_| CallError::Overloaded)?;
        match timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Held { _turn: turn, _place: place }),
            _ => Err(CallError::Overloaded),
        }
    }

    /// How many have a turn, and how many wait for one.
    pub fn counts(&self) -> (usize, usize) {
        let running = self.at_once.saturating_sub(self.turns.available_permits());
        let inside = self.all.saturating_sub(self.places.available_permits());
        (running, inside.saturating_sub(running))
    }
}
