//! JSON documents: taken apart where something is looked for in them, left as text where they are
//! only passed on, which costs a tenth.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// A document that is passed on as it was written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Raw(Option<Box<RawValue>>);

/// A document on its way out, in whichever form there is.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Shown<'a, T: ?Sized = Value> {
    /// Taken apart.
    Parsed(&'a T),
    /// As it was written.
    Raw(&'a Raw),
}

/// Either form of a document.
pub trait Document<T: ?Sized = Value> {
    /// The document, to be written.
    fn shown(&self) -> Shown<'_, T>;
}

impl Document for Value {
    fn shown(&self) -> Shown<'_> {
        Shown::Parsed(self)
    }
}

impl<T> Document<[T]> for Vec<T> {
    fn shown(&self) -> Shown<'_, [T]> {
        Shown::Parsed(self)
    }
}

impl<T: ?Sized> Document<T> for Raw {
    fn shown(&self) -> Shown<'_, T> {
        Shown::Raw(self)
    }
}

impl Raw {
    /// Takes the document apart.
    ///
    /// # Errors
    /// When it is not what is expected.
    pub fn parsed<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.as_ref().map_or("null", |raw| raw.get()))
    }
}

impl Shown<'_> {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        match self {
            Self::Parsed(value) => value.is_null(),
            Self::Raw(raw) => raw.0.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_passed_on_is_written_as_it_came() {
        let text = r#"{"b":1.50,"a":[null,"\u00e9"]}"#;
        let raw: Raw = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&Document::<Value>::shown(&raw)).unwrap(), text);
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_value(Document::<Value>::shown(&raw)).unwrap(), value);
        assert!(serde_json::from_str::<Raw>("{\"b\":").is_err(), "half a document is none");
    }

    #[test]
    fn nothing_is_null_in_either_form() {
        let raw: Raw = serde_json::from_str("null").unwrap();
        let shown: Shown<'_> = raw.shown();
        assert!(shown.is_null() && Value::Null.shown().is_null());
        assert_eq!(serde_json::to_string(&shown).unwrap(), "null");
    }
}
