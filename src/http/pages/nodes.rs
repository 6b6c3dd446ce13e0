//! A flow's nodes as forms: one form for each group, so that no method asks for what another needs.

use serde::Serialize;
use serde_json::{Map, Value};

use super::frame::{Message, plain};
use super::texts::Language;

/// Buttons that take something away, which ask once more.
const TAKES_AWAY: [&str; 5] =
    ["totp_unlink", "lookup_secret_disable", "webauthn_remove", "passkey_remove", "unlink"];
/// Most fields that nobody has to fill in and are shown all the same.
const SPARE_FIELDS: usize = 4;
/// The types an input may have; any other is plain text.
const TYPES: [&str; 9] =
    ["text", "password", "number", "email", "tel", "url", "date", "datetime-local", "checkbox"];

/// A form.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// How.
    pub method: &'static str,
    /// Whether it stands by itself, below a line.
    pub parted: bool,
    /// What nobody sees.
    pub hidden: Vec<Hidden>,
    /// What people see.
    pub nodes: Vec<Shown>,
    /// Whose password is asked for, where no field says it: for programs that keep passwords.
    pub username: Option<String>,
    /// Whose nodes these are.
    #[serde(skip)]
    pub group: String,
}

/// A value that a form carries along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hidden {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// What the script calls when the page is there.
    pub load: Option<String>,
}

/// Something in a form; `kind` says what, and which of the others count.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an attribute of HTML that is there or not"
)]
pub struct Shown {
    /// `field`, `check`, `button`, `trigger`, `image`, `secret`, `codes`, `text`, `link` or `more`.
    pub kind: &'static str,
    /// Its id in the page.
    pub id: String,
    /// Its name in the form.
    pub name: String,
    /// The input's type.
    pub r#type: &'static str,
    /// Its value.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// A text to be read.
    pub text: String,
    /// What is wrong with it.
    pub problems: Vec<String>,
    /// What helps to fill it in.
    pub hint: Option<String>,
    /// Whether it must be filled in.
    pub required: bool,
    /// Whether it cannot be used.
    pub disabled: bool,
    /// Whether a box is ticked.
    pub checked: bool,
    /// What a browser may fill in.
    pub autocomplete: Option<String>,
    /// The keyboard of a phone.
    pub inputmode: Option<&'static str>,
    /// What the value must look like.
    pub pattern: Option<String>,
    /// Most characters.
    pub maxlength: Option<u64>,
    /// Whether a phone leaves the letters as they are typed.
    pub bare: bool,
    /// Whether it is the first thing to do.
    pub focus: bool,
    /// The looks of a button.
    pub look: &'static str,
    /// Whether the button sends only what is filled in rightly.
    pub validate: bool,
    /// What is said before something is taken away.
    pub sure: Option<String>,
    /// What the script calls.
    pub call: String,
    /// What the script calls when the page is there.
    pub load: Option<String>,
    /// The address of a picture.
    pub src: String,
    /// Its size.
    pub width: u64,
    /// Its size.
    pub height: u64,
    /// Where a link leads.
    pub href: String,
    /// Backup codes.
    pub codes: Vec<Code>,
    /// What is folded away.
    pub inner: Vec<Shown>,
}

/// A backup code.
#[derive(Clone, Debug, Serialize)]
pub struct Code {
    /// The code, or when it was used.
    pub text: String,
    /// Whether it was used.
    pub used: bool,
}

/// A node as it came.
#[derive(Clone, Copy)]
struct Raw<'a> {
    node: &'a Value,
    attributes: &'a Map<String, Value>,
}

impl<'a> Raw<'a> {
    fn of(node: &'a Value) -> Option<Self> {
        Some(Self { node, attributes: node.get("attributes")?.as_object()? })
    }

    fn text(self, key: &str) -> &'a str {
        self.attributes.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn some(self, key: &str) -> Option<String> {
        Some(written(self.text(key))).filter(|text| !text.is_empty())
    }

    fn flag(self, key: &str) -> bool {
        self.attributes.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    fn number(self, key: &str) -> Option<u64> {
        self.attributes.get(key).and_then(Value::as_u64)
    }

    fn group(self) -> &'a str {
        self.node.get("group").and_then(Value::as_str).unwrap_or("default")
    }

