//! The public API.

use utoipa_axum::router::OpenApiRouter;

use super::blocking::App;

/// Its routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
