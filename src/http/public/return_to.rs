//! Where a browser may be sent: to our own pages, so that nobody borrows our name for a link.

use axum::http::StatusCode;
use url::Url;

use crate::http::failure::Failure;
use crate::http::query::Query;

/// The parameter `return_to` as a whole address, if there is one and it lies below `base_url`.
pub fn allowed(base_url: &str, query: &Query) -> Result<Option<String>, Failure> {
    let Some(asked) = query.text("return_to") else { return Ok(None) };
    match below(base_url, asked) {
        Some(place) => Ok(Some(place)),
        None => Err(Failure::new(StatusCode::BAD_REQUEST)
            .id("self_service_flow_return_to_forbidden")
            .reason("The address in `return_to` is not one of this service.")),
    }
}

fn below(base_url: &str, asked: &str) -> Option<String> {
    let base = Url::parse(&format!("{base_url}/")).ok()?;
    // Parsed as browsers do it: `//other.example` and `/\other.example` become another host here.
    let place = base.join(asked).ok()?;
    let same = place.origin() == base.origin() && place.username().is_empty();
    let path = place.path();
    let within = path.starts_with(base.path()) || format!("{path}/") == base.path();
    (same && place.password().is_none() && within).then(|| place.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_below_the_service_are_allowed() {
        let base = "https://id.example.com/auth";
        for good in [
            "https://id.example.com/auth",
            "https://id.example.com/auth/settings?x=1",
            "https://ID.example.com:443/auth/x",
            "/auth/x",
            "x",
        ] {
            assert!(below(base, good).is_some(), "{good}");
        }
        for bad in [
            "https://id.example.com/other",
            "https://id.example.com/author",
            "https://id.example.com/auth/../other",
            "https://id.example.com:444/auth/",
            "http://id.example.com/auth/",
            "https://id.example.com.evil.example/auth/",
            "https://id.example.com@evil.example/auth/",
            "https://me@id.example.com/auth/",
            "//evil.example/auth/",
            "/\\evil.example/auth/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
        ] {
            assert!(below(base, bad).is_none(), "{bad}");
        }
    }
}
