//! `set-authorities`: set what an identity may administer.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::selector::{self, Who};
use super::table::Action;
use crate::domain::authority::Authority;
use crate::error::ErrorCode;
use crate::service::authorities;

pub(super) struct SetAuthorities {
    who: Who,
    wanted: BTreeSet<Authority>,
}

impl Action for SetAuthorities {
    const NAME: &'static str = "set-authorities";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let given = params.value("authorities").cloned().unwrap_or_default();
        Ok(Self { who: Who::parse(params)?, wanted: parse(&given)? })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let sentence = |id: Uuid| format!("Failed to set the authorities of identity {id}");
        let id = self.who.find(cx, sentence)?.id;
        let set = authorities::set(&cx.deps, &cx.by, id, &self.wanted).map_err(|error| match error
            .code()
        {
            ErrorCode::NotFound => selector::missing(id),
            _ => cx.failed(&sentence(id), &error),
        });
        let (identity, changed) = set?;
        cx.recorded = changed;
        cx.host.log(&format!("Successfully set the authorities of identity {id}"));
        let document = json!({"id": id, "authorities": results::authorities(&identity)});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}

/// Reads a text with commas or spaces between the words, or a list of words.
pub(super) fn parse(given: &Value) -> Result<BTreeSet<Authority>, Failure> {
    let invalid =
        || Failure::new("Parameter 'authorities' may hold ROLE_ADMINISTRATOR and ROLE_DEVELOPER");
    let words: Vec<&str> = match given {
        Value::String(text) => text.split([',', ' ']).collect(),
        Value::Array(list) => {
            list.iter().map(|word| word.as_str().ok_or_else(invalid)).collect::<Result<_, _>>()?
        }
        _ => Vec::new(),
    };
    words
        .into_iter()
        .map(str::trim)
        .filter(|word| !word.is_empty() && *word != "ROLE_USER")
        .map(|word| Authority::parse(word).ok_or_else(invalid))
        .collect()
}
