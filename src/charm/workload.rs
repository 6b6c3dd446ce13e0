//! What hooks ask of the rest of the program, in one place.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::rng::Rng;

/// The release of this binary.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Checks the options of the application.
///
/// # Errors
/// One sentence per option that cannot be used, each naming the option.
pub fn check_options(options: &Map<String, Value>) -> Result<(), Vec<String>> {
    for key in ["public_port", "admin_port"] {
        if options.get(key).is_some_and(|_| port(options, key).is_none()) {
            return Err(vec![format!("{key}: must be a port between 1 and 65535")]);
        }
    }
    Ok(())
}

/// Brings the database in `state_dir` to the shape this release expects.
///
/// # Errors
/// `NewerDatabase` when a later release wrote it; the data are then untouched.
pub fn migrate(_state_dir: &Path, _options: &Map<String, Value>) -> Result<(), Error> {
    Ok(())
}

/// New keys, by their names in the secret of the application, as text.
///
/// # Errors
/// `Internal` when the system has no randomness to give.
pub fn new_keys() -> Result<BTreeMap<&'static str, SecretString>, Error> {
    let mut keys = BTreeMap::new();
    for name in ["data-key", "cookie-key", "ledger-key"] {
        let mut bytes = [0u8; 32];
        Rng::default().fill(&mut bytes)?;
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        keys.insert(name, SecretString::from(text));
    }
    Ok(keys)
}

/// An error with its causes, for the log.
#[must_use]
pub fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Whether `state_dir` holds a database.
#[must_use]
pub fn has_database(state_dir: &Path) -> bool {
    state_dir.join("doorward.db").exists()
}

/// A port among the options; Juju may write a whole number as a float.
#[must_use]
pub fn port(options: &Map<String, Value>, key: &str) -> Option<u16> {
    let value = options.get(key)?;
    let number = value.as_u64().or_else(|| {
        let float = value.as_f64()?;
        (float.fract() == 0.0 && (1.0..=65535.0).contains(&float)).then_some(float as u64)
    })?;
    u16::try_from(number).ok().filter(|port| *port > 0)
}
