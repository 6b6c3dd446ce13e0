//! By which accounts somebody comes in: the one that is kept here, and those at other providers.

use axum::response::Response;
use serde::Serialize;

use super::confirm::Confirm;
use super::{Heading, Person, load};
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::identity::Via;
use crate::domain::status::Reason;
use crate::error::ErrorCode;
use crate::http::console::at::At;
use crate::http::console::form::{Choice, Field};
use crate::http::pages::{Turn, plain};
use crate::service::accounts::{self, Account};
use crate::service::links;
use crate::service::status::StatusChange;
use crate::service::unchanged::tag_of_accounts;

#[derive(Serialize)]
struct Accounts {
    person: Heading,
    all: Vec<Shown>,
    edit: String,
}

#[derive(Serialize)]
struct Shown {
    internal: bool,
    locked: bool,
    provider: String,
    subject: String,
    addresses: Vec<Address>,
    json: String,
    /// To lock it, or to unlock it.
    lock: String,
    unlink: Option<String>,
}

#[derive(Serialize)]
struct Address {
    email: String,
    verified: bool,
    /// To confirm it, or to take that back.
    confirm: String,
    verify: String,
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let all = accounts::of(at.d(), person.identity.id)?;
    let content = Accounts {
        all: all.iter().map(|one| shown(&person, one)).collect(),
        person: person.heading(at),
        edit: format!("{}/edit", person.href),
    };
    at.page("console/person-accounts.html", person.frame(at), &content)
}

fn shown(person: &Person, one: &Account) -> Shown {
    let to = |verb: &str, name: &str, value: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair(name, value);
        format!("{}/accounts/{verb}?{}", person.href, query.finish())
    };
    let locked = one.locked_at.is_some();
    let mail = one.addresses.iter().filter(|address| address.via == Via::Email);
    Shown {
        internal: one.is_internal(),
        locked,
        provider: plain(&one.provider),
        subject: plain(match (&one.username, one.is_internal()) {
            (Some(username), true) => username,
            _ => &one.id,
        }),
        addresses: mail
            .map(|address| Address {
                email: plain(&address.value),
                verified: address.verified,
                confirm: to(
                    if address.verified { "unconfirm" } else { "confirm" },
                    "email",
                    &address.value,
                ),
                verify: to("verify", "email", &address.value),
            })
            .collect(),
        json: serde_json::to_string_pretty(&inspected(one)).unwrap_or_default(),
        lock: to(if locked { "unlock" } else { "lock" }, "account", &one.id),
        unlink: (!one.is_internal()).then(|| to("unlink", "account", &one.id)),
    }
}

fn inspected(one: &Account) -> serde_json::Value {
    let addresses = one.addresses.iter().map(|address| {
        serde_json::json!({"value": address.value, "via": address.via.as_str(), "verified": address.verified})
    });
    serde_json::json!({
        "type": if one.is_internal() { "account:internal" } else { "account:oidc" },
        "id": one.id,
        "provider": one.provider,
        "username": one.username,
        "credentials": one.credentials,
        "addresses": addresses.collect::<Vec<_>>(),
        "confirmed": one.confirmed(),
        "status": if one.locked_at.is_some() { "locked" } else { "active" },
        "locked_at": one.locked_at,
        "created_at": one.created_at,
    })
}

/// What is done to an account or an address, by the last part of the path.
fn verb(at: &At<'_>) -> &'static str {
    at.route.path.rsplit('/').next().unwrap_or_default()
}

/// Before an account is locked or unlocked, or the proof of an address is given or taken.
pub fn account_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    account_confirm(at, &person)?.page(at, &person, None)
}

/// The tag of somebody's accounts as the form is made.
fn seen(at: &At<'_>, person: &Person) -> Result<Field, Turn> {
    Ok(at.seen(&tag_of_accounts(&accounts::of(at.d(), person.identity.id)?)))
}

fn account_confirm(at: &At<'_>, person: &Person) -> Result<Confirm, Turn> {
    let verb = verb(at);
    let query = at.query();
    let about = query.text("account").or_else(|| query.text("email")).ok_or_else(At::missing)?;
    let reasons = Choice::all(at, "console.reason", &REASONS, "other");
    let reason = Field::new(at, "choice", "reason", "console.data.reason").choices(reasons);
    let mut fields = vec![seen(at, person)?];
    fields.extend(matches!(verb, "lock" | "unlock").then_some(reason));
    Ok(Confirm {
        title: at.text(&format!("console.do.account.{verb}")),
        about: at
            .text_with(&format!("console.effect.account.{verb}"), &[("account", &plain(about))]),
        fields,
        bad: verb == "lock",
        back: "/accounts",
        ..Confirm::default()
    })
}

/// Why an account is locked.
const REASONS: [&str; 5] = ["offboarding", "compromise", "policy", "request", "other"];

/// Does it.
pub fn account_change(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let (d, by, id) = (at.d(), &at.by_as_seen(), person.identity.id);
    let account = at.query().text("account").unwrap_or_default();
    let email = at.query().text("email");
    let reason = at.form.text("reason").and_then(Reason::parse).unwrap_or_default();
    let why = StatusChange { reason, ..StatusChange::default() };
    match verb(at) {
        "lock" => drop(accounts::lock(d, by, id, account, &why)?),
        "unlock" => drop(accounts::unlock(d, by, id, account, &why)?),
        "confirm" => drop(accounts::confirm(d, by, id, email)?),
        "unconfirm" => drop(accounts::unconfirm(d, by, id, email)?),
        "verify" => match accounts::verify(d, by, id, email) {
            Err(error) if error.code() == ErrorCode::Busy => {
                let said = at.text("console.account.mails");
                return account_confirm(at, &person)?.page(at, &person, Some(("", said)));
            }
            other => drop(other?),
        },
        _ => return Err(At::missing()),
    }
    Err(at.done(&person.path("/accounts")))
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
        fields: vec![seen(at, &person)?],
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
    links::unlink(at.d(), &at.by_as_seen(), person.identity.id, &account)?;
    Err(at.done(&person.path("/accounts")))
}
