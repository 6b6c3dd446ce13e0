//! YAML, by way of one library named in one file, so that it can be exchanged.

use serde::{Serialize, de::DeserializeOwned};

/// Why a text is not the YAML that was expected; says line and column where they are known.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct YamlError(#[from] serde_yaml::Error);

/// How many lists and maps may be open at once in a text that is read at all. The library stops at
/// 128, but only after work that grows with the square of the depth.
const DEEPEST: usize = 1000;

/// Reads one document.
///
/// # Errors
/// When the text is not YAML or does not have the shape of `T`.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    if most_open(text) > DEEPEST {
        return Err(YamlError(serde::de::Error::custom("nested too deeply")));
    }
    Ok(serde_yaml::from_str(text)?)
}

/// Writes one document.
///
/// # Errors
/// When a value has no YAML form.
pub fn to_string<T: Serialize>(value: &T) -> Result<String, YamlError> {
    Ok(serde_yaml::to_string(value)?)
}

/// Counts brackets without regard to quotes, which can only count too many.
fn most_open(text: &str) -> usize {
    let (mut open, mut most) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_nested_without_end_is_refused_at_once() {
        let deep = "[".repeat(1_000_000);
        assert!(from_str::<serde_json::Value>(&deep).is_err());
        let flat = "[1], ".repeat(10_000);
        assert!(from_str::<serde_json::Value>(&format!("[{flat}]")).is_ok());
    }
}
