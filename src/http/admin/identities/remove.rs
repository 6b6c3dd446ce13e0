//! Deleting an identity, or one of its credentials.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::id;
use crate::http::blocking::App;
use crate::http::editor::Editor;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::erasure::Erase;
use crate::service::identities;
use crate::service::removal::{self, Removal};

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(delete)).routes(routes!(delete_credential))
}

/// Deletes an identity with everything that hangs on it.
#[utoipa::path(
    delete, path = "/identities/{id}", operation_id = "deleteIdentity", tag = "identity",
    params(
        ("id" = String, Path, description = "The identity's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
        ("erase" = Option<String>, Query,
            description = "`now` also erases personal values in the ledger at once, which are \
                otherwise erased 30 days later.")
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "There is no such identity."),
        (status = 412, description = "Somebody has changed it since it was read (`If-Match`).")
    )
)]
async fn delete(
    State(app): State<App>,
    Editor(by): Editor,
    Path(text): Path<String>,
    query: Query,
) -> Result<StatusCode, Failure> {
    let id = id(&text)?;
    let erase = match query.text("erase") {
        None => Erase::Later,
        Some("now") => Erase::Now,
        Some(_) => return Err(Failure::invalid("The parameter erase takes now.")),
    };
    app.call(move |d| identities::delete_and_erase(d, &by, id, erase)).await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a credential: second factors of a kind, the password, or one account at a provider.
#[utoipa::path(
    delete, path = "/identities/{id}/credentials/{type}",
    operation_id = "deleteIdentityCredentials", tag = "identity",
    params(
        ("id" = String, Path, description = "The identity's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the identity as it was read: 412 if somebody has changed it since."),
        ("type" = String, Path, description = "The kind of credential."),
        ("identifier" = Option<String>, Query,
            description = "`provider:subject`, for an account at another provider.")
    ),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "It is the last way to sign in, or cannot be removed."),
        (status = 404, description = "There is no such identity or credential.")
    )
)]
async fn delete_credential(
    State(app): State<App>,
    Editor(by): Editor,
    Path((text, kind)): Path<(String, String)>,
    query: Query,
) -> Result<StatusCode, Failure> {
    let id = id(&text)?;
    let account = query.text("identifier").map(str::to_owned);
    let shown: String = kind.chars().take(40).collect();
    let removal =
        app.call(move |d| removal::remove(d, &by, id, &kind, account.as_deref())).await??;
    match removal {
        Removal::Done => Ok(StatusCode::NO_CONTENT),
        Removal::NotSetUp => Err(Failure::new(StatusCode::NOT_FOUND).reason(format!(
            "You tried to remove a {shown} but this user have no {shown} set up."
        ))),
        Removal::NoSuchAccount => Err(Failure::new(StatusCode::NOT_FOUND)
            .reason("This person has no such account at another provider.")),
    }
}
