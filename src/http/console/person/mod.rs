//! One person: the heading and the tabs that every page about them has.

pub mod access;
mod accounts;
pub mod attributes;
pub mod authorities;
mod confirm;
mod credentials;
mod inspect;
mod overview;
mod sessions;
pub mod status;
pub mod terms;
pub mod traits;

pub use accounts::{account_change, account_form, page as accounts, unlink, unlink_form};
pub use confirm::Confirm;
pub use credentials::{
    page as credentials, password_form, recover, recovery_form, reset, reset_form, send, send_form,
    set_password,
};
pub use inspect::{applications, page as inspect};
pub use overview::page as overview;
pub use sessions::{end, end_all, end_all_form, end_form, page as sessions};
pub use status::{
    change as change_status, expire, expiry_form, form as status_form, remove, remove_form,
};

use serde::Serialize;
use uuid::Uuid;

use super::at::At;
use super::routes::is_there;
use super::who::{Who, who};
use crate::domain::identity::Identity;
use crate::error::ErrorCode;
use crate::http::pages::{Frame, Link, Turn};
use crate::service::identities::{Selector, find};

/// What there is to see of a person, in the order of the tabs. One that has no page is left out.
const TABS: [(&str, &str); 10] = [
    ("", "console.tab.overview"),
    ("/accounts", "console.tab.accounts"),
    ("/access", "console.tab.access"),
    ("/attributes", "console.tab.attributes"),
    ("/groups", "console.tab.groups"),
    ("/sessions", "console.tab.sessions"),
    ("/credentials", "console.tab.credentials"),
    ("/applications", "console.tab.applications"),
    ("/history", "console.tab.history"),
    ("/inspect", "console.tab.inspect"),
];
/// The path below which all of that is.
const ROOT: &str = "/console/people/{id}";

/// A person that a page is about.
#[derive(Clone, Debug)]
pub struct Person {
    /// Everything there is.
    pub identity: Identity,
    /// What is in the heading.
    pub who: Who,
    /// Where the pages about them are.
    pub href: String,
}

/// What the template of every page about a person gets as `person`.
#[derive(Debug, Serialize)]
pub struct Heading {
    who: Who,
    tabs: Vec<Link>,
    people: String,
}

/// The person in the path.
///
/// # Errors
/// [`Turn`] where there is none.
pub fn load(at: &At<'_>) -> Result<Person, Turn> {
    let identity = find(at.d(), &Selector::Id(at.id()?))?;
    let who = who(at, at.d().clock.now(), &identity);
    Ok(Person { href: who.href.clone(), identity, who })
}

/// The id in the path of a page about somebody, where there is nobody with it.
pub fn missed(at: &At<'_>) -> Option<Uuid> {
    let id = at.id().ok().filter(|_| at.route.path.starts_with(ROOT))?;
    let error = find(at.d(), &Selector::Id(id)).err()?;
    (error.code() == ErrorCode::NotFound).then_some(id)
}

impl Person {
    /// What the template gets as `person`.
    pub fn heading(&self, at: &At<'_>) -> Heading {
        let here = at.route.path.strip_prefix(ROOT).unwrap_or_default();
        let tabs = TABS.iter().filter(|(path, _)| is_there(&format!("{ROOT}{path}")));
        let tabs = tabs.map(|(path, name)| {
            let below = here.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            let current = here == *path || (!path.is_empty() && below);
            Link { current, ..Link::new(format!("{}{path}", self.href), at.text(name)) }
        });
        Heading { who: self.who.clone(), tabs: tabs.collect(), people: at.at("/console/people") }
    }

    /// What is around a page about them.
    pub fn frame(&self, at: &At<'_>) -> Frame {
        at.frame(self.who.name.clone())
    }

    /// Where a page about them is, for [`At::done`].
    pub fn path(&self, below: &str) -> String {
        format!("/console/people/{}{below}", self.identity.id)
    }
}
