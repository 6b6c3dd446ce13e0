//! The service's log: one JSON document per line on stderr, where journald takes it from.

use std::fmt;
use std::future::Future;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use super::document::json;

/// Lines that may wait for a slow reader of the log; those beyond are counted and dropped (F-35).
const WAITING: usize = 4096;
/// How long the first line waits for others, so that one call writes them all: who logs pays for
/// waking the writer, which costs as much as all the rest of a line.
const GATHER: Duration = Duration::from_millis(5);
/// Room for lines that is kept between two calls.
const KEPT: usize = 64 * 1024;
/// Room for a line about a request.
const USUAL: usize = 320;
/// How long the end of the service waits for the log.
const FLUSH: Duration = Duration::from_secs(1);

/// The running log: changes how much is written, and writes the rest at the end.
#[derive(Clone)]
pub struct Log {
    level: reload::Handle<LevelFilter, Registry>,
    lines: Lines,
}

/// Begins logging at the option's `level`; what happens is dated by `now`.
///
/// # Errors
/// When there is no thread for it.
pub fn start(level: &str, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> io::Result<Log> {
    let (sender, receiver) = sync_channel(WAITING);
    let lines = Lines::to(sender, now);
    let lost = Arc::clone(&lines.lost);
    std::thread::Builder::new().name("log".into()).spawn(move || write(&receiver, &lost))?;
    let (filter, handle) = reload::Layer::new(filter(level));
    // Fails only when logging has begun already, which is as well.
    let _ = tracing_subscriber::registry().with(filter).with(lines.clone()).try_init();
    Ok(Log { level: handle, lines })
}

impl Log {
    /// Logs at the option's `level` from now on.
    pub fn set(&self, level: &str) {
        // Fails only when there is no log to change.
        let _ = self.level.reload(filter(level));
    }

    /// Where lines about requests go.
    #[must_use]
    pub fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Waits a moment for what was logged to be written.
    pub fn flush(&self) {
        let (done, wait) = channel();
        if self.lines.sender.try_send(Message::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(FLUSH);
        }
    }
}

/// The option's word as a filter; the option itself is validated where it is read.
fn filter(level: &str) -> LevelFilter {
    match level.to_ascii_lowercase().as_str() {
        "panic" | "fatal" | "error" => LevelFilter::ERROR,
        "warn" | "warning" => LevelFilter::WARN,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => LevelFilter::INFO,
    }
}

enum Message {
    Line(Vec<u8>),
    Flush(Sender<()>),
}

/// Writes lines until nobody is left to send any. Only this thread waits for stderr: no request
/// does.
fn write(receiver: &Receiver<Message>, lost: &AtomicU64) {
    let mut stderr = io::stderr();
    let mut lines = Vec::new();
    while let Ok(first) = receiver.recv() {
        if matches!(first, Message::Line(_)) {
            std::thread::sleep(GATHER);
        }
        for message in std::iter::once(first).chain(receiver.try_iter().take(WAITING)) {
            match message {
                Message::Line(line) => lines.extend_from_slice(&line),
                Message::Flush(done) => {
                    // Nobody can be told that the log cannot be written.
                    let _ = stderr.write_all(&lines).and_then(|()| stderr.flush());
                    lines.clear();
                    let _ = done.send(());
                }
            }
        }
        let _ = stderr.write_all(&lines);
        lines.clear();
        lines.shrink_to(KEPT);
        let dropped = lost.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(lines = dropped, "the log was too slow; lines were dropped");
        }
    }
}

/// Where lines are left for the writer.
#[derive(Clone)]
pub struct Lines {
    sender: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// A request that is over, as the log tells of it. There is one for every request, so it does not go
/// the way of events, whose fields are found out one by one.
#[derive(Debug, Serialize)]
pub struct Answered<'a> {
    /// When the answer was there.
    #[serde(serialize_with = "super::view::moment::always")]
    pub timestamp: Timestamp,
    /// `info`, or `debug` for what is asked all the time.
    pub level: &'static str,
    /// Always `request`.
    pub message: &'static str,
    /// On which listener.
    pub listener: &'static str,
    /// The method.
    pub method: &'a str,
    /// The route, and not the path: it names nobody.
    pub route: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// From the head of the request to that of the answer.
    pub duration_us: u64,
    /// The request's id.
    pub request_id: &'a str,
}

impl Lines {
    fn to(
        sender: SyncSender<Message>,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self { sender, lost: Arc::default(), now: Arc::new(now) }
    }

