//! Randomness, from the system's generator only.

use std::cell::RefCell;

use jiff::Timestamp;
use uuid::{Builder, Uuid};

use crate::error::{Error, ErrorCode};

/// The system's cryptographically secure generator, asked each time. A generator in this process
/// would have to be seeded first, which takes the cryptographic library 25 ms: ten times as long as
/// everything else that a short action does.
#[derive(Clone, Debug, Default)]
pub struct Rng(());

impl Rng {
    /// Fills `bytes`, or fails when the system has no randomness to give.
    ///
    /// # Errors
    /// `Internal` when the system generator cannot be read; nothing may be issued then.
    pub fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(bytes).map_err(|error| {
            let message = "The system's random generator cannot be read.";
            Error::new(ErrorCode::Internal, message).because(error)
        })
    }

    /// A time-ordered UUID (version 7, RFC 9562 section 5.7) for `now`.
    ///
    /// # Errors
    /// As [`Rng::fill`].
    pub fn uuid_v7(&self, now: Timestamp) -> Result<Uuid, Error> {
        let mut random = [0u8; 10];
        self.fill(&mut random)?;
        Ok(uuid_v7(now, random))
    }

    /// The same for what there are very many of and nobody must be kept from guessing, such as the
    /// id of a request: its bytes are drawn with those of the next ones of this thread.
    ///
    /// # Errors
    /// As [`Rng::fill`].
    pub fn frequent_uuid_v7(&self, now: Timestamp) -> Result<Uuid, Error> {
        let random = DRAWN.with_borrow_mut(|drawn| {
            if drawn.is_empty() {
                let mut bytes = [0u8; 10 * AT_ONCE];
                self.fill(&mut bytes)?;
                drawn.extend_from_slice(bytes.as_chunks::<10>().0);
            }
            Ok::<_, Error>(drawn.pop().unwrap_or_default())
        })?;
        Ok(uuid_v7(now, random))
    }
}

/// For how many UUIDs bytes are drawn at once.
const AT_ONCE: usize = 25;

thread_local! {
    /// Bytes of UUIDs to come.
    static DRAWN: RefCell<Vec<[u8; 10]>> = const { RefCell::new(Vec::new()) };
}

fn uuid_v7(now: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn frequent_ids_are_of_version_7_and_differ() {
        let now: Timestamp = "2026-07-01T12:00:00Z".parse().unwrap();
        let ids: Vec<Uuid> =
            (0..3 * AT_ONCE).map(|_| Rng::default().frequent_uuid_v7(now).unwrap()).collect();
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    }
}
