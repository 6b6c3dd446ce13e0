//! The public API.

mod denied;
mod errors;
mod flows;
mod keys;
mod logout;
mod return_to;
mod sessions;

use utoipa_axum::router::OpenApiRouter;

use super::blocking::App;
use super::schemas;
pub use denied::{second_factor_url, settings_url};
pub use flows::visitor;

/// Its routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(sessions::routes())
        .merge(logout::routes())
        .merge(errors::routes())
        .merge(flows::routes())
        .merge(keys::routes())
        .merge(schemas::routes())
}
