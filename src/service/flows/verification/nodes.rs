//! The form for verifying an address.

use super::typed_before;
use crate::app::Deps;
use crate::domain::flow::text;
use crate::domain::flow::ui::{Attributes, Group, Node};
use crate::domain::flow::{Flow, State};
use crate::service::flows::{Visitor, csrf_node, fields, places, put_messages};

/// Its nodes.
pub(super) fn of(d: &Deps, v: &Visitor, flow: &Flow) -> Vec<Node> {
    let mut nodes = match flow.form.state {
        State::PassedChallenge => return vec![onward(d, flow)],
        State::SentEmail => code(d, flow),
        _ => fields::address(flow),
    };
    nodes.insert(0, csrf_node(v, flow));
    put_messages(flow, &mut nodes);
    nodes
}

fn code(d: &Deps, flow: &Flow) -> Vec<Node> {
    let mut field = fields::code(text::VERIFICATION_CODE);
    if let Some(typed) = typed_before(d, flow) {
        field = field.value(typed);
    }
    let mut nodes = vec![
        Node::hidden(Group::Code, "method", "code"),
        field,
        Node::submit(Group::Code, "method", "code", text::CONTINUE.text()),
    ];
    nodes.extend(fields::resend(flow));
    nodes
}

/// The way on, once all is done.
fn onward(d: &Deps, flow: &Flow) -> Node {
    let href = places::finished(&d.options, flow.form.return_to.as_deref());
    let link = Attributes::A { id: "continue", href, title: text::CONTINUE.text() };
    Node::new(Group::Code, link).label(text::CONTINUE.text())
}
