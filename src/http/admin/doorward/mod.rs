//! What Doorward has beyond the Kratos API, under `/doorward`.

mod audit;
mod authorities;
mod export;
mod input;
mod invitations;
mod proofs;
mod search;
mod status;
mod verify;

use utoipa_axum::router::OpenApiRouter;

use crate::http::blocking::App;

/// Its routes.
pub fn routes() -> OpenApiRouter<App> {
    let all = search::routes()
        .merge(status::routes())
        .merge(authorities::routes())
        .merge(invitations::routes())
        .merge(audit::routes())
        .merge(proofs::routes())
        .merge(verify::routes())
        .merge(export::routes());
    OpenApiRouter::new().nest("/doorward", all)
}
