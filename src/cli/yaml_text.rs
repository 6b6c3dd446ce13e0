//! YAML as the Juju client prints it, so that a local run looks the same to the letter.
//!
//! Any YAML library would print an equal document; scripts and transcripts compare text. The rules
//! here (which quotes, where long lines fold, in which order keys come) are those of the library
//! the Juju client uses.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::scalar::Scalar;

/// Column after which a line folds at the next blank.
const WIDTH: usize = 80;

/// The document as text, ending in a newline.
#[must_use]
pub fn print(document: &Map<String, Value>) -> String {
    let mut printer = Printer::default();
    printer.map(document, 0);
    printer.text
}

/// The order of keys: numbers inside keys count as numbers, letters come after other characters.
#[must_use]
pub fn key_order(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(one, other)| one != other) else {
        return a.len().cmp(&b.len());
    };
    let (Some(&one), Some(&other)) = (a.get(at), b.get(at)) else { return Ordering::Equal };
    match (one.is_alphabetic(), other.is_alphabetic()) {
        (true, true) => return one.cmp(&other),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // Numbers that differ in a later digit began before the difference.
    let start = a.iter().take(at).rposition(|c| !c.is_ascii_digit()).map_or(0, |i| i + 1);
    let number = |from: &[char]| -> String {
        from.iter().skip(start).take_while(|c| c.is_ascii_digit()).collect()
    };
    let (left, right) = (number(&a), number(&b));
    let value = |digits: &str| {
        let digits = digits.trim_start_matches('0');
        (digits.len(), digits.to_owned())
    };
    value(&left).cmp(&value(&right)).then(left.len().cmp(&right.len())).then(one.cmp(&other))
}

#[derive(Default)]
struct Printer {
    text: String,
    column: usize,
}

impl Printer {
    fn put(&mut self, part: &str) {
        self.text.push_str(part);
        self.column += part.chars().count();
    }

    fn newline(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn line_start(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn map(&mut self, map: &Map<String, Value>, indent: usize) {
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_by(|(a, _), (b, _)| key_order(a, b));
        for (key, value) in entries {
            self.line_start(indent);
            self.scalar(key, indent, true);
            self.put(":");
            self.value(value, indent);
        }
    }

    /// What follows the colon, up to and including the end of the line.
    fn value(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(map) if map.is_empty() => self.put(" {}"),
            Value::Array(items) if items.is_empty() => self.put(" []"),
            Value::Object(map) => {
                self.newline(0);
                return self.map(map, indent + 2);
            }
            Value::Array(items) => {
                self.newline(0);
                return self.list(items, indent);
            }
            Value::String(text) => {
                self.put(" ");
                self.scalar(text, indent, false);
            }
            other => self.put(&format!(" {other}")),
        }
        self.newline(0);
    }

    fn list(&mut self, items: &[Value], indent: usize) {
        for item in items {
            self.line_start(indent);
            self.put("-");
            self.value(item, indent);
        }
    }

    fn scalar(&mut self, text: &str, indent: usize, key: bool) {
        let shape = Shape::of(text);
        let several_lines = text.contains('\n');
        if several_lines && shape.block && !key {
            self.literal(text, indent + 2);
        } else if several_lines || Scalar::of(text) != Scalar::Text {
            self.double_quoted(text, indent + 2, key);
        } else if shape.plain {
            self.folded(text, indent + 2, key, |c| c.to_string());
        } else if shape.single {
            self.put("'");
            self.folded(text, indent + 2, key, |c| if c == '\'' { "''".into() } else { c.into() });
            self.put("'");
        } else {
            self.double_quoted(text, indent + 2, key);
        }
    }

    fn folded(&mut self, text: &str, indent: usize, key: bool, show: fn(char) -> String) {
        let mut previous = None;
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            let single = previous != Some(' ') && rest.peek().is_some_and(|next| *next != ' ');
            if c == ' ' && !key && single && previous.is_some() && self.column > WIDTH {
                self.newline(indent);
            } else {
                self.put(&show(c));
            }
            previous = Some(c);
        }
    }

    fn double_quoted(&mut self, text: &str, indent: usize, key: bool) {
        self.put("\"");
        let mut previous = None;
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            let next = rest.peek().copied();
            let may_fold = !key && previous.is_some_and(|p| p != ' ') && next.is_some();
            if c == ' ' && may_fold && self.column > WIDTH {
                self.newline(indent);
                if next == Some(' ') {
                    self.put("\\");
                }
            } else {
                self.put(&escaped(c));
            }
            previous = Some(c);
        }
        self.put("\"");
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put("2");
        }
        let body = match text.strip_suffix('\n') {
            None => {
                self.put("-");
                text
            }
            Some(body) if body.ends_with('\n') || body.is_empty() => {
                self.put("+");
                body
            }
            Some(body) => body,
        };
        for line in body.split('\n') {
            self.newline(if line.is_empty() { 0 } else { indent });
            self.put(line);
        }
    }
}

/// The ways in which a text may be written.
struct Shape {
    plain: bool,
    single: bool,
    block: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let special = text.chars().any(|c| !is_printable(c));
        let lines = text.contains('\n');
        let blank_before_break = text.contains(" \n");
        let ends = text.starts_with([' ', '\n']) || text.ends_with([' ', '\n']);
        let single = !special && !blank_before_break && !text.contains("\n ");
        Self {
            plain: single && !lines && !ends && !text.is_empty() && !has_indicator(text),
            single,
            block: !special && !blank_before_break && !text.ends_with(' '),
        }
    }
}

/// Characters that cannot begin a plain text.
const BEGINS_SYNTAX: &str = "#,[]{}&*!|>'\"%@`";

