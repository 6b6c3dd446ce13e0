//! Why a flow is not begun, shown or taken, in the words of the wire.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::answer::{Way, see_other};
use crate::app::Deps;
use crate::domain::flow::FlowKind;
use crate::http::failure::Failure;
use crate::http::notice;
use crate::http::public::denied::{denied, second_factor_url, settings_url};
use crate::service::flow_errors;
use crate::service::flows::{Refusal, error_page, page_of};
use crate::service::sessions::Denied;

/// The answer: for a browser a page to go to.
pub fn refused(
    d: &Deps,
    refusal: Refusal,
    way: Way,
    return_to: Option<&str>,
) -> Result<Response, Failure> {
    if way != Way::Browser {
        return Err(as_json(d, refusal));
    }
    let base_url = d.options.base_url();
    let place = match &refusal {
        Refusal::SignedIn(place) | Refusal::Refresh(place) => place.clone(),
        Refusal::Expired { flow, kind, .. } | Refusal::Replaced { flow, kind } => {
            page_of(&d.options, *kind, *flow)
        }
        Refusal::NotVerified { flow, .. } => page_of(&d.options, FlowKind::Verification, *flow),
        Refusal::Gone { redirect_to } => redirect_to.clone(),
        Refusal::NoFirstFactor | Refusal::Session(Denied::NoSession) => {
            sign_in(&base_url, return_to)
        }
        Refusal::Session(Denied::SecondFactor) => second_factor_url(&base_url, return_to),
        Refusal::Session(Denied::Terms) => settings_url(&base_url, return_to),
        _ => {
            let failure = as_json(d, refusal);
            // Without a place to keep it the browser gets the error itself.
            let kept = flow_errors::keep(d, &failure.error());
            let Ok(id) = kept else { return Err(failure) };
            error_page(&d.options, id)
        }
    };
    Ok(see_other(HeaderMap::new(), &place))
}

/// The answer to somebody who has handed a form in. A browser is led to the page of a flow that is gone, where
/// another is begun, and whoever is not signed in any more is told so on the next page of ours.
pub fn not_taken(
    d: &Deps,
    refusal: Refusal,
    way: Way,
    (kind, id): (FlowKind, Uuid),
    secure: bool,
) -> Result<Response, Failure> {
    match (way, &refusal) {
        (Way::Browser, Refusal::NotFound) => {
            Ok(see_other(HeaderMap::new(), &page_of(&d.options, kind, id)))
        }
        (Way::Browser, Refusal::NoFirstFactor | Refusal::Session(Denied::NoSession)) => {
            let told = notice::cookie(Some(notice::SIGNED_OUT), secure);
            let headers = told.into_iter().map(|told| (SET_COOKIE, told)).collect();
            Ok(see_other(headers, &sign_in(&d.options.base_url(), None)))
        }
        _ => refused(d, refusal, way, None),
    }
}

fn sign_in(base_url: &str, return_to: Option<&str>) -> String {
    let base = format!("{base_url}/self-service/login/browser");
    match return_to {
        None => base,
        Some(place) => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("return_to", place);
            format!("{base}?{}", query.finish())
        }
    }
}

/// The answer as a document.
pub fn as_json(d: &Deps, refusal: Refusal) -> Failure {
    let base_url = d.options.base_url();
    match refusal {
        Refusal::NotFound => Failure::missing(),
        Refusal::DeadLink => Failure::missing().id("activation_link_dead").reason(
            "This link works no more: it was used, has expired, or was replaced by a newer one.",
        ),
        Refusal::Csrf => Failure::new(StatusCode::FORBIDDEN)
            .id("security_csrf_violation")
            .reason(
                "The form does not belong to this browser, or has been open while somebody else \
                 signed in. Begin again.",
            )
            .detail("docs", "docs/reference/differences.md")
            .detail("hint", "Send the cookies along, and the form's `csrf_token`.")
            .detail("reject_reason", "The token or the cookie is missing or of another flow."),
        Refusal::NotAProgram => Failure::invalid(
            "This flow is for programs, and the request looks like that of a browser: it has \
             cookies or an Origin. Begin a flow for browsers instead.",
        ),
        Refusal::Expired { flow, over_since, .. } => expired(d, flow, over_since),
        Refusal::Gone { redirect_to } => Failure::new(StatusCode::GONE)
            .id("self_service_flow_expired")
            .reason("The time for this is over. Begin again.")
            .detail("redirect_to", redirect_to),
        Refusal::Replaced { flow, .. } => Failure::new(StatusCode::GONE)
            .id("self_service_flow_replaced")
            .reason("Another flow has taken the place of this one.")
            .beside("use_flow_id", flow.to_string()),
        Refusal::Disabled(why) => {
            Failure::new(StatusCode::BAD_REQUEST).id("self_service_flow_disabled").reason(why)
        }
        Refusal::SignedIn(_) => Failure::new(StatusCode::BAD_REQUEST)
            .id("session_already_available")
            .reason("Somebody is signed in already. Sign out first, or ask with `refresh=true`."),
        Refusal::NoFirstFactor => Failure::new(StatusCode::UNAUTHORIZED)
            .id("session_aal1_required")
            .reason("A second factor can be asked for only after a first one."),
        Refusal::Session(why) => denied(&base_url, None, why),
        Refusal::Refresh(place) => Failure::new(StatusCode::FORBIDDEN)
            .id("session_refresh_required")
            .reason("It was too long ago that you showed who you are. Please do so once more.")
            .beside("redirect_browser_to", place),
        Refusal::OtherIdentity => Failure::new(StatusCode::FORBIDDEN)
            .id("security_identity_mismatch")
            .reason("This flow belongs to somebody else."),
        Refusal::Invalid(why) => Failure::invalid(why),
        Refusal::NotVerified { flow, address } => not_verified(d, flow, &address),
        Refusal::Failed(error) => error.into(),
    }
}

fn expired(d: &Deps, flow: Uuid, over_since: Timestamp) -> Failure {
    Failure::new(StatusCode::GONE)
        .id("self_service_flow_expired")
        .reason("The time for this is over. Another flow was begun in its place.")
        .beside("expired_at", over_since.to_string())
        .beside("since", nanoseconds(d.clock.now().duration_since(over_since)))
        .beside("use_flow_id", flow.to_string())
}

fn not_verified(d: &Deps, flow: Uuid, address: &str) -> Failure {
    let url = page_of(&d.options, FlowKind::Verification, flow);
    let next = serde_json::json!([{
        "action": "show_verification_ui",
        "flow": {"id": flow, "verifiable_address": address, "url": url},
    }]);
    Failure::new(StatusCode::FORBIDDEN)
        .id("session_verified_address_required")
        .reason("Your address must be verified first; a code is on its way to it.")
        .detail("continue_with", next)
}

/// As Kratos counts durations.
fn nanoseconds(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
