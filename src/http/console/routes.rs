//! The one table of the console's pages.
//!
//! To add a page:
//!
//! 1. Write `pub fn page(at: &At<'_>) -> Result<Response, Turn>` in a file of this folder. `at` knows
//!    who asks (`at.by`, as whom they act), what is in the path (`at.id()`, `at.part("name")`), in the
//!    address (`at.query()`) and in the form (`at.form`).
//! 2. Add a row here: `shows` for what is only looked at, `form` for the form of a change, `changes`
//!    for what the form is sent to. The latter two share their path, because whoever must sign in once
//!    more comes back to the form; a form's `<form>` has `{{ office.token }}` in its field
//!    `csrf_token`. What the row says is checked before the page is called, and the tests walk the same
//!    table, so there is nothing else to write for that.
//! 3. Put the template into `pages/templates/console/`, extend `console/frame.html`, name it in
//!    `http/pages/engine.rs`, and end the page with `at.page("console/x.html", at.frame("title"), &x)`.
//!    Texts are `console.…` in `pages/translations/console*.json`.
//! 4. After a change, end with `at.done("/console/…")`: the page it leads to shows the receipt out of
//!    the ledger. What can be told only once, such as a code, is shown by the page of the change itself.
//! 5. For a place in the navigation add it to `PLACES` in `frame.rs`, for a tab of a person to `TABS`
//!    in `person.rs`.

use axum::body::Bytes;
use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use utoipa_axum::router::OpenApiRouter;

use super::at::{self, At};
use super::{
    circles, history, invite, ledger, mail, members, overview, people, person, sets, several,
};
use crate::http::blocking::App;
use crate::http::failure::Failure;
use crate::http::pages::{Turn, Visit};
pub use crate::service::console::{Need, Touch};
use Need::{Administrator, Developer};

/// How a page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// To be shown.
    Get,
    /// With a form.
    Post,
}

