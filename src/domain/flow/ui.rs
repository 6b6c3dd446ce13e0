//! The form of a flow, as clients of Kratos know it: a list of nodes. It is made anew from the flow
//! each time somebody looks.

use serde::Serialize;
use serde_json::Value;

use super::text::Text;

/// What a node belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// No method in particular.
    Default,
    /// A password.
    Password,
    /// Accounts at other identity providers.
    Oidc,
    /// The traits.
    Profile,
    /// Codes that are sent.
    Code,
    /// Authenticator apps.
    Totp,
    /// Backup codes.
    LookupSecret,
    /// Security keys.
    Webauthn,
    /// Passkeys.
    Passkey,
    /// The first step of signing in.
    IdentifierFirst,
}

/// What a field is for typing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputType {
    /// Any text.
    Text,
    /// Text nobody may see.
    Password,
    /// A number.
    Number,
    /// Yes or no.
    Checkbox,
    /// Nothing: it goes along unseen.
    Hidden,
    /// A mail address.
    Email,
    /// A telephone number.
    Tel,
    /// A button that sends the form.
    Submit,
    /// A button for a script.
    Button,
    /// A date and time.
    DatetimeLocal,
    /// A date.
    Date,
    /// An address on the web.
    Url,
}

/// What a node is, with the attributes it has as an element of a page.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "node_type", rename_all = "lowercase")]
pub enum Attributes {
    /// A field or a button.
    Input(Input),
    /// Text to read.
    Text {
        /// Its id on the page.
        id: &'static str,
        /// The text.
        text: Text,
    },
    /// A picture.
    Img {
        /// Its id on the page.
        id: &'static str,
        /// The picture itself, as a `data:` address.
        src: String,
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// A link.
    A {
        /// Its id on the page.
        id: &'static str,
        /// Where it leads.
        href: String,
        /// What it says.
        title: Text,
    },
    /// A script.
    Script(Script),
}

/// A field or a button.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Input {
    /// The name under which its value is sent.
    pub name: String,
    /// What it is for typing.
    #[serde(rename = "type")]
    pub kind: InputType,
    /// What is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Whether it must be filled in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// What a browser may fill in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autocomplete: Option<&'static str>,
    /// What the value must look like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Most characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maxlength: Option<u64>,
    /// Whether it cannot be changed.
    pub disabled: bool,
    /// What a script does when it is pressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onclick: Option<String>,
    /// The name of the function that does it.
    #[serde(rename = "onclickTrigger", skip_serializing_if = "Option::is_none")]
    pub onclick_trigger: Option<&'static str>,
    /// What a script does when the page is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onload: Option<String>,
    /// The name of the function that does it.
    #[serde(rename = "onloadTrigger", skip_serializing_if = "Option::is_none")]
    pub onload_trigger: Option<&'static str>,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Script {
    /// Its id on the page.
    pub id: &'static str,
    /// Where it is.
    pub src: String,
    /// Whether the page goes on without it.
    #[serde(rename = "async")]
    pub is_async: bool,
    /// Whom its request tells where it comes from.
    pub referrerpolicy: &'static str,
    /// Whether it may be of another origin.
    pub crossorigin: &'static str,
    /// The digest it must have (W3C Subresource Integrity).
    pub integrity: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// For a page's content security policy.
    pub nonce: String,
}

/// What is said about a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Meta {
    /// Its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
}

/// A part of a form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// What it is; the same as in its attributes.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// Its attributes.
    pub attributes: Attributes,
    /// What is wrong with it.
    pub messages: Vec<Text>,
    /// Its label.
    pub meta: Meta,
}

impl Node {
    /// A node.
    #[must_use]
    pub fn new(group: Group, attributes: Attributes) -> Self {
        let kind = match &attributes {
            Attributes::Input(_) => "input",
            Attributes::Text { .. } => "text",
            Attributes::Img { .. } => "img",
            Attributes::A { .. } => "a",
            Attributes::Script(_) => "script",
        };
        Self { kind, group, attributes, messages: Vec::new(), meta: Meta::default() }
    }

