//! `/console/roles` and `/console/groups`: what there is to be in, and what that brings.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::at::At;
use super::form::{Choice, Field, Problem, complain};
use crate::domain::access::CircleKind;
use crate::error::{Error, ErrorCode};
use crate::http::pages::{Turn, plain};
use crate::service::access::circles::{self, AmendCircle, Described, NewCircle};
use crate::service::listing::Total;

/// How many roles or groups are offered with a box to tick each; others are typed.
const OFFERED: u64 = 200;

#[derive(Serialize)]
struct List {
    group: bool,
    rows: Vec<Row>,
    new: String,
    next: Option<String>,
}

#[derive(Serialize)]
struct Row {
    word: String,
    name: String,
    description: String,
    /// What it permits, or which roles it carries.
    brings: Vec<String>,
    members: String,
    people: String,
    edit: String,
    delete: String,
    add: String,
}

/// A form that is about no person.
#[derive(Serialize)]
pub struct Sheet {
    /// What it is.
    pub title: String,
    /// What it does.
    pub about: Option<String>,
    /// What it ends: how many, and of what.
    pub effects: Vec<(String, String)>,
    /// What can be said with it.
    pub fields: Vec<Field>,
    /// What the button says.
    pub submit: String,
    /// Whether it takes something away for good.
    pub bad: bool,
    /// Where to go instead.
    pub back: String,
    /// What is wrong with the whole.
    pub problem: Option<String>,
}

impl Sheet {
    /// The page; with a problem it is the answer to a form that was no good.
    pub fn page(
        mut self,
        at: &At<'_>,
        status: StatusCode,
        problem: Problem,
    ) -> Result<Response, Turn> {
        self.problem = complain(&mut self.fields, problem);
        let frame = at.frame(self.title.clone());
        let page = at.page("console/sheet.html", frame, &self)?;
        Ok((status, page).into_response())
    }
}

pub(super) fn kind(at: &At<'_>) -> CircleKind {
    if at.route.path.starts_with("/console/groups") { CircleKind::Group } else { CircleKind::Role }
}

/// The path of the list.
pub(super) fn root(at: &At<'_>) -> &'static str {
    match kind(at) {
        CircleKind::Role => "/console/roles",
        CircleKind::Group => "/console/groups",
    }
}

/// A text that differs between roles and groups.
fn text(at: &At<'_>, name: &str) -> String {
    at.text(&format!("console.{}.{name}", kind(at).as_str()))
}

/// How many, as far as that is known.
pub fn how_many(total: Total) -> String {
    if total.exact { total.count.to_string() } else { format!("{}+", total.count) }
}

/// The page.
pub fn page(at: &At<'_>) -> Result<Response, Turn> {
    let (kind, root) = (kind(at), root(at));
    let page = circles::list(at.d(), kind, None, at.query().text("page_token"))?;
    let rows = page.items.into_iter().map(|one| {
        let Described { circle, roles, members } = one;
        let brings = match kind {
            CircleKind::Role => circle.permissions.iter().map(|one| plain(one)).collect(),
            CircleKind::Group => roles.iter().map(|role| plain(&role.word)).collect(),
        };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &format!("{}:{}", kind.as_str(), circle.word));
        Row {
            people: at.at(&format!("/console/people?{}", query.finish())),
            edit: at.at(&format!("{root}/{}/edit", circle.id)),
            delete: at.at(&format!("{root}/{}/delete", circle.id)),
            add: at.at(&format!("{root}/{}/members", circle.id)),
            word: plain(&circle.word),
            name: plain(&circle.name),
            description: plain(&circle.description),
            members: how_many(members),
            brings,
        }
    });
    let next = page.next_page_token.map(|token| at.at(&format!("{root}?page_token={token}")));
    let content = List {
        group: kind == CircleKind::Group,
        rows: rows.collect(),
        new: at.at(&format!("{root}/new")),
        next,
    };
    at.page("console/circles.html", at.frame(text(at, "title")), &content)
}

