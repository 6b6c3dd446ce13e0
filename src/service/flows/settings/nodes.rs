//! The form of settings.

use serde_json::{Map, Value, json};

use super::factors::{CODES, REVEALED, TOTP};
use super::{Owner, terms};
use crate::app::Deps;
use crate::domain::credential::CredentialType;
use crate::domain::flow::Flow;
use crate::domain::flow::text::{self, Text};
use crate::domain::flow::ui::{Attributes, Group, InputType, Node};
use crate::service::factors::lookup::{self, Sheet};
use crate::service::factors::totp::Offer;
use crate::service::flows::{
    Refusal, Visitor, csrf_node, fields, keys, pending, put_messages, traits,
};
use crate::service::sessions::Lack;

/// Its nodes.
pub(super) fn of(d: &Deps, v: &Visitor, flow: &Flow, owner: &Owner) -> Result<Vec<Node>, Refusal> {
    let mut nodes = vec![csrf_node(v, flow)];
    if owner.lack == Some(Lack::Terms) {
        nodes.extend(terms::nodes(d));
        return Ok(nodes);
    }
    if !owner.enrols() {
        nodes.extend(profile(d, flow, owner));
    }
    nodes.extend(fields::new_password(text::SAVE));
    nodes.extend(totp(d, flow, owner)?);
    if !owner.enrols() {
        nodes.extend(codes(d, flow, owner)?);
    }
    nodes.extend(keys::key_settings(d, flow, &owner.identity)?);
    nodes.extend(keys::passkey_settings(d, flow, &owner.identity)?);
    put_messages(flow, &mut nodes);
    Ok(nodes)
}

fn profile(d: &Deps, flow: &Flow, owner: &Owner) -> Vec<Node> {
    let Some(schema) = d.schemas.get(&owner.identity.schema_id) else { return Vec::new() };
    let shown = flow.form.values.get("traits").unwrap_or(&owner.identity.traits);
    let mut nodes = traits::nodes(schema.document(), shown, &flow.form.field_messages);
    nodes.push(Node::submit(Group::Profile, "method", "profile", text::SAVE.text()));
    nodes
}

fn totp(d: &Deps, flow: &Flow, owner: &Owner) -> Result<Vec<Node>, Refusal> {
    if owner.identity.credential(CredentialType::Totp).is_some() {
        return Ok(vec![Node::submit(
            Group::Totp,
            "totp_unlink",
            "true",
            text::UNLINK_TOTP.text(),
        )]);
    }
    let Some(sealed) = pending::get(flow, TOTP) else { return Ok(Vec::new()) };
    let offer = Offer::open(d, flow.id, &sealed)?;
    let picture = Node::new(
        Group::Totp,
        Attributes::Img { id: "totp_qr", src: offer.picture()?, width: 256, height: 256 },
    );
    let secret = Attributes::Text {
        id: "totp_secret_key",
        text: text::TOTP_SECRET.of("secret", offer.secret().as_str()),
    };
    Ok(vec![
        picture.label(text::TOTP_QR.text()),
        Node::new(Group::Totp, secret).label(text::TOTP_SECRET_LABEL.text()),
        Node::input(Group::Totp, "totp_code", InputType::Text)
            .required()
            .autocomplete("one-time-code")
            .label(text::VERIFY_CODE.text()),
        Node::submit(Group::Totp, "method", "totp", text::SAVE.text()),
    ])
}

fn codes(d: &Deps, flow: &Flow, owner: &Owner) -> Result<Vec<Node>, Refusal> {
    let button = |name: &str, label: Text| Node::submit(Group::LookupSecret, name, "true", label);
    if let Some(sealed) = pending::get(flow, CODES) {
        let sheet = Sheet::open(d, flow.id, &sealed)?;
        let secrets: Vec<Text> =
            sheet.codes().map(|code| text::ONE_CODE.of("secret", code)).collect();
        return Ok(vec![
            list(&secrets),
            button("lookup_secret_confirm", text::CONFIRM_CODES.text()),
        ]);
    }
    let new = button("lookup_secret_regenerate", text::NEW_CODES.text());
    if owner.identity.credential(CredentialType::LookupSecret).is_none() {
        return Ok(vec![new]);
    }
    if !flow.form.values.contains_key(REVEALED) {
        return Ok(vec![
            button(REVEALED, text::REVEAL_CODES.text()),
            button("lookup_secret_disable", text::DISABLE_CODES.text()),
        ]);
    }
    // Only digests are kept: what can be shown is which of the codes were used.
    let uses = lookup::uses(&owner.identity).into_iter().map(|used| match used {
        None => text::ONE_CODE.of("secret", "••••"),
        Some(at) => text::CODE_WAS_USED.with(Map::from_iter([
            ("used_at".to_owned(), Value::from(at.to_string())),
            ("used_at_unix".to_owned(), at.as_second().into()),
        ])),
    });
    Ok(vec![list(&uses.collect::<Vec<_>>()), new])
}

fn list(secrets: &[Text]) -> Node {
    let lines: Vec<&str> = secrets.iter().map(|secret| secret.text.as_str()).collect();
    let mut text = text::CODES.of("secrets_list", lines.join(", "));
    text.context = Map::from_iter([("secrets".to_owned(), json!(secrets))]);
    let shown = Attributes::Text { id: "lookup_secret_codes", text };
    Node::new(Group::LookupSecret, shown).label(text::CODES_LABEL.text())
}
