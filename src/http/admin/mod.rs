//! The admin API.

mod courier;
mod doorward;
mod identities;
mod recovery;
mod sessions;

pub use doorward::{directory, identity};
use utoipa_axum::router::OpenApiRouter;

use super::blocking::App;
use super::schemas;

/// Its routes, without the prefix `/admin`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(identities::routes())
        .merge(recovery::routes())
        .merge(schemas::routes())
        .merge(sessions::routes())
        .merge(courier::routes())
        .merge(doorward::routes())
}
