//! The page that the link of an invitation leads to. Looking at it changes nothing: scanners of mail
//! open links too, and only people send forms.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::frame::{Frame, plain};
use super::visit::{Turn, Visit, made};
use crate::http::blocking::App;
use crate::service::invitations;

#[derive(Serialize)]
struct Activation {
    action: String,
    token: String,
    email: String,
}

/// `/ui/activation`.
pub async fn page(State(app): State<App>, visit: Visit) -> Response {
    made(&app, visit, |m| {
        let dead = Turn::Wrong(StatusCode::NOT_FOUND, "activation.dead");
        let token = m.visit.query.text("token").unwrap_or_default().to_owned();
        let invited = invitations::by_secret(m.d, &token)?.ok_or(dead)?;
        let content = Activation {
            action: m.at("/self-service/activation"),
            token,
            email: plain(&invited.invitation.email),
        };
        let frame = Frame::card(m, &m.text("activation.title"));
        m.page("activation.html", frame.lead(m.text("activation.lead")), &content)
    })
    .await
}
