//! Times on pages.

use jiff::Timestamp;
use serde::Serialize;

/// A time for people and for programs. Without a script nobody knows the reader's time zone.
#[derive(Clone, Debug, Serialize)]
pub struct Time {
    iso: String,
    text: String,
}

impl Time {
    /// The time.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        Self { iso: time.to_string(), text: time.strftime("%Y-%m-%d %H:%M UTC").to_string() }
    }

    /// The time to the second.
    #[must_use]
    pub fn exact(time: Timestamp) -> Self {
        Self { iso: time.to_string(), text: time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string() }
    }
}
