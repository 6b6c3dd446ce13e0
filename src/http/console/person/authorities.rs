//! What somebody may manage: before and after.

use std::collections::BTreeSet;

use axum::response::Response;

use super::confirm::Confirm;
use super::{Person, load};
use crate::domain::authority::Authority;
use crate::http::console::at::At;
use crate::http::console::form::{Choice, Field};
use crate::http::console::who::right;
use crate::http::pages::Turn;
use crate::service::authorities;

/// All of them.
pub const ALL: [Authority; 2] = [Authority::Developer, Authority::Administrator];

/// The switches.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    confirm(at, &person).page(at, &person, None)
}

/// A field with a switch for each right.
pub fn field(at: &At<'_>, held: &BTreeSet<Authority>) -> Field {
    let choice = |authority: Authority| Choice {
        value: authority.as_str().to_owned(),
        text: at.text(&format!("console.authority.{}", authority.as_str())),
        chosen: held.contains(&authority),
    };
    Field::new(at, "checks", "authority", "console.people.rights")
        .choices(ALL.map(choice).into())
        .about(at.text("console.authority.about"))
}

/// The rights that are ticked in a form.
pub fn ticked(at: &At<'_>) -> BTreeSet<Authority> {
    at.form.all("authority").filter_map(Authority::parse).collect()
}

fn confirm(at: &At<'_>, person: &Person) -> Confirm {
    let held = &person.identity.authorities;
    let words: Vec<String> = held.iter().map(|one| right(at, *one)).collect();
    let before =
        if words.is_empty() { at.text("console.authority.none") } else { words.join(", ") };
    Confirm {
        title: at.text("console.do.authorities"),
        about: at.text_with("console.effect.authorities", &[("before", &before)]),
        fields: vec![field(at, held)],
        ..Confirm::default()
    }
}

/// Makes them so.
pub fn set(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    authorities::set(at.d(), &at.by, person.identity.id, &ticked(at))?;
    Err(at.done(&person.path("")))
}
