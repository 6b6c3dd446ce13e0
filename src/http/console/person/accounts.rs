//! By which accounts somebody comes in: the one that is kept here, and those at other providers.

use axum::response::Response;
use serde::Serialize;

use super::confirm::Confirm;
use super::{Heading, Person, load};
use crate::domain::credential::{Credential, CredentialType};
use crate::http::console::at::At;
use crate::http::pages::{Turn, plain};
use crate::service::{accounts, links};

#[derive(Serialize)]
struct Accounts {
    person: Heading,
    all: Vec<Shown>,
    edit: String,
}

#[derive(Serialize)]
struct Shown {
    internal: bool,
    provider: String,
    subject: String,
    email: Option<String>,
    verified: bool,
    json: String,
    unlink: Option<String>,
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let all = accounts::of(&person.identity, &at.d().options.realm);
    let shown = all.iter().map(|one| {
        let json = serde_json::to_string_pretty(one).unwrap_or_default();
        Shown {
            internal: one.is_internal(),
            provider: plain(one.provider()),
            subject: plain(one.subject()),
            email: one.email().map(plain),
            verified: one.is_verified(),
            json,
            unlink: (!one.is_internal()).then(|| {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.append_pair("account", one.subject());
                format!("{}/accounts/unlink?{}", person.href, query.finish())
            }),
        }
    });
    let content = Accounts {
        all: shown.collect(),
        person: person.heading(at),
        edit: format!("{}/edit", person.href),
    };
    at.page("console/person-accounts.html", person.frame(at), &content)
}

/// The account that is named.
fn named(at: &At<'_>, person: &Person) -> Result<String, Turn> {
    let text = at.query().text("account").unwrap_or_default();
    let linked = person.identity.credential(CredentialType::Oidc);
    let linked =
        linked.is_some_and(|all: &Credential| all.identifiers.iter().any(|one| one == text));
    if linked { Ok(text.to_owned()) } else { Err(At::missing()) }
}

/// Before an account is unlinked.
pub fn unlink_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let account = named(at, &person)?;
    let confirm = Confirm {
        title: at.text("console.do.unlink"),
        about: at.text_with("console.effect.unlink", &[("account", &plain(&account))]),
        bad: true,
        back: "/accounts",
        ..Confirm::default()
    };
    confirm.page(at, &person, None)
}

/// Unlinks it, unless it is the last way in.
pub fn unlink(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let account = named(at, &person)?;
    links::unlink(at.d(), &at.by, person.identity.id, &account)?;
    Err(at.done(&person.path("/accounts")))
}
