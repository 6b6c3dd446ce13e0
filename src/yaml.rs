//! YAML, by way of one library named in one file, so that it can be exchanged.

use serde::{Serialize, de::DeserializeOwned};

/// Why a text is not the YAML that was expected; says line and column where they are known.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct YamlError(#[from] serde_yaml::Error);

/// Reads one document.
///
/// # Errors
/// When the text is not YAML or does not have the shape of `T`.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    Ok(serde_yaml::from_str(text)?)
}

/// Writes one document.
///
/// # Errors
/// When a value has no YAML form.
pub fn to_string<T: Serialize>(value: &T) -> Result<String, YamlError> {
    Ok(serde_yaml::to_string(value)?)
}
