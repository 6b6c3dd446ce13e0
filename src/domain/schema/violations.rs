//! Everything in which traits break their schema, in the sentences that people read beside a field.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::{Map, Value, json};

use super::{Schema, SchemaError, control_character};
use crate::domain::flow::text::{self, Known, Text};

/// Most violations that are told at once; a person mends a few at a time.
const MOST: usize = 64;

/// One way in which traits break their schema.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Where in the traits (RFC 6901); for something that is missing, where it should be.
    pub pointer: String,
    /// What is wrong.
    pub known: Known,
    /// The values it mentions.
    pub context: Map<String, Value>,
}

impl Violation {
    /// The sentence.
    #[must_use]
    pub fn text(&self) -> Text {
        self.known.with(self.context.clone())
    }
}

impl Schema {
    /// Everything in which `traits` break the schema; nothing when they satisfy it.
    ///
    /// # Errors
    /// `Schema` when the schema itself is no good.
    pub fn violations(&self, traits: &Value) -> Result<Vec<Violation>, SchemaError> {
        let validator = self.validator()?;
        if let Some(pointer) = control_character(traits, "") {
            let reason = "This contains a character that cannot be seen.";
            return Ok(vec![told(pointer, text::FAILED, [("reason", reason.into())])]);
        }
        let instance = json!({ "traits": traits });
        let errors = validator.iter_errors(&instance).take(MOST);
        Ok(errors.map(|error| violation(&self.document, &error)).collect())
    }
}

fn told<const N: usize>(
    pointer: String,
    known: Known,
    context: [(&'static str, Value); N],
) -> Violation {
    let context = context.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Violation { pointer, known, context }
}

fn violation(document: &Value, error: &ValidationError<'_>) -> Violation {
    let at = error.instance_path().to_string();
    let at = at.strip_prefix("/traits").unwrap_or(&at).to_owned();
    let value = error.instance();
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let escaped = name.replace('~', "~0").replace('/', "~1");
            told(format!("{at}/{escaped}"), text::REQUIRED, [("property", name.into())])
        }
        Kind::Pattern { pattern } => {
            told(at, text::PATTERN, [("pattern", pattern.as_str().into())])
        }
        Kind::UniqueItems => told(at, text::NOT_UNIQUE, []),
        Kind::Type { .. } => wrong_type(document, error, at),
        Kind::Constant { expected_value } => match expected_value.as_ref() {
            Value::Array(_) | Value::Object(_) => told(at, text::NOT_A_CONSTANT, []),
            expected => told(at, text::NOT_THE_CONSTANT, [("expected", expected.clone())]),
        },
        Kind::Format { format } if format == "email" => {
            told(at, text::NO_EMAIL, [("value", value.as_ref().clone())])
        }
        Kind::Enum { options } => {
            let words = options.as_array().into_iter().flatten().map(shown);
            let words = words.collect::<Vec<_>>().join(", ");
            failed(at, format!("This must be one of: {words}."))
        }
        Kind::Format { format } => failed(at, format!("This is not a valid {format}.")),
        Kind::AdditionalProperties { unexpected } => {
            failed(at, format!("These fields are not known here: {}.", unexpected.join(", ")))
        }
        kind => limit(kind, value, &at)
            .unwrap_or_else(|| failed(at, "This is not what may be here.".to_owned())),
    }
}

/// A value that is too long, too small and so on.
fn limit(kind: &Kind, value: &Value, at: &str) -> Option<Violation> {
    let length = value.as_str().map_or(0, |text| text.chars().count());
    let (known, name, limit) = match kind {
        Kind::MinLength { limit } => (text::TOO_SHORT, "min_length", (*limit).into()),
        Kind::MaxLength { limit } => (text::TOO_LONG, "max_length", (*limit).into()),
        Kind::Minimum { limit } => (text::TOO_SMALL, "minimum", limit.clone()),
        Kind::ExclusiveMinimum { limit } => (text::NOT_ABOVE, "minimum", limit.clone()),
        Kind::Maximum { limit } => (text::TOO_LARGE, "maximum", limit.clone()),
        Kind::ExclusiveMaximum { limit } => (text::NOT_BELOW, "maximum", limit.clone()),
        Kind::MultipleOf { multiple_of } => (text::NO_MULTIPLE, "base", json!(multiple_of)),
        Kind::MaxItems { limit } => (text::TOO_MANY, "max_items", (*limit).into()),
        Kind::MinItems { limit } => (text::TOO_FEW, "min_items", (*limit).into()),
        _ => return None,
    };
    let mut violation = told(at.to_owned(), known, [(name, limit)]);
    if matches!(kind, Kind::MinLength { .. } | Kind::MaxLength { .. }) {
        violation.context.insert("actual_length".to_owned(), length.into());
    }
    Some(violation)
}

