//! Which routes each listener has.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use super::blocking::App;
use super::door::{self, Door};
use super::edge::around::{Edge, around};
use super::failure::Failure;
use super::{admin, console, health, mail, metrics, openapi, pages, public};

/// The public listener.
pub fn public(app: &App) -> OpenApiRouter {
    public_routes().merge(pages::routes()).merge(console::routes()).with_state(app.clone())
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
    health::routes().merge(mail::routes()).merge(metrics::routes()).merge(openapi::admin_routes())
}

/// What is put around the routes of a listener that answers everybody.
pub fn finish(routes: OpenApiRouter, edge: Edge) -> Router {
    wrapped(bare(routes), edge)
}

/// What is put around the routes of the admin listener: the same, and the door.
pub fn finish_admin(routes: OpenApiRouter, edge: Edge, door: &Door) -> Router {
    wrapped(bare(routes).layer(from_fn_with_state(door.clone(), door::guard)), edge)
}

fn bare(routes: OpenApiRouter) -> Router {
    let (routes, _description) = routes.split_for_parts();
    routes.fallback(health::not_found).method_not_allowed_fallback(health::method_not_allowed)
}

fn wrapped(routes: Router, edge: Edge) -> Router {
    let metrics = Arc::clone(&edge.metrics);
    let panicked = move |_: Box<dyn std::any::Any + Send>| -> Response {
        // Where is in the log, by the hook of the process; the rest may hold anything.
        metrics.panicked();
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR).into_response()
    };
    // As one layer, because each has its own box for every request.
    routes.layer((from_fn_with_state(Arc::new(edge), around), CatchPanicLayer::custom(panicked)))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;
    use crate::app::{Settings, prepare};
    use crate::config::Options;
    use crate::domain::ledger::event::{Actor, ActorKind};
    use crate::http::edge::tls::Side;
    use crate::service::Caller;

    fn fails() -> Response {
        panic!("with something that is nobody's business")
    }

    #[tokio::test]
    async fn ops_03_a_panic_is_one_answer_in_the_envelope_and_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings::embedded(dir.path(), Options::default());
        let by = Caller::local(Actor::new(ActorKind::System, "test"));
        let app = App::new(prepare(&settings, &by.author()).unwrap().0);
        let edge = Edge {
            side: Side::Admin,
            app: app.clone(),
            rules: crate::http::edge::around::Current::default(),
            budget: crate::http::edge::body::Budget::default(),
            metrics: Arc::clone(app.metrics()),
            lines: crate::http::log::Lines::default(),
        };
        let broken = OpenApiRouter::new().route("/broken", get(|| async { fails() }));
        let routes = finish(admin(&app).merge(broken), edge);
        let ask = |path: &str| {
            let request = Request::get(path).header("x-request-id", "r-1");
            routes.clone().oneshot(request.body(Body::empty()).unwrap())
        };
        let answer = ask("/broken").await.unwrap();
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers()["x-request-id"], "r-1");
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["code"], 500);
        assert_eq!(body["error"]["request"], "r-1");
        assert!(!body.to_string().contains("business"), "{body}");
        let series = ask("/metrics/prometheus").await.unwrap();
        let series = to_bytes(series.into_body(), 1_000_000).await.unwrap();
        let series = String::from_utf8(series.to_vec()).unwrap();
        assert!(series.contains("\ndoorward_panics_total 1\n"), "{series}");
    }
}
