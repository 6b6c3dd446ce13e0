//! The admin API.

mod courier;
mod doorward;
mod identities;
mod sessions;

use utoipa_axum::router::OpenApiRouter;

use super::blocking::App;

/// Its routes, without the prefix `/admin`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(identities::routes())
        .merge(sessions::routes())
        .merge(courier::routes())
        .merge(doorward::routes())
}
