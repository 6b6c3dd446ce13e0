//! The admin API.

mod identities;

use utoipa_axum::router::OpenApiRouter;

use super::blocking::App;

/// Its routes, without the prefix `/admin`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(identities::routes())
}
