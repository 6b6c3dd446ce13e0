//! Security keys and passkeys in forms: what the browser is asked waits in the flow, and the form
//! carries it to the page's script.

use serde_json::Value;

use super::{Refusal, pending};
use crate::app::Deps;
use crate::domain::flow::text::{self, Text};
use crate::domain::flow::ui::{Attributes, Group, InputType, Node, Script};
use crate::domain::flow::{Client, Flow};
use crate::domain::identity::Identity;
use crate::service::factors::keys::{self, Ceremony, Use};

/// The script that pages load to talk to keys.
const SCRIPT: &str = include_str!("../../../pages/assets/webauthn.js");

/// The names under which a flow holds a sign-in by key and the registration of one.
const ASKED: [&str; 2] = ["webauthn", "passkey"];
const OFFERED: [&str; 2] = ["webauthn-offer", "passkey-offer"];

const fn place(what: Use, names: [&'static str; 2]) -> &'static str {
    match what {
        Use::SecondFactor | Use::Passwordless => names[0],
        Use::Passkey => names[1],
    }
}

/// Asks the browser for one of somebody's keys, or for any passkey; anew each time, because an
/// answer is good once. Programs have no browser to ask.
pub(super) fn ask(
    d: &Deps,
    flow: &mut Flow,
    who: Option<&Identity>,
    what: Use,
) -> Result<(), Refusal> {
    let begun = match flow.form.client {
        Client::Browser => keys::ask(d, who, what)?,
        Client::Api => None,
    };
    keep(d, flow, place(what, ASKED), begun)
}

/// Offers to register a key.
pub(super) fn offer(
    d: &Deps,
    flow: &mut Flow,
    identity: &Identity,
    what: Use,
) -> Result<(), Refusal> {
    let begun = match flow.form.client {
        Client::Browser => keys::offer(d, identity, what)?,
        Client::Api => None,
    };
    keep(d, flow, place(what, OFFERED), begun)
}

fn keep(d: &Deps, flow: &mut Flow, name: &str, begun: Option<Ceremony>) -> Result<(), Refusal> {
    match begun {
        Some(begun) => {
            let sealed = begun.seal(d, flow.id)?;
            pending::put(flow, name, sealed);
        }
        None => pending::drop(flow, name),
    }
    Ok(())
}

/// What the browser was asked.
pub(super) fn asked(d: &Deps, flow: &Flow, what: Use) -> Result<Option<Ceremony>, Refusal> {
    open(d, flow, place(what, ASKED))
}

/// What was offered to be registered.
pub(super) fn offered(d: &Deps, flow: &Flow, what: Use) -> Result<Option<Ceremony>, Refusal> {
    open(d, flow, place(what, OFFERED))
}

fn open(d: &Deps, flow: &Flow, name: &str) -> Result<Option<Ceremony>, Refusal> {
    let Some(sealed) = pending::get(flow, name) else { return Ok(None) };
    Ok(Some(Ceremony::open(d, flow.id, &sealed)?))
}

/// The part of a form that signs in with a passkey.
pub(super) fn passkey_login(d: &Deps, flow: &Flow) -> Result<Vec<Node>, Refusal> {
    let Some(asked) = asked(d, flow, Use::Passkey)? else { return Ok(Vec::new()) };
    Ok(vec![
        script(d, Group::Webauthn),
        Node::hidden(Group::Passkey, "passkey_challenge", asked.options.to_string())
            .on_load("oryPasskeyLoginAutocompleteInit"),
        Node::hidden(Group::Passkey, "passkey_login", ""),
        Node::input(Group::Passkey, "passkey_login_trigger", InputType::Button)
            .value("")
            .on_click("oryPasskeyLogin")
            .label(text::USE_PASSKEY.text()),
    ])
}

/// The part of a form that asks for a security key.
pub(super) fn key_login(d: &Deps, flow: &Flow) -> Result<Vec<Node>, Refusal> {
    let Some(asked) = asked(d, flow, Use::SecondFactor)? else { return Ok(Vec::new()) };
    Ok(vec![
        script(d, Group::Webauthn),
        Node::hidden(Group::Webauthn, "webauthn_login", ""),
        button(
            "webauthn_login_trigger",
            "oryWebAuthnLogin",
            &asked.options,
            text::USE_SECURITY_KEY,
        ),
    ])
}

fn button(name: &str, function: &'static str, options: &Value, label: text::Known) -> Node {
    Node::input(Group::Webauthn, name, InputType::Button)
        .trigger(function, options)
        .label(label.text())
}

/// The part of the settings that lists, removes and registers security keys.
pub(super) fn key_settings(d: &Deps, flow: &Flow, owner: &Identity) -> Result<Vec<Node>, Refusal> {
    let mut nodes = removals(Group::Webauthn, "webauthn_remove", owner, Use::SecondFactor);
    if let Some(offered) = offered(d, flow, Use::SecondFactor)? {
        nodes.extend([
            script(d, Group::Webauthn),
            Node::input(Group::Webauthn, "webauthn_register_displayname", InputType::Text)
                .value("")
                .label(text::SECURITY_KEY_NAME.text()),
            Node::hidden(Group::Webauthn, "webauthn_register", ""),
            button(
                "webauthn_register_trigger",
                "oryWebAuthnRegistration",
                &offered.options,
                text::ADD_SECURITY_KEY,
            ),
        ]);
    }
    Ok(nodes)
}

/// The part of the settings that lists, removes and registers passkeys.
pub(super) fn passkey_settings(
    d: &Deps,
    flow: &Flow,
    owner: &Identity,
) -> Result<Vec<Node>, Refusal> {
    let mut nodes = removals(Group::Passkey, "passkey_remove", owner, Use::Passkey);
    if let Some(offered) = offered(d, flow, Use::Passkey)? {
        let call = ("passkey_settings_register", "oryPasskeySettingsRegistration");
        nodes.extend(new_passkey(d, &offered, (call.0, call.1, text::ADD_PASSKEY)));
    }
    Ok(nodes)
}

/// The part of a form that makes an account with a passkey.
pub(super) fn passkey_registration(d: &Deps, flow: &Flow) -> Result<Vec<Node>, Refusal> {
    let call = ("passkey_register", "oryPasskeyRegistration", text::SIGN_UP_WITH_PASSKEY);
    let offered = offered(d, flow, Use::Passkey)?;
    Ok(offered.map(|offered| new_passkey(d, &offered, call).into()).unwrap_or_default())
}

/// Makes a passkey, and puts what the authenticator answers into the field `name`.
fn new_passkey(
    d: &Deps,
    offered: &Ceremony,
    (name, function, label): (&str, &'static str, text::Known),
) -> [Node; 4] {
    let data = serde_json::json!({"credentialOptions": offered.options});
    [
        script(d, Group::Webauthn),
        Node::hidden(Group::Passkey, "passkey_create_data", data.to_string()),
        Node::hidden(Group::Passkey, name, ""),
        Node::input(Group::Passkey, "passkey_register_trigger", InputType::Button)
            .value("")
            .on_click(function)
            .label(label.text()),
    ]
}

fn removals(group: Group, name: &str, owner: &Identity, what: Use) -> Vec<Node> {
    let label = |key: &keys::Listed| -> Text {
        let known = match what {
            Use::Passkey => text::REMOVE_PASSKEY,
            Use::SecondFactor | Use::Passwordless => text::REMOVE_SECURITY_KEY,
        };
        let context = serde_json::json!({
            "display_name": key.display_name,
            "added_at": key.added_at,
            "added_at_unix": key.added_at.as_second(),
        });
        known.with(context.as_object().cloned().unwrap_or_default())
    };
    let listed = keys::list(owner, what).into_iter();
    listed.map(|key| Node::submit(group, name, key.id.as_str(), label(&key))).collect()
}

fn script(d: &Deps, group: Group) -> Node {
    Node::new(
        group,
        Attributes::Script(Script {
            id: "webauthn_script",
            src: format!("{}/.well-known/ory/webauthn.js", d.options.base_url()),
            is_async: true,
            referrerpolicy: "no-referrer",
            crossorigin: "anonymous",
            integrity: crate::crypto::integrity::of(SCRIPT),
            kind: "text/javascript",
            nonce: String::new(),
        }),
    )
}
