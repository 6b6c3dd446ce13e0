//! Our own pages, below `/ui/`. They work without a script (but for security keys), without anything
//! from elsewhere, and in the languages of `pages/translations/`.
//!
//! A page never changes anything by being looked at: forms of flows go to the routes of the Kratos API,
//! which answer with a redirect back to here, and forms of our own carry a token of the session.

mod accounts;
mod activation;
mod assets;
mod color;
pub mod device;
mod engine;
mod flow;
mod frame;
mod nodes;
pub mod notice;
mod own;
mod shows;
mod texts;
mod times;
mod visit;

use axum::routing::{any, get, post};
use utoipa_axum::router::OpenApiRouter;

use super::blocking::App;
use crate::domain::flow::FlowKind;
pub use device::name as device_name;
pub use frame::{Frame, Link, Message, plain, way_out};
use shows::{View, page};
pub use texts::Language;
pub use times::Time;
pub use visit::{Making, Turn, Visit};

/// The routes of the pages. They are for people, so the description of the API leaves them out.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .route("/", get(own::home))
        .route("/ui", get(own::home))
        .route("/ui/", get(own::home))
        .route("/ui/welcome", get(own::welcome))
        .route("/ui/sessions", get(own::list))
        .route("/ui/sessions/end", post(own::end))
        .route("/ui/accounts", get(accounts::page))
        .route("/ui/accounts/unlink", post(accounts::unlink))
        .route("/ui/activity", get(own::activity))
        .route("/ui/login", page(View::Of(FlowKind::Login)))
        .route("/ui/registration", page(View::Of(FlowKind::Registration)))
        .route("/ui/recovery", page(View::Of(FlowKind::Recovery)))
        .route("/ui/verification", page(View::Of(FlowKind::Verification)))
        .route("/ui/settings", page(View::Of(FlowKind::Settings)))
        // Names by which these pages are known to users of Charmed Kratos.
        .route("/ui/reset_email", page(View::Of(FlowKind::Recovery)))
        .route("/ui/reset_password", page(View::Reset))
        .route("/ui/setup_secure", page(View::Secure))
        .route("/ui/terms", page(View::Terms))
        .route("/ui/terms/rejected", get(own::rejected))
        .route("/ui/activation", get(activation::page))
        .route("/ui/error", get(notice::error))
        .route("/ui/logo", get(assets::logo))
        .route("/ui/assets/{name}", get(assets::asset))
        .route("/ui/{*rest}", any(notice::missing))
        .route("/.well-known/ory/webauthn.js", get(assets::script))
}
