//! Which sessions were used lately, until somebody writes it down.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// How many sessions are remembered at once; further ones are passed over until these are written down.
pub const MOST: usize = 16_384;
/// How much newer a sighting must be than what is known to be worth writing down.
pub const COARSE: SignedDuration = SignedDuration::from_mins(10);

/// Sessions that were used, each with the last time.
#[derive(Debug, Default)]
pub struct Sightings(Mutex<HashMap<Uuid, Timestamp>>);

impl Sightings {
    /// Remembers that a session was used.
    pub fn note(&self, session: Uuid, at: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST || all.contains_key(&session) {
            all.insert(session, at);
        }
    }

    /// Hands over what is remembered, and forgets it.
    #[must_use]
    pub fn take(&self) -> Vec<(Uuid, Timestamp)> {
        let all = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.into_iter().collect()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sightings_are_bounded_and_the_last_one_of_a_session_counts() {
        let all = Sightings::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        for n in 0..MOST + 10 {
            all.note(Uuid::from_u128(n as u128), at(1));
        }
        all.note(Uuid::from_u128(7), at(2));
        let taken: HashMap<_, _> = all.take().into_iter().collect();
        assert_eq!(taken.len(), MOST);
        assert_eq!(taken[&Uuid::from_u128(7)], at(2), "known ones are kept up to date when full");
        assert!(all.is_empty() && all.take().is_empty());
    }
}
