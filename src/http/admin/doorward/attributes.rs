//! Attribute sets: what they are, and what somebody has in them.

use axum::body::Bytes;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::input;
use crate::domain::attributes::{Attribute, AttributeKind, AttributeSet};
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::editor::Editor;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::attributes::sets::{self, Definition, Values};
use crate::service::attributes::values;
use crate::service::attributes::views::{self, View};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(of_identity))
        .routes(routes!(set, remove))
}

/// One attribute of a set.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = attribute)]
struct AttributeDocument {
    /// Its key: letters, digits, dots, underscores, hyphens.
    key: String,
    /// What people call it; the key if nothing is said.
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    /// `string`, `number`, `boolean`, `date`, `datetime`, `time` or `object`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "string")]
    kind: AttributeKind,
    /// Whether it may have several values; they are a list then.
    #[serde(default, rename = "isMultiple")]
    multiple: bool,
}

impl AttributeDocument {
    fn of(one: Attribute) -> Self {
        let Attribute { key, name, description, kind, multiple } = one;
        Self { key, name, description, kind, multiple }
    }

    fn read(self) -> Attribute {
        let Self { key, name, description, kind, multiple } = self;
        Attribute { key, name, description, kind, multiple }
    }
}

/// A set that is to be defined.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = newAttributeSet)]
struct NewSet {
    /// The word by which it is known: letters, digits, dots, underscores, hyphens.
    #[schema(example = "staff")]
    identifier: String,
    /// What people call it; the identifier if nothing is said.
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    /// What is in it, in the order in which it is shown; 1 to 100.
    attributes: Vec<AttributeDocument>,
}

/// What a set is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = attributeSetBody)]
struct SetBody {
    /// What people call it; the identifier if nothing is said.
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    /// What is in it, in the order in which it is shown; 1 to 100.
    attributes: Vec<AttributeDocument>,
    /// When it had last changed, as it was read; 409 if it has changed since. Without it, the last
    /// change wins.
    #[schema(value_type = Option<String>, format = DateTime)]
    updated_at: Option<Timestamp>,
}

impl SetBody {
    fn definition(self) -> Definition {
        let attributes = self.attributes.into_iter().map(AttributeDocument::read).collect();
        Definition { name: self.name, description: self.description, attributes }
    }
}

/// A set, as it is defined.
#[derive(Serialize, ToSchema)]
#[schema(as = attributeSet)]
struct SetDocument {
    identifier: String,
    name: String,
    description: String,
    attributes: Vec<AttributeDocument>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl SetDocument {
    fn of(set: AttributeSet) -> Self {
        let AttributeSet { identifier, name, description, attributes, created_at, updated_at } =
            set;
        let attributes = attributes.into_iter().map(AttributeDocument::of).collect();
        Self { identifier, name, description, attributes, created_at, updated_at }
    }
}

/// All sets.
#[derive(Serialize, ToSchema)]
#[schema(as = attributeSets)]
struct Sets {
    /// By their identifiers.
    attribute_sets: Vec<SetDocument>,
}

/// What went with a set.
#[derive(Serialize, ToSchema)]
#[schema(as = attributeSetDeleted)]
struct Deleted {
    identifier: String,
    /// From how many people values were removed.
    removed: u64,
}

/// What somebody has in a set.
#[derive(Serialize, ToSchema)]
#[schema(as = identityAttributeSet)]
struct ViewDocument {
    identifier: String,
    name: String,
    /// `core` follows from the account, `provider` is what a provider said, `realm` is kept by
    /// administrators.
    source: &'static str,
    /// The account it is about: `internal`, or `provider:subject`.
    account: String,
    /// Whether its values can be set here.
    editable: bool,
    attributes: Vec<AttributeDocument>,
    /// The values by their keys; null where there are none of a set of the realm.
    #[schema(value_type = Option<Object>)]
    values: Option<Map<String, Value>>,
    /// What of it does not fit the definition any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<ProblemDocument>,
}

/// A value that does not fit.
#[derive(Serialize, ToSchema)]
#[schema(as = attributeProblem)]
struct ProblemDocument {
    key: String,
    problem: &'static str,
}

impl ViewDocument {
    fn of(view: View) -> Self {
        let editable = view.source == views::Source::Realm;
        let problems = view
            .problems
            .into_iter()
            .map(|problem| ProblemDocument { key: problem.key, problem: problem.problem });
        Self {
            identifier: view.identifier,
            name: view.name,
            source: view.source.as_str(),
            account: view.account,
            editable,
            attributes: view.attributes.into_iter().map(AttributeDocument::of).collect(),
            values: view.values,
            problems: problems.collect(),
        }
    }
}

/// All that is known about somebody, as sets.
#[derive(Serialize, ToSchema)]
#[schema(as = identityAttributes)]
struct AttributesOf {
    id: Uuid,
    sets: Vec<ViewDocument>,
}

/// The values of a set now.
#[derive(Serialize, ToSchema)]
#[schema(as = attributeValues)]
struct ValuesOf {
    id: Uuid,
    identifier: String,
    /// Null when they were removed.
    #[schema(value_type = Option<Object>)]
    values: Option<Value>,
    /// Whether they were others before.
    changed: bool,
}

/// The attribute sets of the realm.
#[utoipa::path(
    get, path = "/attribute-sets", operation_id = "listAttributeSets", tag = "doorward",
    responses((status = 200, description = "All of them.", body = Sets))
)]
async fn list(State(app): State<App>) -> Result<Document<Sets>, Failure> {
    let all = app.call(sets::list).await??;
    Ok(Document::ok(Sets { attribute_sets: all.into_iter().map(SetDocument::of).collect() }))
}

