//! Values typed on the `juju run` command line, read as yaml.v2 (YAML 1.1) reads them.
//!
//! Plain scalars and flow collections are read here; a block document goes to `serde_yaml`, whose
//! plain `yes` and `0123` stay strings (the only known difference).

use serde_json::{Map, Number, Value};

/// The value of one command-line argument or of a whole document.
pub fn parse(text: &str) -> Result<Value, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Value::String(String::new()));
    }
    match trimmed.chars().next().unwrap_or(' ') {
        '!' if !trimmed.contains(' ') => Ok(Value::String(String::new())),
        '#' => Ok(Value::String(trimmed.to_owned())),
        '@' | '`' | '%' => Err("yaml: found character that cannot start any token".into()),
        '*' => Err(format!("yaml: unknown anchor '{}' referenced", &trimmed[1..])),
        '{' | '[' => flow_document(trimmed),
        '"' | '\'' | '|' | '>' | '&' | '!' | '?' => block(text),
        _ if trimmed.contains('\n') => block(text),
        '-' if trimmed == "-" => Ok(Value::Array(vec![Value::Null])),
        '-' if trimmed.starts_with("- ") => block(text),
        _ if trimmed.contains(": ") || trimmed.ends_with(':') => one_line_map(trimmed),
        _ => Ok(resolve(without_comment(trimmed))),
    }
}

/// A document of any style; used for `--params` files.
pub fn block(text: &str) -> Result<Value, String> {
    serde_yaml::from_str(text).map_err(|e| format!("yaml: {e}"))
}

fn without_comment(text: &str) -> &str {
    text.find(" #").map_or(text, |at| text[..at].trim_end())
}

fn one_line_map(text: &str) -> Result<Value, String> {
    let text = without_comment(text);
    let (key, value) = text.split_once(": ").unwrap_or((text.trim_end_matches(':'), ""));
    if value.contains(": ") {
        return Err("yaml: mapping values are not allowed in this context".into());
    }
    let value = if value.trim().is_empty() { Value::Null } else { parse(value)? };
    Ok(Value::Object(Map::from_iter([(key.to_owned(), value)])))
}

/// What a plain scalar means in YAML 1.1 as yaml.v2 2.4 implements it.
pub fn resolve(s: &str) -> Value {
    match s {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            return Value::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    number(s).map_or_else(|| Value::String(s.to_owned()), Value::Number)
}

fn number(s: &str) -> Option<Number> {
    let first = s.chars().next()?;
    if !(first.is_ascii_digit() || "+-.".contains(first)) {
        return None;
    }
    let plain = s.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let radix = |prefix: &str, base| {
        digits.strip_prefix(prefix).and_then(|d| i64::from_str_radix(d, base).ok())
    };
    let octal = (digits.len() > 1 && digits.starts_with('0'))
        .then(|| i64::from_str_radix(&digits[1..], 8).ok())
        .flatten();
    let whole = radix("0x", 16)
        .or_else(|| radix("0b", 2))
        .or_else(|| radix("0o", 8))
        .or(octal)
        .map(|v| if negative { -v } else { v });
    if let Some(v) = whole {
        return Some(v.into());
    }
    let decimal = !digits.starts_with('0') || digits == "0";
    if decimal && digits.bytes().all(|b| b.is_ascii_digit()) {
        if let Ok(v) = plain.trim_start_matches('+').parse::<i64>() {
            return Some(v.into());
        }
        if let Ok(v) = plain.trim_start_matches('+').parse::<u64>() {
            return Some(v.into());
        }
    }
    float(&plain)
}

fn float(s: &str) -> Option<Number> {
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
    if !s.chars().all(allowed) || !s.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Number::from_f64(s.parse().ok()?)
}

fn flow_document(text: &str) -> Result<Value, String> {
    let mut flow = Flow { rest: text };
    let value = flow.value()?;
    let rest = flow.rest.trim();
    if rest.is_empty() || rest.starts_with('#') {
        Ok(value)
    } else {
        Err("yaml: did not find expected <document start>".into())
    }
}

struct Flow<'a> {
    rest: &'a str,
}

impl Flow<'_> {
    fn value(&mut self) -> Result<Value, String> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next() {
            Some('{') => self.map(),
            Some('[') => self.list(),
            Some('"' | '\'') => self.quoted().map(Value::String),
            Some('@' | '`' | '%' | '*') => {
                Err("yaml: found character that cannot start any token".into())
            }
            Some(_) => Ok(resolve(&self.plain())),
            None => Err("yaml: did not find expected node content".into()),
        }
    }

    fn map(&mut self) -> Result<Value, String> {
        let mut map = Map::new();
        self.rest = &self.rest[1..];
        loop {
            self.rest = self.rest.trim_start();
            if self.take('}') {
                return Ok(Value::Object(map));
            }
            let key = match self.rest.chars().next() {
                Some('"' | '\'') => self.quoted()?,
                _ => self.plain(),
            };
            self.rest = self.rest.trim_start();
            let value = if self.take(':') {
                match self.rest.trim_start().chars().next() {
                    Some(',' | '}') => Value::Null,
                    _ => self.value()?,
                }
            } else {
                Value::Null
            };
            map.insert(key, value);
            self.separator('}', "yaml: did not find expected ',' or '}'")?;
        }
    }

    fn list(&mut self) -> Result<Value, String> {
        let mut items = Vec::new();
        self.rest = &self.rest[1..];
        loop {
            self.rest = self.rest.trim_start();
            if self.take(']') {
                return Ok(Value::Array(items));
            }
            items.push(self.value()?);
            self.separator(']', "yaml: did not find expected ',' or ']'")?;
        }
    }

    fn separator(&mut self, end: char, message: &str) -> Result<(), String> {
        self.rest = self.rest.trim_start();
        if self.take(',') || self.rest.starts_with(end) { Ok(()) } else { Err(message.into()) }
    }

    fn take(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn plain(&mut self) -> String {
        let mut end = self.rest.len();
        for (at, c) in self.rest.char_indices() {
            let after = self.rest[at + c.len_utf8()..].chars().next();
            let colon = c == ':' && after.is_none_or(|n| n.is_whitespace() || ",]}".contains(n));
            if ",]}[{".contains(c) || colon {
                end = at;
                break;
            }
        }
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        text.trim().to_owned()
    }

    fn quoted(&mut self) -> Result<String, String> {
        let quote = self.rest.chars().next().unwrap_or('"');
        let bytes = self.rest.as_bytes();
        let mut at = 1;
        while at < bytes.len() {
            if quote == '"' && bytes[at] == b'\\' {
                at += 2;
                continue;
            }
            if bytes[at] == quote as u8 {
                if quote == '\'' && bytes.get(at + 1) == Some(&b'\'') {
                    at += 2;
                    continue;
                }
                let (token, rest) = self.rest.split_at(at + 1);
                self.rest = rest;
                return serde_yaml::from_str(token).map_err(|e| format!("yaml: {e}"));
            }
            at += 1;
        }
        Err("yaml: found unexpected end of stream".into())
    }
}
