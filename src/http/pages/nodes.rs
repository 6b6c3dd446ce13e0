//! A flow's nodes as forms: one form for each group, so that no method asks for what another needs.

mod one;
mod raw;
mod shapes;

use serde_json::Value;

use super::frame::{Message, plain};
use super::texts::Language;
use raw::Raw;
pub use shapes::{Form, Hidden, Shown};

/// Most fields that nobody has to fill in and are shown all the same.
const SPARE_FIELDS: usize = 4;
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

    /// What the input of this name holds, if that is something.
    pub fn value(self, name: &str) -> Option<String> {
        let found = self.raw().find(|raw| raw.text("name") == name);
        found.map(Raw::value).filter(|value| !value.is_empty())
    }

    /// As [`Self::value`], where nobody sees the input.
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

#[cfg(test)]
#[expect(
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "samples are long lists of values made on the spot"
)]
mod tests;
