//! Parameters of an action as typed: `key=value`, `a.b=value`, `--params FILE`.
//!
//! Values are YAML 1.1, as with `juju run`, with two differences where the Juju client would change
//! a text without saying so:
//!
//! - A parameter that `actions.yaml` declares to be text keeps what was typed (`007`, `yes`,
//!   `pa #ss`, `a: b`); only quotes around the whole are taken off.
//! - Elsewhere a number with a leading zero, a comment and a `!tag` stay text too.
//!
//! What the Juju client refuses (`@x`, `[a`) is refused here where YAML is read. Inside lists and
//! maps `yes` and `on` are words.

use serde_json::{Map, Value};

use super::scalar::Scalar;

/// The largest `--params` file or secret that is read, in bytes.
pub const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// Why the parameters cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    /// An argument without `=`.
    #[error("argument {0:?} must be of the form key.key.key...=value")]
    NotAPair(String),
    /// A key Juju would not accept.
    #[error(
        "key {0:?} must start and end with lowercase alphanumeric, and contain only lowercase alphanumeric and hyphens"
    )]
    BadKey(String),
    /// A value that is not YAML.
    #[error("yaml: {0}")]
    NotYaml(String),
    /// A parameter file that holds something else than a map.
    #[error("params must contain a YAML map with string keys")]
    NotAMap,
}

impl ValueError {
    /// Whether the command line itself is wrong, rather than a value in it.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::NotAPair(_) | Self::BadKey(_))
    }
}

/// Which JSON types a parameter may have, by its name; empty when it is not declared.
pub type Types<'a> = dyn Fn(&str) -> Vec<String> + 'a;

/// Reads a parameter file.
///
/// # Errors
/// [`ValueError::NotYaml`], [`ValueError::NotAMap`].
pub fn file(text: &str) -> Result<Map<String, Value>, ValueError> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match crate::yaml::from_str::<Value>(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(ValueError::NotAMap),
        Err(error) => Err(ValueError::NotYaml(error.to_string())),
    }
}

/// Puts the arguments `pairs` over the parameters `into`, later ones over earlier ones.
///
/// # Errors
/// The first argument that is wrong; `into` is then of no use.
pub fn arguments(
    into: &mut Map<String, Value>,
    pairs: &[String],
    string_args: bool,
    types: &Types<'_>,
) -> Result<(), ValueError> {
    let mut split = Vec::with_capacity(pairs.len());
    for pair in pairs {
        split.push(split_pair(pair)?);
    }
    for (keys, text) in split {
        let value = if string_args {
            Value::String(text.to_owned())
        } else {
            let declared = if let [only] = keys.as_slice() { types(only) } else { Vec::new() };
            value(text, &declared)?
        };
        insert(into, &keys, value);
    }
    Ok(())
}

fn split_pair(pair: &str) -> Result<(Vec<&str>, &str), ValueError> {
    let (key, text) = pair.split_once('=').ok_or_else(|| ValueError::NotAPair(pair.to_owned()))?;
    let keys: Vec<&str> = key.split('.').collect();
    match keys.iter().find(|part| !is_key(part)) {
        Some(bad) => Err(ValueError::BadKey((*bad).to_owned())),
        None => Ok((keys, text)),
    }
}

/// Whether Juju takes this as a part of a key.
fn is_key(part: &str) -> bool {
    part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !part.is_empty()
        && !part.starts_with('-')
        && !part.ends_with('-')
}

/// Reads one value for a parameter of the types `declared`.
///
/// # Errors
/// [`ValueError::NotYaml`].
pub fn value(text: &str, declared: &[String]) -> Result<Value, ValueError> {
    let may_be = |kind: &str| declared.iter().any(|name| name == kind);
    let structured = may_be("array") && text.starts_with('[') || may_be("object");
    if may_be("string") && !structured && !is_quoted(text) {
        return Ok(Value::String(text.to_owned()));
    }
    let leading_zero =
        text.len() > 1 && text.bytes().all(|b| b.is_ascii_digit()) && text.starts_with('0');
    if text.is_empty()
        || text.starts_with(['#', '!'])
        || text.contains(" #") && !is_flow(text)
        || leading_zero
    {
        return Ok(Value::String(text.to_owned()));
    }
    if let Some(scalar) = Scalar::of(text.trim()).into_value() {
        return Ok(scalar);
    }
    match crate::yaml::from_str::<Value>(text) {
        Ok(value) => Ok(value),
        Err(error) => Err(ValueError::NotYaml(error.to_string())),
    }
}

