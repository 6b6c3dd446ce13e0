//! The form for recovering an account.

use crate::domain::flow::text;
use crate::domain::flow::ui::{Group, InputType, Node};
use crate::domain::flow::{Flow, State};
use crate::service::flows::{Visitor, csrf_node, put_messages};

/// Its nodes.
pub(super) fn of(v: &Visitor, flow: &Flow) -> Vec<Node> {
    let mut nodes = vec![csrf_node(v, flow)];
    match flow.form.state {
        State::SentEmail => nodes.extend(code(flow)),
        _ => nodes.extend(email(flow)),
    }
    put_messages(flow, &mut nodes);
    nodes
}

fn email(flow: &Flow) -> Vec<Node> {
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

fn code(flow: &Flow) -> Vec<Node> {
    let mut nodes = vec![
        Node::input(Group::Code, "code", InputType::Text)
            .required()
            .autocomplete("one-time-code")
            .pattern("[0-9]+", 6)
            .label(text::RECOVERY_CODE.text()),
        Node::hidden(Group::Code, "method", "code"),
        Node::submit(Group::Code, "method", "code", text::CONTINUE.text()),
    ];
    // A code that an operator handed over was not sent anywhere.
    if let Some(address) = &flow.form.identifier {
        let label = text::RESEND_CODE.text();
        nodes.push(Node::submit(Group::Code, "email", address.as_str(), label));
    }
    nodes
}
