//! Options of the terms of service.

use serde_json::Value;
use url::Url;

use super::problem;
use super::reader::Reader;
use crate::domain::terms::{LONGEST_VERSION, is_version};

/// What people must accept before they can do anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Where they can be read: an address, or a path on the host of the service; empty when there are
    /// none.
    pub url: String,
    /// Which version is in force.
    pub version: String,
}

impl Default for Terms {
    fn default() -> Self {
        Self { url: String::new(), version: "1".to_owned() }
    }
}

impl Terms {
    /// The names of the options, in the order of `config.yaml`.
    pub(super) const NAMES: [&'static str; 2] = ["terms_url", "terms_version"];

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        Self { url: reader.terms_url(), version: reader.terms_version(default.version) }
    }

    pub(super) fn values(&self) -> [Value; 2] {
        [self.url.as_str().into(), self.version.as_str().into()]
    }

    /// The version that everybody must have accepted; nothing where nobody is asked.
    #[must_use]
    pub fn in_force(&self) -> Option<&str> {
        (!self.url.is_empty()).then_some(self.version.as_str())
    }

    /// Where they can be read, for whoever reaches the service at `base_url`.
    #[must_use]
    pub fn address(&self, base_url: &str) -> String {
        let joined = Url::parse(base_url).and_then(|base| base.join(&self.url));
        joined.map_or_else(|_| self.url.clone(), Into::into)
    }
}

/// An address, or a path that browsers read as one of the same host.
fn leads_somewhere(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "\"<>\\".contains(c);
    if text.chars().any(odd) {
        return false;
    }
    if text.starts_with('/') {
        return !text.starts_with("//");
    }
    let url = text.starts_with("https://").then(|| Url::parse(text).ok()).flatten();
    url.is_some_and(|url| url.has_host() && url.username().is_empty() && url.password().is_none())
}

impl Reader<'_> {
    fn terms_url(&mut self) -> String {
        let text = self.text("terms_url", String::new());
        if text.is_empty() || leads_somewhere(&text) {
            return text;
        }
        let message = "must be an address that begins with https://, or a path that begins with a \
                       single /";
        self.problems.push(problem("terms_url", message.to_owned()));
        String::new()
    }

    fn terms_version(&mut self, default: String) -> String {
        let version = self.text("terms_version", default.clone());
        if is_version(&version) {
            return version;
        }
        let message = format!("must be 1 to {LONGEST_VERSION} characters on one line");
        self.problems.push(problem("terms_version", message));
        default
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Options;

    fn read(name: &str, text: &str) -> Result<Terms, Vec<super::super::Problem>> {
        let map = json!({ name: text });
        Options::from_map(map.as_object().unwrap()).map(|options| options.terms)
    }

    #[test]
    fn charm_08_terms_that_nobody_could_read_are_refused() {
        let long = "x".repeat(65);
        for (name, good, bad) in [
            (
                "terms_url",
                vec!["", "https://example.com/terms?lang=en#top", "/terms", "/a/b.html"],
                vec![
                    "terms",
                    "//example.com/terms",
                    "/\\example.com",
                    "http://example.com/terms",
                    "javascript:alert(1)",
                    "https://",
                    "https://a b/",
                    "https://me@example.com/",
                    "/a\"b",
                ],
            ),
            ("terms_version", vec!["1", "2026-05", "Mai 2026"], vec!["", "a\nb", &*long]),
        ] {
            for text in good {
                assert!(read(name, text).is_ok(), "{name}: {text}");
            }
            for text in bad {
                let problems = read(name, text).unwrap_err();
                assert_eq!(problems.len(), 1, "{name}: {text}");
                assert_eq!(problems[0].option, name);
            }
        }
    }

    #[test]
    fn nobody_is_asked_without_an_address() {
        assert_eq!(Terms::default().in_force(), None);
        assert_eq!(read("terms_version", "7").unwrap().in_force(), None);
        let terms = read("terms_url", "/terms").unwrap();
        assert_eq!(terms.in_force(), Some("1"));
        assert_eq!(terms.address("https://id.example.com/auth"), "https://id.example.com/terms");
        let terms = read("terms_url", "https://example.com/terms").unwrap();
        assert_eq!(terms.address("http://localhost:4433"), "https://example.com/terms");
    }
}
