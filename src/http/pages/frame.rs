//! What is around the content of every page.

use serde::Serialize;

use super::assets;
use super::texts::Language;
use super::visit::Making;
use crate::domain::identity::Identity;
use crate::service::console::{self, Need};
use crate::service::sessions::Desk;

/// The pages of a signed-in person.
const PLACES: [&str; 5] =
    ["/ui/welcome", "/ui/settings", "/ui/accounts", "/ui/sessions", "/ui/activity"];

/// What templates know as `page`.
#[derive(Clone, Debug, Serialize)]
pub struct Frame {
    lang: &'static str,
    title: String,
    /// A sentence below the title.
    pub lead: Option<String>,
    brand: BrandShown,
    /// Where the terms of service are, if there are any.
    terms: Option<String>,
    assets: Assets,
    home: String,
    languages: Vec<LanguageShown>,
    /// What has to be said.
    pub messages: Vec<Message>,
    /// Whether the script for security keys is needed.
    pub webauthn: bool,
    who: Option<String>,
    places: Vec<Link>,
}

#[derive(Clone, Debug, Serialize)]
struct BrandShown {
    name: String,
    logo: Option<String>,
    icon: String,
    support: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Assets {
    brand: String,
    style: String,
    webauthn: String,
    console: String,
    console_script: String,
}

#[derive(Clone, Debug, Serialize)]
struct LanguageShown {
    code: &'static str,
    name: String,
    href: String,
    current: bool,
}

/// A message, as `error`, `info` or `success`.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    /// The kind.
    pub kind: &'static str,
    /// The text.
    pub text: String,
}

/// A link.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Link {
    /// Where it leads.
    pub href: String,
    /// What it says.
    pub name: String,
    /// Whether it leads to this page.
    pub current: bool,
    /// Whether it leads out.
    pub out: bool,
}

impl Link {
    /// A link.
    pub fn new(href: impl Into<String>, name: impl Into<String>) -> Self {
        Self { href: href.into(), name: name.into(), current: false, out: false }
    }
}

impl Frame {
    /// Around a card in the middle.
    pub fn card(m: &Making<'_>, title: &str) -> Self {
        let brand = &m.d.options.brand;
        let current = m.visit.language;
        let languages = Language::all().map(|language| LanguageShown {
            code: language.code(),
            name: language.text("language"),
            href: in_language(m, language),
            current: language == current,
        });
        let prefix = m.prefix();
        Self {
            lang: current.code(),
            title: title.to_owned(),
            lead: None,
            brand: BrandShown {
                name: brand.name.clone(),
                logo: (!brand.logo.is_empty()).then(|| m.at("/ui/logo")),
                icon: assets::address(&prefix, "icon.svg"),
                support: brand.support(),
            },
            terms: m.d.options.terms.in_force().map(|_| m.d.options.terms.url.clone()),
            assets: Assets {
                brand: assets::brand_address(&prefix, brand),
                style: assets::address(&prefix, "style.css"),
                webauthn: assets::address(&prefix, "webauthn.js"),
                console: assets::address(&prefix, "console.css"),
                console_script: assets::address(&prefix, "console.js"),
            },
            home: m.at("/ui/welcome"),
            languages: languages.collect(),
            messages: Vec::new(),
            webauthn: false,
            who: None,
            places: Vec::new(),
        }
    }

    /// Around what a signed-in person sees. Whoever may enter the console is shown the way.
    pub fn desk(m: &Making<'_>, title: &str, desk: &Desk, here: &str) -> Self {
        // A page is not worth less without the link.
        let rights = console::rights(m.d, desk).unwrap_or_default();
        let office = Need::Developer
            .is_met(&rights)
            .then(|| Link::new(m.at("/console"), m.text("nav.console")));
        let places = PLACES.map(|path| {
            let name = path.trim_start_matches("/ui/");
            Link { current: path == here, ..Link::new(m.at(path), m.text(&format!("nav.{name}"))) }
        });
        let out = Link { out: true, ..way_out(m, &desk.logout_token, "nav.logout") };
        Self {
            who: Some(name_of(&desk.current.identity)),
            places: places.into_iter().chain(office).chain([out]).collect(),
            ..Self::card(m, title)
        }
    }

    /// Around a page of the console.
    pub fn console(m: &Making<'_>, title: &str, desk: &Desk) -> Self {
        Self { who: Some(name_of(&desk.current.identity)), ..Self::card(m, title) }
    }

    /// The same with a sentence below the title.
    #[must_use]
    pub fn lead(self, text: String) -> Self {
        Self { lead: Some(text), ..self }
    }
}

/// The link that signs out.
pub fn way_out(m: &Making<'_>, logout_token: &str, text: &str) -> Link {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("token", logout_token);
    query.append_pair("return_to", &m.whole("/self-service/login/browser"));
    Link::new(m.at(&format!("/self-service/logout?{}", query.finish())), m.text(text))
}

/// This page in another language; nothing else of its address changes.
fn in_language(m: &Making<'_>, language: Language) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in m.visit.query.pairs().filter(|(name, _)| *name != "lang") {
        query.append_pair(name, value);
    }
    query.append_pair("lang", language.code());
    format!("?{}", query.finish())
}

/// What a person is called at the top of a page: the name they sign in with.
pub fn name_of(identity: &Identity) -> String {
    let known = |key: &str| identity.traits.get(key).and_then(serde_json::Value::as_str);
    let name = ["email", "username", "name"].iter().find_map(|key| known(key));
    plain(name.unwrap_or_default())
}

/// Text from outside without what cannot be seen: controls, and marks that turn the direction of what
/// is around them.
#[must_use]
pub fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
    };
    text.chars().map(|c| if hidden(c) { ' ' } else { c }).take(300).collect()
}