fn wrong_type(document: &Value, error: &ValidationError<'_>, at: String) -> Violation {
    let allowed = match document.pointer(&error.schema_path().to_string()) {
        Some(Value::Array(types)) => types.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let words: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
    let actual = type_of(error.instance());
    let words = words.join(", ");
    told(at, text::WRONG_TYPE, [("allowed_types", words.into()), ("actual_type", actual.into())])
}

fn failed(at: String, reason: String) -> Violation {
    told(at, text::FAILED, [("reason", reason.into())])
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a value of this shape breaks, as `pointer id`.
    fn broken(shape: &Value, value: &Value) -> Vec<String> {
        let traits = json!({"type": "object", "properties": {"x": shape}});
        let schema = Schema::new("t", json!({"properties": {"traits": traits}}));
        let found = schema.violations(&json!({"x": value})).unwrap();
        found.iter().map(|one| format!("{} {}", one.pointer, one.text().id)).collect()
    }

    #[test]
    fn every_keyword_has_the_sentence_that_clients_of_kratos_know() {
        for (shape, value, id) in [
            (json!({"minLength": 3}), json!("äb"), 4_000_003),
            (json!({"maxLength": 3}), json!("abcd"), 4_000_017),
            (json!({"pattern": "^[a-z]+$"}), json!("1"), 4_000_004),
            (json!({"minimum": 3}), json!(2), 4_000_018),
            (json!({"exclusiveMinimum": 3}), json!(3), 4_000_019),
            (json!({"maximum": 3}), json!(4), 4_000_020),
            (json!({"exclusiveMaximum": 3}), json!(3), 4_000_021),
            (json!({"multipleOf": 3}), json!(4), 4_000_022),
            (json!({"maxItems": 1}), json!([1, 2]), 4_000_023),
            (json!({"minItems": 1}), json!([]), 4_000_024),
            (json!({"uniqueItems": true}), json!([1, 1]), 4_000_025),
            (json!({"type": "number"}), json!("one"), 4_000_026),
            (json!({"type": ["number", "null"]}), json!("one"), 4_000_026),
            (json!({"const": true}), json!(false), 4_000_029),
            (json!({"const": {"a": 1}}), json!(1), 4_000_030),
            (json!({"format": "email"}), json!("nobody"), 4_000_040),
            (json!({"format": "date"}), json!("tomorrow"), 4_000_001),
            (json!({"enum": ["a", "b"]}), json!("c"), 4_000_001),
            (json!({"not": {"type": "string"}}), json!("c"), 4_000_001),
            (json!({}), json!("a\u{202e}b"), 4_000_001),
        ] {
            assert_eq!(broken(&shape, &value), [format!("/x {id}")], "{shape}");
        }
        let shape = json!({"required": ["a/b", "c"]});
        assert_eq!(broken(&shape, &json!({})), ["/x/a~1b 4000002", "/x/c 4000002"]);
        assert!(broken(&shape, &json!({"a/b": 1, "c": 2})).is_empty());
    }

    #[test]
    fn a_sentence_says_what_was_wanted() {
        let shape = json!({"type": "object", "properties": {"x": {"type": ["number", "null"]}}});
        let schema = Schema::new("t", json!({"properties": {"traits": shape}}));
        let found = schema.violations(&json!({"x": "one"})).unwrap();
        let said = found[0].text();
        assert_eq!(said.text, "This must be of the type number, null.");
        assert_eq!(said.context["actual_type"], "string");
    }
}
