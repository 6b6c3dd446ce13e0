//! What a bare word means in YAML 1.1, which is what the Juju client reads and writes.

use serde_json::{Number, Value};

/// The type YAML 1.1 gives to an unquoted text.
#[derive(Debug, PartialEq)]
pub enum Scalar {
    /// `null`, `~` or nothing.
    Null,
    /// `yes`, `off`, `true` and their like.
    Bool(bool),
    /// A whole number, in base 2, 8, 10 or 16 and with `_` between digits if one likes.
    Int(Number),
    /// Any other number.
    Float(f64),
    /// Read as text, but only printed in quotes: dates, sexagesimal numbers.
    Quoted,
    /// Text.
    Text,
}

impl Scalar {
    /// The type of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
                return Self::Bool(true);
            }
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False"
            | "FALSE" => return Self::Bool(false),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
                return Self::Float(f64::INFINITY);
            }
            "-.inf" | "-.Inf" | "-.INF" => return Self::Float(f64::NEG_INFINITY),
            ".nan" | ".NaN" | ".NAN" => return Self::Float(f64::NAN),
            _ => {}
        }
        if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
            return Self::Text;
        }
        number(text).unwrap_or_else(|| {
            if is_date(text) || is_sexagesimal(text) { Self::Quoted } else { Self::Text }
        })
    }

    /// The value as JSON carries it, or nothing when the text stays text. Infinity and
    /// not-a-number, which JSON does not know, stay text too.
    #[must_use]
    pub fn into_value(self) -> Option<Value> {
        match self {
            Self::Null => Some(Value::Null),
            Self::Bool(truth) => Some(Value::Bool(truth)),
            Self::Int(number) => Some(Value::Number(number)),
            Self::Float(number) => Number::from_f64(number).map(Value::Number),
            Self::Quoted | Self::Text => None,
        }
    }
}

fn number(text: &str) -> Option<Scalar> {
    let bare = text.replace('_', "");
    if let Some(whole) = whole_number(&bare) {
        return Some(Scalar::Int(whole));
    }
    if looks_like_float(&bare) {
        return bare.parse().ok().map(Scalar::Float);
    }
    None
}

fn whole_number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, lower.get(1..).unwrap_or_default())
    } else {
        (10, lower.as_str())
    };
    if !digits.chars().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    if negative { 0_i64.checked_sub_unsigned(size).map(Number::from) } else { Some(size.into()) }
}

/// `1.5`, `.5`, `5.`, each with an exponent if one likes; `1e3` as well.
fn looks_like_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|part| {
            let part = part.strip_prefix(['-', '+']).unwrap_or(part);
            !part.is_empty() && digits(part)
        })
}

/// `1:30:00`: a number in base 60 for some readers, so writers quote it.
fn is_sexagesimal(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let head = first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    head && !rest.is_empty()
        && rest.iter().enumerate().all(|(i, part)| {
            let (whole, fraction) = part.split_once('.').unwrap_or((part, ""));
            let last = i + 1 == rest.len();
            let small = whole.parse::<u8>().is_ok_and(|n| n < 60) && whole.len() <= 2;
            small
                && (last || !part.contains('.'))
                && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        })
}

/// `2030-01-31` alone, or with a time after `T`, `t` or one blank.
fn is_date(text: &str) -> bool {
    let (day, time) = match text.split_once(['T', 't', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let parts: Vec<&str> = day.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let digits = [year, month, day].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if !digits || year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return false;
    }
    let date = match (year.parse(), month.parse(), day.parse()) {
        (Ok(year), Ok(month), Ok(day)) => jiff::civil::Date::new(year, month, day).is_ok(),
        _ => false,
    };
    date && time.is_none_or(|time| is_time(time, text.contains(' ')))
}

fn is_time(time: &str, after_blank: bool) -> bool {
    let (clock, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    let (whole, fraction) = match clock.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (clock, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = whole.split(':').collect();
    let below = |part: &str, limit: u8| {
        digits(part) && part.len() <= 2 && part.parse::<u8>().is_ok_and(|n| n < limit)
    };
    let [hour, minute, second] = parts.as_slice() else { return false };
    let zone_ok = if after_blank {
        zone.is_empty()
    } else {
        zone == "Z" || (zone.len() == 6 && zone.get(3..4) == Some(":"))
    };
    zone_ok
        && below(hour, 24)
        && below(minute, 60)
        && below(second, 60)
        && fraction.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_and_numbers_mean_what_yaml_1_1_says() {
        for (text, value) in [
            ("12345", json!(12345)),
            ("0123", json!(83)),
            ("1_000", json!(1000)),
            ("0x1F", json!(31)),
            ("-7", json!(-7)),
            ("1e3", json!(1000.0)),
            ("yes", json!(true)),
            ("on", json!(true)),
            ("n", json!(false)),
            ("~", Value::Null),
            ("18446744073709551615", json!(u64::MAX)),
        ] {
            assert_eq!(Scalar::of(text).into_value(), Some(value), "{text}");
        }
    }

    #[test]
    fn text_stays_text() {
        for text in ["alice", "a@b.c", "2024-01-01", "10:46:50", "0x", "-", "1.2.3", "+", "."] {
            assert_eq!(Scalar::of(text).into_value(), None, "{text}");
        }
    }

    #[test]
    fn dates_and_clock_times_are_printed_in_quotes() {
        for text in ["2024-01-01", "2026-01-05T10:46:50Z", "2026-01-05 10:46:50", "10:46:50"] {
            assert_eq!(Scalar::of(text), Scalar::Quoted, "{text}");
        }
        assert_eq!(Scalar::of("2026-01-05 10:46:50 +0000 UTC"), Scalar::Text);
    }
}
