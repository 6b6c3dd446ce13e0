//! Whether the client is a browser on its way or a program that reads JSON.

use axum::http::{HeaderMap, HeaderValue, header};

/// Whether the answer is to be JSON: the client would rather have it than HTML, or sends JSON.
#[must_use]
pub fn json(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let accept = text(header::ACCEPT).unwrap_or_default();
    text(header::CONTENT_TYPE) == Some("application/json")
        || wish(accept, "application/json") > wish(accept, "text/html")
}

/// How much a type is wished for, in thousandths, and how exactly it is named.
fn wish(accept: &str, kind: &str) -> (u32, u8) {
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?.to_ascii_lowercase();
        let family = kind.split('/').next().unwrap_or_default();
        let exactness = match name.as_str() {
            name if name == kind => 2,
            "*/*" => 0,
            name if name.strip_suffix("/*") == Some(family) => 1,
            _ => return None,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
        // A weight has at most three digits after the point (RFC 9110, 12.4.2).
        let (whole, digits) = weight.split_once('.').unwrap_or((weight, ""));
        let thousandths: u32 = format!("{whole}{digits:0<3}").parse().ok()?;
        (thousandths > 0).then_some((thousandths, exactness))
    });
    ranges.max().unwrap_or((0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_ask_for_json_and_browsers_do_not() {
        let asks = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            json(&headers)
        };
        assert!(asks("application/json"));
        assert!(asks("application/json, text/plain, */*"));
        assert!(asks("text/html;q=0.5, application/json;q=0.9"));
        assert!(!asks("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(!asks("*/*"));
        assert!(!asks("application/json, text/html"));
        assert!(!asks("application/json;q=0"));
        assert!(!asks(""));
        let mut headers = HeaderMap::new();
        assert!(!json(&headers));
        headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        assert!(json(&headers));
    }
}
