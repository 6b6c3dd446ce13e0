//! The option `session_token_templates`: what signed tokens of sessions look like.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use jiff::SignedDuration;
use serde::Deserialize;

/// Longest mapper, in bytes.
const MAPPER_MAX: usize = 64 * 1024;
/// How long a token lasts when its template does not say.
const USUAL: SignedDuration = SignedDuration::from_mins(1);

/// The templates, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenTemplates {
    text: String,
    by_id: BTreeMap<String, TokenTemplate>,
}

/// What a signed token of a session looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenTemplate {
    /// How long it lasts.
    pub ttl: SignedDuration,
    /// What `sub` is.
    pub subject: Subject,
    /// Jsonnet that adds claims.
    pub mapper: Option<String>,
}

/// What `sub` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The identity's id.
    #[default]
    Id,
    /// The identity's external id.
    ExternalId,
}

/// A template as it is written; keys as in Kratos.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    ttl: Option<String>,
    #[serde(default)]
    subject_source: Subject,
    claims_mapper: Option<String>,
    claims_mapper_url: Option<String>,
}

impl TokenTemplates {
    /// Reads the option.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let written: BTreeMap<String, Written> =
            crate::yaml::from_str(text).map_err(|error| format!("cannot be read: {error}"))?;
        let by_id = written.into_iter().map(|(id, one)| {
            let template = template(one).map_err(|why| format!("has a template '{id}' {why}"))?;
            Ok((id, template))
        });
        Ok(Self { by_id: by_id.collect::<Result<_, String>>()?, text: text.to_owned() })
    }

    /// The option as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The template with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&TokenTemplate> {
        self.by_id.get(id)
    }
}

fn template(written: Written) -> Result<TokenTemplate, String> {
    let ttl = match &written.ttl {
        None => USUAL,
        Some(text) => text
            .parse()
            .ok()
            .filter(|ttl| {
                (SignedDuration::from_secs(1)..=SignedDuration::from_hours(24)).contains(ttl)
            })
            .ok_or("whose ttl is not a time such as 10m, from 1s to 24h")?,
    };
    let mapper = match (written.claims_mapper, written.claims_mapper_url) {
        (Some(_), Some(_)) => return Err("with two mappers".to_owned()),
        (inline, None) => inline,
        (None, Some(url)) => Some(decode(&url)?),
    };
    if mapper.as_ref().is_some_and(|mapper| mapper.len() > MAPPER_MAX) {
        return Err(format!("with a mapper of more than {MAPPER_MAX} bytes"));
    }
    Ok(TokenTemplate { ttl, subject: written.subject_source, mapper })
}

fn decode(url: &str) -> Result<String, String> {
    let wrong = "whose claims_mapper_url is not base64:// with Jsonnet in it";
    let encoded = url.strip_prefix("base64://").ok_or(wrong)?;
    let bytes = STANDARD.decode(encoded).or_else(|_| URL_SAFE.decode(encoded));
    bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| wrong.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read_as_kratos_writes_them_and_as_people_would() {
        let text = r#"{"a": {"ttl": "1h30m", "subject_source": "external_id",
            "claims_mapper_url": "base64://e2NsYWltczoge319"}, "b": {"claims_mapper": "{claims: {}}"}}"#;
        let all = TokenTemplates::parse(text).unwrap();
        let a = all.get("a").unwrap();
        assert_eq!((a.ttl, a.subject), (SignedDuration::from_mins(90), Subject::ExternalId));
        assert_eq!(a.mapper.as_deref(), Some("{claims: {}}"));
        let b = all.get("b").unwrap();
        assert_eq!((b.ttl, b.subject), (USUAL, Subject::Id));
        assert_eq!((a.mapper == b.mapper, all.get("c"), all.as_str()), (true, None, text));
        assert_eq!(TokenTemplates::parse(" ").unwrap(), TokenTemplates::default());
    }

    #[test]
    fn what_would_be_ignored_or_cannot_be_used_is_refused() {
        for bad in [
            "[]",
            "{a: 1}",
            "{a: {jwks_url: file:///keys.json}}",
            "{a: {ttl: soon}}",
            "{a: {ttl: 0s}}",
            "{a: {ttl: 25h}}",
            "{a: {subject_source: email}}",
            "{a: {claims_mapper_url: 'file:///x'}}",
            "{a: {claims_mapper_url: 'base64://%'}}",
            "{a: {claims_mapper_url: 'base64://e30=', claims_mapper: '{}'}}",
        ] {
            assert!(TokenTemplates::parse(bad).is_err(), "{bad}");
        }
    }
}
