//! Times as operators type them.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::failure::Failure;
use super::params::Params;

/// Reads a time: RFC 3339, or a date, which means its first moment in UTC.
///
/// # Errors
/// When the text is neither.
pub fn parse(params: &Params, name: &'static str) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = params.filled(name) else { return Ok(None) };
    let date =
        || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let parsed = if text.contains(['T', 't', ' ']) { text.parse().ok() } else { date() };
    parsed.map(Some).ok_or_else(|| {
        Failure::new(format!("Parameter '{name}' must be a time such as 2030-01-31T08:00:00Z"))
    })
}
