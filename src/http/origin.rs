//! From which page a request comes, as far as browsers say: in `Sec-Fetch-Site` and in `Origin`.
//! Programs that are no browsers send neither.

use axum::http::{HeaderMap, HeaderName, header};
use url::{Origin, Url};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request comes from a page of the host it goes to, or from none.
pub fn is_from_here(headers: &HeaderMap) -> bool {
    says_so(headers) && is_of_host(headers)
}

/// Whether a request comes from a page below `base_url`, under whatever name a proxy speaks to us,
/// or from none.
pub fn is_of(base_url: &str, headers: &HeaderMap) -> bool {
    // A proxy that lets pages tell nobody where they are makes browsers leave the origin out.
    let sure = only(headers, &SITE) == Some("same-origin");
    let ours = Url::parse(base_url).map(|url| url.origin()).ok();
    let known = || ours.is_some() && origin(headers).map(|url| url.origin()) == ours;
    sure || says_so(headers) && (known() || is_of_host(headers))
}

/// Whether the browser itself finds the page to be of the same origin, where it says so.
fn says_so(headers: &HeaderMap) -> bool {
    !headers.contains_key(SITE) || matches!(only(headers, &SITE), Some("same-origin" | "none"))
}

/// Whether the page that is named, if one is, is of the host that is asked.
fn is_of_host(headers: &HeaderMap) -> bool {
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let (Some(page), Some(host)) = (origin(headers), only(headers, &header::HOST)) else {
        return false;
    };
    // The scheme is the page's: with it, a port that goes without saying is the same in both.
    let ours = Url::parse(&format!("{}://{host}", page.scheme())).map(|url| url.origin());
    matches!((page.origin(), ours), (page @ Origin::Tuple(..), Ok(ours)) if page == ours)
}

fn origin(headers: &HeaderMap) -> Option<Url> {
    Url::parse(only(headers, &header::ORIGIN)?).ok()
}

/// The text of a header that is there once.
pub fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let (value, None) = (all.next()?, all.next()) else { return None };
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn authz_05_a_page_is_ours_by_its_own_name_and_by_that_of_the_host() {
        let ours = |more: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.append("host", HeaderValue::from_static("10.0.0.1:4433"));
            for (name, value) in more {
                headers.append(*name, HeaderValue::from_static(value));
            }
            is_of("https://id.example.com/auth", &headers)
        };
        let (site, page) = ("sec-fetch-site", "origin");
        for good in [
            &[][..],
            &[(page, "https://id.example.com")],
            &[(page, "https://id.example.com:443"), (site, "same-origin")],
            &[(page, "http://10.0.0.1:4433")],
            &[(page, "null"), (site, "same-origin")],
            &[(site, "none")],
        ] {
            assert!(ours(good), "{good:?}");
        }
        for bad in [
            &[(page, "https://evil.example")][..],
            &[(page, "http://id.example.com")],
            &[(page, "https://id.example.com.evil.example")],
            &[(page, "https://id.example.com"), (page, "https://evil.example")],
            &[(page, "null")],
            &[(page, "file://")],
            &[(page, "")],
            &[(site, "cross-site")],
            &[(site, "same-site"), (page, "https://id.example.com")],
            &[(site, "same-origin"), (site, "cross-site")],
        ] {
            assert!(!ours(bad), "{bad:?}");
        }
    }
}