fn is_quoted(text: &str) -> bool {
    ['"', '\'']
        .iter()
        .any(|&quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote))
}

fn is_flow(text: &str) -> bool {
    text.starts_with(['[', '{', '"', '\''])
}

fn insert(into: &mut Map<String, Value>, keys: &[&str], value: Value) {
    let Some((first, rest)) = keys.split_first() else { return };
    if rest.is_empty() {
        into.insert((*first).to_owned(), value);
        return;
    }
    let slot = into.entry(*first).or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    if let Value::Object(map) = slot {
        insert(map, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn untyped(text: &str) -> Value {
        value(text, &[]).expect("the text is YAML")
    }

    fn text(typed: &str) -> Value {
        value(typed, &["string".to_owned(), "integer".to_owned()]).expect("any text will do")
    }

    #[test]
    fn undeclared_values_are_yaml_1_1() {
        for (typed, meant) in [
            ("12345", json!(12345)),
            ("1_000", json!(1000)),
            ("yes", json!(true)),
            ("off", json!(false)),
            ("null", json!(null)),
            ("", json!("")),
            ("\"12345\"", json!("12345")),
            ("a: b", json!({"a": "b"})),
            ("[a, b]", json!(["a", "b"])),
            ("{\"a\": 1}", json!({"a": 1})),
            ("-", json!([null])),
            ("#x", json!("#x")),
            ("2024-01-01", json!("2024-01-01")),
        ] {
            assert_eq!(untyped(typed), meant, "{typed}");
        }
    }

    #[test]
    fn nothing_typed_is_cut_off_or_changed_in_silence() {
        assert_eq!(untyped("a #b"), json!("a #b"));
        assert_eq!(untyped("!x"), json!("!x"));
        assert_eq!(untyped("0123"), json!("0123"));
        for typed in ["007", "yes", "null", "pa #ss", "a: b", "@x", "*x", "1e3", "[a", " x "] {
            assert_eq!(text(typed), json!(typed), "{typed}");
        }
        assert_eq!(text("\"007\""), json!("007"));
        assert_eq!(text("'it''s'"), json!("it's"));
    }

    #[test]
    fn what_is_not_yaml_is_refused() {
        for typed in ["@x", "`x", "*x", "%x", "[a", "{a"] {
            assert!(value(typed, &[]).is_err(), "{typed}");
        }
    }

    #[test]
    fn dotted_keys_nest_and_later_arguments_win() {
        let mut into = file("traits: {email: x, name: n}\nother: 1\n").expect("a map");
        let pairs = ["traits.email=z", "other.deep=2", "flag=yes"].map(str::to_owned);
        arguments(&mut into, &pairs, false, &|_| Vec::new()).expect("good arguments");
        let expected =
            json!({"traits": {"email": "z", "name": "n"}, "other": {"deep": 2}, "flag": true});
        assert_eq!(Value::Object(into), expected);
    }

    #[test]
    fn keys_follow_the_rule_of_the_juju_client() {
        let refuse = |pair: &str| {
            arguments(&mut Map::new(), &[pair.to_owned()], false, &|_| Vec::new())
                .expect_err("refused")
                .to_string()
        };
        assert!(refuse("user_name=x").starts_with("key \"user_name\" must start and end"));
        assert!(refuse("a..b=x").starts_with("key \"\" must"));
        assert_eq!(refuse("x"), "argument \"x\" must be of the form key.key.key...=value");
    }

    #[test]
    fn string_args_are_taken_to_the_letter() {
        let mut into = Map::new();
        arguments(&mut into, &["n=\"5\"".to_owned()], true, &|_| Vec::new()).expect("a pair");
        assert_eq!(Value::Object(into), json!({"n": "\"5\""}));
    }

    #[test]
    fn a_parameter_file_is_a_map() {
        assert_eq!(file("").expect("empty"), Map::new());
        assert!(matches!(file("- a"), Err(ValueError::NotAMap)));
        assert!(matches!(file("a: [b"), Err(ValueError::NotYaml(_))));
    }
}
