//! What pages say, in every language there is. Texts of flows are found by their Kratos message id,
//! our own by a name; both are in `pages/translations/`, which a translator can edit.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};
use serde_json::{Map, Value};

/// The files of a language: pages for everybody, and the three parts of the console.
macro_rules! files {
    ($code:literal) => {
        [
            include_str!(concat!("../../../pages/translations/", $code, ".json")),
            include_str!(concat!("../../../pages/translations/console.", $code, ".json")),
            include_str!(concat!("../../../pages/translations/console-access.", $code, ".json")),
            include_str!(concat!("../../../pages/translations/console-history.", $code, ".json")),
        ]
    };
}

/// The translations, by language; the first is what everybody gets who asks for none of them.
const FILES: [(&str, [&str; 4]); 4] =
    [("en", files!("en")), ("fr", files!("fr")), ("de", files!("de")), ("es", files!("es"))];

static CATALOGUES: LazyLock<Vec<BTreeMap<String, String>>> = LazyLock::new(|| {
    // A file that is broken does not pass the tests.
    let read = |text: &&str| serde_json::from_str::<BTreeMap<_, _>>(text).unwrap_or_default();
    FILES.iter().map(|(_, files)| files.iter().flat_map(read).collect()).collect()
});

/// The message whose text is the title that a schema gives a trait.
const TITLE: u64 = 1_070_002;

/// One of the languages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Language(usize);

impl Language {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..FILES.len()).map(Self)
    }

    /// The language with this code.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        FILES.iter().position(|(known, _)| *known == code).map(Self)
    }

    /// Its code (BCP 47).
    #[must_use]
    pub fn code(self) -> &'static str {
        FILES.get(self.0).map_or("en", |(code, _)| code)
    }

    /// The language that these headers wish for most (RFC 9110, 12.5.4).
    #[must_use]
    pub fn wished(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
        let mut best = (0, Self::default());
        for range in lines.iter().flat_map(|line| line.split(',')).take(50) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let main = name.split('-').next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(1000, thousandths);
            // Of two that are wished for equally the first counts.
            if let Some(language) = Self::of(main).filter(|_| weight > best.0) {
                best = (weight, language);
            }
        }
        best.1
    }

    /// One of our own texts; its name where there is none, which a test keeps from happening.
    #[must_use]
    pub fn text(self, key: &str) -> String {
        self.raw(key).unwrap_or(key).to_owned()
    }

    /// One of our own texts, with values in the places for them.
    #[must_use]
    pub fn text_with(self, key: &str, values: &[(&str, &str)]) -> String {
        let value = |name: &str| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        filled(self.raw(key).unwrap_or(key), value).unwrap_or_else(|| self.text(key))
    }

    /// One of our own texts about so many of something: of `key.one` and `key.other` the one that this
    /// language says of that number, which is in the place `{count}`.
    #[must_use]
    pub fn counted(self, key: &str, count: u64, values: &[(&str, &str)]) -> String {
        let locale: Option<Locale> = self.code().parse().ok();
        let rules = locale.and_then(|one| PluralRules::try_new_cardinal(one.into()).ok());
        let one = rules.is_some_and(|rules| rules.category_for(count) == PluralCategory::One);
        let number = count.to_string();
        let mut all = vec![("count", number.as_str())];
        all.extend_from_slice(values);
        self.text_with(&format!("{key}.{}", if one { "one" } else { "other" }), &all)
    }

    /// Whether there is such a text.
    #[must_use]
    pub fn has(self, key: &str) -> bool {
        self.raw(key).is_some()
    }

    /// A message of a flow in this language; as it came, where we do not know it or it lacks what our
    /// text needs.
    #[must_use]
    pub fn message(self, message: &Value) -> String {
        let id = message.get("id").and_then(Value::as_u64).unwrap_or_default();
        let text = message.get("text").and_then(Value::as_str).unwrap_or_default();
        if id == TITLE {
            return self.raw(&format!("title.{text}")).unwrap_or(text).to_owned();
        }
        let none = Map::new();
        let context = message.get("context").and_then(Value::as_object).unwrap_or(&none);
        let value = |name: &str| match context.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        self.raw(&id.to_string())
            .and_then(|known| filled(known, value))
            .unwrap_or_else(|| text.to_owned())
    }

    fn raw(self, key: &str) -> Option<&'static str> {
        CATALOGUES.get(self.0)?.get(key).map(String::as_str)
    }
}

/// A weight in thousandths; nothing is wished for with a weight that makes no sense.
fn thousandths(weight: &str) -> u32 {
    let (whole, digits) = weight.split_once('.').unwrap_or((weight, ""));
    match (whole, digits.len()) {
        ("1", _) => 1000,
        ("0", 0..=3) => format!("{digits:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

/// The text with a value in each `{place}`; nothing when one is missing.
fn filled(text: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        whole.push_str(before);
        whole.push_str(&value(name)?);
        rest = after;
    }
    whole.push_str(rest);
    Some(whole)
}

#[cfg(test)]
mod tests;
