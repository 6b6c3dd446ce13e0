//! Reads options one by one and collects what is wrong with them.

use std::net::IpAddr;
use std::path::Path;

use serde_json::{Map, Value};
use url::Url;

use super::edge::{LONGEST_SOCKET, network, words};
use super::{LOG_LEVELS, Options, Problem, TokenTemplates, problem};

/// A float that is a whole number, such as Juju makes of an integer.
fn whole(value: &Value) -> Option<i64> {
    let text = value.as_f64()?.to_string();
    text.strip_suffix(".0").unwrap_or(&text).parse().ok()
}

/// What is read, and what was wrong so far.
pub(super) struct Reader<'m> {
    pub(super) map: &'m Map<String, Value>,
    pub(super) problems: Vec<Problem>,
}

impl Reader<'_> {
    pub(super) fn text(&mut self, name: &str, default: String) -> String {
        match self.map.get(name) {
            None | Some(Value::Null) => default,
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(_) => {
                self.problems.push(problem(name, "must be text".to_owned()));
                default
            }
        }
    }

    /// Numbers may arrive as floats (Juju keeps them so) or, on a command line, as text.
    pub(super) fn number<T: TryFrom<i64>>(
        &mut self,
        name: &str,
        min: i64,
        max: i64,
        default: T,
    ) -> T {
        let value = match self.map.get(name) {
            None | Some(Value::Null) => return default,
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(value) => value.as_i64().or_else(|| whole(value)),
        };
        let number = value.filter(|n| (min..=max).contains(n));
        if let Some(number) = number.and_then(|number| T::try_from(number).ok()) {
            return number;
        }
        self.problems.push(problem(name, format!("must be a whole number from {min} to {max}")));
        default
    }

    /// Yes or no; on a command line it arrives as text.
    pub(super) fn flag(&mut self, name: &str, default: bool) -> bool {
        let flag = match self.map.get(name) {
            None | Some(Value::Null) => return default,
            Some(Value::Bool(flag)) => Some(*flag),
            Some(Value::String(text)) => text.trim().to_lowercase().parse().ok(),
            Some(_) => None,
        };
        flag.unwrap_or_else(|| {
            self.problems.push(problem(name, "must be true or false".to_owned()));
            default
        })
    }

    /// Addresses of the web, separated by blanks or commas.
    /// Names, with space or commas between them.
    pub(super) fn names(&mut self, name: &str) -> Vec<String> {
        words(&self.text(name, String::new())).map(ToOwned::to_owned).collect()
    }

    pub(super) fn urls(&mut self, name: &str) -> Vec<Url> {
        let text = self.text(name, String::new());
        let mut all = Vec::new();
        for word in words(&text) {
            match Url::parse(word) {
                Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => {
                    all.push(url);
                }
                _ => {
                    let message = format!(
                        "contains '{word}', which is no address such as https://app.example.com/"
                    );
                    self.problems.push(problem(name, message));
                }
            }
        }
        all
    }

    pub(super) fn log_level(&mut self, default: String) -> String {
        let level = self.text("log_level", default.clone()).to_lowercase();
        if LOG_LEVELS.contains(&level.as_str()) {
            return level;
        }
        let message = format!("must be one of {}", LOG_LEVELS.join(", "));
        self.problems.push(problem("log_level", message));
        default
    }

    pub(super) fn admin_address(&mut self, default: String) -> String {
        let text = self.text("admin_address", default.clone());
        let sane = match text.strip_prefix("unix:") {
            Some(path) => Path::new(path).is_absolute() && path.len() <= LONGEST_SOCKET,
            None => text.parse::<IpAddr>().is_ok(),
        };
        if sane {
            return text;
        }
        let message = format!(
            "must be an IP address, or unix: and an absolute path of at most {LONGEST_SOCKET} bytes"
        );
        self.problems.push(problem("admin_address", message));
        default
    }

    pub(super) fn proxies(&mut self, name: &str) -> String {
        let text = self.text(name, String::new());
        if let Some(wrong) = words(&text).find(|word| network(word).is_none()) {
            let message = format!("contains '{wrong}', which is no network such as 10.0.0.0/8");
            self.problems.push(problem(name, message));
            return String::new();
        }
        text
    }

    pub(super) fn file(&mut self, name: &str) -> String {
        let text = self.text(name, String::new());
        if text.is_empty()
            || (Path::new(&text).is_absolute() && !text.chars().any(char::is_control))
        {
            return text;
        }
        let message = "must be the absolute path of a file on the unit's machine".to_owned();
        self.problems.push(problem(name, message));
        String::new()
    }

    pub(super) fn realm(&mut self, default: String) -> String {
        let realm = self.text("realm", default.clone());
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !realm.is_empty() && realm.len() <= 64 && realm.chars().all(legal) {
            return realm;
        }
        let message = "must be 1 to 64 lower-case letters, digits or hyphens".to_owned();
        self.problems.push(problem("realm", message));
        default
    }

    pub(super) fn url(&mut self, name: &str) -> String {
        let url = self.text(name, String::new());
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let sane = !host.is_empty()
            && !url.chars().any(|c| c.is_whitespace() || c.is_control() || "?#@\\".contains(c));
        if url.is_empty() || sane {
            return url.trim_end_matches('/').to_owned();
        }
        let message = "must be an address such as https://id.example.com, without user, query \
                       or fragment";
        self.problems.push(problem(name, message.to_owned()));
        String::new()
    }

    /// One of a few words.
    pub(super) fn word<T: Default>(
        &mut self,
        name: &str,
        words: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> T {
        let word = self.text(name, String::new()).to_lowercase();
        if word.is_empty() {
            return T::default();
        }
        parse(&word).unwrap_or_else(|| {
            self.problems.push(problem(name, format!("must be one of {}", words.join(", "))));
            T::default()
        })
    }

    pub(super) fn templates(&mut self, name: &str) -> TokenTemplates {
        let text = self.text(name, String::new());
        TokenTemplates::parse(&text).unwrap_or_else(|why| {
            self.problems.push(problem(name, why));
            TokenTemplates::default()
        })
    }

    pub(super) fn domain(&mut self, name: &str) -> String {
        let domain = self.text(name, String::new()).to_lowercase();
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        // A cookie for a whole top-level domain would be everybody's; browsers refuse it too.
        let sane = domain.contains('.') && domain.len() <= 253 && domain.split('.').all(label);
        if domain.is_empty() || sane {
            return domain;
        }
        let message = "must be a domain such as example.com, without a leading dot".to_owned();
        self.problems.push(problem(name, message));
        String::new()
    }

    pub(super) fn unknown(&mut self) {
        for name in self.map.keys().filter(|name| !Options::names().any(|known| known == *name)) {
            self.problems.push(problem(name, "is not an option of Doorward".to_owned()));
        }
    }
}
