//! What is shown of a new identity, and of a recovery code: shared by the actions that make them.

use secrecy::ExposeSecret;
use serde_json::{Map, json};

use super::results::{self, Results};
use crate::service::identities::Created;
use crate::service::recovery::RecoveryCode;

/// The id of a new identity, with its recovery code when one was made.
pub fn results(created: &Created) -> Results {
    let mut document = created.recovery.as_ref().map_or_else(Map::new, recovery);
    document.insert("identity-id".to_owned(), json!(created.identity.id));
    results::from_document(&document)
}

/// A recovery code, which this result exists to hand out.
pub fn recovery(code: &RecoveryCode) -> Results {
    let mut results = Results::new();
    results.insert("recovery-code".to_owned(), json!(code.code.expose_secret()));
    results.insert("recovery-link".to_owned(), json!(code.link));
    results.insert("expires-at".to_owned(), results::time(code.expires_at));
    results
}
