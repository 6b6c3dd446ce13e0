//! What goes wrong, in the words of the wire: the error envelope of the Kratos API.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::blocking::CallError;
use crate::error::{Error, ErrorCode};

/// A request that cannot be served, as its client will read it.
#[derive(Clone, Debug)]
pub struct Failure(Box<Parts>);

/// What a failure is made of; in a box, so that a result with it is not larger than its success.
#[derive(Clone, Debug)]
struct Parts {
    status: StatusCode,
    id: Option<&'static str>,
    reason: Option<String>,
    message: Option<&'static str>,
    details: Map<String, Value>,
    beside: Map<String, Value>,
    retry_after: Option<u64>,
    challenge: Option<&'static str>,
}

impl Failure {
    /// A failure with the usual message of its status.
    pub fn new(status: StatusCode) -> Self {
        Self(Box::new(Parts {
            status,
            id: None,
            reason: None,
            message: None,
            details: Map::new(),
            beside: Map::new(),
            retry_after: None,
            challenge: None,
        }))
    }

    /// 400 with the reason.
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST).reason(reason)
    }

    /// 404 as for a row that is not there.
    pub fn missing() -> Self {
        Self::new(StatusCode::NOT_FOUND).message("Unable to locate the resource")
    }

    /// A sentence for people: what was wrong, and what to do.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.0.reason = Some(reason.into());
        self
    }

    /// The id by which clients tell the case.
    #[must_use]
    pub fn id(mut self, id: &'static str) -> Self {
        self.0.id = Some(id);
        self
    }

    /// Another message than the usual one of the status.
    #[must_use]
    pub fn message(mut self, message: &'static str) -> Self {
        self.0.message = Some(message);
        self
    }

    /// A detail within the error.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(key.to_owned(), value.into());
        self
    }

    /// A key beside the error.
    #[must_use]
    pub fn beside(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.beside.insert(key.to_owned(), value.into());
        self
    }

    /// Says in how many seconds to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Says in `WWW-Authenticate` what to show instead.
    #[must_use]
    pub fn challenge(mut self, challenge: &'static str) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    /// The error alone, for an answer that tells of several.
    #[must_use]
    pub fn error(&self) -> Value {
        self.document("").get("error").cloned().unwrap_or_default()
    }

    /// The document; keys in the order of the wire, empty ones left out.
    fn document(&self, request: &str) -> Value {
        let failed = &*self.0;
        let mut error = Map::new();
        let texts = [
            ("id", failed.id),
            ("status", failed.status.canonical_reason()),
            ("request", Some(request).filter(|id| !id.is_empty())),
            ("reason", failed.reason.as_deref()),
        ];
        for (key, text) in texts {
            if key == "status" {
                error.insert("code".to_owned(), failed.status.as_u16().into());
            }
            if let Some(text) = text {
                error.insert(key.to_owned(), text.into());
            }
        }
        if !failed.details.is_empty() {
            error.insert("details".to_owned(), Value::Object(failed.details.clone()));
        }
        let message = failed.message.unwrap_or_else(|| usual(failed.status));
        error.insert("message".to_owned(), message.into());
        let mut document = Map::new();
        document.insert("error".to_owned(), Value::Object(error));
        document.extend(failed.beside.clone());
        Value::Object(document)
    }
}

const fn usual(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "The request was malformed or contained invalid parameters",
        StatusCode::UNAUTHORIZED => "The request could not be authorized",
        StatusCode::FORBIDDEN => "The requested action was forbidden",
        StatusCode::NOT_FOUND => "The requested resource could not be found",
        StatusCode::CONFLICT => "The resource could not be created due to a conflict",
        StatusCode::PRECONDITION_FAILED => "The resource has changed since it was read",
        StatusCode::PAYLOAD_TOO_LARGE => "The request body is too large",
        StatusCode::SERVICE_UNAVAILABLE => "The service cannot answer right now, please try again",
        _ => "An internal server error occurred, please contact the system administrator",
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        use ErrorCode as Code;
        let status = match error.code() {
            Code::NotFound => return Self::missing(),
            Code::Ambiguous | Code::Invalid | Code::WeakPassword | Code::LastCredential => {
                StatusCode::BAD_REQUEST
            }
            Code::Conflict
            | Code::LastAdministrator
            | Code::SelfAction
            | Code::StatusTransition => StatusCode::CONFLICT,
            Code::Changed => StatusCode::PRECONDITION_FAILED,
            Code::Forbidden => StatusCode::FORBIDDEN,
            Code::Busy | Code::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            // What cannot be recorded is not done, and may be tried again (AL-03).
            Code::AuditUnavailable => {
                let cause = error.cause();
                tracing::error!(%error, cause, "nothing can be recorded");
                return Self::new(StatusCode::SERVICE_UNAVAILABLE)
                    .id("audit_unavailable")
                    .reason(error.message())
                    .retry_after(1);
            }
            Code::NewerDatabase | Code::Corrupt | Code::Internal => {
                let cause = error.cause();
                tracing::error!(%error, cause, "a request failed");
                // What is wrong inside is for the log.
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR);
            }
        };
        let failure = Self::new(status).reason(error.message());
        let failure = match error.code() {
            Code::StatusTransition => failure.id("status_transition"),
            Code::LastAdministrator => failure.id("last_administrator"),
            Code::SelfAction => failure.id("self_action"),
            _ => failure,
        };
        if status == StatusCode::SERVICE_UNAVAILABLE { failure.retry_after(1) } else { failure }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Overloaded => Self::new(StatusCode::SERVICE_UNAVAILABLE)
                .reason("Too many requests are waiting; try again in a moment.")
                .retry_after(1),
            CallError::Broken => Self::new(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl IntoResponse for Failure {
    /// Only the status; [`rendered`] writes the body, where the request is known.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of a failure; any other answer passes as it is.
pub fn rendered(response: Response, request: &str) -> Response {
    let Some(failure) = response.extensions().get::<Failure>() else { return response };
    let id = HeaderValue::from_static(failure.0.id.unwrap_or_default());
    let mut rendered = (
        failure.0.status,
        [(header::CONTENT_TYPE, "application/json")],
        format!("{}\n", failure.document(request)),
    )
        .into_response();
    // Cookies come along even when the browser is told to go elsewhere.
    for cookie in response.headers().get_all(header::SET_COOKIE) {
        rendered.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    rendered.headers_mut().insert("ory-error-id", id);
    if let Some(challenge) = failure.0.challenge {
        let value = HeaderValue::from_static(challenge);
        rendered.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    if let Some(seconds) = failure.0.retry_after {
        rendered.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    rendered
}
