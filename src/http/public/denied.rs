//! What somebody is told whose session is not enough.

use axum::http::StatusCode;

use crate::http::failure::Failure;
use crate::service::sessions::Denied;

/// Where a browser goes for its second factor, and from there to `return_to`.
pub fn second_factor_url(base_url: &str, return_to: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("aal", "aal2");
    if let Some(place) = return_to {
        query.append_pair("return_to", place);
    }
    format!("{base_url}/self-service/login/browser?{}", query.finish())
}

/// Where a browser makes up for what else is lacking, and goes from there to `return_to`.
pub fn settings_url(base_url: &str, return_to: Option<&str>) -> String {
    let page = format!("{base_url}/self-service/settings/browser");
    let Some(place) = return_to else { return page };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("return_to", place);
    format!("{page}?{}", query.finish())
}

/// The answer, where clients know "no session" by its id.
pub fn denied(base_url: &str, return_to: Option<&str>, why: Denied) -> Failure {
    match why {
        Denied::NoSession => Failure::new(StatusCode::UNAUTHORIZED)
            .id("session_inactive")
            .reason("No active session was found in this request."),
        Denied::SecondFactor => {
            let place = second_factor_url(base_url, return_to);
            Failure::new(StatusCode::FORBIDDEN)
                .id("session_aal2_required")
                .reason("This session needs a second factor before it can be used here.")
                .detail("redirect_browser_to", place.as_str())
                .beside("redirect_browser_to", place)
        }
        Denied::Enrolment => {
            let place = settings_url(base_url, None);
            Failure::new(StatusCode::FORBIDDEN)
                .id("session_aal2_required")
                .reason("A second factor must be set up before this session can be used here.")
                .detail("redirect_browser_to", place.as_str())
                .beside("redirect_browser_to", place)
        }
        Denied::Terms => {
            let place = settings_url(base_url, return_to);
            Failure::new(StatusCode::FORBIDDEN)
                .id("session_terms_required")
                .reason("The terms of service must be accepted before this session can be used.")
                .detail("redirect_browser_to", place.as_str())
                .beside("redirect_browser_to", place)
        }
        Denied::Current => {
            Failure::invalid("This is the session the request was made with; sign out to end it.")
        }
        Denied::Mismatch => Failure::new(StatusCode::FORBIDDEN)
            .reason("The logout token does not belong to the session of this browser."),
        Denied::Failed(error) => error.into(),
    }
}
