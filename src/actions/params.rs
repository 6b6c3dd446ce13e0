//! Parameters, checked again by the charm itself: Juju 3 and 4 check them at different moments,
//! a local run has no controller that would, and neither may get a different answer.

use std::cell::RefCell;
use std::collections::BTreeSet;

use secrecy::SecretString;
use serde_json::{Map, Number, Value};

use super::definitions::{Definition, Parameter, Type};
use super::failure::Failure;
use crate::domain::identifier;

/// Longest text of one parameter, in bytes. The longest allowed password is shorter.
const TEXT_MAX_BYTES: usize = 8 * 1024;
/// Largest map or list of one parameter, in bytes of JSON.
const DOCUMENT_MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of a map or list.
const DOCUMENT_MAX_DEPTH: usize = 32;
/// Parameters whose value never reaches the ledger.
const SECRET: [&str; 1] = ["password"];
/// Parameters that are several lines by nature.
const SEVERAL_LINES: [&str; 1] = ["checkpoint"];
/// Whole floats up to this size are exact.
const EXACT_FLOAT: f64 = 9_007_199_254_740_991.0;

/// Parameters that fit their definition, with defaults filled in.
#[derive(Debug)]
pub struct Params {
    values: Map<String, Value>,
    password: Option<SecretString>,
    notices: Vec<String>,
    read: RefCell<BTreeSet<&'static str>>,
}

impl Params {
    /// Checks what was given against the definition of the action.
    ///
    /// Values of a neighbouring type are taken where their meaning is plain: a number for a text
    /// is its digits, the text `true` for a boolean is true, a JSON text for a map is that map.
    ///
    /// # Errors
    /// The first thing that does not fit, as a sentence that names the parameter and never
    /// repeats its value.
    pub fn check(definition: &Definition, given: Map<String, Value>) -> Result<Self, Failure> {
        let mut values = Map::new();
        let mut notices = Vec::new();
        let mut password = None;
        for (name, value) in given {
            let Some(parameter) = definition.parameter(&name) else {
                return Err(unknown(definition, &name));
            };
            if value.is_null() {
                continue;
            }
            let value = fit(parameter, value, &mut notices)?;
            if SECRET.contains(&name.as_str()) {
                if let Value::String(text) = value {
                    password = Some(SecretString::from(text));
                }
            } else {
                values.insert(name, value);
            }
        }
        for parameter in &definition.parameters {
            let given = values.contains_key(&parameter.name)
                || (parameter.name == "password" && password.is_some());
            if given {
                continue;
            }
            if parameter.required {
                return Err(Failure::new(format!("Parameter '{}' is required", parameter.name)));
            }
            if let Some(default) = &parameter.default {
                values.insert(parameter.name.clone(), default.clone());
            }
        }
        Ok(Self { values, password, notices, read: RefCell::default() })
    }

