//! What is put around every route of a listener: who asks, limits, headers of the answer, a log
//! line, counters. The one place through which each request and each answer passes.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use ipnet::IpNet;

use super::body::{self, Budget};
use super::forwarded;
use super::tls::Side;
use crate::config::Options;
use crate::http::asked::{Asked, Peer};
use crate::http::blocking::App;
use crate::http::failure::{self, Failure};
use crate::http::gone;
use crate::http::log::{self, Answered, Lines};
use crate::http::metrics::{Metrics, Request as Counted};

/// How long a request may take once its body is there.
const PATIENCE: Duration = Duration::from_mins(1);
/// The client went away before the answer: the number other servers log for that.
const GONE: u16 = 499;
/// Longest request id that is taken from a client.
const LONGEST_ID: usize = 64;
/// The route of a request that has none, in logs and metrics.
const NO_ROUTE: &str = "none";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the answer to every request carries.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];
const NOT_KEPT: HeaderValue =
    HeaderValue::from_static("private, no-cache, no-store, must-revalidate");
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What options say about requests; it changes when they are read again.
#[derive(Debug, Default)]
struct Rules {
    proxies: Vec<IpNet>,
    https: bool,
}

/// The rules in force.
#[derive(Clone, Debug, Default)]
pub struct Current(Arc<RwLock<Arc<Rules>>>);

impl Current {
    /// Puts the rules of `options` in place for requests that begin from now on.
    pub fn replace(&self, options: &Options) {
        let rules = Rules {
            proxies: options.proxies(),
            https: options.external_url.starts_with("https://"),
        };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }

    fn get(&self) -> Arc<Rules> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the requests of one listener share.
pub struct Edge {
    /// Which listener it is.
    pub side: Side,
    /// Time and randomness for request ids.
    pub app: App,
    /// The rules in force.
    pub rules: Current,
    /// Memory for bodies.
    pub budget: Budget,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// The log.
    pub lines: Lines,
}

/// Middleware: everything that is the same for all routes.
pub async fn around(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    let rules = edge.rules.get();
    let (mut parts, body) = request.into_parts();
    let (asked, tls) = asked(&edge, &rules, &parts);
    let mut line = Line {
        edge: Arc::clone(&edge),
        method: parts.method.clone(),
        route: parts.extensions.get::<MatchedPath>().cloned(),
        id: Arc::clone(&asked.request_id),
        begun: Instant::now(),
        status: GONE,
        counted: edge.metrics.request(),
    };
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    parts.extensions.insert(asked.clone());
    let id = Arc::clone(&asked.request_id);
    let mut response = log::of_request(id, answer(&edge, parts, body, next)).await;
    response = failure::rendered(response, &asked.request_id);
    let headers = response.headers_mut();
    decorate(headers, reads, &asked.request_id);
    if tls || (rules.https && edge.side == Side::Public) {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HTTPS_ONLY);
    }
    line.status = response.status().as_u16();
    response
}

async fn answer(edge: &Edge, parts: Parts, body: Body, next: Next) -> Response {
    if let Some(why) = edge.app.closed().filter(|_| !gone::serves_when_closed(parts.uri.path())) {
        return Failure::new(StatusCode::SERVICE_UNAVAILABLE)
            .reason(why)
            .retry_after(5)
            .into_response();
    }
    let whole = match body::read(&edge.budget, &parts.headers, body).await {
        Ok(whole) => whole,
        Err(failure) => return failure.into_response(),
    };
    let request = Request::from_parts(parts, Body::from(whole.bytes.clone()));
    if let Ok(response) = tokio::time::timeout(PATIENCE, next.run(request)).await {
        return response;
    }
    tracing::error!(seconds = PATIENCE.as_secs(), "a request took too long");
    Failure::new(StatusCode::SERVICE_UNAVAILABLE)
        .reason("The request took too long; it may or may not have been done.")
        .retry_after(5)
        .into_response()
}

/// Who asks, and whether TLS was spoken to us.
fn asked(edge: &Edge, rules: &Rules, parts: &Parts) -> (Asked, bool) {
    let unknown = Peer { address: None, tls: false, certificate: None };
    let peer = parts.extensions.get::<Peer>().unwrap_or(&unknown);
    let from = forwarded::from(peer, &rules.proxies, &parts.headers);
    let user_agent = parts.headers.get(header::USER_AGENT).cloned();
    let given = parts.headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let request_id = match given.filter(|id| plain(id)) {
        Some(id) => Arc::from(id),
        None => edge.app.request_id(),
    };
    let (ip, secure) = (from.ip, from.secure);
    let asked = Asked { request_id, ip, user_agent, secure, ..Asked::default() };
    (asked, peer.tls)
}

/// Whether an id can stand in a header, a log line and the ledger without harm.
fn plain(id: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    !id.is_empty() && id.len() <= LONGEST_ID && id.chars().all(legal)
}

fn decorate(headers: &mut HeaderMap, reads: bool, request_id: &str) {
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    if reads {
        headers.entry(header::CACHE_CONTROL).or_insert(NOT_KEPT);
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
}

/// The line in the log, written when the request is over, however it ends.
struct Line {
    edge: Arc<Edge>,
    method: Method,
    route: Option<MatchedPath>,
    id: Arc<str>,
    begun: Instant,
    status: u16,
    counted: Counted,
}

impl Drop for Line {
    fn drop(&mut self) {
        let taken = self.begun.elapsed();
        let route = self.route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
        self.counted.done(route, self.status, taken);
        // Probes would be most of the log.
        let often = route.contains("/health/") || route.ends_with("/metrics/prometheus");
        let level = match often {
            true if tracing::enabled!(tracing::Level::DEBUG) => "debug",
            false if tracing::enabled!(tracing::Level::INFO) => "info",
            _ => return,
        };
        self.edge.lines.answered(&Answered {
            timestamp: self.edge.app.now(),
            level,
            message: "request",
            listener: self.edge.side.as_str(),
            method: self.method.as_str(),
            route,
            status: self.status,
            duration_us: u64::try_from(taken.as_micros()).unwrap_or(u64::MAX),
            request_id: &self.id,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_05_an_id_that_could_split_a_line_or_fill_the_log_is_replaced() {
        assert!(plain("3f0c-A_b.c:9"));
        for id in ["", "a b", "a\u{1b}[0m", "é", "a,b", &"x".repeat(65)] {
            assert!(!plain(id), "{id:?}");
        }
    }
}
