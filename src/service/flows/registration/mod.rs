//! Registration: people make accounts for themselves, where the operator lets them. First they say
//! who they are, then how they want to sign in; a program may say both at once.

mod create;
mod nodes;

use serde_json::{Map, Value};

use super::{
    Begin, Body, Outcome, Refusal, Shown, Visitor, again, asked_for, field, must_be_nobody, places,
    traits,
};
use crate::app::Deps;
use crate::config::Registration;
use crate::domain::flow::text;
use crate::domain::flow::ui::Ui;
use crate::domain::flow::{Flow, FlowKind};
use crate::domain::schema::Schema;
use crate::error::{Error, ErrorCode};

/// Under which name a flow keeps that it has come to its second step.
const CHOOSES: &str = "chooses";
/// Most characters of a document that is handed back.
const PAYLOAD: usize = 16 * 1024;

/// Begins to make an account.
pub(super) fn begin(d: &Deps, v: &Visitor, asked: &Begin) -> Result<Flow, Refusal> {
    is_possible(d)?;
    must_be_nobody(d, v, asked)?;
    // Which of the others people may choose is for nobody to say yet.
    if asked.schema_id.as_deref().is_some_and(|id| id != d.schemas.default_id()) {
        let why = "There is no such identity schema for people who sign up.";
        return Err(Refusal::Invalid(why.to_owned()));
    }
    let mut flow = asked_for(d, v, FlowKind::Registration, asked)?;
    flow.form.schema_id.clone_from(&asked.schema_id);
    Ok(flow)
}

/// The flow with its form.
pub(super) fn shown(d: &Deps, v: &Visitor, flow: Flow) -> Result<Shown, Refusal> {
    is_possible(d)?;
    let ui = Ui {
        action: places::submit_url(d, &flow),
        method: "POST",
        nodes: nodes::of(v, &flow, schema(d)?.document()),
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

fn schema(d: &Deps) -> Result<&Schema, Refusal> {
    d.schemas.get(d.schemas.default_id()).ok_or_else(|| {
        let message = "The default identity schema is missing.";
        Refusal::Failed(Error::new(ErrorCode::Internal, message))
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
    let schema = schema(d)?;
    let typed = body.get("traits").map(|typed| traits::coerce(schema.document(), typed));
    let known = flow.form.values.get("traits").cloned();
    let typed = typed.or(known).unwrap_or_else(|| Value::Object(Map::new()));
    let payload = body.get("transient_payload").filter(|payload| payload.is_object());
    if let Some(payload) = payload.filter(|payload| payload.to_string().len() <= PAYLOAD) {
        flow.form.transient_payload = Some(payload.clone());
    }
    flow.form.clear();
    traits::remember(&mut flow.form, &typed);
    let method = field(body, "method")
        .unwrap_or_else(|| if body.contains_key("password") { "password" } else { "" });
    flow.form.active = Some(method.to_owned()).filter(|method| !method.is_empty());
    if field(body, "screen") == Some("previous") {
        return again(d, v, flow);
    }
    match method {
        "profile" => {
            if fits(&mut flow, schema, &typed)? {
                choose(&mut flow);
                flow.form.messages.push(text::CHOOSE_CREDENTIAL.text());
            }
            again(d, v, flow)
        }
        "password" => {
            if !fits(&mut flow, schema, &typed)? {
                return again(d, v, flow);
            }
            create::with_password(d, v, flow, schema, &typed, field(body, "password"))
        }
        _ => {
            flow.form.messages.push(FlowKind::Registration.no_method().text());
            again(d, v, flow)
        }
    }
}

/// Goes on to the second step.
fn choose(flow: &mut Flow) {
    flow.form.values.insert(CHOOSES.to_owned(), true.into());
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
