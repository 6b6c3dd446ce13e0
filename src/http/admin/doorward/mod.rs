//! What Doorward has beyond the Kratos API, under `/doorward`.

mod access;
mod accounts;
mod attributes;
mod audit;
mod authorities;
mod bulk;
mod circles;
mod directory;
mod expiry;
mod export;
mod groups;
mod input;
mod invitations;
mod messages;
mod overview;
mod proofs;
mod recovery;
mod retention;
mod roles;
mod search;
mod status;
mod terms;
mod verify;

pub use directory::sent as directory;
pub use search::whole as identity;
use utoipa_axum::router::OpenApiRouter;

use crate::http::blocking::App;

/// Its routes.
pub fn routes() -> OpenApiRouter<App> {
    let all = search::routes()
        .merge(status::routes())
        .merge(terms::routes())
        .merge(expiry::routes())
        .merge(bulk::routes())
        .merge(directory::routes())
        .merge(authorities::routes())
        .merge(access::routes())
        .merge(accounts::routes())
        .merge(recovery::routes())
        .merge(attributes::routes())
        .merge(roles::routes())
        .merge(groups::routes())
        .merge(invitations::routes())
        .merge(messages::routes())
        .merge(audit::routes())
        .merge(proofs::routes())
        .merge(retention::routes())
        .merge(verify::routes())
        .merge(overview::routes())
        .merge(export::routes());
    OpenApiRouter::new().nest("/doorward", all)
}
