//! What is around every page of the console.

use serde::Serialize;

use super::at::At;
use super::receipt::Receipt;
use super::routes::{TABLE, is_there};
use crate::http::pages::{Link, Message, way_out};

/// The places of the console, in the order of the navigation. One that has no page yet, or that the
/// person may not see, is left out.
const PLACES: [(&str, &str); 8] = [
    ("/console", "console.nav.overview"),
    ("/console/people", "console.nav.people"),
    ("/console/roles", "console.nav.roles"),
    ("/console/groups", "console.nav.groups"),
    ("/console/attributes", "console.nav.attributes"),
    ("/console/history", "console.nav.history"),
    ("/console/ledger", "console.nav.ledger"),
    ("/console/mail", "console.nav.mail"),
];

/// What templates know as `office`.
#[derive(Debug, Serialize)]
pub struct Office {
    places: Vec<Link>,
    own: Link,
    out: Link,
    /// For forms.
    token: String,
    receipt: Option<Receipt>,
    said: Vec<Message>,
}

/// What is around the page that `at` makes.
pub fn office(at: &At<'_>, receipt: Option<Receipt>) -> Office {
    let here = at.route.path;
    let may = |path: &str| {
        let mut found = TABLE.iter().filter(|route| route.path == path);
        found.any(|route| route.need.is_met(&at.authorities))
    };
    let places = PLACES.iter().filter(|(path, _)| is_there(path) && may(path));
    let places = places.map(|(path, name)| {
        let below =
            here.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let current = if *path == "/console" { here == *path } else { below };
        Link { current, ..Link::new(at.at(path), at.text(name)) }
    });
    let unchanged = at.query().text("said") == Some("unchanged");
    let said = unchanged.then(|| Message { kind: "info", text: at.text("console.said.unchanged") });
    Office {
        places: places.collect(),
        own: Link::new(at.at("/ui/welcome"), at.text("console.own")),
        out: way_out(at.m, &at.desk.logout_token, "nav.logout"),
        token: at.desk.form_token.clone(),
        receipt,
        said: said.into_iter().collect(),
    }
}