/// The words that are typed in a field: separated by blanks, commas or lines.
pub fn typed_words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Fields for a set of roles or groups: a box for each of the first, and a line for others.
pub fn fields_of(
    at: &At<'_>,
    kind: CircleKind,
    label: &str,
    held: &BTreeSet<String>,
) -> Result<Vec<Field>, Turn> {
    let page = circles::list(at.d(), kind, Some(OFFERED), None)?;
    let known: BTreeSet<&str> = page.items.iter().map(|one| one.circle.word.as_str()).collect();
    let choices = page.items.iter().map(|one| Choice {
        value: one.circle.word.clone(),
        text: plain(&if one.circle.name == one.circle.word {
            one.circle.word.clone()
        } else {
            format!("{} ({})", one.circle.name, one.circle.word)
        }),
        chosen: held.contains(&one.circle.word),
    });
    let choices: Vec<Choice> = choices.collect();
    let had: Vec<&str> = held.iter().map(String::as_str).collect();
    let mut fields = vec![Field::new(at, "hidden", "had", label).or(had.join(" "))];
    if !choices.is_empty() {
        fields.push(Field::new(at, "checks", "word", label).choices(choices));
    }
    if page.next_page_token.is_some() {
        let others: Vec<&str> =
            held.iter().map(String::as_str).filter(|word| !known.contains(word)).collect();
        fields.push(Field::new(at, "text", "others", "console.circle.others").or(others.join(" ")));
    }
    Ok(fields)
}

/// The words that are ticked or typed in those fields, and those that were there when they were
/// shown.
pub fn chosen(at: &At<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut wanted: BTreeSet<String> = at.form.all("word").map(str::to_owned).collect();
    wanted.extend(typed_words(at.form.first("others").unwrap_or_default()));
    (wanted, typed_words(at.form.first("had").unwrap_or_default()))
}

fn sheet(at: &At<'_>, known: Option<&Described>) -> Result<Sheet, Turn> {
    let kind = kind(at);
    let circle = known.map(|known| &known.circle);
    let or = |name: &str| match name {
        "circle" => circle.map(|circle| circle.word.clone()),
        "name" => circle.map(|circle| circle.name.clone()),
        "permissions" => circle.map(|circle| {
            let all: Vec<&str> = circle.permissions.iter().map(String::as_str).collect();
            all.join("\n")
        }),
        _ => circle.map(|circle| circle.description.clone()),
    };
    let field = |what: &'static str, name: &str, label: &str| {
        Field::new(at, what, name, label).or(or(name).unwrap_or_default())
    };
    let mut fields = vec![
        field("text", "circle", "console.circle.word")
            .about(at.text("console.circle.word.about"))
            .required(),
        field("text", "name", "console.circle.name"),
        field("text", "description", "console.circle.description"),
    ];
    match kind {
        CircleKind::Role => fields.push(
            field("area", "permissions", "console.permissions")
                .about(at.text("console.permissions.about")),
        ),
        CircleKind::Group => {
            let roles = known.map(|known| known.roles.as_slice()).unwrap_or_default();
            let held = roles.iter().map(|role| role.word.clone()).collect();
            fields.extend(fields_of(at, CircleKind::Role, "console.roles", &held)?);
        }
    }
    if let Some(circle) = circle {
        fields.push(
            Field::new(at, "hidden", "seen", "console.roles").or(circle.updated_at.to_string()),
        );
    }
    let name = if known.is_some() { "edit" } else { "new" };
    Ok(Sheet {
        title: text(at, name),
        about: Some(text(at, "about")),
        effects: Vec::new(),
        fields,
        submit: at.text("console.save"),
        bad: false,
        back: at.at(root(at)),
        problem: None,
    })
}

/// A new one.
pub fn new_form(at: &At<'_>) -> Result<Response, Turn> {
    sheet(at, None)?.page(at, StatusCode::OK, None)
}

/// What is in the form.
fn given(at: &At<'_>) -> (String, String, String, BTreeSet<String>, BTreeSet<String>) {
    let text = |name: &str| at.form.first(name).unwrap_or_default().trim().to_owned();
    let permissions = typed_words(at.form.first("permissions").unwrap_or_default());
    (text("circle"), text("name"), text("description"), permissions, chosen(at).0)
}

