//! The service's log: one JSON document per line on stderr, where journald takes it from.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};

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

/// Begins logging at the option's `level`.
///
/// # Errors
/// When there is no thread for it.
pub fn start(level: &str) -> io::Result<Log> {
    let (sender, receiver) = sync_channel(WAITING);
    let lost = Arc::new(AtomicU64::new(0));
    let lines = Lines { sender, lost: Arc::clone(&lost) };
    std::thread::Builder::new().name("log".into()).spawn(move || write(&receiver, &lost))?;
    let (filter, handle) = reload::Layer::new(filter(level));
    let format = fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_target(false)
        .with_writer(lines.clone());
    // Fails only when logging has begun already, which is as well.
    let _ = tracing_subscriber::registry().with(filter).with(format).try_init();
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
}

/// A request that is over, as the log tells of it. There is one for every request, so it does not go
/// the way of events, whose fields are found out one by one.
#[derive(Debug, Serialize)]
pub struct Answered<'a> {
    /// When the answer was there.
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
    /// Tells of a request that is over.
    pub fn answered(&self, answered: &Answered<'_>) {
        let mut line = Vec::with_capacity(USUAL);
        if serde_json::to_writer(&mut line, answered).is_ok() {
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
        Self { sender: sync_channel(0).0, lost: Arc::default() }
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Line<'w> {
        Line { to: self, bytes: Vec::new() }
    }
}

/// One line, sent when it is whole.
pub struct Line<'w> {
    to: &'w Lines,
    bytes: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let mut line = std::mem::take(&mut self.bytes);
        if line.is_empty() {
            return;
        }
        lower_level(&mut line);
        self.to.send(line);
    }
}

/// Alerts made for Kratos look for `error`; the formatter writes `ERROR`. The level comes right
/// after the time, so the first one is it.
fn lower_level(line: &mut [u8]) {
    const KEY: &[u8] = b"\"level\":\"";
    let Some(at) = line.windows(KEY.len()).position(|window| window == KEY) else { return };
    let word = line.iter_mut().skip(at + KEY.len()).take_while(|byte| byte.is_ascii_uppercase());
    word.for_each(u8::make_ascii_lowercase);
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

    #[test]
    fn only_the_level_itself_is_made_small() {
        let mut line =
            br#"{"timestamp":"T","level":"ERROR","message":"X \"level\":\"WARN\""}"#.to_vec();
        lower_level(&mut line);
        let text = String::from_utf8(line).unwrap();
        assert!(text.starts_with(r#"{"timestamp":"T","level":"error","message":"X"#), "{text}");
        assert!(text.contains("WARN"), "{text}");
    }

    #[test]
    fn f_35_a_log_that_nobody_reads_holds_up_nobody() {
        let (sender, receiver) = sync_channel(2);
        let lines = Lines { sender, lost: Arc::default() };
        for _ in 0..5 {
            lines.make_writer().write_all(b"{\"level\":\"INFO\"}\n").unwrap();
        }
        assert_eq!(lines.lost.load(Ordering::Relaxed), 3);
        assert_eq!(receiver.try_iter().count(), 2);
    }
}