    fn kind(self) -> &'a str {
        self.node.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    fn input(self) -> &'a str {
        if self.kind() == "input" { self.text("type") } else { "" }
    }

    fn value(self) -> String {
        match self.attributes.get("value") {
            Some(Value::String(text)) => written(text),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(Value::Object(object)) => Value::Object(object.clone()).to_string(),
            _ => String::new(),
        }
    }

    fn hidden(self) -> Hidden {
        Hidden {
            name: written(self.text("name")),
            value: self.value(),
            load: self.some("onloadTrigger"),
        }
    }
}

/// A flow, and the language it is shown in.
#[derive(Clone, Copy)]
pub struct Flow<'a> {
    document: &'a Value,
    language: Language,
}

impl<'a> Flow<'a> {
    /// Looks at a flow as the API gives it.
    pub const fn new(document: &'a Value, language: Language) -> Self {
        Self { document, language }
    }

    /// A text of the flow.
    pub fn text(self, key: &str) -> &'a str {
        self.document.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// A flag of the flow.
    pub fn flag(self, key: &str) -> bool {
        self.document.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    fn ui(self, key: &str) -> Option<&'a Value> {
        self.document.get("ui")?.get(key)
    }

    fn raw(self) -> impl Iterator<Item = Raw<'a>> {
        let nodes = self.ui("nodes").and_then(Value::as_array);
        nodes.into_iter().flatten().filter_map(Raw::of)
    }

    /// The groups that have something to show, in the order of the nodes.
    pub fn groups(self) -> Vec<&'a str> {
        let mut groups = Vec::new();
        for raw in self.raw().filter(|raw| raw.input() != "hidden" && raw.kind() != "script") {
            if !groups.contains(&raw.group()) {
                groups.push(raw.group());
            }
        }
        groups
    }

    /// Whether there is a node of this name.
    pub fn has(self, name: &str) -> bool {
        self.raw().any(|raw| raw.text("name") == name)
    }

    /// Whether the page needs the script for security keys.
    pub fn needs_script(self) -> bool {
        self.raw().any(|raw| {
            raw.kind() == "script"
                || !raw.text("onclickTrigger").is_empty()
                || !raw.text("onloadTrigger").is_empty()
        })
    }

    /// The same forms, with whose password it is in those that ask for one and do not ask who.
    pub fn named(mut forms: Vec<Form>, who: Option<&str>) -> Vec<Form> {
        for form in &mut forms {
            let asks = |kind: &str| form.nodes.iter().any(|node| node.r#type == kind);
            let asks_who = form.nodes.iter().any(|node| node.name == "identifier");
            form.username = who.filter(|_| asks("password") && !asks_who).map(ToOwned::to_owned);
        }
        forms
    }

    /// The value of the hidden input of this name.
    pub fn hidden_value(self, name: &str) -> Option<String> {
        let found = self.raw().find(|raw| raw.input() == "hidden" && raw.text("name") == name);
        found.map(Raw::value).filter(|value| !value.is_empty())
    }

    /// Whether the flow says this.
    pub fn says(self, id: u32) -> bool {
        let mut messages = self.ui("messages").and_then(Value::as_array).into_iter().flatten();
        messages.any(|one| one.get("id").and_then(Value::as_u64) == Some(id.into()))
    }

    /// The flow's messages.
    pub fn messages(self) -> Vec<Message> {
        let messages = self.ui("messages").and_then(Value::as_array).into_iter().flatten();
        let shown = messages.map(|one| Message {
            kind: match one.get("type").and_then(Value::as_str) {
                Some("error") => "error",
                Some("success") => "success",
                _ => "info",
            },
            text: plain(&self.language.message(one)),
        });
        shown.collect()
    }

    /// A form for each of these groups that has something to show. What belongs to no group is in the
    /// first of them; what nobody sees of `shared` groups is in all of them.
    pub fn forms(self, groups: &[&str], shared: &[&str]) -> Vec<Form> {
        let mut forms: Vec<Form> = Vec::new();
        for group in groups {
            let first = forms.is_empty();
            let mut form = self.form(group, shared, first);
            if !form.nodes.is_empty() {
                form.parted = !first;
                for node in form.nodes.iter_mut().filter(|node| !first && node.look == "main") {
                    node.look = "";
                }
                forms.push(form);
            }
        }
        forms
    }

    fn form(self, group: &str, shared: &[&str], with_common: bool) -> Form {
        let mut form = Form {
            action: self.action(),
            method: if self.ui("method").and_then(Value::as_str) == Some("GET") {
                "get"
            } else {
                "post"
            },
            group: group.to_owned(),
            ..Form::default()
        };
        let own = |raw: &Raw<'_>| raw.group() == group;
        for raw in self.raw().filter(|raw| raw.input() == "hidden") {
            let hidden = raw.hidden();
            let known = form.hidden.iter().any(|one| one.name == hidden.name);
            if !known && (own(&raw) || raw.group() == "default" || shared.contains(&raw.group())) {
                form.hidden.push(hidden);
            }
        }
        let wanted = |raw: &Raw<'_>| own(raw) || (with_common && raw.group() == "default");
        let nodes = self.raw().filter(wanted).filter(|raw| raw.input() != "hidden");
        form.nodes = nodes.filter_map(|raw| self.shown(raw)).collect();
        // Things that lie in no group alone are no form.
        if !self.raw().any(|raw| own(&raw) && raw.input() != "hidden" && raw.kind() != "script") {
            form.nodes.clear();
        }
        finish(&mut form);
        self.fold(&mut form.nodes);
        form
    }

    /// Folds fields away that nobody has to fill in, where there are many.
    fn fold(self, nodes: &mut Vec<Shown>) {
        let spare = |node: &Shown| {
            node.kind == "field" && !node.required && node.value.is_empty() && !node.focus
        };
        if nodes.iter().filter(|node| spare(node)).count() <= SPARE_FIELDS {
            return;
        }
        let (inner, mut rest): (Vec<_>, Vec<_>) = nodes.drain(..).partition(spare);
        let label = self.language.text("page.more");
        let place = rest.iter().position(|node| node.kind == "button").unwrap_or(rest.len());
        rest.insert(place, Shown { kind: "more", label, inner, ..Shown::default() });
        *nodes = rest;
    }

    /// Where forms go, as a path: pages work under whatever name they are reached.
    fn action(self) -> String {
        let action = self.ui("action").and_then(Value::as_str).unwrap_or_default();
        let Ok(url) = url::Url::parse(action) else { return String::new() };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", url.path())
    }

    fn shown(self, raw: Raw<'_>) -> Option<Shown> {
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

/// Gives the buttons their looks, says by which method the form is sent where no button does, and
/// leads to the first thing that is wrong.
fn finish(form: &mut Form) {
    let says = |name: &str| name == "method";
    let said = form.nodes.iter().any(|node| node.kind == "button" && says(&node.name))
        || form.hidden.iter().any(|one| says(&one.name));
    if !said && form.group != "default" {
        form.hidden.push(Hidden {
            name: "method".to_owned(),
            value: form.group.clone(),
            load: None,
        });
    }
    let mut led = false;
    // Of a form that can be sent a link is not the point.
    let sends = form.nodes.iter().any(|node| node.kind == "button");
    for node in &mut form.nodes {
        if node.kind == "link" {
            node.look = if sends { "" } else { "main" };
            continue;
        }
        let main = says(&node.name)
            || matches!(node.name.as_str(), "lookup_secret_confirm" | "terms")
            || (node.kind == "trigger" && form.group != "oidc");
        node.look = match node.name.as_str() {
            _ if main && !led => "main",
            // Sending once more is not what people came for.
            "email" | "resend" | "screen" => "plain",
            _ => "",
        };
        led |= node.look == "main";
        node.validate = says(&node.name);
    }
    if let Some(wrong) = form.nodes.iter_mut().find(|node| !node.problems.is_empty()) {
        wrong.focus = true;
    }
}

/// An id that is one in the whole page: a group has each name once, but for buttons.
fn id_of(raw: Raw<'_>) -> String {
    let own = raw.some("id").unwrap_or_else(|| raw.text("name").to_owned());
    let text = format!("{}-{own}", raw.group());
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// A value as HTML can hold it: it has no way to write most control characters.
fn written(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
#[expect(
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "samples are long lists of values made on the spot"
)]
mod tests;
