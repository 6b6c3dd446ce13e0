//! What `actions.yaml` says: the parameters of each action, their types, defaults and help.

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::yaml;

/// The file itself, as Juju reads it.
pub const TEXT: &str = include_str!("../../actions.yaml");

/// Every action, in the order of the file.
#[derive(Debug, Default)]
pub struct Definitions {
    actions: Vec<Definition>,
}

/// One action.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// What it does, in full sentences; the first is a summary.
    pub description: String,
    /// Its parameters, in the order of the file.
    pub parameters: Vec<Parameter>,
}

/// One parameter of an action.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it means.
    pub description: String,
    /// The JSON types it may have.
    pub types: Vec<Type>,
    /// Whether it must be given.
    pub required: bool,
    /// What it is when it is not given.
    pub default: Option<Value>,
    /// The only texts it may be; empty when any will do.
    pub choices: Vec<String>,
    /// The smallest number allowed.
    pub minimum: Option<f64>,
    /// The largest number allowed.
    pub maximum: Option<f64>,
    /// The longest text allowed, in characters.
    pub max_chars: Option<usize>,
}

/// A JSON type, by its name in JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A map.
    Object,
    /// A list.
    Array,
}

impl Type {
    /// The word for help texts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAction {
    description: String,
    params: Map<String, Value>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(rename = "additionalProperties")]
    _closed: Closed,
}

/// `additionalProperties: false`, the only value that is allowed.
struct Closed;

impl<'de> Deserialize<'de> for Closed {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if bool::deserialize(from)? {
            return Err(serde::de::Error::custom("additionalProperties must be false"));
        }
        Ok(Self)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParameter {
    #[serde(rename = "type")]
    types: Types,
    description: String,
    default: Option<Value>,
    #[serde(default, rename = "enum")]
    choices: Vec<String>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    #[serde(rename = "maxLength")]
    max_chars: Option<usize>,
    #[serde(rename = "properties")]
    _properties: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Types {
    One(Type),
    Several(Vec<Type>),
}

/// A definition that does not have the expected shape; only a test ever sees one.
#[derive(Debug, thiserror::Error)]
#[error("actions.yaml, {action}: {problem}")]
pub struct DefinitionError {
    action: String,
    problem: String,
}

impl Definitions {
    /// The action called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// All actions, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.actions.iter()
    }
}

impl Definition {
    /// The parameter called `name`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// The first sentence of the description, for lists.
    #[must_use]
    pub fn summary(&self) -> &str {
        self.description
            .split_once(". ")
            .map_or(self.description.as_str(), |(first, _)| first)
            .trim_end_matches('.')
    }
}

impl Parameter {
    /// Whether it may have this type.
    #[must_use]
    pub fn is(&self, wanted: Type) -> bool {
        self.types.contains(&wanted)
    }
}

/// Every action of the embedded file.
#[must_use]
pub fn all() -> &'static Definitions {
    static ALL: OnceLock<Definitions> = OnceLock::new();
    ALL.get_or_init(|| parse(TEXT).unwrap_or_default())
}

/// One action of the embedded file, without reading the rest of it: an action dispatched by Juju
/// needs no other.
#[must_use]
pub fn one(name: &str) -> Option<Definition> {
    let section = sections(TEXT).into_iter().find(|(section, _)| *section == name)?;
    parse_section(section.0, section.1).ok()
}

/// Reads a file of definitions.
///
/// # Errors
/// When an action is not written in the closed form this crate understands.
pub fn parse(text: &str) -> Result<Definitions, DefinitionError> {
    let actions = sections(text)
        .into_iter()
        .map(|(name, body)| parse_section(name, body))
        .collect::<Result<_, _>>()?;
    Ok(Definitions { actions })
}

/// Splits the file at its top-level keys.
fn sections(text: &str) -> Vec<(&str, &str)> {
    let mut starts: Vec<(usize, &str)> = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with(|c: char| c.is_ascii_alphanumeric())
            && let Some((name, _)) = line.split_once(':')
        {
            starts.push((offset, name));
        }
        offset += line.len();
    }
    let ends: Vec<usize> =
        starts.iter().skip(1).map(|(start, _)| *start).chain([text.len()]).collect();
    starts
        .into_iter()
        .zip(ends)
        .filter_map(|((start, name), end)| Some((name, text.get(start..end)?)))
        .collect()
}

fn parse_section(name: &str, section: &str) -> Result<Definition, DefinitionError> {
    let fail = |problem: String| DefinitionError { action: name.to_owned(), problem };
    let mut document: Map<String, Value> =
        yaml::from_str(section).map_err(|e| fail(e.to_string()))?;
    let body = document.remove(name).unwrap_or_default();
    let raw: RawAction = serde_json::from_value(body).map_err(|e| fail(e.to_string()))?;
    let parameters = raw
        .params
        .into_iter()
        .map(|(parameter, schema)| {
            let required = raw.required.contains(&parameter);
            parse_parameter(parameter, schema, required).map_err(|e| fail(e.to_string()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if let Some(stray) =
        raw.required.iter().find(|name| !parameters.iter().any(|p| &p.name == *name))
    {
        return Err(fail(format!("requires {stray}, which is not a parameter")));
    }
    Ok(Definition { name: name.to_owned(), description: raw.description, parameters })
}

fn parse_parameter(
    name: String,
    schema: Value,
    required: bool,
) -> Result<Parameter, serde_json::Error> {
    let raw: RawParameter = serde_json::from_value(schema)?;
    let types = match raw.types {
        Types::One(one) => vec![one],
        Types::Several(several) => several,
    };
    Ok(Parameter {
        name,
        description: raw.description,
        types,
        required,
        default: raw.default,
        choices: raw.choices,
        minimum: raw.minimum,
        maximum: raw.maximum,
        max_chars: raw.max_chars,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_is_in_the_closed_form() {
        let all = parse(TEXT).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(all.iter().count(), crate::actions::table::TABLE.len());
    }

    #[test]
    fn one_action_reads_the_same_alone_as_among_the_others() {
        for whole in all().iter() {
            let alone = one(&whole.name).map(|definition| format!("{definition:?}"));
            assert_eq!(alone, Some(format!("{whole:?}")));
        }
        assert!(one("no-such-action").is_none());
    }

    #[test]
    fn a_definition_outside_the_closed_form_is_refused() {
        let open = "x:\n  description: d\n  params: {}\n  additionalProperties: true\n";
        let stray =
            "x:\n  description: d\n  params: {}\n  required: [y]\n  additionalProperties: false\n";
        let unknown = "x:\n  description: d\n  params: {y: {type: string, description: d, pattern: a}}\n  additionalProperties: false\n";
        for text in [open, stray, unknown] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
