//! Who changes somebody or something by the admin API, and what they want it to be like.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{ETAG, HeaderName, HeaderValue, IF_MATCH};
use axum::http::request::Parts;

use super::asked::Asked;
use super::failure::Failure;
use crate::domain::identity::Identity;
use crate::service::Caller;
use crate::service::unchanged::{Unchanged, tag};

/// The caller of a change, with what `If-Match` says.
pub struct Editor(pub Caller);

impl<S: Sync> FromRequestParts<S> for Editor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Ok(asked) = Asked::from_request_parts(parts, state).await;
        let unchanged = wanted(&parts.headers)?;
        Ok(Self(Caller { unchanged, ..asked.admin() }))
    }
}

/// A header with a tag.
pub type Tag = (HeaderName, HeaderValue);

/// The header that goes with somebody as they are now.
#[must_use]
pub fn etag(identity: &Identity) -> Option<Tag> {
    tagged(&tag(identity))
}

/// The header with this tag.
#[must_use]
pub fn tagged(tag: &str) -> Option<Tag> {
    HeaderValue::from_str(&format!("\"{tag}\"")).ok().map(|value| (ETAG, value))
}

/// What `If-Match` says: nothing, anything, or a list of tags. Weak ones fit nothing.
fn wanted(headers: &HeaderMap) -> Result<Option<Unchanged>, Failure> {
    let wrong = || Failure::invalid("The header If-Match holds tags in quotes, or an asterisk.");
    let mut tags = Vec::new();
    let mut any = false;
    for value in headers.get_all(IF_MATCH) {
        let text = value.to_str().map_err(|_| wrong())?;
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if part == "*" {
                any = true;
                continue;
            }
            let (weak, quoted) = match part.strip_prefix("W/") {
                Some(rest) => (true, rest),
                None => (false, part),
            };
            let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let inner = inner.filter(|inner| !inner.contains('"')).ok_or_else(wrong)?;
            if !weak {
                tags.push(inner.to_owned());
            }
        }
    }
    if any {
        return if tags.is_empty() { Ok(Some(Unchanged::Any)) } else { Err(wrong()) };
    }
    Ok(headers.contains_key(IF_MATCH).then_some(Unchanged::Tags(tags)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Result<Option<Unchanged>, ()> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_MATCH, HeaderValue::from_static(value));
        }
        wanted(&headers).map_err(drop)
    }

    #[test]
    fn if_match_is_read_as_rfc_9110_has_it() {
        let tags = |all: &[&str]| {
            Ok(Some(Unchanged::Tags(all.iter().map(|tag| (*tag).to_owned()).collect())))
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["*"]), Ok(Some(Unchanged::Any)));
        assert_eq!(read(&["\"a\""]), tags(&["a"]));
        assert_eq!(read(&["\"a\", \"b\"", "\"c\""]), tags(&["a", "b", "c"]));
        assert_eq!(read(&["W/\"a\""]), tags(&[]), "a weak tag is no proof");
        for wrong in ["a", "\"a", "\"a\" \"b\"", "*, \"a\"", "w/\"a\""] {
            assert_eq!(read(&[wrong]), Err(()), "{wrong}");
        }
    }
}
