//! How an action fails: with one sentence, and no report around it.

use crate::error::{Error, ErrorCode};

/// The sentence the operator reads. It is one line and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

impl Failure {
    /// A failure with a sentence of its own.
    #[must_use]
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(one_line(&sentence.into()))
    }

    /// The contract's sentence, followed by the reason when a person can act on it.
    ///
    /// Scripts written for Charmed Kratos look for the sentence; the reason after the colon is
    /// what they were never told.
    #[must_use]
    pub fn because(sentence: &str, error: &Error) -> Self {
        let reason = error.message().trim().trim_end_matches('.');
        if error.code() == ErrorCode::Internal || reason.is_empty() {
            return Self::new(sentence);
        }
        Self::new(format!("{}: {reason}", sentence.trim_end_matches('.')))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Puts a text on one line: an operator's terminal and a script both read lines.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control())
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
