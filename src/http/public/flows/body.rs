//! The fields of a form, from JSON or from a browser.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::http::content::Content;
use crate::http::failure::Failure;
use crate::service::editing;

/// The fields, nested.
pub struct Fields(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let content = Content::from_request(request, state).await?;
        match kind.as_str() {
            "application/x-www-form-urlencoded" => Ok(Self(nested(content.bytes()))),
            "application/json" => match content.value()? {
                Value::Object(fields) => Ok(Self(fields)),
                _ => Err(Failure::invalid("The body is not a JSON object.")),
            },
            _ => Err(Failure::invalid(
                "The content type must be application/json or application/x-www-form-urlencoded.",
            )),
        }
    }
}

impl Fields {
    /// The fields, with the token of the form that some pages send in a header.
    pub fn with_token(self, headers: &HeaderMap) -> Map<String, Value> {
        let mut fields = self.0;
        let token = headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
        if let (Some(token), None) = (token, fields.get("csrf_token")) {
            fields.insert("csrf_token".to_owned(), token.into());
        }
        fields
    }
}

/// A form's fields. Where a field comes twice, the last counts: that is how a box that is not ticked
/// is sent.
fn nested(bytes: &[u8]) -> Map<String, Value> {
    let fields: Vec<_> = url::form_urlencoded::parse(bytes).collect();
    editing::nested(fields.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dots_lead_into_documents_and_the_last_value_counts() {
        let fields = nested(
            b"method=profile&traits.name.first=A%20B&traits.on=false&traits.on=true&a=1&a.b=2",
        );
        assert_eq!(
            Value::Object(fields),
            json!({
                "method": "profile", "traits": {"name": {"first": "A B"}, "on": "true"},
                "a": {"b": "2"}
            })
        );
        let deep = format!("{}=1", vec!["a"; 10_000].join("."));
        assert_eq!(nested(deep.as_bytes()).len(), 1);
    }
}
