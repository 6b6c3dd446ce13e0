//! Times on the wire (RFC 3339). A person was made, changed and given an address in the same moment
//! more often than not, so the text of the last one is kept: writing times down would take an eighth
//! of the time of a long list.

use std::cell::RefCell;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde::Serializer;

/// As a time is displayed, without the detour that a formatter is.
static PRINTER: DateTimePrinter = DateTimePrinter::new();

thread_local! {
    /// The last time that was written down, and its text.
    static LAST: RefCell<(Option<Timestamp>, String)> = const { RefCell::new((None, String::new())) };
}

/// Writes a time down.
pub fn always<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    LAST.with_borrow_mut(|(last, text)| {
        if *last != Some(*time) {
            text.clear();
            // A string takes all that is written to it.
            let _ = PRINTER.print_timestamp(time, &mut *text);
            *last = Some(*time);
        }
        serializer.serialize_str(text)
    })
}

/// Writes a time down that may be none.
#[expect(clippy::ref_option, reason = "the shape that serde asks for")]
pub fn sometimes<S: Serializer>(
    time: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => always(time, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    struct Times {
        #[serde(serialize_with = "always")]
        first: Timestamp,
        #[serde(serialize_with = "always")]
        same: Timestamp,
        #[serde(serialize_with = "sometimes")]
        later: Option<Timestamp>,
        #[serde(serialize_with = "sometimes")]
        never: Option<Timestamp>,
    }

    #[test]
    fn each_time_is_written_as_it_is_by_itself() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let first = time("2026-07-01T12:00:00.25Z");
        let later = Some(time("2026-07-01T12:00:00Z"));
        let times = Times { first, same: first, later, never: None };
        assert_eq!(
            serde_json::to_string(&times).unwrap(),
            concat!(
                r#"{"first":"2026-07-01T12:00:00.25Z","same":"2026-07-01T12:00:00.25Z","#,
                r#""later":"2026-07-01T12:00:00Z","never":null}"#
            )
        );
        let value = serde_json::to_value(&times).unwrap();
        assert_eq!(value["first"], "2026-07-01T12:00:00.25Z");
        assert_eq!(value["same"], value["first"]);
    }
}
