//! The service's log: one JSON document per line on stderr.

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};

/// Changes how much is logged while the service runs.
#[derive(Clone)]
pub struct Level(reload::Handle<LevelFilter, Registry>);

/// Begins logging at the option's `level`.
pub fn start(level: &str) -> Level {
    let (filter, handle) = reload::Layer::new(filter(level));
    let lines =
        fmt::layer().json().flatten_event(true).with_target(false).with_writer(std::io::stderr);
    // Fails only when logging has begun already, which is as well.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Level(handle)
}

impl Level {
    /// Logs at the option's `level` from now on.
    pub fn set(&self, level: &str) {
        // Fails only when there is no log to change.
        let _ = self.0.reload(filter(level));
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
}
