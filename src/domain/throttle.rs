//! How failures slow further attempts down: by a delay that grows, has an end, and heals by itself.
//!
//! Failures are counted twice. Once for each source, so that whoever guesses from one place soon
//! waits. And once for all sources together, so that guessing from many places is no way around it;
//! that count slows only sources from which the person never signed in, so that nobody can keep them
//! out of the places where they are at home. One source adds only a part to the count of all: alone
//! it slows nobody but itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Failures of one source before the first delay.
pub const FREE: i64 = 5;
/// Failures of all sources before the first delay for those that are not known.
pub const FREE_OF_ALL: i64 = 20;
/// How many failures of one source are counted among those of all.
pub const SHARE_OF_ONE: i64 = 10;
/// The longest delay.
pub const LONGEST: SignedDuration = SignedDuration::from_mins(15);
/// How long after the last failure all of them are forgotten.
pub const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// How long a source is known from which somebody signed in.
pub const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What is counted under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub count: i64,
    /// When the last one was.
    pub last_at: Timestamp,
    /// When all of them are forgotten.
    pub expires_at: Timestamp,
}

impl Count {
    /// How many there are at `now`.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> i64 {
        if self.expires_at <= now { 0 } else { self.count }
    }

    /// How long the next attempt has to wait at `now` when `free` failures cost nothing.
    #[must_use]
    pub fn wait(&self, free: i64, now: Timestamp) -> SignedDuration {
        let passed = now.duration_since(self.last_at);
        if passed.is_negative() {
            // The clock was set back; nobody waits for a time that was never there.
            return SignedDuration::ZERO;
        }
        (delay(self.at(now), free) - passed).max(SignedDuration::ZERO)
    }
}

/// The delay after so many failures: a second after the first that is not free, and twice as long
/// after each further one.
#[must_use]
pub fn delay(failures: i64, free: i64) -> SignedDuration {
    let beyond = failures.saturating_sub(free);
    if beyond < 0 {
        return SignedDuration::ZERO;
    }
    // Far fewer doublings than this reach the longest delay.
    let doublings = u32::try_from(beyond.min(30)).unwrap_or(30);
    SignedDuration::from_secs(1i64 << doublings).min(LONGEST)
}

/// Attempts that are being made in this process. Without counting them, many that begin at the same
/// moment would all begin before the first of them has failed.
#[derive(Debug, Default)]
pub struct InFlight(Mutex<HashMap<String, i64>>);

/// An attempt that is being made, until it is dropped.
#[derive(Debug)]
pub struct Held {
    all: Arc<InFlight>,
    keys: Vec<String>,
}

impl InFlight {
    /// Counts an attempt under each of the keys; says for each how many others there are.
    pub fn enter(self: &Arc<Self>, keys: &[&str]) -> (Held, Vec<i64>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut others = Vec::with_capacity(keys.len());
        for key in keys {
            let count = counts.entry((*key).to_owned()).or_default();
            others.push(*count);
            *count += 1;
        }
        drop(counts);
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        (Held { all: Arc::clone(self), keys }, others)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            let left = counts.get_mut(key).map_or(0, |count| {
                *count -= 1;
                *count
            });
            if left <= 0 {
                counts.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    #[test]
    fn abuse_01_delays_begin_early_grow_and_have_an_end() {
        let seconds: Vec<i64> = (0..=20).map(|n| delay(n, FREE).as_secs()).collect();
        assert_eq!(seconds[..9], [0, 0, 0, 0, 0, 1, 2, 4, 8]);
        assert!(seconds.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!((seconds[14], seconds[15], seconds[20]), (512, 900, 900));
        assert_eq!(delay(i64::MAX, FREE), LONGEST);
        assert_eq!(delay(i64::MIN + FREE, FREE), SignedDuration::ZERO);
    }

    #[test]
    fn abuse_01_a_hundred_failures_of_one_source_take_most_of_a_day() {
        let total: i64 = (0..100).map(|n| delay(n, FREE).as_secs()).sum();
        assert!(total > 20 * 3600, "{total}");
    }

    #[test]
    fn a_delay_passes_and_failures_are_forgotten() {
        let count = Count { count: 8, last_at: at(), expires_at: at() + FORGOTTEN_AFTER };
        let wait = |later: jiff::Span| count.wait(FREE, at() + later).as_secs();
        assert_eq!((wait(0.seconds()), wait(3.seconds()), wait(8.seconds())), (8, 5, 0));
        assert_eq!(count.wait(FREE, at() - 1.seconds()), SignedDuration::ZERO);
        assert_eq!(count.at(at() + 23.hours()), 8);
        assert_eq!(count.at(at() + 24.hours()), 0);
    }

    #[test]
    fn attempts_are_counted_while_they_are_made() {
        let all = Arc::new(InFlight::default());
        let (first, others) = all.enter(&["a", "b"]);
        assert_eq!(others, [0, 0]);
        let (second, others) = all.enter(&["a"]);
        assert_eq!(others, [1]);
        drop(first);
        assert_eq!(all.enter(&["a", "b"]).1, [1, 0]);
        drop(second);
        assert!(all.0.lock().unwrap().is_empty(), "nothing is left behind");
    }
}
