//! The form for making an account.

use serde_json::Value;

use super::chooses;
use crate::app::Deps;
use crate::domain::flow::Flow;
use crate::domain::flow::text;
use crate::domain::flow::ui::{Group, Node};
use crate::service::flows::{Refusal, Visitor, csrf_node, fields, keys, put_messages, traits};

/// Its nodes: first who somebody is, then how they want to sign in.
pub(super) fn of(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    document: &Value,
) -> Result<Vec<Node>, Refusal> {
    let none = Value::Null;
    let typed = flow.form.values.get("traits").unwrap_or(&none);
    let fields = traits::nodes_of(Group::Default, document, typed, &flow.form.field_messages);
    let mut nodes = vec![csrf_node(v, flow)];
    if chooses(flow) {
        nodes.extend(traits::hidden(fields));
        nodes.extend(fields::new_password(text::SIGN_UP));
        nodes.extend(keys::passkey_registration(d, flow)?);
        nodes.push(Node::submit(Group::Profile, "screen", "previous", text::BACK.text()));
    } else {
        nodes.extend(fields);
        nodes.push(Node::submit(Group::Profile, "method", "profile", text::SIGN_UP.text()));
    }
    put_messages(flow, &mut nodes);
    Ok(nodes)
}
