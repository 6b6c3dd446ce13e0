//! Canonical JSON (RFC 8785), restricted to what ledger entries hold: no fractional numbers, and
//! integers only where a double is exact.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::LedgerFormatError;

/// The deepest nesting written. JSON readers commonly stop at 128.
pub const MAX_DEPTH: usize = 64;

/// The largest integer a double holds exactly together with its neighbours, 2^53 - 1.
pub const MAX_INTEGER: i64 = 9_007_199_254_740_991;

/// The canonical text of `value`.
///
/// # Errors
/// For fractional numbers, integers beyond [`MAX_INTEGER`] and nesting beyond [`MAX_DEPTH`].
pub fn canonical(value: &Value) -> Result<String, LedgerFormatError> {
    let mut out = String::with_capacity(512);
    write(value, 0, &mut out)?;
    Ok(out)
}

/// Writes a canonical object whose keys are known beforehand, in their order, which saves building
/// and sorting a map first.
pub struct Members {
    out: String,
    last: &'static str,
}

impl Members {
    /// An object without members yet.
    #[must_use]
    pub fn new() -> Self {
        let mut out = String::with_capacity(768);
        out.push('{');
        Self { out, last: "" }
    }

    /// Adds a member with a text. Keys must come in their canonical order.
    pub fn text(&mut self, key: &'static str, text: &str) {
        self.key(key);
        write_string(text, &mut self.out);
    }

    /// Adds a member with any value.
    ///
    /// # Errors
    /// As [`canonical`].
    pub fn value(&mut self, key: &'static str, value: &Value) -> Result<(), LedgerFormatError> {
        self.key(key);
        write(value, 1, &mut self.out)
    }

    /// Adds a member with a value that is canonical text already.
    pub fn canonical(&mut self, key: &'static str, text: &str) {
        self.key(key);
        self.out.push_str(text);
    }

    /// Adds a member with an object.
    ///
    /// # Errors
    /// As [`canonical`].
    pub fn object(
        &mut self,
        key: &'static str,
        members: &Map<String, Value>,
    ) -> Result<(), LedgerFormatError> {
        self.key(key);
        write_object(members, 1, &mut self.out)
    }

    fn key(&mut self, key: &'static str) {
        debug_assert!(self.last < key, "'{key}' does not come after '{}'", self.last);
        if !self.last.is_empty() {
            self.out.push(',');
        }
        self.last = key;
        write_string(key, &mut self.out);
        self.out.push(':');
    }

    /// The text of the object.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.out.push('}');
        self.out
    }
}

impl Default for Members {
    fn default() -> Self {
        Self::new()
    }
}

fn write(value: &Value, depth: usize, out: &mut String) -> Result<(), LedgerFormatError> {
    if depth > MAX_DEPTH {
        return Err(LedgerFormatError::Depth);
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => out.push_str(&integer(number)?.to_string()),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => write_array(items, depth, out)?,
        Value::Object(members) => write_object(members, depth, out)?,
    }
    Ok(())
}

fn write_array(items: &[Value], depth: usize, out: &mut String) -> Result<(), LedgerFormatError> {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, depth + 1, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_object(
    members: &Map<String, Value>,
    depth: usize,
    out: &mut String,
) -> Result<(), LedgerFormatError> {
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_unstable_by(|(a, _), (b, _)| key_order(a, b));
    out.push('{');
    for (index, (key, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(key, out);
        out.push(':');
        write(value, depth + 1, out)?;
    }
    out.push('}');
    Ok(())
}

/// RFC 8785 section 3.2.3 sorts by UTF-16 code units, which differs from the order of UTF-8 bytes
/// once a character lies beyond U+FFFF.
fn key_order(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

fn integer(number: &Number) -> Result<i64, LedgerFormatError> {
    if number.is_f64() {
        return Err(LedgerFormatError::Float);
    }
    number
        .as_i64()
        .filter(|value| (-MAX_INTEGER..=MAX_INTEGER).contains(value))
        .ok_or(LedgerFormatError::IntegerRange)
}

/// RFC 8785 section 3.2.2.2: the two-character escapes where they exist, `\u00xx` in lower case
/// for the other control characters below U+0020, everything else as it is.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        // An escaped byte is ASCII, so both sides of it are character boundaries.
        out.push_str(text.get(plain_from..at).unwrap_or_default());
        write_escape(byte, out);
        plain_from = at + 1;
    }
    out.push_str(text.get(plain_from..).unwrap_or_default());
    out.push('"');
}

fn write_escape(byte: u8, out: &mut String) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        0x08 => out.push_str("\\b"),
        b'\t' => out.push_str("\\t"),
        b'\n' => out.push_str("\\n"),
        0x0c => out.push_str("\\f"),
        b'\r' => out.push_str("\\r"),
        other => out.push_str(&format!("\\u{other:04x}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_by_utf16_code_units() {
        // The example of RFC 8785 section 3.2.3, with the order it prescribes.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let text = canonical(&value).unwrap();
        let order = ["\\r", "1", "\u{80}", "\u{f6}", "\u{20ac}", "\u{1f600}", "\u{fb33}"];
        let places: Vec<usize> =
            order.iter().map(|key| text.find(&format!("\"{key}\":")).unwrap()).collect();
        assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{text}");
    }

    #[test]
    fn strings_are_escaped_as_rfc_8785_says() {
        let value = json!("\u{20ac}$\u{0f}\nA'B\"\\\"/\u{8}\u{c}\t\r\u{7f}");
        assert_eq!(
            canonical(&value).unwrap(),
            "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\"/\\b\\f\\t\\r\u{7f}\""
        );
    }

    #[test]
    fn literals_and_nesting_are_written_without_space() {
        let value = json!({"b": [true, false, null, -3, 0], "a": {}});
        assert_eq!(canonical(&value).unwrap(), r#"{"a":{},"b":[true,false,null,-3,0]}"#);
    }

    #[test]
    fn numbers_that_a_double_would_change_are_refused() {
        assert_eq!(canonical(&json!(1.5)), Err(LedgerFormatError::Float));
        assert_eq!(canonical(&json!(1.0)), Err(LedgerFormatError::Float));
        assert_eq!(canonical(&json!(u64::MAX)), Err(LedgerFormatError::IntegerRange));
        assert_eq!(canonical(&json!(MAX_INTEGER + 1)), Err(LedgerFormatError::IntegerRange));
        assert_eq!(canonical(&json!(-MAX_INTEGER)).unwrap(), "-9007199254740991");
    }

    #[test]
    fn nesting_has_a_limit() {
        let mut value = json!(1);
        for _ in 0..=MAX_DEPTH {
            value = json!([value]);
        }
        assert_eq!(canonical(&value), Err(LedgerFormatError::Depth));
    }
}
