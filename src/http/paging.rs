//! Pages: what is asked for, and the links to the others.

use std::fmt::Write as _;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::query::Query;
use crate::service::sessions::Slice;

/// The parameters that say which page.
const NAMES: [&str; 4] = ["page", "page_size", "page_token", "per_page"];

/// A page that is counted from the beginning of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    size: u32,
    offset: u64,
}

impl Counted {
    /// Reads `page` and `per_page`, or `page_size` and `page_token`; what makes no sense is taken
    /// for the default, as clients of Kratos expect.
    #[must_use]
    pub fn read(query: &Query) -> Self {
        let size = number(query, "page_size").or_else(|| number(query, "per_page"));
        let size = u32::try_from(size.unwrap_or(250).clamp(1, 1000)).unwrap_or(250);
        let page = number(query, "page").unwrap_or(0);
        let offset = query.text("page_token").and_then(offset_of);
        Self { size, offset: offset.unwrap_or_else(|| page.saturating_mul(size.into())) }
    }

    /// The part of the list that is on the page.
    #[must_use]
    pub const fn slice(self) -> Slice {
        Slice { limit: self.size, offset: self.offset }
    }

    /// The headers of a page out of a list with `total` entries.
    #[must_use]
    pub fn headers(self, uri: &Uri, total: u64) -> HeaderMap {
        let size = u64::from(self.size);
        let last = total.saturating_sub(1) / size * size;
        let mut pages = vec![("first", 0)];
        if self.offset.saturating_add(size) < total {
            pages.push(("next", self.offset + size));
        }
        if self.offset > 0 {
            pages.push(("prev", self.offset.saturating_sub(size)));
        }
        pages.push(("last", last));
        let links = pages.into_iter().map(|(rel, offset)| {
            let token = URL_SAFE_NO_PAD.encode(format!(r#"{{"offset":"{offset}","v":2}}"#));
            let (page, size) = ((offset / size).to_string(), size.to_string());
            link(uri, rel, &[&page, &size, &token, &size].map(|value| Some(value.as_str())))
        });
        let mut headers = links_header(links);
        headers.insert(HeaderName::from_static("x-total-count"), total.into());
        headers
    }
}

/// The size of a page that is asked for by a token: `default` when nothing sensible is said.
#[must_use]
pub fn size(query: &Query, default: u32, max: u32) -> u32 {
    let asked = number(query, "page_size").or_else(|| number(query, "per_page"));
    asked
        .filter(|size| *size > 0)
        .map_or(default, |size| u32::try_from(size).unwrap_or(max).min(max))
}

/// The links of a page in a list without a count.
#[must_use]
pub fn keyset(uri: &Uri, size: u32, next: Option<&str>) -> HeaderMap {
    let size = size.to_string();
    let one = |rel, token| link(uri, rel, &[None, Some(size.as_str()), Some(token), None]);
    links_header(std::iter::once(one("first", "")).chain(next.map(|token| one("next", token))))
}

fn number(query: &Query, name: &str) -> Option<u64> {
    query.text(name)?.parse().ok()
}

fn offset_of(token: &str) -> Option<u64> {
    let document: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    document.get("offset")?.as_str()?.parse().ok()
}

fn links_header(links: impl Iterator<Item = String>) -> HeaderMap {
    let text = links.collect::<Vec<_>>().join(",");
    let value = HeaderValue::from_str(&text);
    value.into_iter().map(|value| (header::LINK, value)).collect()
}

/// A link to the same path and query with other values of `page`, `page_size`, `page_token` and
/// `per_page`.
#[must_use]
pub fn link(uri: &Uri, rel: &str, values: &[Option<&str>; 4]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if !NAMES.contains(&name.as_ref()) {
            query.append_pair(&name, &value);
        }
    }
    for (name, value) in NAMES.iter().zip(values) {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = write!(text, "<{}?{}>; rel=\"{rel}\"", uri.path(), query.finish());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(query: &str) -> Counted {
        Counted::read(&Query::parse(query))
    }

    #[test]
    fn input_07_a_page_is_read_in_either_dialect_and_nonsense_is_the_default() {
        let page = |size, offset| Counted { size, offset };
        assert_eq!(counted(""), page(250, 0));
        assert_eq!(counted("page=2&per_page=10"), page(10, 20));
        let token = URL_SAFE_NO_PAD.encode(r#"{"offset":"30","v":2}"#);
        assert_eq!(counted(&format!("page_size=10&page_token={token}&page=9")), page(10, 30));
        assert_eq!(counted("page_size=0&page_token=%00&page=x"), page(1, 0));
        assert_eq!(counted("per_page=9999&page=-1"), page(1000, 0));
        assert_eq!(counted("page=18446744073709551615").offset, u64::MAX);
    }

    #[test]
    fn links_keep_the_rest_of_the_query_and_lead_through_the_list() {
        let uri: Uri = "/sessions?a=b%20c&page=1&per_page=2".parse().unwrap();
        let headers = counted("page=1&per_page=2").headers(&uri, 7);
        assert_eq!(headers["x-total-count"], "7");
        let links = headers["link"].to_str().unwrap();
        let rels: Vec<&str> =
            links.split(',').map(|link| link.rsplit(' ').next().unwrap()).collect();
        assert_eq!(rels, ["rel=\"first\"", "rel=\"next\"", "rel=\"prev\"", "rel=\"last\""]);
        assert!(links.starts_with("</sessions?a=b+c&page=0&page_size=2&page_token="), "{links}");
        assert!(links.contains("page=2&") && links.contains("page=3&"), "{links}");
        let only = counted("").headers(&uri, 0);
        assert!(!only["link"].to_str().unwrap().contains("next"));
        let far = counted("page=18446744073709551615").headers(&uri, 3);
        assert!(!far["link"].to_str().unwrap().contains("next"));
    }

    #[test]
    fn a_keyset_has_a_next_page_or_none() {
        let uri: Uri = "/admin/sessions?active=true&page_token=old".parse().unwrap();
        let headers = keyset(&uri, 2, Some("new"));
        assert_eq!(
            headers["link"],
            "</admin/sessions?active=true&page_size=2&page_token=>; rel=\"first\",\
             </admin/sessions?active=true&page_size=2&page_token=new>; rel=\"next\""
        );
        assert!(!keyset(&uri, 2, None)["link"].to_str().unwrap().contains("next"));
        assert_eq!(size(&Query::parse("page_size=9999"), 250, 1000), 1000);
        assert_eq!(size(&Query::parse("page_size=0"), 250, 1000), 250);
        assert_eq!(size(&Query::parse("per_page=7"), 250, 1000), 7);
    }
}
