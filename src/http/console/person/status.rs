//! Locking, blocking and their way back; when the account ends; and its removal.

use axum::response::Response;
use jiff::Timestamp;
use uuid::Uuid;

use super::confirm::{Confirm, ends};
use super::load;
use crate::app::Deps;
use crate::domain::status::{NOTE_MAX_CHARS, Reason};
use crate::error::{Error, ErrorCode};
use crate::http::console::at::At;
use crate::http::console::form::{Choice, Field, field_moment, moment};
use crate::http::pages::Turn;
use crate::service::effects;
use crate::service::erasure::Erase;
use crate::service::status::{self, Receipt, StatusChange};
use crate::service::{Caller, identities};

type UseCase = fn(&Deps, &Caller, Uuid, &StatusChange) -> Result<Receipt, Error>;

/// The last part of the path says which change.
const CHANGES: [(&str, UseCase); 4] = [
    ("lock", status::lock),
    ("unlock", status::unlock),
    ("block", status::block),
    ("unblock", status::unblock),
];

/// The form, with what the change will do.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    confirm(at, person.identity.id)?.page(at, &person, None)
}

/// The change.
pub fn change(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let (_, use_case) = asked(at)?;
    let wrong = |field, key: &str| {
        confirm(at, person.identity.id)?.page(at, &person, Some((field, at.text(key))))
    };
    let Some(why) = why(at) else { return wrong("until", "console.problem.time") };
    match use_case(at.d(), &at.by, person.identity.id, &why) {
        Ok(_) => Err(at.done(&person.path(""))),
        Err(error) if error.code() == ErrorCode::Invalid => {
            let past = why.until.is_some_and(|until| until <= at.d().clock.now());
            if past {
                return wrong("until", "console.problem.until");
            }
            wrong("note", "console.problem.note")
        }
        Err(error) => Err(error.into()),
    }
}

/// What was said with a change of status; nothing for a time that makes no sense.
pub fn why(at: &At<'_>) -> Option<StatusChange> {
    let reason = at.form.text("reason").and_then(Reason::parse).unwrap_or_default();
    let note = at.form.text("note").map(str::to_owned);
    let until = match at.form.text("until") {
        None => None,
        Some(text) => Some(moment(text)?),
    };
    Some(StatusChange { reason, note, until })
}

/// The fields for that.
pub fn why_fields(at: &At<'_>, with_until: bool) -> Vec<Field> {
    let chosen = at.form.text("reason").unwrap_or("other");
    let reasons = ["offboarding", "compromise", "policy", "request", "other"];
    let reasons = Choice::all(at, "console.reason", &reasons, chosen);
    let note = Field::new(at, "area", "note", "console.note");
    let note = Field { maxlength: Some(NOTE_MAX_CHARS as u64), ..note };
    let until = Field::new(at, "datetime-local", "until", "console.until");
    let mut fields = vec![
        Field::new(at, "choice", "reason", "console.data.reason").choices(reasons),
        note.about(at.text("console.note.about")),
    ];
    fields.extend(with_until.then(|| until.about(at.text("console.until.about"))));
    fields
}

fn asked(at: &At<'_>) -> Result<(&'static str, UseCase), Turn> {
    let word = at.route.path.rsplit('/').next().unwrap_or_default();
    CHANGES.into_iter().find(|(known, _)| *known == word).ok_or_else(At::missing)
}

fn confirm(at: &At<'_>, id: Uuid) -> Result<Confirm, Turn> {
    let (word, _) = asked(at)?;
    let bad = word == "block";
    Ok(Confirm {
        title: at.text(&format!("console.do.{word}")),
        about: at.text(&format!("console.effect.{word}")),
        effects: if bad { ends(at, effects::of(at.d(), id)?) } else { Vec::new() },
        fields: why_fields(at, matches!(word, "lock" | "block")),
        bad,
        back: "",
    })
}

/// The form for when the account ends.
pub fn expiry_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    expiry(at, person.identity.expires_at).page(at, &person, None)
}

fn expiry(at: &At<'_>, expires_at: Option<Timestamp>) -> Confirm {
    let field = Field::new(at, "datetime-local", "expires_at", "console.expiry.at");
    let field = field.or(expires_at.map(field_moment).unwrap_or_default());
    Confirm {
        title: at.text("console.do.expiry"),
        about: at.text("console.effect.expiry"),
        fields: vec![field.about(at.text("console.expiry.about"))],
        ..Confirm::default()
    }
}

/// Sets or clears it.
pub fn expire(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    let wrong = |key: &str| {
        let problem = ("expires_at", at.text(key));
        expiry(at, person.identity.expires_at).page(at, &person, Some(problem))
    };
    let expires_at = match at.form.text("expires_at") {
        None => None,
        Some(text) => match moment(text) {
            Some(time) => Some(time),
            None => return wrong("console.problem.time"),
        },
    };
    match status::set_expiry(at.d(), &at.by, person.identity.id, expires_at) {
        Ok(_) => Err(at.done(&person.path(""))),
        Err(error) if error.code() == ErrorCode::Invalid => wrong("console.problem.until"),
        Err(error) => Err(error.into()),
    }
}

/// The form for the removal, with what goes.
pub fn remove_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    removal(at, person.identity.id)?.page(at, &person, None)
}

fn removal(at: &At<'_>, id: Uuid) -> Result<Confirm, Turn> {
    let effect = effects::of(at.d(), id)?;
    let mut all = ends(at, effect);
    all.push(at.effect(effect.credentials, "console.effect.credentials"));
    let erase = Field::new(at, "check", "erase", "console.delete.erase");
    let erase = erase.about(at.text("console.delete.erase.about"));
    let sure = Field::new(at, "check", "sure", "console.delete.sure").required();
    Ok(Confirm {
        title: at.text("console.do.delete"),
        about: at.text("console.effect.delete"),
        effects: all,
        fields: vec![erase, sure],
        bad: true,
        back: "",
    })
}

/// Removes the person.
pub fn remove(at: &At<'_>) -> Result<Response, Turn> {
    let person = load(at)?;
    if at.form.text("sure").is_none() {
        let problem = Some(("sure", at.text("console.problem.sure")));
        return removal(at, person.identity.id)?.page(at, &person, problem);
    }
    let erase = if at.form.text("erase").is_some() { Erase::Now } else { Erase::Later };
    identities::delete_and_erase(at.d(), &at.by, person.identity.id, erase)?;
    Err(at.done("/console/people"))
}