/// Defines an attribute set.
#[utoipa::path(
    post, path = "/attribute-sets", operation_id = "createAttributeSet", tag = "doorward",
    request_body = NewSet,
    responses((status = 201, description = "The set.", body = SetDocument))
)]
async fn create(
    State(app): State<App>,
    asked: Asked,
    body: Bytes,
) -> Result<Document<SetDocument>, Failure> {
    let NewSet { identifier, name, description, attributes } = input::required(&body)?;
    let attributes = attributes.into_iter().map(AttributeDocument::read).collect();
    let definition = Definition { name, description, attributes };
    let call = app.call(move |d| sets::create(d, &asked.admin(), &identifier, definition));
    Ok(Document::created(SetDocument::of(call.await??)))
}

/// One attribute set.
#[utoipa::path(
    get, path = "/attribute-sets/{set}", operation_id = "getAttributeSet", tag = "doorward",
    params(("set" = String, Path, description = "The set's identifier.")),
    responses((status = 200, description = "The set.", body = SetDocument))
)]
async fn get(
    State(app): State<App>,
    Path(set): Path<String>,
) -> Result<Document<SetDocument>, Failure> {
    Ok(Document::ok(SetDocument::of(app.call(move |d| sets::get(d, &set)).await??)))
}

/// Defines an attribute set otherwise. Values that do not fit any more stay until they are changed.
#[utoipa::path(
    put, path = "/attribute-sets/{set}", operation_id = "updateAttributeSet", tag = "doorward",
    params(("set" = String, Path, description = "The set's identifier.")),
    request_body = SetBody,
    responses((status = 200, description = "The set as it is now.", body = SetDocument))
)]
async fn update(
    State(app): State<App>,
    asked: Asked,
    Path(set): Path<String>,
    body: Bytes,
) -> Result<Document<SetDocument>, Failure> {
    let body: SetBody = input::required(&body)?;
    let seen = body.updated_at;
    let definition = body.definition();
    let call = app.call(move |d| sets::update(d, &asked.admin(), &set, definition, seen));
    Ok(Document::ok(SetDocument::of(call.await??.0)))
}

/// Removes an attribute set. While people have values of it that takes `values=remove`.
#[utoipa::path(
    delete, path = "/attribute-sets/{set}", operation_id = "deleteAttributeSet", tag = "doorward",
    params(
        ("set" = String, Path, description = "The set's identifier."),
        ("values" = Option<String>, Query, description = "`remove` to take the values from everybody first."),
    ),
    responses((status = 200, description = "What went with it.", body = Deleted))
)]
async fn delete(
    State(app): State<App>,
    asked: Asked,
    Path(identifier): Path<String>,
    query: Query,
) -> Result<Document<Deleted>, Failure> {
    let then = match query.text("values") {
        None => Values::Refuse,
        Some("remove") => Values::Remove,
        Some(_) => return Err(Failure::invalid("The parameter values takes remove.")),
    };
    let (set, by) = (identifier.clone(), asked.admin());
    let removed = app.call(move |d| sets::delete(d, &by, &set, then)).await??;
    Ok(Document::ok(Deleted { identifier, removed }))
}

/// All attributes of an identity, as sets.
#[utoipa::path(
    get, path = "/identities/{id}/attributes", operation_id = "getIdentityAttributes",
    tag = "doorward",
    params(("id" = String, Path, format = Uuid, description = "The identity.")),
    responses((status = 200, description = "Its sets.", body = AttributesOf))
)]
async fn of_identity(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Document<AttributesOf>, Failure> {
    let id = input::id(&id)?;
    let all = app.call(move |d| views::of(d, id)).await??;
    Ok(Document::ok(AttributesOf { id, sets: all.into_iter().map(ViewDocument::of).collect() }))
}

/// Makes the values of a set of the realm exactly those of the body, a map from keys to values; null
/// is no value.
#[utoipa::path(
    put, path = "/identities/{id}/attributes/{set}", operation_id = "setIdentityAttributes",
    tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("set" = String, Path, description = "The set's identifier."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
    ),
    request_body = Object,
    responses((status = 200, description = "The values now.", body = ValuesOf))
)]
async fn set(
    State(app): State<App>,
    Editor(by): Editor,
    Path((id, identifier)): Path<(String, String)>,
    body: Bytes,
) -> Result<Document<ValuesOf>, Failure> {
    let id = input::id(&id)?;
    let given: Map<String, Value> = input::required(&body)?;
    let set = identifier.clone();
    let call = app.call(move |d| values::set(d, &by, id, &set, given));
    let (identity, changed) = call.await??;
    let values = identity.metadata_admin.get("attributes").and_then(|all| all.get(&identifier));
    let values = values.cloned();
    Ok(Document::ok(ValuesOf { id, identifier, values, changed }))
}

/// Takes all values of a set from an identity.
#[utoipa::path(
    delete, path = "/identities/{id}/attributes/{set}", operation_id = "removeIdentityAttributes",
    tag = "doorward",
    params(
        ("id" = String, Path, format = Uuid, description = "The identity."),
        ("set" = String, Path, description = "The set's identifier."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
    ),
    responses((status = 200, description = "Whether there were any.", body = ValuesOf))
)]
async fn remove(
    State(app): State<App>,
    Editor(by): Editor,
    Path((id, identifier)): Path<(String, String)>,
) -> Result<Document<ValuesOf>, Failure> {
    let id = input::id(&id)?;
    let set = identifier.clone();
    let changed = app.call(move |d| values::remove(d, &by, id, &set)).await??;
    Ok(Document::ok(ValuesOf { id, identifier, values: None, changed }))
}
