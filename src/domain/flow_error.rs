//! What went wrong in a browser.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// An error that is shown on a page of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowError {
    /// By which the page asks for it.
    pub id: Uuid,
    /// The error object of the API.
    pub error: Value,
    /// When it happened.
    pub created_at: Timestamp,
}
