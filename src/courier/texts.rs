//! What our own mails say, from the files in `mail/`: two layouts, and the words in each language.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use minijinja::value::Value as Shown;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::message::Template;
use crate::yaml;

/// The languages there are words in; the first is for everybody else.
pub const LANGUAGES: [&str; 4] = ["en", "fr", "de", "es"];

const WORDS: [&str; 4] = [
    include_str!("../../mail/en.yaml"),
    include_str!("../../mail/fr.yaml"),
    include_str!("../../mail/de.yaml"),
    include_str!("../../mail/es.yaml"),
];
const TEXT: &str = include_str!("../../mail/layout.txt");
/// The only template whose values are escaped.
const HTML_NAME: &str = "layout.html";
const HTML: &str = include_str!("../../mail/layout.html");

/// A mail's subject and its two bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

/// The words of one language.
#[derive(Debug, Deserialize)]
struct Words {
    units: BTreeMap<String, (String, String)>,
    footer: String,
    #[serde(flatten)]
    mails: BTreeMap<String, Mail>,
}

/// The words of one mail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mail {
    subject: String,
    heading: String,
    lead: String,
    button: Option<String>,
    expires: Option<String>,
    note: Option<String>,
}

/// The language we have that comes nearest to a tag such as `fr-CH`.
#[must_use]
pub fn language(tag: &str) -> &'static str {
    let primary = tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    LANGUAGES.into_iter().find(|known| *known == primary).unwrap_or(LANGUAGES[0])
}

fn words(language: &str) -> Result<&'static Words, String> {
    static READ: OnceLock<Result<BTreeMap<&'static str, Words>, String>> = OnceLock::new();
    let read = READ.get_or_init(|| {
        let read = |(language, text): (&'static str, &str)| {
            let words = yaml::from_str(text).map_err(|error| format!("{language}: {error}"))?;
            Ok((language, words))
        };
        LANGUAGES.into_iter().zip(WORDS).map(read).collect()
    });
    let all = read.as_ref().map_err(Clone::clone)?;
    all.get(language).ok_or_else(|| format!("there are no words in '{language}'"))
}

/// Which words a template is written with, and under what names its code and its link come.
fn source(
    template: Template,
    content: &Value,
) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match template {
        // Nobody waits on a page for a code that an administrator sends.
        Template::RecoveryCodeValid if content.get("RecoveryURL").is_some() => {
            ("recovery_sent", "RecoveryCode", "RecoveryURL")
        }
        Template::RecoveryCodeValid => ("recovery_code", "RecoveryCode", ""),
        // It may be read anywhere, long after the page was closed that asks for it.
        Template::VerificationCodeValid => {
            ("verification_code", "VerificationCode", "VerificationURL")
        }
        Template::RegistrationCodeValid => ("registration_code", "RegistrationCode", ""),
        Template::LoginCodeValid => ("login_code", "LoginCode", ""),
        Template::Invitation => ("invitation", "", "InvitationURL"),
        Template::Test => ("test", "", ""),
        Template::RecoveryInvalid
        | Template::RecoveryValid
        | Template::RecoveryCodeInvalid
        | Template::VerificationInvalid
        | Template::VerificationValid
        | Template::VerificationCodeInvalid => return None,
    })
}

/// Writes a mail. `content` has the names that templates for Kratos know: `To`, `RecoveryCode`,
/// `ExpiresInMinutes` and so on.
///
/// # Errors
/// When there are no words for such a mail, or what it must say is missing.
pub fn write(
    template: Template,
    language: &str,
    brand: &str,
    content: &Value,
) -> Result<Written, String> {
    let nothing = || format!("no words for a mail of the kind {}", template.as_str());
    let (name, code, link) = source(template, content).ok_or_else(nothing)?;
    let words = words(language)?;
    let mail = words.mails.get(name).ok_or_else(nothing)?;
    let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default();
    let missing = |name: &str| !name.is_empty() && text(name).is_empty();
    if missing(code) || missing(link) {
        return Err(format!("a mail of the kind {} has nothing to say", template.as_str()));
    }
    let span = span(&words.units, content.get("ExpiresInMinutes").and_then(Value::as_u64));
    let values = minijinja::context! {
        language, brand,
        span => span.clone(),
        to => text("To"), code => text(code), link => text(link),
    };
    let environment = environment();
    let say = |words: &str| {
        environment.render_str(words, &values).map_err(|error| format!("{name}: {error}"))
    };
    let said = |words: &Option<String>| words.as_deref().map(&say).transpose();
    let subject = say(&mail.subject)?;
    // What expires needs a time; without one the sentence is left out.
    let expires = if span.is_some() { said(&mail.expires)? } else { None };
    let page = minijinja::context! {
        subject => subject.clone(),
        expires,
        heading => say(&mail.heading)?,
        lead => say(&mail.lead)?,
        button => said(&mail.button)?,
        note => said(&mail.note)?,
        footer => say(&words.footer)?,
        ..values
    };
    let body = |name: &str, layout: &str| {
        environment.render_named_str(name, layout, &page).map_err(|error| error.to_string())
    };
    Ok(Written { text: body("layout.txt", TEXT)?, html: body(HTML_NAME, HTML)?, subject })
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name == HTML_NAME { AutoEscape::Html } else { AutoEscape::None }
    });
    environment
}

/// "60 minutes", "7 days".
fn span(units: &BTreeMap<String, (String, String)>, minutes: Option<u64>) -> Option<Shown> {
    let minutes = minutes.filter(|minutes| *minutes > 0)?;
    let (unit, count) = match minutes {
        m if m % 1440 == 0 => ("day", m / 1440),
        m if m % 60 == 0 && m > 60 => ("hour", m / 60),
        m => ("minute", m),
    };
    let (one, many) = units.get(unit)?;
    Some(Shown::from(format!("{count} {}", if count == 1 { one } else { many })))
}
