//! Sessions as signed tokens, for services that check a signature rather than ask.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::CheckedRaw;
use crate::app::Deps;
use crate::config::{Subject, TokenTemplate};
use crate::error::{Error, ErrorCode};
use crate::service::jsonnet::{self, MapperError};

/// The session that was checked, as a signed token of the template `id`; `shown` is the session as
/// clients see it, for the template's mapper.
///
/// # Errors
/// `Invalid` when there is no such template, or it needs an external id that the identity has not;
/// `Internal` when its mapper is of no use.
pub fn tokenize(d: &Deps, checked: &CheckedRaw, id: &str, shown: &Value) -> Result<String, Error> {
    let template = d.options.session_token_templates.get(id).ok_or_else(|| {
        Error::new(ErrorCode::Invalid, "There is no token template of the name in `tokenize_as`.")
    })?;
    let own = claims(d, checked, template, d.clock.now())?;
    let mut all = match &template.mapper {
        None => Map::new(),
        Some(mapper) => mapped(mapper, &own, shown)?,
    };
    // A mapper adds; what says whose the token is and how long it lasts stays as it is.
    all.extend(own);
    d.token_key()?.sign(&all).map_err(|error| {
        Error::new(ErrorCode::Internal, "The token cannot be signed.").because(error)
    })
}

/// The public half of the key that signs tokens, as a JSON Web Key Set.
///
/// # Errors
/// When the key cannot be read.
pub fn key_set(d: &Deps) -> Result<Value, Error> {
    Ok(json!({"keys": [d.token_key()?.public()]}))
}

/// What every token says.
fn claims(
    d: &Deps,
    checked: &CheckedRaw,
    template: &TokenTemplate,
    now: Timestamp,
) -> Result<Map<String, Value>, Error> {
    let (session, identity) = (&checked.session, &checked.identity);
    let subject = match template.subject {
        Subject::Id => identity.id.to_string(),
        Subject::ExternalId => identity.external_id.clone().ok_or_else(|| {
            let message = "The token template needs an external id, and the identity has none.";
            Error::new(ErrorCode::Invalid, message)
        })?,
    };
    // A token does not outlive its session.
    let end = now.as_second().saturating_add(template.ttl.as_secs());
    let claims = json!({
        "jti": d.rng.uuid_v7(now)?,
        "iss": d.options.base_url(),
        "sub": subject,
        "sid": session.id,
        "iat": now.as_second(),
        "nbf": now.as_second(),
        "exp": end.min(session.expires_at.as_second()),
    });
    Ok(claims.as_object().cloned().unwrap_or_default())
}

fn mapped(
    mapper: &str,
    claims: &Map<String, Value>,
    session: &Value,
) -> Result<Map<String, Value>, Error> {
    let claims = Value::Object(claims.clone());
    let result = jsonnet::evaluate(mapper, &[("session", session), ("claims", &claims)]);
    let failed = |error: MapperError| {
        let (code, message) = match error {
            MapperError::Busy => (ErrorCode::Busy, "Too many token mappers are running."),
            _ => (ErrorCode::Internal, "The token template's mapper is of no use."),
        };
        Error::new(code, message).because(error)
    };
    match result.map_err(failed)?.get("claims") {
        Some(Value::Object(claims)) => Ok(claims.clone()),
        _ => Err(failed(MapperError::Failed("its result has no object `claims`".to_owned()))),
    }
}
