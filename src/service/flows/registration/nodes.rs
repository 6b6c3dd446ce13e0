//! The form for making an account.

use serde_json::Value;

use super::chooses;
use crate::domain::flow::Flow;
use crate::domain::flow::text;
use crate::domain::flow::ui::{Group, Node};
use crate::service::flows::{Visitor, csrf_node, fields, put_messages, traits};

/// Its nodes: first who somebody is, then how they want to sign in.
pub(super) fn of(v: &Visitor, flow: &Flow, document: &Value) -> Vec<Node> {
    let none = Value::Null;
    let typed = flow.form.values.get("traits").unwrap_or(&none);
    let fields = traits::nodes_of(Group::Default, document, typed, &flow.form.field_messages);
    let mut nodes = vec![csrf_node(v, flow)];
    if chooses(flow) {
        nodes.extend(traits::hidden(fields));
        nodes.extend(fields::new_password(text::SIGN_UP));
        nodes.push(Node::submit(Group::Profile, "screen", "previous", text::BACK.text()));
    } else {
        nodes.extend(fields);
        nodes.push(Node::submit(Group::Profile, "method", "profile", text::SIGN_UP.text()));
    }
    put_messages(flow, &mut nodes);
    nodes
}