    /// A text; `None` when it was not given. An empty text counts as given.
    pub fn text(&self, name: &'static str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// A text that is not empty.
    pub fn filled(&self, name: &'static str) -> Option<&str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A whole number that is not negative.
    pub fn count(&self, name: &'static str) -> Option<u64> {
        self.value(name)?.as_u64()
    }

    /// A number.
    pub fn number(&self, name: &'static str) -> Option<f64> {
        self.value(name)?.as_f64()
    }

    /// A boolean; false when it was not given and has no default.
    pub fn flag(&self, name: &'static str) -> bool {
        self.value(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A map.
    pub fn map(&self, name: &'static str) -> Option<&Map<String, Value>> {
        self.value(name)?.as_object()
    }

    /// Words: a text with commas or spaces between them, or a list of texts; `None` when nothing was
    /// given.
    ///
    /// # Errors
    /// When an item of a list is no text.
    pub fn words(&self, name: &'static str) -> Result<Option<BTreeSet<String>>, Failure> {
        let invalid = || Failure::new(format!("Parameter '{name}' is words, separated by commas"));
        let words: Vec<&str> = match self.value(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.split([',', ' ']).collect(),
            Some(Value::Array(list)) => list
                .iter()
                .map(|word| word.as_str().ok_or_else(invalid))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(invalid()),
        };
        let words = words.into_iter().map(str::trim).filter(|word| !word.is_empty());
        Ok(Some(words.map(str::to_owned).collect()))
    }

    /// Any value, as it was given.
    pub fn value(&self, name: &'static str) -> Option<&Value> {
        self.read.borrow_mut().insert(name);
        self.values.get(name)
    }

    /// The password that was given in clear.
    pub fn password(&self) -> Option<&SecretString> {
        self.read.borrow_mut().insert("password");
        self.password.as_ref()
    }

    /// The parameters as the ledger may keep them: no secret among them.
    #[must_use]
    pub fn recorded(&self) -> Map<String, Value> {
        self.values.clone()
    }

    /// What the operator should know about values that were taken in another type.
    #[must_use]
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The names that were asked for so far.
    #[must_use]
    pub fn read(&self) -> BTreeSet<&'static str> {
        self.read.borrow().clone()
    }
}

fn unknown(definition: &Definition, name: &str) -> Failure {
    let known: Vec<&str> =
        definition.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    Failure::new(format!("Unknown parameter '{shown}'; {} takes: {known}", definition.name))
}

fn fit(parameter: &Parameter, value: Value, notices: &mut Vec<String>) -> Result<Value, Failure> {
    let value = cast(parameter, value, notices)?;
    match &value {
        Value::String(text) => check_text(parameter, text)?,
        Value::Number(number) => check_number(parameter, number)?,
        Value::Object(_) | Value::Array(_) => check_document(parameter, &value)?,
        _ => {}
    }
    Ok(value)
}

/// Brings a value into a type the parameter has, if there is only one way to read it.
fn cast(parameter: &Parameter, value: Value, notices: &mut Vec<String>) -> Result<Value, Failure> {
    let name = &parameter.name;
    let wrong = || Failure::new(format!("Parameter '{name}' must be {}", described(parameter)));
    match value {
        Value::String(text) => cast_text(parameter, text).ok_or_else(wrong),
        Value::Number(number) if parameter.is(Type::Number) => Ok(Value::Number(number)),
        Value::Number(number) => {
            let whole = whole(&number).ok_or_else(wrong)?;
            if parameter.is(Type::String) {
                let text = if SECRET.contains(&name.as_str()) {
                    "of its digits".to_owned()
                } else {
                    whole.to_string()
                };
                notices.push(format!(
                    "Parameter '{name}' arrived as a number and is taken as the text {text}; \
                     use --string-args if it was typed differently, for example with leading zeros"
                ));
                return Ok(Value::String(whole.to_string()));
            }
            if parameter.is(Type::Integer) { Ok(Value::Number(whole)) } else { Err(wrong()) }
        }
        Value::Bool(_) if parameter.is(Type::Boolean) => Ok(value),
        Value::Bool(_) if parameter.is(Type::String) => Err(Failure::new(format!(
            "Parameter '{name}' arrived as a boolean, because YAML reads words such as yes, no, on and off so; \
             use --string-args to pass the word itself"
        ))),
        Value::Object(_) if parameter.is(Type::Object) => Ok(value),
        Value::Array(_) if parameter.is(Type::Array) => Ok(value),
        _ => Err(wrong()),
    }
}

fn cast_text(parameter: &Parameter, text: String) -> Option<Value> {
    if parameter.is(Type::String) {
        return Some(Value::String(text));
    }
    if parameter.is(Type::Boolean) {
        return match text.as_str() {
            "true" | "True" | "yes" | "on" => Some(Value::Bool(true)),
            "false" | "False" | "no" | "off" => Some(Value::Bool(false)),
            _ => None,
        };
    }
    let json =
        (text.len() <= DOCUMENT_MAX_BYTES).then(|| serde_json::from_str::<Value>(&text).ok())??;
    match &json {
        Value::Object(_) if parameter.is(Type::Object) => Some(json),
        Value::Number(_) if parameter.is(Type::Number) => Some(json),
        Value::Number(number) if parameter.is(Type::Integer) => whole(number).map(Value::Number),
        _ => None,
    }
}

/// The number as an integer, when it is one. Juju may turn integers into floats on the way.
fn whole(number: &Number) -> Option<Number> {
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    let float = number.as_f64()?;
    if float.fract() != 0.0 || float.abs() > EXACT_FLOAT {
        return None;
    }
    format!("{float:.0}").parse::<i64>().ok().map(Number::from)
}

fn described(parameter: &Parameter) -> String {
    let words: Vec<&str> = parameter
        .types
        .iter()
        .map(|kind| match kind {
            Type::String => "a text",
            Type::Integer => "a whole number",
            Type::Number => "a number",
            Type::Boolean => "true or false",
            Type::Object => "a map",
            Type::Array => "a list",
        })
        .collect();
    words.join(" or ")
}

fn check_text(parameter: &Parameter, text: &str) -> Result<(), Failure> {
    let name = &parameter.name;
    if text.len() > TEXT_MAX_BYTES {
        return Err(Failure::new(format!(
            "Parameter '{name}' is longer than {TEXT_MAX_BYTES} bytes"
        )));
    }
    if let Some(limit) = parameter.max_chars
        && text.chars().count() > limit
    {
        return Err(Failure::new(format!("Parameter '{name}' is longer than {limit} characters")));
    }
    let lines =
        if SEVERAL_LINES.contains(&name.as_str()) { text.lines().collect() } else { vec![text] };
    if lines.into_iter().any(identifier::has_control) {
        return Err(Failure::new(format!("Parameter '{name}' contains a control character")));
    }
    if !parameter.choices.is_empty() && !parameter.choices.iter().any(|choice| choice == text) {
        return Err(not_a_choice(parameter, text));
    }
    Ok(())
}

fn not_a_choice(parameter: &Parameter, text: &str) -> Failure {
    if parameter.name == "mfa-type" {
        // The contract has a sentence of its own here, with Python's notation of a list.
        let allowed: Vec<String> =
            parameter.choices.iter().map(|choice| format!("'{choice}'")).collect();
        let shown: String = text.chars().take(64).collect();
        return Failure::new(format!(
            "Unsupported MFA credential type {shown}, allowed types include: ({})",
            allowed.join(", ")
        ));
    }
    Failure::new(format!(
        "Parameter '{}' must be one of {}",
        parameter.name,
        parameter.choices.join(", ")
    ))
}

fn check_number(parameter: &Parameter, number: &Number) -> Result<(), Failure> {
    let value = number.as_f64().unwrap_or(f64::NAN);
    let low = parameter.minimum.unwrap_or(f64::NEG_INFINITY);
    let high = parameter.maximum.unwrap_or(f64::INFINITY);
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Failure::new(format!("Parameter '{}' must be from {low} to {high}", parameter.name)))
}

fn check_document(parameter: &Parameter, value: &Value) -> Result<(), Failure> {
    let name = &parameter.name;
    if depth(value, DOCUMENT_MAX_DEPTH + 1) > DOCUMENT_MAX_DEPTH {
        return Err(Failure::new(format!(
            "Parameter '{name}' is nested deeper than {DOCUMENT_MAX_DEPTH} levels"
        )));
    }
    if value.to_string().len() > DOCUMENT_MAX_BYTES {
        return Err(Failure::new(format!(
            "Parameter '{name}' is larger than {DOCUMENT_MAX_BYTES} bytes"
        )));
    }
    if has_nul(value) {
        return Err(Failure::new(format!("Parameter '{name}' contains a control character")));
    }
    Ok(())
}

/// How deep a document is nested, counting no further than `limit`.
fn depth(value: &Value, limit: usize) -> usize {
    if limit == 0 {
        return 0;
    }
    let below = |children: &mut dyn Iterator<Item = &Value>| {
        1 + children.map(|child| depth(child, limit - 1)).max().unwrap_or(0)
    };
    match value {
        Value::Object(map) => below(&mut map.values()),
        Value::Array(list) => below(&mut list.iter()),
        _ => 0,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}
