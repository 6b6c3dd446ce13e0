//! Inviting somebody, and inviting them again.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::Value;

use super::at::At;
use super::form::{Choice, Field, Problem, complain};
use super::person::traits::field as trait_field;
use super::person::{self, authorities};
use super::who::kind;
use crate::domain::schema::Schema;
use crate::error::ErrorCode;
use crate::http::pages::{Link, Time, Turn};
use crate::service::editing::{self, Problems};
use crate::service::invitations::{self, Invite, Made};
use crate::service::schemas;

/// For how many days a link may work.
const DAYS: [u32; 5] = [1, 3, 7, 14, 30];

/// The traits that are asked for at once; others are folded away until somebody wants them.
const FIRST: [&str; 4] =
    ["traits.username", "traits.name", "traits.name.first", "traits.name.last"];

#[derive(Serialize)]
struct Form {
    /// The address and what is asked for first; the rest of the traits; what is about the invitation.
    fields: Vec<Field>,
    more: Vec<Field>,
    opened: bool,
    rest: Vec<Field>,
    schemas: Vec<Link>,
    back: String,
    problem: Option<String>,
}

fn schema<'d>(at: &'d At<'_>) -> Result<&'d Schema, Turn> {
    let d = at.d();
    let id = at.query().text("schema").unwrap_or_else(|| d.schemas.default_id());
    schemas::find(d, id).ok_or_else(At::missing)
}

/// The form.
pub fn form(at: &At<'_>) -> Result<Response, Turn> {
    page(at, &Problems::new(), None)
}

fn days(at: &At<'_>) -> Vec<Choice> {
    let chosen = at.form.text("days").unwrap_or("7").to_owned();
    let one = |days: u32| {
        let value = days.to_string();
        let text = at.counted("console.invite.days", days.into());
        Choice { chosen: value == chosen, value, text }
    };
    DAYS.map(one).into()
}

fn typed(at: &At<'_>) -> Value {
    let sent = editing::nested(at.form.pairs());
    sent.get("traits").cloned().unwrap_or(Value::Null)
}

fn page(at: &At<'_>, problems: &Problems, problem: Problem) -> Result<Response, Turn> {
    let schema = schema(at)?;
    let locale = at.form.text("locale").unwrap_or_else(|| at.m.visit.language.code()).to_owned();
    let locales = crate::http::pages::Language::all().map(|language| Choice {
        value: language.code().to_owned(),
        text: language.text("language"),
        chosen: language.code() == locale,
    });
    let values = editing::typed(schema, &Value::Null, &typed(at));
    let mut fields = vec![Field::new(at, "email", "email", "console.invite.email").required()];
    // The address is asked for once; the schema says in which trait it goes, and what is wrong with it.
    let nodes = editing::fields(schema, &values, problems);
    let traits = nodes.iter().filter_map(|node| trait_field(at, node));
    let (addresses, traits): (Vec<_>, Vec<_>) = traits.partition(|field| field.kind == "email");
    let wrong = addresses.into_iter().find_map(|field| field.problem);
    let problem = problem.or_else(|| wrong.map(|text| ("email", text)));
    let first = |field: &Field| field.required || FIRST.contains(&field.name.as_str());
    let (first, more): (Vec<_>, Vec<_>) = traits.into_iter().partition(first);
    fields.extend(first);
    let locale = Field::new(at, "choice", "locale", "console.invite.language");
    let rest = vec![
        authorities::field(at, &authorities::ticked(at)),
        locale.choices(locales.collect()),
        Field::new(at, "choice", "days", "console.invite.until").choices(days(at)),
    ];
    let bad = problem.is_some() || !problems.is_empty();
    let whole = problems.get("").filter(|all| !all.is_empty());
    let whole = whole.map(|_| at.text("console.invite.problem"));
    let mut content = Form {
        problem: complain(&mut fields, problem).or(whole),
        fields,
        opened: more.iter().any(|field| field.problem.is_some() || !field.value.is_empty()),
        more,
        rest,
        schemas: at
            .d()
            .schemas
            .iter()
            .map(|one| Link {
                current: one.id() == schema.id(),
                ..Link::new(address(at, one.id()), kind(at, one.id()))
            })
            .collect(),
        back: at.at("/console/people"),
    };
    if content.schemas.len() < 2 {
        content.schemas.clear();
    }
    let page = at.page("console/invite.html", at.frame(at.text("console.do.invite")), &content)?;
    let status = if bad { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    Ok((status, page).into_response())
}

fn address(at: &At<'_>, schema: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("schema", schema);
    at.at(&format!("/console/people/invite?{}", query.finish()))
}

/// For how long the link is to work.
fn lifetime(at: &At<'_>) -> Option<SignedDuration> {
    let days: u32 = at.form.text("days").and_then(|text| text.parse().ok()).unwrap_or(7);
    DAYS.contains(&days).then(|| SignedDuration::from_hours(24 * i64::from(days)))
}

/// The invitation.
pub fn invite(at: &At<'_>) -> Result<Response, Turn> {
    let schema = schema(at)?;
    let traits = editing::typed(schema, &Value::Null, &typed(at));
    let request = Invite {
        email: at.form.text("email").unwrap_or_default().to_owned(),
        traits,
        schema_id: Some(schema.id().to_owned()),
        authorities: authorities::ticked(at),
        expires_in: lifetime(at),
        locale: at.form.text("locale").map(str::to_owned),
    };
    let whole = invitations::traits_of(at.d(), &request);
    let made = match invitations::invite(at.d(), &at.by, request) {
        Ok(made) => made,
        Err(error) if error.code() == ErrorCode::Conflict => {
            return page(at, &Problems::new(), Some(("email", at.text("console.conflict.taken"))));
        }
        Err(error) if error.code() == ErrorCode::Invalid => {
            let problems = editing::problems(schema, &whole)?;
            let about_email = problems.is_empty();
            let problem = about_email.then(|| ("email", at.text("console.invite.no_email")));
            return page(at, &problems, problem);
        }
        Err(error) => return Err(error.into()),
    };
    handed_over(at, &made)
}

#[derive(Serialize)]
struct LinkShown {
    name: String,
    href: String,
    link: String,
    until: Time,
}

/// The link, where no mail takes it to them: shown this once.
fn handed_over(at: &At<'_>, made: &Made) -> Result<Response, Turn> {
    let path = format!("/console/people/{}", made.identity.id);
    let Some(link) = &made.link else { return Err(at.done(&path)) };
    let content = LinkShown {
        name: made.invitation.email.clone(),
        href: at.at(&path),
        link: link.expose_secret().to_owned(),
        until: Time::of(made.invitation.expires_at),
    };
    at.page("console/invited.html", at.frame(at.text("console.invited.title")), &content)
}

/// Before somebody is invited again.
pub fn again_form(at: &At<'_>) -> Result<Response, Turn> {
    let person = person::load(at)?;
    let days = Field::new(at, "choice", "days", "console.invite.until").choices(days(at));
    let confirm = person::Confirm {
        title: at.text("console.do.reinvite"),
        about: at.text("console.effect.reinvite"),
        fields: vec![days],
        ..person::Confirm::default()
    };
    confirm.page(at, &person, None)
}

/// Invites somebody again.
pub fn again(at: &At<'_>) -> Result<Response, Turn> {
    let person = person::load(at)?;
    let made = invitations::resend(at.d(), &at.by, person.identity.id, lifetime(at))?;
    handed_over(at, &made)
}
