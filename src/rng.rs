//! Randomness, from the system's generator only.

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
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Ok(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}
