//! Parts of forms.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::at::At;

/// One of several.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What it says.
    pub text: String,
    /// Whether it is the one.
    pub chosen: bool,
}

impl Choice {
    /// Several words, whose texts are below `key`.
    pub fn all(at: &At<'_>, key: &str, words: &[&str], chosen: &str) -> Vec<Self> {
        let one = |word: &&str| Self {
            value: (*word).to_owned(),
            text: at.text(&format!("{key}.{word}")),
            chosen: *word == chosen,
        };
        words.iter().map(one).collect()
    }
}

/// A moment as browsers send it for a field of date and time, which is taken to be UTC, or with an
/// offset.
pub fn moment(text: &str) -> Option<Timestamp> {
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| civil().map(|zoned| zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_with_and_without_a_zone() {
        let noon: Timestamp = "2030-01-31T12:00:00Z".parse().unwrap();
        for text in ["2030-01-31T12:00", "2030-01-31T12:00:00", "2030-01-31T13:00+01:00"] {
            assert_eq!(moment(text), Some(noon), "{text}");
        }
        assert_eq!(moment("soon"), None);
    }
}
