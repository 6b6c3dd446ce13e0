//! Identity schemas: JSON Schema draft-07 with the `ory.sh/kratos` keyword, which says what a trait
//! is good for.

mod violations;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Value, json};

use super::credential::CredentialType;
use super::identifier::{canonical, has_control, is_email};
use super::identity::Via;
pub use violations::Violation;

/// The keyword that marks traits.
const KEYWORD: &str = "ory.sh/kratos";
/// Largest schema document, in bytes of JSON; a larger one is refused before it is compiled.
pub const SCHEMA_MAX_BYTES: usize = 256 * 1024;

/// Why a schema or a document is refused; both pointers are RFC 6901.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The schema itself is no good.
    #[error("identity schema '{schema}' is not valid at '{pointer}': {problem}")]
    Schema {
        /// The schema's id.
        schema: String,
        /// Where in the schema.
        pointer: String,
        /// What is wrong, without the offending value.
        problem: String,
    },
    /// The traits do not satisfy the schema.
    #[error("{} {problem}", place(.pointer))]
    Traits {
        /// Where in the traits.
        pointer: String,
        /// What is wrong, without the offending value.
        problem: String,
    },
}

/// Names a place in the traits.
fn place(pointer: &str) -> String {
    if pointer.is_empty() { "the traits document".to_owned() } else { format!("trait '{pointer}'") }
}

/// What the schema makes of a set of traits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// Canonical login identifiers for each kind of credential.
    pub identifiers: BTreeMap<CredentialType, Vec<String>>,
    /// Addresses whose owner can prove them.
    pub verifiable: Vec<(Via, String)>,
    /// Addresses that may receive a recovery code.
    pub recovery: Vec<(Via, String)>,
    /// The label of a TOTP enrolment.
    pub totp_account: Option<String>,
}

/// One schema; compiled at its first use, because most runs of the program never validate.
#[derive(Debug)]
pub struct Schema {
    id: String,
    document: Value,
    compiled: OnceLock<Result<Validator, SchemaError>>,
}

impl Schema {
    /// A schema that is checked when it is first used; call [`Schema::check`] to do it now.
    #[must_use]
    pub fn new(id: impl Into<String>, document: Value) -> Self {
        Self { id: id.into(), document, compiled: OnceLock::new() }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is called, where it says so.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        let title = self.document.get("title").and_then(Value::as_str).map(str::trim);
        title.filter(|title| !title.is_empty())
    }

    /// The document as it was given.
    #[must_use]
    pub const fn document(&self) -> &Value {
        &self.document
    }

    /// Checks the schema itself.
    ///
    /// # Errors
    /// `Schema`, with the pointer into the schema.
    pub fn check(&self) -> Result<(), SchemaError> {
        self.validator().map(|_| ())
    }

    /// Checks traits and says what they amount to.
    ///
    /// # Errors
    /// `Traits` for the first violation, `Schema` when the schema itself is no good.
    pub fn project(&self, traits: &Value) -> Result<Projection, SchemaError> {
        let validator = self.validator()?;
        if let Some(pointer) = control_character(traits, "") {
            return Err(SchemaError::Traits {
                pointer,
                problem: "contains a control character".to_owned(),
            });
        }
        let instance = json!({ "traits": traits });
        if let Err(error) = validator.validate(&instance) {
            let pointer = error.instance_path().to_string();
            return Err(SchemaError::Traits {
                pointer: pointer.strip_prefix("/traits").unwrap_or(&pointer).to_owned(),
                problem: describe(&error),
            });
        }
        let mut projection = Projection::default();
        if let Some(shape) = self.document.pointer("/properties/traits") {
            collect(shape, traits, &mut projection);
        }
        Ok(projection)
    }

    fn validator(&self) -> Result<&Validator, SchemaError> {
        self.compiled.get_or_init(|| self.compile()).as_ref().map_err(Clone::clone)
    }

