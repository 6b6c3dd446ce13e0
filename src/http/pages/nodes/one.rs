//! One node, as people see it.

use serde_json::Value;

use super::Flow;
use super::raw::{Raw, id_of, written};
use super::shapes::{Code, Shown};
use crate::http::pages::frame::plain;

/// Buttons that take something away, which ask once more.
const TAKES_AWAY: [&str; 5] =
    ["totp_unlink", "lookup_secret_disable", "webauthn_remove", "passkey_remove", "unlink"];
/// The types an input may have; any other is plain text.
const TYPES: [&str; 9] =
    ["text", "password", "number", "email", "tel", "url", "date", "datetime-local", "checkbox"];

impl Flow<'_> {
    /// What people see of a node; nothing of what no page has a place for.
    pub(super) fn shown(self, raw: Raw<'_>) -> Option<Shown> {
        let shown = match raw.kind() {
            "input" => self.input(raw),
            "img" => picture(raw)?,
            "text" => self.reading(raw),
            "a" => self.link(raw)?,
            _ => return None,
        };
        let problems = raw.node.get("messages").and_then(Value::as_array).into_iter().flatten();
        let problems: Vec<String> =
            problems.map(|one| plain(&self.language.message(one))).collect();
        let label = if shown.label.is_empty() { self.label(raw) } else { shown.label.clone() };
        Some(Shown { id: id_of(raw), label, problems, ..shown })
    }

    fn label(self, raw: Raw<'_>) -> String {
        if raw.text("autocomplete") == "new-password" {
            return self.language.text("settings.password_new");
        }
        let label = raw.node.get("meta").and_then(|meta| meta.get("label"));
        let label = label.map(|label| self.language.message(label)).unwrap_or_default();
        if label.is_empty() {
            // Better the name of a trait than nothing.
            let name = raw.text("name");
            return plain(name.rsplit('.').next().unwrap_or(name));
        }
        plain(&label)
    }

    fn input(self, raw: Raw<'_>) -> Shown {
        let name = raw.text("name");
        let common = Shown {
            name: written(name),
            value: raw.value(),
            required: raw.flag("required"),
            disabled: raw.flag("disabled"),
            ..Shown::default()
        };
        match raw.input() {
            "submit" => Shown { kind: "button", sure: self.sure(name), ..common },
            "button" => {
                Shown { kind: "trigger", call: written(raw.text("onclickTrigger")), ..common }
            }
            "checkbox" => Shown { kind: "check", checked: raw.flag("value"), ..common },
            _ => field(raw, common),
        }
    }

    fn sure(self, name: &str) -> Option<String> {
        let known = TAKES_AWAY.contains(&name);
        known.then(|| self.language.text(&format!("settings.sure_{name}")))
    }

    fn reading(self, raw: Raw<'_>) -> Shown {
        let message = raw.attributes.get("text").cloned().unwrap_or_default();
        let context = message.get("context");
        if let Some(codes) = context.and_then(|context| context.get("secrets")?.as_array()) {
            let codes = codes.iter().map(|one| Code {
                text: plain(&self.language.message(one)),
                used: one.get("id").and_then(Value::as_u64) == Some(1_050_014),
            });
            return Shown { kind: "codes", codes: codes.collect(), ..Shown::default() };
        }
        let kind = if raw.text("id") == "totp_secret_key" { "secret" } else { "text" };
        Shown { kind, text: plain(&self.language.message(&message)), ..Shown::default() }
    }

    fn link(self, raw: Raw<'_>) -> Option<Shown> {
        let href = raw.text("href");
        // An address of ours or of the web; nothing that a browser would run.
        let web = href.starts_with("https://") || href.starts_with("http://");
        let own = href.starts_with('/') && !href.starts_with("//") && !href.starts_with("/\\");
        if !web && !own {
            return None;
        }
        let title = raw.attributes.get("title").map(|title| self.language.message(title));
        let label = plain(&title.unwrap_or_default());
        Some(Shown { kind: "link", href: written(href), label, ..Shown::default() })
    }
}

fn field(raw: Raw<'_>, common: Shown) -> Shown {
    let known = TYPES.iter().find(|known| **known == raw.input());
    let kind = known.copied().unwrap_or("text");
    let name = common.name.as_str();
    let code = name == "code" || name == "totp_code";
    let wish = raw.some("autocomplete");
    let bare = matches!(kind, "text" | "email" | "url")
        && (matches!(name, "identifier" | "lookup_secret" | "email")
            || matches!(name.rsplit('.').next(), Some("email" | "username")));
    Shown {
        kind: "field",
        r#type: kind,
        // What was typed as a password goes back to nobody.
        value: if kind == "password" { String::new() } else { common.value.clone() },
        autocomplete: wish.or_else(|| match name {
            _ if code => Some("one-time-code".to_owned()),
            "identifier" => Some("username".to_owned()),
            "lookup_secret" => Some("off".to_owned()),
            _ => None,
        }),
        inputmode: code.then_some("numeric"),
        pattern: raw.some("pattern"),
        maxlength: raw.number("maxlength"),
        bare,
        load: raw.some("onloadTrigger"),
        ..common
    }
}

fn picture(raw: Raw<'_>) -> Option<Shown> {
    let src = raw.text("src");
    let content = src.strip_prefix("data:image/png;base64,")?;
    let sane = content.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    sane.then(|| Shown {
        kind: "image",
        src: src.to_owned(),
        width: raw.number("width").unwrap_or(256),
        height: raw.number("height").unwrap_or(256),
        ..Shown::default()
    })
}
