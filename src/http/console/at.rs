//! What a page of the console is made with: who asks, what for, and what they sent.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::form::Field;
use super::frame::{Office, office};
use super::receipt;
use super::refused;
use super::routes::Route;
use crate::app::Deps;
use crate::domain::authority::Authority;
use crate::http::blocking::App;
use crate::http::origin;
use crate::http::pages::{Frame, Making, Turn, Visit, plain};
use crate::http::query::Query;
use crate::http::ticket;
use crate::service::Caller;
use crate::service::console::{Admitted, Knock, admit};
use crate::service::sessions::Desk;
use crate::service::unchanged::Unchanged;

/// The field with the tag of what a form is about.
const SEEN: &str = "seen";

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
        from_here: origin::is_of(&d.options.base_url(), &visit.headers),
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

    /// A text of ours about so many of something.
    pub fn counted(&self, key: &str, count: u64) -> String {
        self.m.visit.language.counted(key, count, &[])
    }

    /// The text of a word below `key` or, where there is none, the word.
    pub fn known(&self, key: &str, word: &str) -> String {
        let key = format!("{key}.{word}");
        if self.m.visit.language.has(&key) { self.text(&key) } else { plain(word) }
    }

    /// A line of what a change ends: how many, and of what.
    pub fn effect(&self, count: u64, key: &str) -> (u64, String) {
        (count, self.counted(key, count))
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

    /// As whom they act on something that is to be as it was when the form was made, by the tag in the form.
    pub fn by_as_seen(&self) -> Caller {
        let seen = self.form.text(SEEN).map(|tag| Unchanged::Tags(vec![tag.to_owned()]));
        Caller { unchanged: seen, ..self.by.clone() }
    }

    /// The field with that tag.
    pub fn seen(&self, tag: &str) -> Field {
        Field::new(self, "hidden", SEEN, "console.id").or(tag)
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
