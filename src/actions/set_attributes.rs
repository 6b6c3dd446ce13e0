//! `set-attributes`: set the values of an attribute set of an identity.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Who};
use super::table::Action;
use crate::error::ErrorCode;
use crate::service::attributes::{sets, values};

pub(super) struct SetAttributes {
    who: Who,
    set: String,
    values: Map<String, Value>,
}

impl Action for SetAttributes {
    const NAME: &'static str = "set-attributes";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let set = params.text("set").unwrap_or_default().trim().to_owned();
        let values = params.map("values").cloned().unwrap_or_default();
        Ok(Self { who: Who::parse(params)?, set, values })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let Self { who, set, values } = self;
        let sentence = |id: Uuid| format!("Failed to set the attributes of identity {id}");
        let id = who.find(cx, sentence)?.id;
        let gone = values.is_empty();
        let done = if gone {
            values::remove(&cx.deps, &cx.by, id, &set)
        } else {
            sets::get(&cx.deps, &set).map_err(|error| match error.code() {
                ErrorCode::NotFound => Failure::new("There is no such attribute set"),
                _ => cx.failed(&sentence(id), &error),
            })?;
            values::set(&cx.deps, &cx.by, id, &set, values.clone()).map(|(_, changed)| changed)
        };
        let changed = done.map_err(|error| match error.code() {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        })?;
        cx.recorded = changed;
        let done = if gone { "removed" } else { "set" };
        cx.host.log(&format!("Successfully {done} the attributes of identity {id}"));
        let document = json!({
            "id": id,
            "set": set,
            "values": values,
            "values_json": Value::from(values.clone()).to_string(),
            "changed": changed,
        });
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
