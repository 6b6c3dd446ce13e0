//! Durations as Go writes them: `1h30m`, `500ms`, `1.5h`.

use jiff::SignedDuration;

/// Nanoseconds of each unit.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration; nothing when it is none, or longer than Go can say.
#[must_use]
pub fn parse(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut total: i128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (digits, after) = rest.split_at(number);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        total = total.checked_add(scaled(digits, scale)?)?;
        rest = after;
    }
    let total = i64::try_from(if negative { -total } else { total }).ok()?;
    Some(SignedDuration::from_nanos(total))
}

/// A decimal number times a scale, cut to whole nanoseconds.
fn scaled(digits: &str, scale: i128) -> Option<i128> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && part.is_empty() || part.contains('.') {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // More digits than a nanosecond of an hour has make no difference.
    let part = part.get(..part.len().min(15)).unwrap_or_default();
    let fraction: i128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let power = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
    whole.checked_mul(scale)?.checked_add(fraction.checked_mul(scale)? / power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads_is_read() {
        let cases = [
            ("1h", 3_600_000),
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("500ms", 500),
            (".5s", 500),
            ("1.s", 1000),
            ("+2s", 2000),
            ("-2s", -2000),
            ("0", 0),
            ("2000000\u{b5}s", 2000),
        ];
        for (text, millis) in cases {
            assert_eq!(parse(text), Some(SignedDuration::from_millis(millis)), "{text}");
        }
        assert_eq!(parse("1.9ns"), Some(SignedDuration::from_nanos(1)));
    }

    #[test]
    fn input_08_what_go_refuses_is_refused() {
        let long = "9".repeat(60) + "h";
        for bad in ["", "1", "h", ".h", "1..5h", "1d", "1 h", "-", "--1h", "1h-", &long, "3000000h"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
