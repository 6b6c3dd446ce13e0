//! Registration: people make accounts for themselves, where the operator lets them. First they say
//! who they are, then how they want to sign in; a program may say both at once.

mod create;
mod nodes;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Begin, Body, Outcome, Refusal, Shown, Visitor, again, asked_for, field, keys, must_be_nobody,
    pending, places, traits,
};
use crate::app::Deps;
use crate::config::Registration;
use crate::domain::flow::text;
use crate::domain::flow::ui::Ui;
use crate::domain::flow::{Client, Flow, FlowKind};
use crate::domain::schema::Schema;
use crate::error::Error;
use crate::service::creating::{CreateIdentity, assemble};
use crate::service::factors::keys::Use;

/// Under which name a flow keeps that it has come to its second step.
const CHOOSES: &str = "chooses";
/// Under which name it keeps the id of the account to be.
const DRAFT: &str = "draft";
/// Most characters of a document that is handed back.
const PAYLOAD: usize = 16 * 1024;

/// Begins to make an account.
pub(super) fn begin(d: &Deps, v: &Visitor, asked: &Begin) -> Result<Flow, Refusal> {
    is_possible(d)?;
    must_be_nobody(d, v, asked)?;
    let mut flow = asked_for(d, v, FlowKind::Registration, asked)?;
    flow.form.schema_id.clone_from(&asked.schema_id);
    schema(d, &flow)?;
    Ok(flow)
}

/// The flow with its form.
pub(super) fn shown(d: &Deps, v: &Visitor, flow: Flow) -> Result<Shown, Refusal> {
    is_possible(d)?;
    let ui = Ui {
        action: places::submit_url(d, &flow),
        method: "POST",
        nodes: nodes::of(d, v, &flow, schema(d, &flow)?.document())?,
        messages: flow.form.messages.clone(),
    };
    Ok(Shown { flow, ui, identity: None, continue_with: Vec::new() })
}

fn is_possible(d: &Deps) -> Result<(), Refusal> {
    match d.options.signin.registration {
        Registration::Open | Registration::Invitation => Ok(()),
        Registration::Closed => Err(Refusal::Disabled("Nobody can sign up here.")),
    }
}

/// The schema of the account to be: the default one, or another that people may choose.
fn schema<'d>(d: &'d Deps, flow: &Flow) -> Result<&'d Schema, Refusal> {
    let usual = d.schemas.default_id();
    let id = flow.form.schema_id.as_deref().unwrap_or(usual);
    let free = id == usual || d.options.signin.registration_schemas.iter().any(|one| one == id);
    d.schemas.get(id).filter(|_| free).ok_or_else(|| {
        let why = "There is no such identity schema for people who sign up.";
        Refusal::Invalid(why.to_owned())
    })
}

/// Whether it is known who somebody is, and they choose how to sign in.
fn chooses(flow: &Flow) -> bool {
    flow.form.values.contains_key(CHOOSES)
}

/// Hands the form in.
pub(super) fn submit(d: &Deps, v: &Visitor, flow: Flow, body: &Body) -> Result<Outcome, Refusal> {
    is_possible(d)?;
    let mut flow = flow;
    let schema = schema(d, &flow)?;
    let typed = body.get("traits").map(|typed| traits::coerce(schema.document(), typed));
    let known = flow.form.values.get("traits").cloned();
    let typed = typed.or(known).unwrap_or_else(|| Value::Object(Map::new()));
    let payload = body.get("transient_payload").filter(|payload| payload.is_object());
    if let Some(payload) = payload.filter(|payload| payload.to_string().len() <= PAYLOAD) {
        flow.form.transient_payload = Some(payload.clone());
    }
    flow.form.clear();
    traits::remember(&mut flow.form, &typed);
    let method = method(body);
    flow.form.active = Some(method.to_owned()).filter(|method| !method.is_empty());
    if field(body, "screen") == Some("previous") {
        return again(d, v, flow);
    }
    match method {
        "profile" => {
            if fits(&mut flow, schema, &typed)? {
                choose(d, v, &mut flow, schema, &typed)?;
                flow.form.messages.push(text::CHOOSE_CREDENTIAL.text());
            }
            again(d, v, flow)
        }
        "password" | "passkey" => {
            if !fits(&mut flow, schema, &typed)? {
                return again(d, v, flow);
            }
            if method == "password" {
                create::with_password(d, v, flow, schema, &typed, field(body, "password"))
            } else {
                create::with_passkey(d, v, flow, schema, &typed, field(body, "passkey_register"))
            }
        }
        _ => {
            flow.form.messages.push(FlowKind::Registration.no_method().text());
            again(d, v, flow)
        }
    }
}

/// The method that was chosen, or the one whose field is filled in. What an authenticator answered
/// is sent by a script and not by a button.
fn method(body: &Body) -> &str {
    if field(body, "passkey_register").is_some() {
        return "passkey";
    }
    field(body, "method")
        .unwrap_or_else(|| if body.contains_key("password") { "password" } else { "" })
}

/// Goes on to the second step, and offers to make a passkey, which knows its owner by the id of the
/// account to be.
fn choose(
    d: &Deps,
    v: &Visitor,
    flow: &mut Flow,
    schema: &Schema,
    typed: &Value,
) -> Result<(), Refusal> {
    flow.form.values.insert(CHOOSES.to_owned(), true.into());
    if flow.form.client == Client::Browser {
        let draft = assemble(d, &v.by, wanted(flow, schema, typed), d.clock.now())?;
        pending::put(flow, DRAFT, draft.id.to_string());
        keys::offer(d, flow, &draft, Use::Passkey)?;
    }
    Ok(())
}

/// The account to be, without a way to sign in.
fn wanted(flow: &Flow, schema: &Schema, typed: &Value) -> CreateIdentity {
    let known = pending::get(flow, DRAFT);
    CreateIdentity {
        id: known.and_then(|id| Uuid::parse_str(&id).ok()),
        schema_id: Some(schema.id().to_owned()),
        traits: typed.clone(),
        ..CreateIdentity::default()
    }
}

/// Whether the traits satisfy the schema; what is wrong is told beside the fields.
fn fits(flow: &mut Flow, schema: &Schema, typed: &Value) -> Result<bool, Refusal> {
    if !typed.is_object() {
        return Err(Refusal::Invalid("`traits` must be an object.".to_owned()));
    }
    let violations = schema.violations(typed).map_err(Error::from)?;
    traits::complain(&mut flow.form, schema.document(), &violations);
    Ok(violations.is_empty())
}
