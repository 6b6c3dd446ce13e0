//! The form for signing in.

use super::asks_who;
use crate::app::Deps;
use crate::domain::credential::CredentialType;
use crate::domain::flow::Flow;
use crate::domain::flow::text;
use crate::domain::flow::ui::{Group, InputType, Node};
use crate::domain::identity::Identity;
use crate::domain::session::Aal;
use crate::service::factors::second_factors_of;
use crate::service::flows::{Refusal, Visitor, csrf_node, keys, put_messages};

/// Its nodes; `known` is who signs in, where that was proved already.
pub(super) fn of(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    known: Option<&Identity>,
) -> Result<Vec<Node>, Refusal> {
    let mut nodes = vec![csrf_node(v, flow)];
    match known {
        Some(known) if flow.form.requested_aal == Aal::Two => {
            nodes.extend(keys::key_login(d, flow)?);
            nodes.extend(second(known));
        }
        Some(known) => nodes.extend(again(known)),
        None if asks_who(d, flow) => nodes.extend(who()),
        None => nodes.extend(password(flow)),
    }
    nodes.extend(keys::passkey_login(d, flow)?);
    put_messages(flow, &mut nodes);
    Ok(nodes)
}

/// Who it is.
fn who() -> Vec<Node> {
    vec![
        Node::input(Group::IdentifierFirst, "identifier", InputType::Text)
            .value("")
            .required()
            .autocomplete("username webauthn")
            .label(text::IDENTIFIER.text()),
        Node::submit(Group::IdentifierFirst, "method", "identifier_first", text::CONTINUE.text()),
    ]
}

/// The password, with who it is unless that was typed before.
fn password(flow: &Flow) -> Vec<Node> {
    let identifier = match &flow.form.identifier {
        Some(known) => Node::hidden(Group::Default, "identifier", known.as_str()),
        None => Node::input(Group::Default, "identifier", InputType::Text)
            .value(flow.form.values.get("identifier").cloned().unwrap_or_else(|| "".into()))
            .autocomplete("username webauthn")
            .label(text::IDENTIFIER.text()),
    };
    vec![
        identifier.required(),
        password_field(),
        Node::submit(Group::Password, "method", "password", text::USE_PASSWORD.text()),
    ]
}

fn password_field() -> Node {
    Node::input(Group::Password, "password", InputType::Password)
        .required()
        .autocomplete("current-password")
        .label(text::PASSWORD.text())
}

/// Somebody who is signed in shows it once more.
fn again(known: &Identity) -> Vec<Node> {
    let credential = known.credential(CredentialType::Password);
    let Some(credential) = credential.filter(|one| one.password_hash().is_some()) else {
        return Vec::new();
    };
    let identifier = credential.identifiers.first().cloned().unwrap_or_default();
    vec![
        Node::hidden(Group::Default, "identifier", identifier).required(),
        password_field(),
        Node::submit(Group::Password, "method", "password", text::SIGN_IN.text()),
    ]
}

/// What this person can show besides.
fn second(known: &Identity) -> Vec<Node> {
    let code = |group, name, label| {
        Node::input(group, name, InputType::Text)
            .value("")
            .required()
            .autocomplete("one-time-code")
            .label(label)
    };
    let mut nodes = Vec::new();
    for kind in second_factors_of(known) {
        match kind {
            CredentialType::Totp => nodes.extend([
                code(Group::Totp, "totp_code", text::TOTP_CODE.text()),
                Node::submit(Group::Totp, "method", "totp", text::USE_AUTHENTICATOR.text()),
            ]),
            CredentialType::LookupSecret => nodes.extend([
                code(Group::LookupSecret, "lookup_secret", text::BACKUP_CODE.text()),
                Node::submit(
                    Group::LookupSecret,
                    "method",
                    "lookup_secret",
                    text::USE_BACKUP_CODE.text(),
                ),
            ]),
            _ => {}
        }
    }
    nodes
}
