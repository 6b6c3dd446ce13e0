//! YAML as Go's yaml.v2 prints it, and the `smart` format of hook tools.

use super::{go_json, yaml_in};
use serde_json::Value;

/// The document with a final newline; `{}` and `[]` for empty collections.
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(m) if !m.is_empty() => block(value, 0, &mut out),
        Value::Array(a) if !a.is_empty() => block(value, 0, &mut out),
        _ => {
            out.push_str(&scalar(value, 0));
            out.push('\n');
        }
    }
    out
}

/// `smart`: a string is itself, a list is one element a line, a boolean is Python's.
pub fn smart(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) if s.is_empty() => String::new(),
        Value::String(s) => format!("{s}\n"),
        Value::Bool(b) => (if *b { "True\n" } else { "False\n" }).to_owned(),
        Value::Array(a) if a.is_empty() => String::new(),
        Value::Array(a) => a.iter().flat_map(|v| [plain(v), "\n".to_owned()]).collect(),
        other => document(other),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => go_json::to_string(other),
    }
}

fn block(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            for key in keys {
                out.push_str(&format!("{pad}{}:", string(key, indent)));
                entry(&map[key], indent, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                out.push_str(&format!("{pad}-"));
                match item {
                    Value::Object(m) if !m.is_empty() => {
                        let mut inner = String::new();
                        block(item, indent + 2, &mut inner);
                        out.push(' ');
                        out.push_str(inner.trim_start_matches(' '));
                    }
                    _ => entry(item, indent, out),
                }
            }
        }
        _ => {}
    }
}

fn entry(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(m) if !m.is_empty() => {
            out.push('\n');
            block(value, indent + 2, out);
        }
        // yaml.v2 does not indent a list below its key.
        Value::Array(a) if !a.is_empty() => {
            out.push('\n');
            block(value, indent, out);
        }
        _ => out.push_str(&format!(" {}\n", scalar(value, indent))),
    }
}

fn scalar(value: &Value, indent: usize) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) if n.is_f64() => float(n.as_f64().unwrap_or_default()),
        Value::Number(n) => n.to_string(),
        Value::String(s) => string(s, indent),
        Value::Array(_) => "[]".into(),
        Value::Object(_) => "{}".into(),
    }
}

/// Go's shortest form: an exponent from 1e21 on in JSON, but from 1e6 on in YAML.
fn float(f: f64) -> String {
    if f.abs() >= 1e6 && f.fract() == 0.0 {
        let text = format!("{f:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{mantissa}e+{exponent:0>2}");
    }
    format!("{f}")
}

fn string(s: &str, indent: usize) -> String {
    if s.contains('\n') && s.chars().all(printable) && !s.starts_with([' ', '\n']) {
        return literal(s, indent);
    }
    if !s.chars().all(printable) || s.contains('\n') {
        return double_quoted(s);
    }
    if !matches!(yaml_in::resolve(s), Value::String(_)) || base_60(s) {
        return double_quoted(s);
    }
    if plain_allowed(s) { s.to_owned() } else { format!("'{}'", s.replace('\'', "''")) }
}

fn printable(c: char) -> bool {
    matches!(c, '\n' | '\t' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && c != '\u{feff}'
        && c != '\u{2028}'
        && c != '\u{2029}'
}

/// `12:30:00` was a number to YAML 1.1 parsers, so yaml.v2 quotes it.
fn base_60(s: &str) -> bool {
    s.contains(':')
        && s.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
        && s.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | '_' | '-' | '+'))
}

fn plain_allowed(s: &str) -> bool {
    let first = s.chars().next().unwrap_or(' ');
    let indicator = ",[]{}#&*!|>'\"%@`".contains(first)
        || ("-?:".contains(first) && s[first.len_utf8()..].starts_with([' ', '\t']))
        || (s.len() == 1 && "-?:".contains(first));
    !(s.is_empty()
        || indicator
        || s.starts_with(' ')
        || s.ends_with(' ')
        || s.ends_with(':')
        || s.contains(": ")
        || s.contains(" #")
        || s.contains('\t')
        || s.starts_with("---")
        || s.starts_with("..."))
}

fn literal(s: &str, indent: usize) -> String {
    let pad = " ".repeat(indent + 2);
    let body = s.trim_end_matches('\n');
    let chomp = match s.len() - body.len() {
        0 => "-",
        1 => "",
        _ => "+",
    };
    let lines: Vec<String> = s
        .strip_suffix('\n')
        .unwrap_or(s)
        .split('\n')
        .map(|l| if l.is_empty() { String::new() } else { format!("{pad}{l}") })
        .collect();
    format!("|{chomp}\n{}", lines.join("\n"))
}

fn double_quoted(s: &str) -> String {
    let mut out = String::from("\"");
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{feff}' => out.push_str("\\uFEFF"),
            c if printable(c) => out.push(c),
            c if (c as u32) < 0x100 => out.push_str(&format!("\\x{:02X}", c as u32)),
            c => out.push_str(&format!("\\u{:04X}", c as u32)),
        }
    }
    out.push('"');
    out
}