    fn compile(&self) -> Result<Validator, SchemaError> {
        let fail = |pointer: &str, problem: String| SchemaError::Schema {
            schema: self.id.clone(),
            pointer: pointer.to_owned(),
            problem,
        };
        if self.document.to_string().len() > SCHEMA_MAX_BYTES {
            return Err(fail("", format!("it is larger than {SCHEMA_MAX_BYTES} bytes")));
        }
        if let Some(pointer) = remote_reference(&self.document, "") {
            return Err(fail(&pointer, "a $ref may only point into the same schema".to_owned()));
        }
        if !self.document.pointer("/properties/traits").is_some_and(Value::is_object) {
            return Err(fail("/properties/traits", "it must describe an object".to_owned()));
        }
        // Linear-time patterns only, and nothing is ever fetched (INPUT-03).
        jsonschema::options()
            .with_draft(Draft::Draft7)
            .offline()
            .should_validate_formats(true)
            .with_format("email", is_email)
            .with_pattern_options(PatternOptions::regex().size_limit(1 << 20))
            .build(&self.document)
            .map_err(|error| fail(&error.instance_path().to_string(), describe(&error)))
    }
}

/// The library's sentence with the offending value left out: it may be personal.
fn describe(error: &jsonschema::ValidationError<'_>) -> String {
    use jsonschema::error::ValidationErrorKind as Kind;
    match error.kind() {
        Kind::Required { property } => {
            format!("lacks '{}'", property.as_str().unwrap_or("a required property"))
        }
        Kind::AdditionalProperties { unexpected } => {
            format!("has properties the schema does not allow: {}", unexpected.join(", "))
        }
        Kind::Format { format } => format!("is not a valid {format}"),
        Kind::MinLength { limit } => format!("is shorter than {limit} characters"),
        Kind::MaxLength { limit } => format!("is longer than {limit} characters"),
        Kind::Pattern { pattern } => format!("does not match the pattern {pattern}"),
        Kind::Type { .. } => match error.schema_path().to_string().as_str() {
            "" => "has the wrong type".to_owned(),
            path => format!("has the wrong type (see {path} in the schema)"),
        },
        _ => error.masked_with("the value").to_string(),
    }
}

fn control_character(value: &Value, at: &str) -> Option<String> {
    match value {
        Value::String(text) => has_control(text).then(|| at.to_owned()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| control_character(item, &format!("{at}/{index}"))),
        Value::Object(map) => map.iter().find_map(|(key, item)| {
            if has_control(key) {
                return Some(at.to_owned());
            }
            control_character(item, &format!("{at}/{key}"))
        }),
        _ => None,
    }
}

fn remote_reference(value: &Value, at: &str) -> Option<String> {
    match value {
        Value::Object(map) => map.iter().find_map(|(key, item)| match item {
            Value::String(target) if key == "$ref" && !target.starts_with('#') => {
                Some(format!("{at}/$ref"))
            }
            item => remote_reference(item, &format!("{at}/{key}")),
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| remote_reference(item, &format!("{at}/{index}"))),
        _ => None,
    }
}

/// Walks schema and traits side by side; arrays contribute each of their items.
fn collect(shape: &Value, value: &Value, into: &mut Projection) {
    if let (Some(marks), Some(text)) = (shape.get(KEYWORD), value.as_str()) {
        mark(marks, text, into);
    }
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                if let Some(inner) = shape.get("properties").and_then(|all| all.get(key)) {
                    collect(inner, item, into);
                }
            }
        }
        Value::Array(items) => {
            if let Some(inner) = shape.get("items") {
                for item in items {
                    collect(inner, item, into);
                }
            }
        }
        _ => {}
    }
}

