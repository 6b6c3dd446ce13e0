//! By what somebody signs in: which factors there are, and putting somebody back on the way.

use axum::response::Response;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::confirm::Confirm;
use super::{Heading, Person, load};
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::identity::Via;
use crate::error::ErrorCode;
use crate::http::console::at::At;
use crate::http::console::form::{Choice, Field, Problem};
use crate::http::pages::{Time, Turn, plain};
use crate::service::{courier, mfa, passwords, recovery};

#[derive(Serialize)]
struct Credentials {
    person: Heading,
    factors: Vec<Factor>,
    password: String,
    recovery: String,
    send: Option<String>,
}

#[derive(Serialize)]
struct Factor {
    kind: &'static str,
    name: String,
    second: bool,
    keys: usize,
    created: Time,
    changed: Time,
    reset: Option<String>,
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let all = person.identity.credentials.iter();
    let set_up = all.filter(|one| one.first_factors() > 0 || one.is_second_factor());
    let content = Credentials {
        person: person.heading(at),
        factors: set_up.map(|one| factor(at, &person, one)).collect(),
        password: format!("{}/credentials/password", person.href),
        recovery: format!("{}/credentials/recovery", person.href),
        send: (courier::is_configured(at.d()) && !addresses(&person).is_empty())
            .then(|| format!("{}/credentials/recovery/send", person.href)),
    };
    at.page("console/person-credentials.html", person.frame(at), &content)
}

fn factor(at: &At<'_>, person: &Person, one: &Credential) -> Factor {
    let word = one.kind.as_str();
    let second = one.is_second_factor();
    Factor {
        kind: word,
        name: at.text(&format!("console.factor.{word}")),
        second,
        keys: one.first_factors(),
        created: Time::of(one.created_at),
        changed: Time::of(one.updated_at),
        reset: second.then(|| format!("{}/credentials/{word}/reset", person.href)),
    }
}

fn kind(at: &At<'_>, person: &Person) -> Result<CredentialType, Turn> {
    let kind = CredentialType::parse(at.part("kind")).ok_or_else(At::missing)?;
    let there = person.identity.credential(kind).is_some_and(Credential::is_second_factor);
    there.then_some(kind).ok_or_else(At::missing)
}

/// Before a second factor is taken away.
pub fn reset_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let name = at.text(&format!("console.factor.{}", kind(at, &person)?.as_str()));
    let confirm = Confirm {
        title: at.text("console.do.reset_factor"),
        about: at.text_with("console.effect.reset_factor", &[("factor", &name)]),
        bad: true,
        back: "/credentials",
        ..Confirm::default()
    };
    confirm.page(at, &person, None)
}

/// Takes it away.
pub fn reset(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    mfa::reset(at.d(), &at.by, person.identity.id, kind(at, &person)?)?;
    Err(at.done(&person.path("/credentials")))
}

/// The form for a password.
pub fn password_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    password(at, &person, None)
}

fn password(at: &At<'_>, person: &Person, problem: Problem) -> Result<Response, Turn> {
    let effect = crate::service::effects::of(at.d(), person.identity.id)?;
    // What was typed does not come back.
    let field = Field::new(at, "password", "password", "console.password").required();
    let field = Field { value: String::new(), ..field };
    let confirm = Confirm {
        title: at.text("console.do.password"),
        about: at.text("console.effect.password"),
        effects: vec![
            at.effect(effect.sessions, "console.effect.sessions"),
            at.effect(effect.codes, "console.effect.codes"),
        ],
        fields: vec![field],
        bad: false,
        back: "/credentials",
    };
    confirm.page(at, person, problem)
}

/// Sets it.
pub fn set_password(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let typed = SecretString::from(at.form.first("password").unwrap_or_default());
    if typed.expose_secret().is_empty() {
        let problem = Some(("password", at.text("console.problem.empty")));
        return password(at, &person, problem);
    }
    match passwords::set(at.d(), &at.by, person.identity.id, &typed) {
        Ok(_) => Err(at.done(&person.path("/credentials"))),
        Err(error) if error.code() == ErrorCode::WeakPassword => {
            password(at, &person, Some(("password", at.text("console.problem.password"))))
        }
        Err(error) => Err(error.into()),
    }
}

/// Before a code is made.
pub fn recovery_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let effect = crate::service::effects::of(at.d(), person.identity.id)?;
    let confirm = Confirm {
        title: at.text("console.do.recovery"),
        about: at.text("console.effect.recovery"),
        effects: vec![at.effect(effect.codes, "console.effect.codes")],
        back: "/credentials",
        ..Confirm::default()
    };
    confirm.page(at, &person, None)
}

#[derive(Serialize)]
struct Code {
    person: Heading,
    secret: String,
    link: String,
    until: Time,
    back: String,
}

/// Makes a code and shows it, this once.
pub fn recover(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let made = recovery::issue_code(at.d(), &at.by, person.identity.id)?;
    let content = Code {
        person: person.heading(at),
        secret: made.code.expose_secret().to_owned(),
        link: made.link,
        until: Time::of(made.expires_at),
        back: format!("{}/credentials", person.href),
    };
    at.page("console/person-code.html", person.frame(at), &content)
}

/// Where a code can be mailed to.
fn addresses(person: &Person) -> Vec<&str> {
    let all = person.identity.recovery_addresses.iter();
    all.filter(|one| one.via == Via::Email).map(|one| one.value.as_str()).collect()
}

/// Before a code is mailed.
pub fn send_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    sending(at, &person, None)
}

fn sending(at: &At<'_>, person: &Person, problem: Problem) -> Result<Response, Turn> {
    let effect = crate::service::effects::of(at.d(), person.identity.id)?;
    let to = |value: &&str| Choice {
        value: (*value).to_owned(),
        text: plain(value),
        chosen: at.form.text("email") == Some(value),
    };
    let choices = addresses(person).iter().map(to).collect();
    let confirm = Confirm {
        title: at.text("console.do.send_recovery"),
        about: at.text("console.effect.send_recovery"),
        effects: vec![at.effect(effect.codes, "console.effect.codes")],
        fields: vec![Field::new(at, "choice", "email", "console.recovery.to").choices(choices)],
        back: "/credentials",
        ..Confirm::default()
    };
    confirm.page(at, person, problem)
}

/// Mails it; nobody but the person sees it.
pub fn send(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    match recovery::mail_code(at.d(), &at.by, person.identity.id, at.form.text("email")) {
        Ok(_) => Err(at.done(&person.path("/credentials"))),
        Err(error) => {
            let key = match error.code() {
                ErrorCode::Busy => "console.account.mails",
                ErrorCode::StatusTransition => "console.recovery.barred",
                ErrorCode::Conflict => "console.recovery.no_mail",
                ErrorCode::Invalid => "console.recovery.no_address",
                _ => return Err(error.into()),
            };
            sending(at, &person, Some(("", at.text(key))))
        }
    }
}
