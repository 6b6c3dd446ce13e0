//! The functions a template may call.

use std::cmp::Ordering;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Number, Value};

const NAMES: [&str; 21] = [
    "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "print", "println",
    "printf", "urlquery", "html", "upper", "lower", "trim", "default", "title",
];

/// The function of that name.
pub fn find(name: &str) -> Option<&'static str> {
    NAMES.into_iter().find(|known| *known == name)
}

/// A number of a template as a value: whole where it is.
pub fn number(number: f64) -> Value {
    let text = number.to_string();
    text.parse::<i64>()
        .map(Value::from)
        .ok()
        .or_else(|| Number::from_f64(number).map(Value::Number))
        .unwrap_or(Value::Null)
}

/// Whether a value counts as true.
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64().is_some_and(|number| number != 0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(all) => !all.is_empty(),
        Value::Object(all) => !all.is_empty(),
    }
}

/// A value as text.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Calls a function.
///
/// # Errors
/// When the arguments do not fit.
pub fn call(name: &str, args: &[Value]) -> Result<Value, String> {
    let wrong = || format!("'{name}' does not take these arguments");
    let one = || args.first().filter(|_| args.len() == 1).ok_or_else(wrong);
    Ok(match name {
        "and" => args.iter().find(|one| !truth(one)).or(args.last()).ok_or_else(wrong)?.clone(),
        "or" => args.iter().find(|one| truth(one)).or(args.last()).ok_or_else(wrong)?.clone(),
        "not" => (!truth(one()?)).into(),
        "eq" | "ne" | "lt" | "le" | "gt" | "ge" => compared(name, args).ok_or_else(wrong)?.into(),
        "len" => match one()? {
            Value::String(text) => text.len().into(),
            Value::Array(all) => all.len().into(),
            Value::Object(all) => all.len().into(),
            Value::Null => 0.into(),
            _ => return Err(wrong()),
        },
        "index" => match args {
            [value, keys @ ..] => {
                keys.iter().fold(value.clone(), |value, key| element(&value, key))
            }
            [] => return Err(wrong()),
        },
        "print" => args.iter().map(text).collect::<String>().into(),
        "println" => {
            let all: Vec<String> = args.iter().map(text).collect();
            format!("{}\n", all.join(" ")).into()
        }
        "printf" => match args {
            [Value::String(format), rest @ ..] => formatted(format, rest)?.into(),
            _ => return Err(wrong()),
        },
        "urlquery" => {
            let all: String = args.iter().map(text).collect();
            utf8_percent_encode(&all, NON_ALPHANUMERIC).to_string().into()
        }
        // Everything is escaped when it is put into the page.
        "html" => text(one()?).into(),
        "upper" => text(one()?).to_uppercase().into(),
        "lower" => text(one()?).to_lowercase().into(),
        "trim" => text(one()?).trim().into(),
        "title" => titled(&text(one()?)).into(),
        "default" => match args {
            [fallback, value] => if truth(value) { value } else { fallback }.clone(),
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    })
}

/// How the first argument compares with the others; nothing where they do not.
fn compared(name: &str, args: &[Value]) -> Option<bool> {
    Some(match (name, args) {
        ("eq", [first, rest @ ..]) if !rest.is_empty() => {
            rest.iter().any(|other| same(first, other))
        }
        ("ne", [one, other]) => !same(one, other),
        ("lt", [one, other]) => order(one, other)? == Ordering::Less,
        ("le", [one, other]) => order(one, other)? != Ordering::Greater,
        ("gt", [one, other]) => order(one, other)? == Ordering::Greater,
        ("ge", [one, other]) => order(one, other)? != Ordering::Less,
        _ => return None,
    })
}

/// The element of a list or the value of a key; nothing where there is none.
pub fn element(value: &Value, key: &Value) -> Value {
    let found = match (value, key) {
        (Value::Array(all), key) => {
            key.as_u64().and_then(|place| all.get(usize::try_from(place).ok()?))
        }
        (Value::Object(all), Value::String(key)) => all.get(key),
        _ => None,
    };
    found.cloned().unwrap_or_default()
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

fn titled(words: &str) -> String {
    let mut begins = true;
    let mut titled = String::with_capacity(words.len());
    for c in words.chars() {
        if begins {
            titled.extend(c.to_uppercase());
        } else {
            titled.push(c);
        }
        begins = c.is_whitespace();
    }
    titled
}

/// `%s`, `%v`, `%d`, `%q` and `%%`.
fn formatted(format: &str, args: &[Value]) -> Result<String, String> {
    let mut args = args.iter();
    let mut result = String::with_capacity(format.len());
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            result.push(c);
            continue;
        }
        let verb = chars.next().ok_or("a 'printf' format ends with %")?;
        if verb == '%' {
            result.push('%');
            continue;
        }
        let arg = args.next().ok_or("'printf' has too few arguments")?;
        match verb {
            's' | 'v' => result.push_str(&text(arg)),
            'd' if arg.is_i64() || arg.is_u64() => result.push_str(&text(arg)),
            'd' => return Err("'printf' was given something else than a number for %d".to_owned()),
            'q' => result.push_str(&Value::String(text(arg)).to_string()),
            _ => return Err(format!("'printf' does not know %{verb}")),
        }
    }
    match args.next() {
        None => Ok(result),
        Some(_) => Err("'printf' has too many arguments".to_owned()),
    }
}
