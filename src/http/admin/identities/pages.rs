//! Which page of the list of identities is asked for, and the links to the others: by the id of
//! the last one that was seen, or, as older clients have it, by number.

use axum::http::{HeaderMap, HeaderName, Uri, header};
use uuid::Uuid;

use crate::http::failure::Failure;
use crate::http::paging::link;
use crate::http::query::Query;
use crate::service::lookup::COUNTED_MAX;

/// How many identities a page has when nothing is said.
const SIZE: u64 = 250;
/// How many it has at the most.
const SIZE_MAX: u64 = 500;
/// How far into the list pages are counted.
const COUNTED_TO: u64 = 1000;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many identities.
    pub size: u64,
    /// Where it begins.
    pub from: From,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// After this id.
    Id(Uuid),
    /// After so many pages.
    Page(u64),
}

impl Page {
    /// Reads the parameters.
    ///
    /// # Errors
    /// 400.
    pub fn read(query: &Query) -> Result<Self, Failure> {
        if query.text("page").is_some()
            && query.text("page_size").is_none()
            && query.first("page_token").is_none()
        {
            let page = number(query, "page")?.unwrap_or(0);
            let size = size(query, "per_page")?;
            if page.saturating_mul(size) > COUNTED_TO {
                return Err(Failure::invalid(format!(
                    "Pages are counted up to identity {COUNTED_TO}; follow page_token beyond it."
                )));
            }
            return Ok(Self { size, from: From::Page(page) });
        }
        let sized = if query.text("page_size").is_some() { "page_size" } else { "per_page" };
        let token = query.text("page_token").map(Uuid::parse_str).transpose();
        let after = token.map_err(|_| {
            Failure::invalid("The page token is none of ours; take it from the Link header.")
        })?;
        Ok(Self { size: size(query, sized)?, from: From::Id(after.unwrap_or_default()) })
    }

    /// How many identities are passed over, and after which id.
    #[must_use]
    pub const fn begin(self) -> (u64, Option<Uuid>) {
        match self.from {
            From::Id(id) if id.is_nil() => (0, None),
            From::Id(id) => (0, Some(id)),
            From::Page(page) => (page.saturating_mul(self.size), None),
        }
    }

    /// The headers of the page: `last` is the id of the last identity on it when there are more,
    /// `total` how many there are, where pages are counted.
    #[must_use]
    pub fn headers(self, uri: &Uri, last: Option<Uuid>, total: u64) -> HeaderMap {
        let (size, mut headers) = (self.size.to_string(), HeaderMap::new());
        let links = match self.from {
            From::Id(_) => {
                let link = |rel, id: Uuid| {
                    link(uri, rel, &[None, Some(&size), Some(&id.to_string()), None])
                };
                let next = last.map(|id| link("next", id));
                std::iter::once(link("first", Uuid::nil())).chain(next).collect::<Vec<_>>()
            }
            From::Page(page) => {
                headers.insert(HeaderName::from_static("x-total-count"), total.into());
                if total >= COUNTED_MAX {
                    let name = HeaderName::from_static("x-total-count-at-least");
                    headers.insert(name, total.into());
                }
                let end = total.saturating_sub(1) / self.size;
                let mut pages = vec![("first", 0)];
                pages.extend(last.map(|_| ("next", page.saturating_add(1))));
                pages.extend(page.checked_sub(1).map(|before| ("prev", before)));
                pages.push(("last", end));
                let link = |(rel, page): (&str, u64)| {
                    link(uri, rel, &[Some(&page.to_string()), None, None, Some(&size)])
                };
                pages.into_iter().map(link).collect()
            }
        };
        headers.extend(links.join(",").parse().ok().map(|value| (header::LINK, value)));
        headers
    }
}

fn size(query: &Query, name: &str) -> Result<u64, Failure> {
    Ok(match number(query, name)? {
        None | Some(0) => SIZE,
        Some(size) => size.min(SIZE_MAX),
    })
}

fn number(query: &Query, name: &str) -> Result<Option<u64>, Failure> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match query.text(name) {
        None => Ok(None),
        // Whatever is beyond all numbers is beyond all limits too.
        Some(text) if digits(text) => Ok(Some(text.parse().unwrap_or(u64::MAX))),
        Some(_) => Err(Failure::invalid(format!("`{name}` must be a number, 0 or more."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<Page, Failure> {
        Page::read(&Query::parse(query))
    }

    #[test]
    fn input_07_sizes_are_clamped_and_forged_tokens_refused() {
        let first = |size| Page { size, from: From::Id(Uuid::nil()) };
        assert_eq!(page("").unwrap(), first(250));
        assert_eq!(page("page_token=&page_size=").unwrap(), first(250));
        assert_eq!(page("page_size=9999").unwrap(), first(500));
        assert_eq!(page("page_size=99999999999999999999999").unwrap(), first(500));
        assert_eq!(page("per_page=7").unwrap(), first(7));
        assert_eq!(page("page=1&page_size=7").unwrap(), first(7));
        let counted = |size, page| Page { size, from: From::Page(page) };
        assert_eq!(page("page=2&per_page=500").unwrap(), counted(500, 2));
        for bad in ["page_token=abc", "page_size=-1", "page_size=x", "page=3&per_page=500"] {
            assert!(page(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn links_are_relative_keep_the_query_and_have_no_blank_between_them() {
        let uri: Uri = "/admin/identities?page_size=2&consistency=strong".parse().unwrap();
        let id = Uuid::from_u128(7);
        let headers = page("page_size=2").unwrap().headers(&uri, Some(id), 0);
        assert_eq!(
            headers["link"],
            "</admin/identities?consistency=strong&page_size=2&\
             page_token=00000000-0000-0000-0000-000000000000>; rel=\"first\",\
             </admin/identities?consistency=strong&page_size=2&\
             page_token=00000000-0000-0000-0000-000000000007>; rel=\"next\""
        );
        assert!(!headers.contains_key("x-total-count"));
        let uri: Uri = "/identities?page=1&per_page=2".parse().unwrap();
        let headers = page("page=1&per_page=2").unwrap().headers(&uri, Some(id), 5);
        assert_eq!(
            headers["link"],
            "</identities?page=0&per_page=2>; rel=\"first\",\
             </identities?page=2&per_page=2>; rel=\"next\",\
             </identities?page=0&per_page=2>; rel=\"prev\",\
             </identities?page=2&per_page=2>; rel=\"last\""
        );
        assert_eq!(headers["x-total-count"], "5");
    }
}
