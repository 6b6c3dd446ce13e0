//! Which routes each listener has.

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa_axum::router::OpenApiRouter;

use super::blocking::App;
use super::door::{self, Door};
use super::{admin, failure, health, openapi, public};

/// The public listener.
pub fn public(app: &App) -> OpenApiRouter {
    public_routes().with_state(app.clone())
}

/// The admin listener, without the prefix `/admin` under which clients expect the same again.
pub fn admin(app: &App) -> OpenApiRouter {
    metadata_routes().merge(admin::routes()).with_state(app.clone())
}

/// What the public listener answers.
pub fn public_routes() -> OpenApiRouter<App> {
    health::routes().merge(public::routes()).merge(openapi::public_routes())
}

/// What the admin listener answers about itself.
pub fn metadata_routes() -> OpenApiRouter<App> {
    health::routes().merge(openapi::admin_routes())
}

/// What is put around the routes of the public listener.
pub fn finish(routes: OpenApiRouter) -> Router {
    bare(routes).layer(from_fn(failure::render))
}

/// What is put around the routes of the admin listener: the same, and the door.
pub fn finish_admin(routes: OpenApiRouter, door: &Door) -> Router {
    bare(routes)
        .layer(from_fn_with_state(door.clone(), door::guard))
        .layer(from_fn(failure::render))
}

fn bare(routes: OpenApiRouter) -> Router {
    let (routes, _description) = routes.split_for_parts();
    routes.fallback(health::not_found).method_not_allowed_fallback(health::method_not_allowed)
}
