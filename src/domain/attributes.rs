//! Attribute sets: named collections of typed values that administrators keep about people.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::access::{Flaw, check_description, check_name, check_word};
use super::identifier::has_control;

/// How many sets there may be in the realm.
pub const SETS_MAX: u64 = 200;
/// Most attributes of one set.
pub const ATTRIBUTES_MAX: usize = 100;
/// Most values of an attribute that may have several.
pub const VALUES_MAX: usize = 100;
/// Longest text, in characters.
pub const TEXT_MAX_CHARS: usize = 4096;
/// Sets whose identifier begins so are computed, and none of the realm's own.
pub const CORE_PREFIX: &str = "aac.";

/// What sort of value an attribute has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttributeKind {
    /// Text.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A day, `2030-01-31`.
    Date,
    /// A moment, RFC 3339.
    Datetime,
    /// A time of day, `08:30` or `08:30:00`.
    Time,
    /// A JSON object.
    Object,
}

impl AttributeKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::String,
        Self::Number,
        Self::Boolean,
        Self::Date,
        Self::Datetime,
        Self::Time,
        Self::Object,
    ];

    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Time => "time",
            Self::Object => "object",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What is wrong with a value, if it is not of this kind.
    #[must_use]
    pub fn problem(self, value: &Value) -> Option<&'static str> {
        let text = value.as_str();
        let fits = match self {
            Self::String => {
                let short = |text: &str| text.chars().count() <= TEXT_MAX_CHARS;
                return match text {
                    None => Some("must be text"),
                    Some(text) if !short(text) => Some("must have at most 4096 characters"),
                    Some(text) if text.split(['\n', '\r', '\t']).any(has_control) => {
                        Some("must not have control characters")
                    }
                    Some(_) => None,
                };
            }
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Date => text.is_some_and(|text| text.len() == 10 && text.parse::<Date>().is_ok()),
            Self::Datetime => text.is_some_and(|text| text.parse::<Timestamp>().is_ok()),
            Self::Time => text.is_some_and(is_time),
            Self::Object => value.is_object(),
        };
        if fits {
            return None;
        }
        Some(match self {
            Self::String => "must be text",
            Self::Number => "must be a number, such as 12.5",
            Self::Boolean => "must be true or false",
            Self::Date => "must be a day, such as 2030-01-31",
            Self::Datetime => "must be a moment with its zone, such as 2030-01-31T08:00:00Z",
            Self::Time => "must be a time of day, such as 08:30",
            Self::Object => "must be a JSON object, such as {\"a\": 1}",
        })
    }
}

fn is_time(text: &str) -> bool {
    let clock = matches!(text.len(), 5 | 8) && text.as_bytes().get(2) == Some(&b':');
    clock && text.parse::<Time>().is_ok()
}

/// One attribute of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Its key in the values.
    pub key: String,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// What sort of value it has.
    #[serde(rename = "type")]
    pub kind: AttributeKind,
    /// Whether it may have several.
    #[serde(default, rename = "isMultiple")]
    pub multiple: bool,
}

impl Attribute {
    /// What is wrong with a value of it.
    #[must_use]
    pub fn problem(&self, value: &Value) -> Option<&'static str> {
        if !self.multiple {
            return self.kind.problem(value);
        }
        match value {
            Value::Array(values) if values.len() > VALUES_MAX => Some("has more than 100 values"),
            Value::Array(values) => values.iter().find_map(|value| self.kind.problem(value)),
            _ => Some("must be a list"),
        }
    }
}

/// A set, as it is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeSet {
    /// The word by which it is known.
    pub identifier: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What is in it.
    pub attributes: Vec<Attribute>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What is wrong with a value, and under which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProblem {
    /// The key.
    pub key: String,
    /// What is wrong, after the name of the attribute.
    pub problem: &'static str,
}

