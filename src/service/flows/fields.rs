//! Parts that several forms have.

use crate::domain::flow::Flow;
use crate::domain::flow::text;
use crate::domain::flow::ui::{Group, InputType, Node};

/// Asks for the address that a code is to go to.
pub(super) fn address(flow: &Flow) -> Vec<Node> {
    let typed = flow.form.values.get("email").cloned().unwrap_or_else(|| "".into());
    vec![
        Node::input(Group::Code, "email", InputType::Email)
            .value(typed)
            .required()
            .autocomplete("email")
            .label(text::EMAIL.text()),
        Node::submit(Group::Code, "method", "code", text::CONTINUE.text()),
    ]
}

/// Asks for a code.
pub(super) fn code(label: text::Known) -> Node {
    Node::input(Group::Code, "code", InputType::Text)
        .required()
        .autocomplete("one-time-code")
        .pattern("[0-9]+", 6)
        .label(label.text())
}

/// Sends the code again; there is nothing to press where none was sent.
pub(super) fn resend(flow: &Flow) -> Option<Node> {
    let address = flow.form.identifier.as_deref()?;
    Some(Node::submit(Group::Code, "email", address, text::RESEND_CODE.text()))
}

/// Asks for a new password.
pub(super) fn new_password(button: text::Known) -> [Node; 2] {
    [
        Node::input(Group::Password, "password", InputType::Password)
            .required()
            .autocomplete("new-password")
            .label(text::PASSWORD.text()),
        Node::submit(Group::Password, "method", "password", button.text()),
    ]
}
