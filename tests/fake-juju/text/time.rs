//! Times as Juju prints them.

use jiff::{Timestamp, tz::TimeZone};

/// `2026-01-05 10:46:50 +0000 UTC`
pub fn long(t: Timestamp) -> String {
    t.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()
}

/// `10:46:50`
pub fn clock(t: Timestamp) -> String {
    t.to_zoned(TimeZone::UTC).strftime("%H:%M:%S").to_string()
}

/// `05 Jan 2026 10:46:50Z`, the form of `juju status`.
pub fn since(t: Timestamp) -> String {
    t.to_zoned(TimeZone::UTC).strftime("%d %b %Y %H:%M:%SZ").to_string()
}
