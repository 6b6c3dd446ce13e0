//! The JSON that a request brings.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::Failure;
use super::strict;

/// Most bytes of a body (kratos-api §2.1).
const MOST: usize = 5 * 1024 * 1024;

/// A body, and whether it calls itself JSON.
pub struct Content {
    json: bool,
    bytes: Bytes,
}

/// The keys that an object may have. Some clients must be told about the others: a misspelt key that
/// is passed over is data lost.
pub enum Keys {
    /// Anything.
    Any,
    /// These.
    Object(&'static [(&'static str, Self)]),
    /// In each item of a list.
    Items(&'static Self),
}

impl<S: Send + Sync> FromRequest<S> for Content {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let json = says_json(request.headers());
        let bytes = to_bytes(request.into_body(), MOST).await;
        let bytes = bytes.map_err(|_| Failure::new(StatusCode::PAYLOAD_TOO_LARGE))?;
        Ok(Self { json, bytes })
    }
}

impl Content {
    /// The body as it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Refuses a body that does not call itself JSON.
    ///
    /// # Errors
    /// 400.
    pub fn declared(self) -> Result<Self, Failure> {
        if self.json {
            return Ok(self);
        }
        Err(Failure::invalid("The request must have the content type application/json."))
    }

    /// The document.
    ///
    /// # Errors
    /// 400 for what is not JSON.
    pub fn value(&self) -> Result<Value, Failure> {
        if self.bytes.is_empty() {
            return Err(Failure::invalid("The request has no body."));
        }
        serde_json::from_slice(&self.bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Failure::invalid(format!("The body is not JSON (line {line}, column {column})."))
        })
    }

    /// What the document says; keys that nobody knows are passed over.
    ///
    /// # Errors
    /// 400.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        read(self.value()?)
    }

    /// As [`Content::read`], and no key is passed over.
    ///
    /// # Errors
    /// 400; of an unknown key, with its name.
    pub fn read_strictly<T: DeserializeOwned>(&self, keys: &Keys) -> Result<T, Failure> {
        let value = self.value()?;
        match unknown(&value, keys) {
            None => read(value),
            Some(key) => {
                let key: String = key.chars().take(100).collect();
                Err(Failure::invalid(format!("The request has the unknown key `{key}`.")))
            }
        }
    }
}

fn says_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

/// The library's sentences may quote values, which may be secret; only names are passed on.
fn read<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    strict::read(value).map_err(|error| {
        let text = error.to_string();
        let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
        Failure::invalid(match missing {
            Some((name, _)) => format!("The request lacks `{name}`."),
            None if text.starts_with("UUID") => "An id in the request is not a UUID.".to_owned(),
            None => "A value in the request has the wrong type.".to_owned(),
        })
    })
}

/// The first key that is not known.
fn unknown<'a>(value: &'a Value, keys: &Keys) -> Option<&'a str> {
    match (keys, value) {
        (Keys::Object(known), Value::Object(map)) => {
            map.iter().find_map(|(key, inner)| match known.iter().find(|(name, _)| name == key) {
                None => Some(key.as_str()),
                Some((_, keys)) => unknown(inner, keys),
            })
        }
        (Keys::Items(keys), Value::Array(items)) => {
            items.iter().find_map(|item| unknown(item, keys))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_unknown_key_is_named_wherever_it_is() {
        const KEYS: Keys = Keys::Object(&[
            ("a", Keys::Any),
            ("b", Keys::Items(&Keys::Object(&[("c", Keys::Any)]))),
        ]);
        assert_eq!(unknown(&json!({"a": {"x": 1}, "b": [{"c": {"y": 1}}]}), &KEYS), None);
        assert_eq!(unknown(&json!({"b": [{"c": 1}, {"d": 1}]}), &KEYS), Some("d"));
        assert_eq!(unknown(&json!({"A": 1}), &KEYS), Some("A"));
        assert_eq!(unknown(&json!(["a"]), &KEYS), None, "the type is another matter");
    }

    #[test]
    fn a_refusal_quotes_no_value() {
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "never read")]
        struct Login {
            password: std::collections::BTreeMap<String, String>,
        }
        let refused = read::<Login>(json!({"password": "correct horse"})).unwrap_err();
        assert!(!format!("{refused:?}").contains("horse"), "{refused:?}");
        let refused = read::<Login>(json!({})).unwrap_err();
        assert!(format!("{refused:?}").contains("lacks `password`"), "{refused:?}");
    }
}