fn mark(marks: &Value, text: &str, into: &mut Projection) {
    let value = canonical(text);
    if value.is_empty() {
        return;
    }
    let credential = |kind: &str, flag: &str| marks.get("credentials")?.get(kind)?.get(flag);
    for kind in [CredentialType::Password, CredentialType::Webauthn, CredentialType::Code] {
        let flag = credential(kind.as_str(), "identifier");
        if flag == Some(&Value::Bool(true)) {
            push_new(into.identifiers.entry(kind).or_default(), value.clone());
        }
    }
    let via = |of| marks.get(of)?.get("via")?.as_str().and_then(Via::parse);
    if let Some(via) = via("verification") {
        push_new(&mut into.verifiable, (via, value.clone()));
    }
    if let Some(via) = via("recovery") {
        push_new(&mut into.recovery, (via, value));
    }
    if credential("totp", "account_name") == Some(&Value::Bool(true)) {
        into.totp_account.get_or_insert_with(|| text.to_owned());
    }
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// The schemas in force, by id.
#[derive(Debug)]
pub struct Schemas {
    default_id: String,
    all: BTreeMap<String, Schema>,
}

impl Schemas {
    /// The schemas that ship with Doorward; `social_user_v0` is the default.
    #[must_use]
    pub fn shipped() -> Self {
        let shipped = [
            ("admin_v0", include_str!("../../schemas/admin_v0.json")),
            ("social_user_v0", include_str!("../../schemas/social_user_v0.json")),
        ];
        let all = shipped
            .into_iter()
            .map(|(id, text)| {
                let document = serde_json::from_str(text).unwrap_or(Value::Null);
                (id.to_owned(), Schema::new(id, document))
            })
            .collect();
        Self { default_id: "social_user_v0".to_owned(), all }
    }

    /// An operator's own schemas, which replace the shipped ones.
    ///
    /// # Errors
    /// `None` when `default_id` is not among them.
    #[must_use]
    pub fn custom(documents: BTreeMap<String, Value>, default_id: &str) -> Option<Self> {
        documents.contains_key(default_id).then(|| Self {
            default_id: default_id.to_owned(),
            all: documents
                .into_iter()
                .map(|(id, document)| (id.clone(), Schema::new(id, document)))
                .collect(),
        })
    }

    /// The schema with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Schema> {
        self.all.get(id)
    }

    /// The id used when none is given.
    #[must_use]
    pub fn default_id(&self) -> &str {
        &self.default_id
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Schema> {
        self.all.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(schema: &str, traits: &Value) -> Result<Projection, SchemaError> {
        Schemas::shipped().get(schema).ok_or_else(unreachable)?.project(traits)
    }

    fn unreachable() -> SchemaError {
        SchemaError::Schema {
            schema: String::new(),
            pointer: String::new(),
            problem: String::new(),
        }
    }

    #[test]
    fn an_admin_signs_in_with_username_or_address() -> Result<(), SchemaError> {
        let traits = json!({"username": "Admin", "email": "Admin@Example.com"});
        let seen = project("admin_v0", &traits)?;
        let expected = vec!["admin".to_owned(), "admin@example.com".to_owned()];
        assert_eq!(seen.identifiers.get(&CredentialType::Password), Some(&expected));
        assert_eq!(seen.recovery, vec![(Via::Email, "admin@example.com".to_owned())]);
        assert_eq!(seen.totp_account.as_deref(), Some("Admin@Example.com"));
        Ok(())
    }

    #[test]
    fn a_violation_names_the_trait_and_not_its_value() {
        let error = project("admin_v0", &json!({"email": "not an address"})).unwrap_err();
        assert_eq!(error.to_string(), "trait '/email' is not a valid email");
        let error = project("social_user_v0", &json!({})).unwrap_err();
        assert_eq!(error.to_string(), "the traits document lacks 'email'");
    }

    #[test]
    fn input_03_schemas_cannot_fetch_or_stall() {
        let remote = json!({"properties": {"traits": {"$ref": "https://example.com/x.json"}}});
        assert!(Schema::new("x", remote).check().is_err());
        let slow = json!({"properties": {"traits": {"type": "object",
            "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}}});
        let schema = Schema::new("slow", slow);
        let hostile = format!("{}!", "a".repeat(50_000));
        assert!(schema.project(&json!({"a": hostile})).is_err());
    }

    #[test]
    fn input_05_control_characters_are_refused() {
        let error = project("admin_v0", &json!({"name": "a\u{202e}b"})).unwrap_err();
        assert_eq!(error.to_string(), "trait '/name' contains a control character");
    }
}