/// What is wrong, at the field if it is known which.
fn problem(at: &At<'_>, error: Error, sheet: Sheet) -> Result<Response, Turn> {
    let (status, problem) = match error.code() {
        ErrorCode::Conflict if error.message().contains("already") => {
            (StatusCode::CONFLICT, Some(("circle", at.text("console.circle.taken"))))
        }
        ErrorCode::Conflict => {
            (StatusCode::CONFLICT, Some(("", at.text("console.circle.meanwhile"))))
        }
        ErrorCode::Invalid => {
            (StatusCode::BAD_REQUEST, Some((wrong_field(at), at.text("console.circle.wrong"))))
        }
        _ => return Err(error.into()),
    };
    sheet.page(at, status, problem)
}

/// Which field of the form is wrong: the first that the rules refuse.
fn wrong_field(at: &At<'_>) -> &'static str {
    use crate::domain::access::{check_description, check_name, check_permissions, check_word};
    let (word, name, description, permissions, _) = given(at);
    if check_word("circle", &word).is_err() {
        "circle"
    } else if check_name(&name).is_err() {
        "name"
    } else if check_description(&description).is_err() {
        "description"
    } else if check_permissions(&permissions).is_err() {
        "permissions"
    } else {
        ""
    }
}

/// Makes it.
pub fn create(at: &At<'_>) -> Result<Response, Turn> {
    let (word, name, description, permissions, roles) = given(at);
    let roles = if kind(at) == CircleKind::Group { roles } else { BTreeSet::new() };
    let new = NewCircle { word, name, description, permissions, roles };
    match circles::create(at.d(), &at.by, kind(at), new) {
        Ok(_) => Err(at.done(root(at))),
        Err(error) => problem(at, error, sheet(at, None)?),
    }
}

pub(super) fn known(at: &At<'_>) -> Result<Described, Turn> {
    Ok(circles::get(at.d(), kind(at), at.part("circle"))?)
}

/// One that is there.
pub fn edit_form(at: &At<'_>) -> Result<Response, Turn> {
    sheet(at, Some(&known(at)?))?.page(at, StatusCode::OK, None)
}

/// Changes it.
pub fn change(at: &At<'_>) -> Result<Response, Turn> {
    let known = known(at)?;
    let (word, name, description, permissions, roles) = given(at);
    let role = kind(at) == CircleKind::Role;
    let change = AmendCircle {
        word: Some(word),
        name: Some(name),
        description: Some(description),
        permissions: role.then_some(permissions),
        roles: (!role).then_some(roles),
        seen: at.form.text("seen").and_then(|text| text.parse().ok()),
    };
    match circles::update(at.d(), &at.by, kind(at), &known.circle.id, &change) {
        Ok(_) => Err(at.done(root(at))),
        Err(error) => problem(at, error, sheet(at, Some(&known))?),
    }
}

/// Before one goes: how many people that concerns.
pub fn delete_form(at: &At<'_>) -> Result<Response, Turn> {
    let known = known(at)?;
    let reach = circles::reach(at.d(), kind(at), &known.circle.id)?;
    let key = format!("console.{}.effect.holders", kind(at).as_str());
    let (_, who) = at.effect(reach.holders.count, &key);
    let mut effects = vec![(how_many(reach.holders), who)];
    if kind(at) == CircleKind::Role {
        let (count, groups) = at.effect(reach.groups.len() as u64, "console.role.effect.groups");
        effects.push((count.to_string(), groups));
    }
    let sheet = Sheet {
        title: at.text("console.do.delete"),
        about: Some(at.text_with(
            &format!("console.{}.effect.delete", kind(at).as_str()),
            &[("word", &plain(&known.circle.word))],
        )),
        effects,
        fields: vec![at.seen(&known.tag())],
        submit: at.text("console.do.delete"),
        bad: true,
        back: at.at(root(at)),
        problem: None,
    };
    sheet.page(at, StatusCode::OK, None)
}

/// Removes it.
pub fn delete(at: &At<'_>) -> Result<Response, Turn> {
    let known = known(at)?;
    circles::delete(at.d(), &at.by_as_seen(), kind(at), &known.circle.id)?;
    Err(at.done(root(at)))
}
