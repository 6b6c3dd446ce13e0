//! `create-attribute-set`: define what is kept about people.

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::{self, Results};
use super::table::Action;
use crate::domain::attributes::{Attribute, AttributeKind};
use crate::service::attributes::sets::{self, Definition};

pub(super) struct CreateAttributeSet {
    identifier: String,
    definition: Definition,
}

impl Action for CreateAttributeSet {
    const NAME: &'static str = "create-attribute-set";

    fn parse(params: &Params) -> Result<Self, Failure> {
        let text = |name| params.text(name).unwrap_or_default().trim().to_owned();
        let given = params.map("attributes").cloned().unwrap_or_default();
        let attributes = given.into_iter().map(|(key, kind)| {
            let word = kind.as_str().unwrap_or_default();
            let single = word.strip_suffix("[]");
            let kind = AttributeKind::parse(single.unwrap_or(word)).ok_or_else(|| {
                Failure::new(
                    "The type of an attribute is string, number, boolean, date, datetime, time or \
                     object, with [] behind it for several values",
                )
            })?;
            let (name, description) = (String::new(), String::new());
            Ok(Attribute { key, name, description, kind, multiple: single.is_some() })
        });
        let attributes = attributes.collect::<Result<_, Failure>>()?;
        let (name, description) = (text("name"), text("description"));
        let definition = Definition { name, description, attributes };
        Ok(Self { identifier: text("set"), definition })
    }

    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure> {
        let made = sets::create(&cx.deps, &cx.by, &self.identifier, self.definition)
            .map_err(|error| cx.failed("Failed to create the attribute set", &error))?;
        cx.recorded = true;
        cx.host.log(&format!("Successfully created the attribute set: {}", made.identifier));
        let keys: Vec<&str> = made.attributes.iter().map(|one| one.key.as_str()).collect();
        let document = json!({"set": made.identifier, "name": made.name, "keys": keys});
        Ok(document.as_object().map(results::from_document).unwrap_or_default())
    }
}