/// Whether a character would be taken for syntax where it stands.
fn has_indicator(text: &str) -> bool {
    let ends_word = |c: Option<&char>| c.is_none_or(|c| " \n".contains(*c));
    let mut previous = None;
    let mut rest = text.chars().peekable();
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    while let Some(c) = rest.next() {
        let next = rest.peek();
        let syntax = match (previous, c) {
            (None, _) if BEGINS_SYNTAX.contains(c) => true,
            (None, '-' | '?') | (_, ':') => ends_word(next),
            (Some(' '), '#') => true,
            _ => false,
        };
        if syntax {
            return true;
        }
        previous = Some(c);
    }
    false
}

/// Printable as that library understands it: nothing beyond the basic plane.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}')
}

fn escaped(c: char) -> String {
    let short = match c {
        '\0' => "\\0",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\u{b}' => "\\v",
        '\u{c}' => "\\f",
        '\r' => "\\r",
        '\u{1b}' => "\\e",
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{85}' => "\\N",
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        _ if is_printable(c) => return c.to_string(),
        _ => return hex(c),
    };
    short.to_owned()
}

fn hex(c: char) -> String {
    let code = u32::from(c);
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match code {
        0..=0xff => write!(text, "\\x{code:02X}"),
        0x100..=0xffff => write!(text, "\\u{code:04X}"),
        _ => write!(text, "\\U{code:08X}"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn printed(value: Value) -> String {
        match value {
            Value::Object(map) => print(&map),
            other => format!("not a map: {other}"),
        }
    }

    #[test]
    fn texts_that_look_like_something_else_are_in_double_quotes() {
        let doc = json!({"count": "3", "ok": "true", "none": "null", "at": "2026-01-05T10:46:51Z"});
        assert_eq!(
            printed(doc),
            "at: \"2026-01-05T10:46:51Z\"\ncount: \"3\"\nnone: \"null\"\nok: \"true\"\n"
        );
    }

    #[test]
    fn json_documents_are_in_single_quotes() {
        assert_eq!(printed(json!({"a": "[\"x\"]"})), "a: '[\"x\"]'\n");
        assert_eq!(printed(json!({"a": "'x"})), "a: '''x'\n");
        assert_eq!(printed(json!({"a": ""})), "a: \"\"\n");
    }

    #[test]
    fn maps_nest_and_numbered_keys_are_in_order() {
        let doc = json!({"i": {"10": "j", "9": "n", "1": {"x": "a: b"}}, "a": {}});
        assert_eq!(
            printed(doc),
            "a: {}\ni:\n  \"1\":\n    x: 'a: b'\n  \"9\": \"n\"\n  \"10\": j\n"
        );
    }

    #[test]
    fn several_lines_are_a_literal_block() {
        assert_eq!(printed(json!({"a": "x\ny"})), "a: |-\n  x\n  y\n");
        assert_eq!(printed(json!({"a": "x\n\ny\n"})), "a: |\n  x\n\n  y\n");
        assert_eq!(printed(json!({"l": ["a", "b c"]})), "l:\n- a\n- b c\n");
    }

    #[test]
    fn control_characters_and_emoji_are_escaped() {
        assert_eq!(printed(json!({"a": "x\ty\u{1f600}é"})), "a: \"x\\ty\\U0001F600é\"\n");
    }

    #[test]
    fn long_lines_fold_at_the_first_blank_after_eighty() {
        let text = format!("{} tail end", "w".repeat(90));
        assert_eq!(printed(json!({"a": text})), format!("a: {}\n  tail end\n", "w".repeat(90)));
    }

    /// What the library of the Juju client (yaml.v2 2.4.0) printed for the same texts.
    #[test]
    fn texts_are_printed_as_the_clients_library_prints_them() {
        for (text, expected) in [
            ("yes", "\"yes\"\n"),
            ("No", "\"No\"\n"),
            ("~", "\"~\"\n"),
            ("0123", "\"0123\"\n"),
            ("1e3", "\"1e3\"\n"),
            ("10:46:50", "\"10:46:50\"\n"),
            (".5", "\".5\"\n"),
            ("0x1f", "\"0x1f\"\n"),
            ("-", "'-'\n"),
            ("--- a", "'--- a'\n"),
            ("# x", "'# x'\n"),
            ("a #b", "'a #b'\n"),
            ("a: b", "'a: b'\n"),
            ("a:b", "a:b\n"),
            ("key:", "'key:'\n"),
            ("'q'", "'''q'''\n"),
            ("[a]", "'[a]'\n"),
            ("a, b", "a, b\n"),
            ("!t", "'!t'\n"),
            ("@x", "'@x'\n"),
            ("> x", "'> x'\n"),
            ("?x", "?x\n"),
            (" lead", "' lead'\n"),
            ("trail ", "'trail '\n"),
            ("a  b", "a  b\n"),
            ("\nx", "|2-\n\n  x\n"),
            ("x\n\n", "|+\n  x\n\n"),
            ("x \ny", "\"x \\ny\"\n"),
            (" x\ny", "|2-\n   x\n  y\n"),
            ("\u{1b}[2J", "\"\\e[2J\"\n"),
            ("on", "\"on\"\n"),
            ("1.2.3", "1.2.3\n"),
            ("1:30:00.5", "\"1:30:00.5\"\n"),
            ("99:99", "99:99\n"),
            ("0b", "0b\n"),
            ("it's", "it's\n"),
            ("{\"a\":1}", "'{\"a\":1}'\n"),
            ("a\\b", "a\\b\n"),
        ] {
            assert_eq!(printed(json!({"k": text})), format!("k: {expected}"));
        }
    }
}
