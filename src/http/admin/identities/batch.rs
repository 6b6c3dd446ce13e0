//! Creating many identities at once.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{CREATE, IdentityBody};
use crate::app::Deps;
use crate::error::Error;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::content::{Content, Keys};
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::service::identities;

/// How many identities a request has at the most.
const ITEMS_MAX: usize = 1000;
/// How many passwords it has hashed at the most.
const HASHES_MAX: usize = 200;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(patch))
}

const KEYS: Keys = Keys::Object(&[(
    "identities",
    Keys::Items(&Keys::Object(&[("patch_id", Keys::Any), ("create", CREATE)])),
)]);

/// What is to be created.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = patchIdentitiesBody)]
struct BatchBody {
    identities: Option<Vec<Option<ItemBody>>>,
}

/// One of them.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = identityPatch)]
struct ItemBody {
    /// By which the client finds the result.
    patch_id: Option<Uuid>,
    create: Option<IdentityBody>,
}

/// What became of them, in their order.
#[derive(Serialize, ToSchema)]
#[schema(as = batchPatchIdentitiesResponse)]
struct BatchDocument {
    identities: Vec<Option<ItemDocument>>,
}

/// What became of one.
#[derive(Serialize, ToSchema)]
#[schema(as = identityPatchResponse)]
struct ItemDocument {
    /// `create` or `error`.
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    error: Option<Value>,
}

/// Creates up to 1000 identities. One that is refused leaves the others alone.
#[utoipa::path(
    patch, path = "/identities", operation_id = "batchPatchIdentities", tag = "identity",
    request_body = BatchBody,
    responses(
        (status = 200, description = "What became of each.", body = BatchDocument),
        (status = 400, description = "The request is malformed; nothing was created."),
        (status = 409, description = "Not used; a conflict is told beside the others.")
    )
)]
async fn patch(
    State(app): State<App>,
    asked: Asked,
    content: Content,
) -> Result<Document<BatchDocument>, Failure> {
    let body: BatchBody = content.read_strictly(&KEYS)?;
    let items = body.identities.unwrap_or_default();
    if items.len() > ITEMS_MAX {
        return Err(Failure::invalid(format!("More than {ITEMS_MAX} identities at once.")));
    }
    let created = || items.iter().flatten().filter_map(|item| item.create.as_ref());
    if created().filter(|create| create.hashes()).count() > HASHES_MAX {
        return Err(Failure::invalid(format!("More than {HASHES_MAX} passwords to hash at once.")));
    }
    let (mut requests, mut places) = (Vec::new(), Vec::new());
    for item in items {
        let ItemBody { patch_id, create } = item.unwrap_or_default();
        places.push(create.is_some().then_some(patch_id));
        requests.extend(create.map(IdentityBody::create).transpose()?);
    }
    let hashes = requests.iter().any(|request| request.password.is_some());
    let job = move |d: &Deps| identities::create_many(d, &asked.admin(), requests);
    let results = if hashes { app.hash(job).await?? } else { app.call(job).await?? };
    let mut results = results.into_iter();
    let identities = places.into_iter().map(|place| {
        let patch_id = place?;
        results.next().map(|result| told(patch_id, result))
    });
    Ok(Document::ok(BatchDocument { identities: identities.collect() }))
}

fn told(patch_id: Option<Uuid>, result: Result<Uuid, Error>) -> ItemDocument {
    match result {
        Ok(id) => ItemDocument { action: "create", identity: Some(id), patch_id, error: None },
        Err(error) => {
            let error = Some(Failure::from(error).error());
            ItemDocument { action: "error", identity: None, patch_id, error }
        }
    }
}
