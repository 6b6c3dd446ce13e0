//! What the routes of roles and of groups do alike; how each of them is written down is in `roles` and `groups`.

use axum::body::Bytes;
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::input;
use crate::domain::access::{Circle, CircleKind};
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::editor;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::Caller;
use crate::service::access::circles::{self, AmendCircle, Described, NewCircle, Reach};
use crate::service::access::joining::{self, Joined};

/// How one of them is written down.
pub trait Shown: Serialize {
    /// Which of the two it is.
    const KIND: CircleKind;

    /// It, as it is.
    fn of(one: Described) -> Self;
}

/// People who are to have a role or to be in a group.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = newMembers)]
pub struct NewMembers {
    /// Their ids, at most 500.
    ids: Vec<Uuid>,
}

/// What became of them.
#[derive(Serialize, ToSchema)]
#[schema(as = membersReceipt)]
pub struct Receipt {
    /// How many were added.
    changed: u64,
    /// How many were in it already.
    unchanged: u64,
    /// How many could not be added.
    refused: usize,
    /// Who could not, and why.
    refusals: Vec<Refusal>,
}

/// Who could not be added, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = memberRefusal)]
struct Refusal {
    id: Uuid,
    /// `not_found`, or `too_many` for somebody who is in as many as one can be.
    #[schema(example = "not_found")]
    reason: &'static str,
}

fn tagged<S: Shown>(one: Described) -> (AppendHeaders<Option<editor::Tag>>, S) {
    (AppendHeaders(editor::tagged(&one.tag())), S::of(one))
}

/// A page of them, and the token of the next.
pub async fn list<S: Shown>(app: App, query: &Query) -> Result<(Vec<S>, Option<String>), Failure> {
    let (size, token) = (input::number(query, "page_size")?, input::text(query, "page_token"));
    let page = app.call(move |d| circles::list(d, S::KIND, size, token.as_deref())).await??;
    Ok((page.items.into_iter().map(S::of).collect(), page.next_page_token))
}

/// Makes one.
pub async fn create<S: Shown>(app: App, asked: Asked, new: NewCircle) -> Result<Response, Failure> {
    let made = app.call(move |d| circles::create(d, &asked.admin(), S::KIND, new)).await??;
    let (tag, made) = tagged::<S>(made);
    Ok((tag, Document::created(made)).into_response())
}

/// One of them, by its id or word.
pub async fn get<S: Shown>(app: App, text: String) -> Result<Response, Failure> {
    let found = app.call(move |d| circles::get(d, S::KIND, &text)).await??;
    let (tag, found) = tagged::<S>(found);
    Ok((tag, Document::ok(found)).into_response())
}

/// Changes one.
pub async fn update<S: Shown>(
    app: App,
    by: Caller,
    text: String,
    change: AmendCircle,
) -> Result<Response, Failure> {
    let call = app.call(move |d| circles::update(d, &by, S::KIND, &text, &change));
    let (tag, changed) = tagged::<S>(call.await??.0);
    Ok((tag, Document::ok(changed)).into_response())
}

/// Removes one, and says what went with it.
pub async fn delete(
    app: App,
    by: Caller,
    kind: CircleKind,
    text: String,
) -> Result<(Circle, Reach), Failure> {
    Ok(app.call(move |d| circles::delete(d, &by, kind, &text)).await??)
}

/// Puts people into one.
pub async fn add(
    app: App,
    asked: Asked,
    kind: CircleKind,
    text: String,
    body: &Bytes,
) -> Result<Document<Receipt>, Failure> {
    let NewMembers { ids } = input::required(body)?;
    let call = app.call(move |d| joining::add(d, &asked.admin(), kind, &text, &ids));
    let Joined { changed, unchanged, refused } = call.await??;
    let refusals = refused.iter().map(|(id, bar)| Refusal { id: *id, reason: bar.as_str() });
    let (refusals, refused) = (refusals.collect(), refused.len());
    Ok(Document::ok(Receipt { changed, unchanged, refused, refusals }))
}
