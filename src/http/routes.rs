//! Which routes each listener has.

use axum::Router;
use axum::middleware::from_fn;
use utoipa_axum::router::OpenApiRouter;

use super::blocking::App;
use super::{admin, failure, health, public};

/// The public listener.
pub fn public(app: &App) -> OpenApiRouter {
    health::routes().merge(public::routes()).with_state(app.clone())
}

/// The admin listener, without the prefix `/admin` under which clients expect the same again.
pub fn admin(app: &App) -> OpenApiRouter {
    health::routes().merge(admin::routes()).with_state(app.clone())
}

/// What is put around the routes of either listener.
pub fn finish(routes: OpenApiRouter) -> Router {
    let (routes, _description) = routes.split_for_parts();
    routes
        .fallback(health::not_found)
        .method_not_allowed_fallback(health::method_not_allowed)
        .layer(from_fn(failure::render))
}
