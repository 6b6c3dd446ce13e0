//! Options of the console.

use serde_json::Value;

use super::reader::Reader;

/// How administrators work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// For how long after signing in an administrator may change something, in minutes.
    pub fresh_minutes: u32,
}

impl Default for Console {
    fn default() -> Self {
        Self { fresh_minutes: 15 }
    }
}

impl Console {
    /// The names of the options, in the order of `config.yaml`.
    pub(super) const NAMES: [&'static str; 1] = ["console_fresh_minutes"];

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        Self {
            fresh_minutes: reader.number("console_fresh_minutes", 1, 1440, default.fresh_minutes),
        }
    }

    pub(super) fn values(&self) -> Vec<Value> {
        vec![self.fresh_minutes.into()]
    }
}
