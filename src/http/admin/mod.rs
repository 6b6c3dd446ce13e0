//! The admin API.

use utoipa_axum::router::OpenApiRouter;

use super::blocking::App;

/// Its routes, without the prefix `/admin`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