    /// A field or a button.
    #[must_use]
    pub fn input(group: Group, name: impl Into<String>, kind: InputType) -> Self {
        let input = Input {
            name: name.into(),
            kind,
            value: None,
            required: false,
            autocomplete: None,
            pattern: None,
            maxlength: None,
            disabled: false,
            onclick: None,
            onclick_trigger: None,
            onload: None,
            onload_trigger: None,
        };
        Self::new(group, Attributes::Input(input))
    }

    /// A field that goes along unseen.
    #[must_use]
    pub fn hidden(group: Group, name: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::input(group, name, InputType::Hidden).value(value)
    }

    /// A button that sends the form with `name` as `value`.
    #[must_use]
    pub fn submit(
        group: Group,
        name: impl Into<String>,
        value: impl Into<Value>,
        label: Text,
    ) -> Self {
        Self::input(group, name, InputType::Submit).value(value).label(label)
    }

    fn with(mut self, change: impl FnOnce(&mut Input)) -> Self {
        if let Attributes::Input(input) = &mut self.attributes {
            change(input);
        }
        self
    }

    /// Puts a value into the field.
    #[must_use]
    pub fn value(self, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.with(|input| input.value = Some(value))
    }

    /// The field must be filled in.
    #[must_use]
    pub fn required(self) -> Self {
        self.with(|input| input.required = true)
    }

    /// What a browser may fill in.
    #[must_use]
    pub fn autocomplete(self, hint: &'static str) -> Self {
        self.with(|input| input.autocomplete = Some(hint))
    }

    /// What the value must look like, and how long it may be.
    #[must_use]
    pub fn pattern(self, pattern: &str, maxlength: u64) -> Self {
        self.with(|input| {
            input.pattern = Some(pattern.to_owned());
            input.maxlength = Some(maxlength);
        })
    }

    /// What a script does when the button is pressed: calls the function of the page with `options`.
    /// The form of the call is what other pages take apart.
    #[must_use]
    pub fn trigger(self, function: &'static str, options: &Value) -> Self {
        let options = options.to_string();
        self.with(|input| {
            input.onclick = Some(format!("window.{function}({options})"));
            input.onclick_trigger = Some(function);
            input.value = Some(options.into());
        })
    }

    /// What a script does when the button is pressed, which finds what it needs in other fields.
    #[must_use]
    pub fn on_click(self, function: &'static str) -> Self {
        self.with(|input| {
            input.onclick = Some(format!("window.{function}()"));
            input.onclick_trigger = Some(function);
        })
    }

    /// What a script does when the page is there.
    #[must_use]
    pub fn on_load(self, function: &'static str) -> Self {
        self.with(|input| {
            input.onload = Some(format!("window.{function}()"));
            input.onload_trigger = Some(function);
        })
    }

    /// The field's label.
    #[must_use]
    pub fn label(mut self, label: Text) -> Self {
        self.meta.label = Some(label);
        self
    }

    /// The name under which the value of the field is sent.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.attributes {
            Attributes::Input(input) => Some(&input.name),
            _ => None,
        }
    }
}

/// The form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ui {
    /// Where it is sent.
    pub action: String,
    /// By which method.
    pub method: &'static str,
    /// Its parts, in the order in which they are shown.
    pub nodes: Vec<Node>,
    /// What is to be said about the whole.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Text>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::text;
    use super::*;

    #[test]
    fn a_node_looks_as_clients_of_kratos_expect() {
        let node = Node::input(Group::Password, "password", InputType::Password)
            .required()
            .autocomplete("current-password")
            .label(text::PASSWORD.text());
        assert_eq!(
            serde_json::to_value(node).unwrap(),
            json!({
                "type": "input", "group": "password",
                "attributes": {
                    "node_type": "input", "name": "password", "type": "password",
                    "required": true, "autocomplete": "current-password", "disabled": false
                },
                "messages": [],
                "meta": {"label": {"id": 1_070_001, "text": "Password", "type": "info"}}
            })
        );
        let button = Node::input(Group::Webauthn, "webauthn_login_trigger", InputType::Button)
            .trigger("oryWebAuthnLogin", &json!({"publicKey": {}}));
        let shown = serde_json::to_value(button).unwrap();
        assert_eq!(shown["attributes"]["onclick"], r#"window.oryWebAuthnLogin({"publicKey":{}})"#);
        assert_eq!(shown["meta"], json!({}));
    }
}
