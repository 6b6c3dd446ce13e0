//! What Prometheus reads: the series that dashboards made for Charmed Kratos watch, and our own.
//! No label takes its value from a client.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::blocking::App;
use super::edge::tls::Side;
use super::failure::Failure;
use crate::service::sending::Sent;
use crate::service::vitals::{self, Vitals};

/// The form in which the series are written.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Upper ends of the histogram of durations, in seconds.
const SECONDS: [f64; 13] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Answered {
    endpoint: String,
    code: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Bucket {
    status_bucket: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Endpoint {
    endpoint: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Listener {
    listener: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Release {
    version: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Stage {
    door: &'static str,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Standing {
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    outcome: &'static str,
}

type Number = Gauge<f64, AtomicU64>;

/// All series.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    statuses: Family<Bucket, Counter>,
    durations: Family<Endpoint, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    connections: Family<Listener, Gauge>,
    panics: Counter,
    calls: Family<Stage, Gauge>,
    mails: Family<Ended, Counter>,
    store: Stored,
}

/// Series that are asked of the store when somebody reads them.
#[derive(Debug, Default)]
struct Stored {
    entries: Gauge,
    unsigned: Gauge,
    checkpoint_age: Number,
    bytes: Gauge,
    free: Gauge,
    messages: Family<Standing, Gauge>,
    oldest_message: Number,
    mail_trouble: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            statuses: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            in_flight: Gauge::default(),
            connections: Family::default(),
            panics: Counter::default(),
            calls: Family::default(),
            mails: Family::default(),
            store: Stored::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let to = &mut self.registry;
        to.register("http_requests", "Requests answered", self.requests.clone());
        to.register("http_requests_statuses", "Answers by class of status", self.statuses.clone());
        let about = "Time from a request's head to its answer's, in seconds";
        to.register("http_requests_duration_seconds", about, self.durations.clone());
        let to = to.sub_registry_with_prefix("doorward");
        let release = Family::<Release, Gauge>::default();
        release.get_or_create(&Release { version: env!("CARGO_PKG_VERSION") }).set(1);
        to.register("build_info", "The release that runs", release);
        to.register("requests_in_flight", "Requests being answered", self.in_flight.clone());
        to.register("connections", "Open connections", self.connections.clone());
        to.register("panics", "Requests that met a fault in the program", self.panics.clone());
        let about = "Use cases that run on a thread, and that wait for one; those that hash apart";
        to.register("calls", about, self.calls.clone());
        let store = &self.store;
        to.register("ledger_entries", "Entries of the audit ledger", store.entries.clone());
        let about = "Entries that no checkpoint covers yet";
        to.register("ledger_unsigned_entries", about, store.unsigned.clone());
        let about = "Age of the last checkpoint of the ledger, in seconds";
        to.register("ledger_checkpoint_age_seconds", about, store.checkpoint_age.clone());
        to.register("store_bytes", "Size of the database and its log", store.bytes.clone());
        let about = "Room left on the file system of the store, in bytes";
        to.register("store_free_bytes", about, store.free.clone());
        let about = "Attempts to send a mail: sent, failed, and given up after failing";
        to.register("mails", about, self.mails.clone());
        to.register(
            "messages",
            "Messages in the outbox by where they stand",
            store.messages.clone(),
        );
        let about = "How long the oldest message waits that is not done, in seconds";
        to.register("messages_oldest_age_seconds", about, store.oldest_message.clone());
        let about = "1 while mail cannot go out";
        to.register("mail_trouble", about, store.mail_trouble.clone());
    }

    /// A request begins; it ends with the result.
    pub fn request(self: &Arc<Self>) -> Request {
        self.in_flight.inc();
        Request(Arc::clone(self))
    }

    /// A connection begins; it ends with the result.
    pub fn connection(self: &Arc<Self>, side: Side) -> Connection {
        let gauge = self.connections.get_or_create_owned(&Listener { listener: side.as_str() });
        gauge.inc();
        Connection(gauge)
    }

    /// A request met a fault in the program.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// Mail was sent, or was not.
    pub fn mailed(&self, sent: &Sent) {
        let ends = [("sent", sent.sent), ("failed", sent.failed), ("abandoned", sent.abandoned)];
        for (outcome, count) in ends {
            self.mails.get_or_create(&Ended { outcome }).inc_by(count);
        }
    }

    fn write(&self, app: &App, vitals: &Vitals) -> Result<String, std::fmt::Error> {
        for (door, (running, waiting)) in app.lines() {
            for (state, count) in [("running", running), ("waiting", waiting)] {
                self.calls.get_or_create(&Stage { door, state }).set(whole(count as u64));
            }
        }
        let store = &self.store;
        store.entries.set(whole(vitals.entries));
        store.unsigned.set(whole(vitals.unsigned));
        store.checkpoint_age.set(vitals.checkpoint_age.map_or(f64::NAN, |age| age.as_secs_f64()));
        store.bytes.set(whole(vitals.bytes.unwrap_or_default()));
        store.free.set(whole(vitals.free.unwrap_or_default()));
        let messages = &vitals.messages;
        for (status, count) in [
            ("queued", messages.queued),
            ("processing", messages.processing),
            ("sent", messages.sent),
            ("abandoned", messages.abandoned),
        ] {
            store.messages.get_or_create(&Standing { status }).set(whole(count));
        }
        let waits = vitals.oldest_message.unwrap_or_default();
        store.oldest_message.set(waits.as_secs_f64());
        store.mail_trouble.set(vitals.mail_trouble.into());
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An open connection.
#[derive(Debug)]
pub struct Connection(Gauge);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct Request(Arc<Metrics>);

impl Request {
    /// It was answered, or its client went away. `endpoint` is one of our routes.
    pub fn done(&self, endpoint: &str, code: u16, taken: Duration) {
        let endpoint = Endpoint { endpoint: endpoint.to_owned() };
        self.0.durations.get_or_create(&endpoint).observe(taken.as_secs_f64());
        self.0.requests.get_or_create(&Answered { endpoint: endpoint.endpoint, code }).inc();
        let status_bucket = match code {
            0..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        self.0.statuses.get_or_create(&Bucket { status_bucket }).inc();
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

/// The routes of the admin listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(prometheus))
}

/// The series, for Prometheus.
#[utoipa::path(
    get, path = "/metrics/prometheus", operation_id = "prometheus", tag = "metadata",
    responses((status = 200, description = "Every series, as OpenMetrics text."))
)]
async fn prometheus(State(app): State<App>) -> Result<Response, Failure> {
    let vitals = app.call(vitals::of).await??;
    let text = app.metrics().write(&app, &vitals).map_err(|error| {
        tracing::error!(%error, "metrics cannot be written");
        Failure::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR)
    })?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
