//! The form for recovering an account.

use crate::domain::flow::text;
use crate::domain::flow::ui::{Group, Node};
use crate::domain::flow::{Flow, State};
use crate::service::flows::{Visitor, csrf_node, fields, put_messages};

/// Its nodes.
pub(super) fn of(v: &Visitor, flow: &Flow) -> Vec<Node> {
    let mut nodes = vec![csrf_node(v, flow)];
    match flow.form.state {
        State::SentEmail => nodes.extend(code(flow)),
        _ => nodes.extend(fields::address(flow)),
    }
    put_messages(flow, &mut nodes);
    nodes
}

fn code(flow: &Flow) -> Vec<Node> {
    let mut nodes = vec![
        fields::code(text::RECOVERY_CODE),
        Node::hidden(Group::Code, "method", "code"),
        Node::submit(Group::Code, "method", "code", text::CONTINUE.text()),
    ];
    // A code that an operator handed over was not sent anywhere.
    nodes.extend(fields::resend(flow));
    nodes
}