    /// Tells of a request that is over.
    pub fn answered(&self, answered: &Answered<'_>) {
        let mut line = Vec::with_capacity(USUAL);
        if json::write(&mut line, answered).is_ok() {
            line.push(b'\n');
            self.send(line);
        }
    }

    fn send(&self, line: Vec<u8>) {
        if let Err(TrySendError::Full(_)) = self.sender.try_send(Message::Line(line)) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Lines that nobody writes.
impl Default for Lines {
    fn default() -> Self {
        Self::to(sync_channel(0).0, || Timestamp::UNIX_EPOCH)
    }
}

tokio::task_local! {
    /// The request that is worked on, so that whatever is logged meanwhile can be found by it.
    static REQUEST: Arc<str>;
}

/// Does what a request asks for.
pub async fn of_request<T>(id: Arc<str>, work: impl Future<Output = T>) -> T {
    REQUEST.scope(id, work).await
}

/// Hands the request on to work that is done on another thread.
pub fn carried<T>(job: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let request = REQUEST.try_with(Arc::clone).ok();
    move || match request {
        Some(id) => REQUEST.sync_scope(id, job),
        None => job(),
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Vec::with_capacity(USUAL);
        if written(&mut line, (self.now)(), event).is_ok() {
            line.push(b'\n');
            self.send(line);
        }
    }
}

/// An event as a document. Its level is in small letters: alerts made for Kratos look for `error`.
fn written(line: &mut Vec<u8>, now: Timestamp, event: &Event<'_>) -> Result<(), serde_json::Error> {
    let mut serializer = serde_json::Serializer::new(line);
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("timestamp", &now)?;
    map.serialize_entry("level", level(event))?;
    let mut fields = Fields { map, outcome: Ok(()) };
    event.record(&mut fields);
    let Fields { mut map, outcome } = fields;
    outcome?;
    let _ = REQUEST.try_with(|id| map.serialize_entry("request_id", &**id));
    map.end()
}

fn level(event: &Event<'_>) -> &'static str {
    match *event.metadata().level() {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The fields of an event on their way into a document.
struct Fields<M: SerializeMap> {
    map: M,
    outcome: Result<(), M::Error>,
}

impl<M: SerializeMap> Fields<M> {
    fn put(&mut self, field: &Field, value: &(impl Serialize + ?Sized)) {
        if self.outcome.is_ok() {
            self.outcome = self.map.serialize_entry(field.name(), value);
        }
    }
}

impl<M: SerializeMap> Visit for Fields<M> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_option_has_a_level() {
        assert_eq!(filter("fatal"), LevelFilter::ERROR);
        assert_eq!(filter("Warn"), LevelFilter::WARN);
        assert_eq!(filter("info"), LevelFilter::INFO);
        assert_eq!(filter("trace"), LevelFilter::TRACE);
    }

    #[tokio::test]
    async fn an_event_is_a_document_and_says_in_which_request_it_was() {
        let (sender, receiver) = sync_channel(4);
        let lines = Lines::to(sender, || Timestamp::UNIX_EPOCH);
        let log = tracing_subscriber::registry().with(lines);
        let _guard = tracing::subscriber::set_default(log);
        tracing::warn!(count = 3u64, ok = true, name = "a\"b\n", "two\nlines");
        let work = async { carried(|| tracing::error!(error = %"X", "failed"))() };
        of_request(Arc::from("r-1"), work).await;
        let read = || match receiver.try_recv().unwrap() {
            Message::Line(line) => {
                assert_eq!(line.split(|byte| *byte == b'\n').count(), 2, "one line");
                serde_json::from_slice::<serde_json::Value>(&line).unwrap()
            }
            Message::Flush(_) => panic!("no line"),
        };
        let (first, second) = (read(), read());
        assert_eq!(first["level"], "warn");
        assert_eq!(first["message"], "two\nlines");
        assert_eq!(first["count"], 3);
        assert_eq!(first["ok"], true);
        assert_eq!(first["name"], "a\"b\n");
        assert!(first["timestamp"].is_string() && first["request_id"].is_null(), "{first}");
        assert_eq!(second["error"], "X");
        assert_eq!(second["level"], "error");
        assert_eq!(second["request_id"], "r-1");
    }

    #[test]
    fn f_35_a_log_that_nobody_reads_holds_up_nobody() {
        let (sender, receiver) = sync_channel(2);
        let lines = Lines::to(sender, || Timestamp::UNIX_EPOCH);
        for _ in 0..5 {
            lines.send(b"{}\n".to_vec());
        }
        assert_eq!(lines.lost.load(Ordering::Relaxed), 3);
        assert_eq!(receiver.try_iter().count(), 2);
    }
}
