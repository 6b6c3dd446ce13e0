//! The door of the admin listener: who may come in, and with what.
//!
//! Programs on this machine come in as they are, by loopback or the Unix socket. Everybody else shows
//! a bearer token or a client certificate. A browser that was led here by a page from elsewhere is
//! turned away, because it would speak with the rights of the machine it runs on.

mod browser;
mod need;
mod rule;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use secrecy::SecretString;
use tokio::task::JoinHandle;

use super::asked::{Admitted, Asked, Peer};
use super::blocking::App;
use super::failure::Failure;
use super::minutes::every_minute;
use crate::service::admission::{self, Verdict, Visit};
use crate::service::flood::Flood;
use need::Route;
pub use need::without_prefix;
pub use rule::{Consent, Rule, TooOpen};

/// Headers that a proxy adds: such a request came through this machine, not from it.
const FORWARDED: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// The door.
#[derive(Clone)]
pub struct Door {
    app: App,
    flood: Arc<Flood>,
    rule: Rule,
}

impl Door {
    /// A door that keeps `rule`.
    pub fn new(app: App, rule: Rule) -> Self {
        Self { flood: app.flood(), app, rule }
    }

    /// Tells the ledger every minute of refusals that were only counted.
    pub fn keep_records(&self) -> JoinHandle<()> {
        let door = self.clone();
        every_minute(move || {
            let door = door.clone();
            async move { door.settle(false).await }
        })
    }

    /// Tells it now; of `all` at the end.
    pub async fn settle(&self, all: bool) {
        let flood = Arc::clone(&self.flood);
        match self.app.call(move |d| admission::settle(d, &flood, all)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "refusals are not in the ledger"),
            Err(error) => tracing::error!(%error, "refusals are not in the ledger"),
        }
    }

    async fn admit(&self, asked: &Asked, request: &Parts) -> Result<Admitted, Failure> {
        let headers = &request.headers;
        let peer = request.extensions.get::<Peer>();
        if self.rule == Rule::Free && peer.is_some_and(is_local) && !was_forwarded(headers) {
            // Browsers do not speak to Unix sockets.
            if peer.is_some_and(|peer| peer.address.is_some()) {
                browser::check_host(request)?;
            }
            browser::check_page(request)?;
            return Ok(Admitted::Local);
        }
        if self.rule == Rule::Open {
            browser::check_page(request)?;
            return Ok(Admitted::Anyone);
        }
        let certificate = peer.and_then(|peer| peer.certificate.as_ref());
        if let Some(certificate) =
            certificate.filter(|_| !headers.contains_key(header::AUTHORIZATION))
        {
            // A browser shows a certificate to any page that asks; a token it does not.
            browser::check_page(request)?;
            return Ok(Admitted::Certificate(certificate.fingerprint.clone()));
        }
        self.ask(asked, request).await
    }

    async fn ask(&self, asked: &Asked, request: &Parts) -> Result<Admitted, Failure> {
        let route = Route::of(&request.method, &request.uri);
        let token = bearer(&request.headers);
        let shown = token.is_some();
        let visit = Visit {
            need: route.need,
            method: request.method.as_str().to_owned(),
            resource: route.group.to_owned(),
            token,
            by: asked.anybody(),
        };
        let flood = Arc::clone(&self.flood);
        let answer = self.app.call(move |d| admission::decide(d, &flood, &visit)).await??;
        if let Some(error) = answer.unrecorded {
            tracing::error!(%error, "what happened at the admin listener is not in the ledger");
        }
        match answer.verdict {
            Verdict::Admitted(token) => Ok(Admitted::Token(token)),
            Verdict::TooLittle => Err(too_little()),
            Verdict::Refused => Err(refused(shown)),
        }
    }
}

/// Middleware: lets in or turns away.
pub async fn guard(
    State(door): State<Door>,
    asked: Asked,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let (mut request, body) = request.into_parts();
    if !is_probe(&request) {
        let admitted = door.admit(&asked, &request).await?;
        request.extensions.insert(Asked { admitted, ..asked });
    }
    Ok(next.run(Request::from_parts(request, body)).await)
}

/// Whether a request only asks if the service lives; whoever watches over it has no token.
fn is_probe(request: &Parts) -> bool {
    let path = need::without_prefix(request.uri.path());
    matches!(request.method, Method::GET | Method::HEAD)
        && matches!(path, "/health/alive" | "/health/ready")
}

/// Whether the other end is on this machine. Asked of the other end too, not only of our own
/// address: a machine can be set up to route packets from elsewhere to its loopback address.
fn is_local(peer: &Peer) -> bool {
    peer.address.is_none_or(|address| address.ip().to_canonical().is_loopback())
}

fn was_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// The bearer token (RFC 6750 section 2.1), if there is exactly one.
fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (all.next()?, all.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| SecretString::from(token.trim()))
}

fn refused(shown: bool) -> Failure {
    let challenge = if shown {
        "Bearer realm=\"doorward admin\", error=\"invalid_token\""
    } else {
        "Bearer realm=\"doorward admin\""
    };
    Failure::new(StatusCode::UNAUTHORIZED)
        .reason(
            "Programs that are not on this machine need a bearer token, as the action \
             create-admin-token makes, or a client certificate.",
        )
        .challenge(challenge)
}

fn too_little() -> Failure {
    Failure::new(StatusCode::FORBIDDEN)
        .reason("The token's scope does not cover this request.")
        .challenge("Bearer realm=\"doorward admin\", error=\"insufficient_scope\"")
}
