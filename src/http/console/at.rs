//! What a page of the console is made with: who asks, what for, and what they sent.

use std::collections::BTreeSet;

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use url::Url;
use uuid::Uuid;

use super::frame::{Office, office};
use super::receipt;
use super::refused;
use super::routes::Route;
use crate::app::Deps;
use crate::domain::authority::Authority;
use crate::http::blocking::App;
use crate::http::pages::{Frame, Making, Turn, Visit};
use crate::http::query::Query;
use crate::http::ticket;
use crate::service::Caller;
use crate::service::console::{Admitted, Knock, admit};
use crate::service::sessions::Desk;

/// A page in the making.
pub struct At<'a> {
    /// The service and the browser.
    pub m: &'a Making<'a>,
    /// The row of the table.
    pub route: &'static Route,
    /// Who asks.
    pub desk: Desk,
    /// What they may manage.
    pub authorities: BTreeSet<Authority>,
    /// As whom they act.
    pub by: Caller,
    /// What the form has in it.
    pub form: Query,
    /// For answers that are sent while they are made.
    pub app: App,
    path: Vec<(String, String)>,
}

/// What a template gets: what is around the page, and the page.
#[derive(Serialize)]
struct Whole<'a, T> {
    office: Office,
    #[serde(flatten)]
    content: &'a T,
}

/// Lets the browser in and makes the page, or what is shown instead.
pub fn made(
    d: &Deps,
    app: &App,
    route: &'static Route,
    visit: &Visit,
    path: Vec<(String, String)>,
    body: &[u8],
    page: fn(&At<'_>) -> Result<Response, Turn>,
) -> Response {
    let m = Making { d, visit };
    let form = Query::parse(&String::from_utf8_lossy(body));
    // A browser is known by its cookie alone (AUTHZ-05).
    let presented = ticket::cookie(&visit.headers);
    let knock = Knock {
        need: route.need,
        touch: route.touch,
        method: route.method.as_str(),
        resource: route.path,
        form_token: form.first("csrf_token"),
        from_here: from_here(&visit.headers, &d.options.base_url()),
        by: visit.asked.anybody(),
    };
    let flood = app.flood();
    match admit(d, &flood, presented.as_ref(), &knock) {
        Err(turned) => refused::page(&m, turned).unwrap_or_else(|turn| m.answer(turn)),
        Ok(Admitted { desk, authorities, by }) => {
            let at = At { m: &m, route, desk, authorities, by, form, app: app.clone(), path };
            match page(&at) {
                Err(Turn::Wrong(status, text)) => {
                    refused::wrong(&at, status, text).unwrap_or_else(|turn| m.answer(turn))
                }
                other => other.unwrap_or_else(|turn| m.answer(turn)),
            }
        }
    }
}

impl At<'_> {
    /// The service.
    pub const fn d(&self) -> &Deps {
        self.m.d
    }

    /// The parameters of the address.
    pub fn query(&self) -> &Query {
        &self.m.visit.query
    }

    /// A text of ours.
    pub fn text(&self, key: &str) -> String {
        self.m.text(key)
    }

    /// A text of ours with values in it.
    pub fn text_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.m.visit.language.text_with(key, values)
    }

    /// A part of the path, by the name it has in the table.
    pub fn part(&self, name: &str) -> &str {
        let found = self.path.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The part `id` of the path; what is no id is the id of nothing.
    pub fn id(&self) -> Result<Uuid, Turn> {
        self.part("id").parse().map_err(|_| Self::missing())
    }

    /// The page that says that there is nothing here.
    pub const fn missing() -> Turn {
        Turn::Wrong(StatusCode::NOT_FOUND, "error.text_missing")
    }

    /// The page that says that what was sent makes no sense.
    pub const fn nonsense() -> Turn {
        Turn::Wrong(StatusCode::BAD_REQUEST, "error.text_missing")
    }

    /// An address of the service, as a path.
    pub fn at(&self, path: &str) -> String {
        self.m.at(path)
    }

    /// What is around a page with this title.
    pub fn frame(&self, title: impl Into<String>) -> Frame {
        Frame::console(self.m, &title.into(), &self.desk)
    }

    /// The page.
    pub fn page<T: Serialize>(
        &self,
        template: &str,
        frame: Frame,
        content: &T,
    ) -> Result<Response, Turn> {
        let office = office(self, receipt::of(self)?);
        self.m.page(template, frame, &Whole { office, content })
    }

    /// Where a change leads: to a page that shows its receipt, or that nothing had to change.
    pub fn done(&self, path: &str) -> Turn {
        let mark = if path.contains('?') { '&' } else { '?' };
        let said = match self.by.places.as_ref().and_then(crate::service::Places::last) {
            Some((first, _)) => format!("receipt={first}"),
            None => "said=unchanged".to_owned(),
        };
        Turn::To(format!("{}{mark}{said}", self.at(path)))
    }
}

/// Whether a form can have been sent by a page of this service, as far as the browser says.
fn from_here(headers: &HeaderMap, base_url: &str) -> bool {
    let site = only(headers, &HeaderName::from_static("sec-fetch-site"));
    if headers.contains_key("sec-fetch-site") && !matches!(site, Some("same-origin" | "none")) {
        return false;
    }
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let Some(origin) = only(headers, &header::ORIGIN).and_then(|text| Url::parse(text).ok()) else {
        return false;
    };
    // Under the address that the options name, or the one the browser reached us by.
    let host = only(headers, &header::HOST).map(|host| format!("{}://{host}", origin.scheme()));
    let ours = [Some(base_url.to_owned()), host];
    let mut ours = ours.iter().flatten().filter_map(|text| Url::parse(text).ok());
    ours.any(|ours| ours.origin().is_tuple() && ours.origin() == origin.origin())
}

/// The text of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let (value, None) = (all.next()?, all.next()) else { return None };
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_comes_from_a_page_of_this_service() {
        let fine = |headers: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            from_here(&map, "https://id.example.com/auth")
        };
        let site = "sec-fetch-site";
        assert!(fine(&[]), "some browsers say nothing; the form's token is asked for all the same");
        assert!(fine(&[(site, "same-origin"), ("origin", "https://id.example.com")]));
        assert!(fine(&[("origin", "http://10.0.0.7:4433"), ("host", "10.0.0.7:4433")]));
        for bad in [
            vec![(site, "cross-site")],
            vec![(site, "same-site"), ("origin", "https://id.example.com")],
            vec![(site, "same-origin"), (site, "none")],
            vec![("origin", "https://evil.example")],
            vec![("origin", "https://id.example.com:444")],
            vec![("origin", "null")],
            vec![("origin", "null"), ("host", "null")],
            vec![("origin", "https://evil.example"), ("host", "id.example.com")],
            vec![("origin", "https://id.example.com"), ("origin", "https://evil.example")],
        ] {
            assert!(!fine(&bad), "{bad:?}");
        }
    }
}