impl Method {
    /// The method's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What makes a page.
type Page = fn(&At<'_>) -> Result<Response, Turn>;

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// How it is asked for.
    pub method: Method,
    /// The path, with `{names}` of what changes in it.
    pub path: &'static str,
    /// What it takes.
    pub need: Need,
    /// What it does.
    pub touch: Touch,
    /// Whether it hashes a password, which only few may do at once.
    pub hashes: bool,
    pub(super) page: Page,
}

/// A page that is only looked at.
const fn shows(path: &'static str, need: Need, page: Page) -> Route {
    Route { method: Method::Get, path, need, touch: Touch::Reads, hashes: false, page }
}

/// The form of a change, with what the change will do.
const fn form(path: &'static str, need: Need, page: Page) -> Route {
    Route { touch: Touch::Prepares, ..shows(path, need, page) }
}

/// A change.
const fn changes(path: &'static str, need: Need, page: Page) -> Route {
    Route { method: Method::Post, touch: Touch::Changes, ..shows(path, need, page) }
}

/// A change that hashes a password.
const fn hashes(route: Route) -> Route {
    Route { hashes: true, ..route }
}

/// Every page of the console.
#[rustfmt::skip]
pub const TABLE: &[Route] = &[
    shows("/console", Developer, overview::page),
    shows("/console/people", Administrator, people::page),
    form("/console/people/invite", Administrator, invite::form),
    changes("/console/people/invite", Administrator, invite::invite),
    form("/console/people/bulk", Administrator, several::form),
    changes("/console/people/bulk", Administrator, several::run),
    form("/console/people/export", Administrator, several::export_form),
    changes("/console/people/export", Administrator, several::export),
    form("/console/people/{id}/invite", Administrator, invite::again_form),
    changes("/console/people/{id}/invite", Administrator, invite::again),
    shows("/console/people/{id}", Administrator, person::overview),
    form("/console/people/{id}/lock", Administrator, person::status_form),
    changes("/console/people/{id}/lock", Administrator, person::change_status),
    form("/console/people/{id}/unlock", Administrator, person::status_form),
    changes("/console/people/{id}/unlock", Administrator, person::change_status),
    form("/console/people/{id}/block", Administrator, person::status_form),
    changes("/console/people/{id}/block", Administrator, person::change_status),
    form("/console/people/{id}/unblock", Administrator, person::status_form),
    changes("/console/people/{id}/unblock", Administrator, person::change_status),
    form("/console/people/{id}/expiry", Administrator, person::expiry_form),
    changes("/console/people/{id}/expiry", Administrator, person::expire),
    form("/console/people/{id}/terms", Administrator, person::terms::form),
    changes("/console/people/{id}/terms", Administrator, person::terms::reset),
    form("/console/people/{id}/delete", Administrator, person::remove_form),
    changes("/console/people/{id}/delete", Administrator, person::remove),
    form("/console/people/{id}/edit", Administrator, person::traits::form),
    changes("/console/people/{id}/edit", Administrator, person::traits::change),
    form("/console/people/{id}/authorities", Administrator, person::authorities::form),
    changes("/console/people/{id}/authorities", Administrator, person::authorities::set),
    shows("/console/people/{id}/accounts", Administrator, person::accounts),
    form("/console/people/{id}/accounts/unlink", Administrator, person::unlink_form),
    changes("/console/people/{id}/accounts/unlink", Administrator, person::unlink),
    form("/console/people/{id}/accounts/lock", Administrator, person::account_form),
    changes("/console/people/{id}/accounts/lock", Administrator, person::account_change),
    form("/console/people/{id}/accounts/unlock", Administrator, person::account_form),
    changes("/console/people/{id}/accounts/unlock", Administrator, person::account_change),
    form("/console/people/{id}/accounts/confirm", Administrator, person::account_form),
    changes("/console/people/{id}/accounts/confirm", Administrator, person::account_change),
    form("/console/people/{id}/accounts/unconfirm", Administrator, person::account_form),
    changes("/console/people/{id}/accounts/unconfirm", Administrator, person::account_change),
    form("/console/people/{id}/accounts/verify", Administrator, person::account_form),
    changes("/console/people/{id}/accounts/verify", Administrator, person::account_change),
    shows("/console/people/{id}/sessions", Administrator, person::sessions),
    form("/console/people/{id}/sessions/end", Administrator, person::end_all_form),
    changes("/console/people/{id}/sessions/end", Administrator, person::end_all),
    form("/console/people/{id}/sessions/{session}/end", Administrator, person::end_form),
    changes("/console/people/{id}/sessions/{session}/end", Administrator, person::end),
    shows("/console/people/{id}/credentials", Administrator, person::credentials),
    form("/console/people/{id}/credentials/{kind}/reset", Administrator, person::reset_form),
    changes("/console/people/{id}/credentials/{kind}/reset", Administrator, person::reset),
    form("/console/people/{id}/credentials/password", Administrator, person::password_form),
    hashes(changes("/console/people/{id}/credentials/password", Administrator, person::set_password)),
    form("/console/people/{id}/credentials/recovery", Administrator, person::recovery_form),
    changes("/console/people/{id}/credentials/recovery", Administrator, person::recover),
    form("/console/people/{id}/credentials/recovery/send", Administrator, person::send_form),
    changes("/console/people/{id}/credentials/recovery/send", Administrator, person::send),
    shows("/console/people/{id}/applications", Administrator, person::applications),
    shows("/console/people/{id}/inspect", Administrator, person::inspect),
    shows("/console/people/{id}/access", Administrator, person::access::page),
    form("/console/people/{id}/access/roles", Administrator, person::access::form),
    changes("/console/people/{id}/access/roles", Administrator, person::access::change),
    form("/console/people/{id}/access/permissions", Administrator, person::access::form),
    changes("/console/people/{id}/access/permissions", Administrator, person::access::change),
    shows("/console/people/{id}/groups", Administrator, person::access::groups),
    form("/console/people/{id}/groups/edit", Administrator, person::access::form),
    changes("/console/people/{id}/groups/edit", Administrator, person::access::change),
    shows("/console/people/{id}/attributes", Administrator, person::attributes::page),
    form("/console/people/{id}/attributes/{set}/edit", Administrator, person::attributes::form),
    changes("/console/people/{id}/attributes/{set}/edit", Administrator, person::attributes::change),
    form("/console/people/{id}/attributes/{set}/remove", Administrator, person::attributes::remove_form),
    changes("/console/people/{id}/attributes/{set}/remove", Administrator, person::attributes::remove),
    shows("/console/roles", Administrator, circles::page),
    form("/console/roles/new", Administrator, circles::new_form),
    changes("/console/roles/new", Administrator, circles::create),
    form("/console/roles/{circle}/edit", Administrator, circles::edit_form),
    changes("/console/roles/{circle}/edit", Administrator, circles::change),
    form("/console/roles/{circle}/delete", Administrator, circles::delete_form),
    changes("/console/roles/{circle}/delete", Administrator, circles::delete),
    form("/console/roles/{circle}/members", Administrator, members::form),
    changes("/console/roles/{circle}/members", Administrator, members::add),
    shows("/console/groups", Administrator, circles::page),
    form("/console/groups/new", Administrator, circles::new_form),
    changes("/console/groups/new", Administrator, circles::create),
    form("/console/groups/{circle}/edit", Administrator, circles::edit_form),
    changes("/console/groups/{circle}/edit", Administrator, circles::change),
    form("/console/groups/{circle}/delete", Administrator, circles::delete_form),
    changes("/console/groups/{circle}/delete", Administrator, circles::delete),
    form("/console/groups/{circle}/members", Administrator, members::form),
    changes("/console/groups/{circle}/members", Administrator, members::add),
    shows("/console/attributes", Administrator, sets::page),
    form("/console/attributes/new", Administrator, sets::new_form),
    changes("/console/attributes/new", Administrator, sets::create),
    form("/console/attributes/{set}/edit", Administrator, sets::edit_form),
    changes("/console/attributes/{set}/edit", Administrator, sets::change),
    form("/console/attributes/{set}/delete", Administrator, sets::delete_form),
    changes("/console/attributes/{set}/delete", Administrator, sets::delete),
    shows("/console/people/{id}/history", Administrator, history::of_person),
    shows("/console/history", Administrator, history::page),
    shows("/console/history/{seq}", Administrator, history::entry),
    shows("/console/ledger", Administrator, ledger::page),
    form("/console/ledger/verify", Administrator, ledger::form),
    changes("/console/ledger/verify", Administrator, ledger::change),
    form("/console/ledger/checkpoint", Administrator, ledger::form),
    changes("/console/ledger/checkpoint", Administrator, ledger::change),
    form("/console/ledger/export", Administrator, ledger::export_form),
    changes("/console/ledger/export", Administrator, ledger::export),
    form("/console/ledger/prune", Administrator, ledger::form),
    changes("/console/ledger/prune", Administrator, ledger::change),
    form("/console/ledger/erase", Administrator, ledger::form),
    changes("/console/ledger/erase", Administrator, ledger::change),
    form("/console/ledger/hold", Administrator, ledger::form),
    changes("/console/ledger/hold", Administrator, ledger::change),
    form("/console/ledger/release", Administrator, ledger::form),
    changes("/console/ledger/release", Administrator, ledger::change),
    shows("/console/mail", Administrator, mail::page),
    shows("/console/mail/{message}", Administrator, mail::one),
    form("/console/mail/{message}/retry", Administrator, mail::form),
    changes("/console/mail/{message}/retry", Administrator, mail::change),
    form("/console/mail/{message}/give-up", Administrator, mail::form),
    changes("/console/mail/{message}/give-up", Administrator, mail::change),
];

/// Whether there is a page at this path that somebody may be led to.
pub(super) fn is_there(path: &str) -> bool {
    TABLE.iter().any(|route| route.method == Method::Get && route.path == path)
}

/// The routes of the console. They are for people, so the description of the API leaves them out.
pub fn routes() -> OpenApiRouter<App> {
    TABLE.iter().fold(OpenApiRouter::new(), |all, route| all.route(route.path, handler(route)))
}

fn handler(route: &'static Route) -> MethodRouter<App> {
    let filter = match route.method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
    };
    on(filter, move |State(app): State<App>, visit: Visit, path: RawPathParams, body: Bytes| {
        let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        answer(app, route, visit, path, body)
    })
}

async fn answer(
    app: App,
    route: &'static Route,
    visit: Visit,
    path: Vec<(String, String)>,
    body: Bytes,
) -> Response {
    let handle = app.clone();
    let job =
        move |d: &crate::app::Deps| at::made(d, &handle, route, &visit, path, &body, route.page);
    let result = if route.hashes { app.hash(job).await } else { app.call(job).await };
    result.unwrap_or_else(|error| Failure::from(error).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_has_a_form_at_its_own_path() {
        for route in TABLE {
            assert!(route.path.starts_with("/console"), "{}", route.path);
            if route.method == Method::Post {
                let form = TABLE.iter().any(|other| {
                    other.method == Method::Get
                        && other.path == route.path
                        && other.need == route.need
                });
                assert!(form, "{}: whoever must sign in again comes back by GET", route.path);
                assert_eq!(route.touch, Touch::Changes, "{}", route.path);
            } else {
                assert_ne!(route.touch, Touch::Changes, "{}", route.path);
            }
        }
    }
}