impl AttributeSet {
    /// Whether it can be defined so.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), Flaw> {
        check_word("identifier", &self.identifier)?;
        if self.identifier.starts_with(CORE_PREFIX) {
            let sentence =
                format!("Sets that begin with {CORE_PREFIX} are computed and cannot be made.");
            return Err(Flaw::new("identifier", sentence));
        }
        check_name(&self.name)?;
        check_description(&self.description)?;
        let count = self.attributes.len();
        if count == 0 || count > ATTRIBUTES_MAX {
            let sentence = format!("A set has 1 to {ATTRIBUTES_MAX} attributes.");
            return Err(Flaw::new("attributes", sentence));
        }
        let mut keys = BTreeSet::new();
        for attribute in &self.attributes {
            check_word("key", &attribute.key)?;
            check_name(&attribute.name)?;
            check_description(&attribute.description)?;
            if !keys.insert(&attribute.key) {
                let sentence = format!("The key {} occurs twice.", attribute.key);
                return Err(Flaw::new("key", sentence));
            }
        }
        Ok(())
    }

    /// Everything about values that does not fit the definition, in its order.
    #[must_use]
    pub fn problems(&self, values: &Map<String, Value>) -> Vec<ValueProblem> {
        let wrong = self.attributes.iter().filter_map(|attribute| {
            let problem = attribute.problem(values.get(&attribute.key)?)?;
            Some(ValueProblem { key: attribute.key.clone(), problem })
        });
        let known = |key: &String| self.attributes.iter().any(|one| one.key == *key);
        let strange = values.keys().filter(|key| !known(key));
        let strange =
            strange.map(|key| ValueProblem { key: key.clone(), problem: "is not in the set" });
        wrong.chain(strange).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_of_its_kind_or_not() {
        use AttributeKind as Kind;
        let rows = [
            (Kind::String, json!("a\nb"), json!(1)),
            (Kind::String, json!(""), json!("a\u{0}")),
            (Kind::Number, json!(-1.5), json!("1")),
            (Kind::Boolean, json!(false), json!("false")),
            (Kind::Date, json!("2030-01-31"), json!("2030-02-31")),
            (Kind::Date, json!("2028-02-29"), json!("2030-01-31T00:00:00")),
            (Kind::Datetime, json!("2030-01-31T08:00:00+01:00"), json!("2030-01-31T08:00:00")),
            (Kind::Time, json!("08:30"), json!("24:30")),
            (Kind::Time, json!("08:30:59"), json!("8:30")),
            (Kind::Object, json!({}), json!([])),
        ];
        for (kind, good, bad) in rows {
            assert_eq!(kind.problem(&good), None, "{kind:?} {good}");
            assert!(kind.problem(&bad).is_some(), "{kind:?} {bad}");
            assert!(kind.problem(&Value::Null).is_some());
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn a_set_tells_all_that_does_not_fit() {
        let attribute = |key: &str, kind, multiple| Attribute {
            key: key.to_owned(),
            name: String::new(),
            description: String::new(),
            kind,
            multiple,
        };
        let mut set = AttributeSet {
            identifier: "staff".to_owned(),
            name: String::new(),
            description: String::new(),
            attributes: vec![
                attribute("desk", AttributeKind::Number, false),
                attribute("langs", AttributeKind::String, true),
            ],
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(set.check(), Ok(()));
        let keys = |values: Value| -> Vec<String> {
            let problems = set.problems(values.as_object().unwrap());
            problems.into_iter().map(|problem| problem.key).collect()
        };
        assert!(keys(json!({})).is_empty());
        assert!(keys(json!({"desk": 1, "langs": ["de", "en"]})).is_empty());
        assert_eq!(keys(json!({"x": 1, "langs": "de", "desk": "1"})), ["desk", "langs", "x"]);
        assert_eq!(keys(json!({"langs": ["de", 1]})), ["langs"]);
        assert_eq!(keys(json!({"langs": vec!["x"; 101]})), ["langs"]);
        set.attributes.push(attribute("desk", AttributeKind::String, false));
        assert!(set.check().is_err());
        set.attributes.clear();
        assert!(set.check().is_err());
        set.identifier = "aac.mine".to_owned();
        assert_eq!(set.check().unwrap_err().field, "identifier");
    }
}
