//! A person's own accounts: by what they sign in, and the applications they use with it.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::frame::{Frame, plain};
use super::visit::{Making, Turn, Visit, made};
use crate::http::blocking::App;
use crate::http::query::Query;
use crate::service::accounts::Account;
use crate::service::own_accounts::{self, Kept, OwnAccounts};
use crate::service::sessions::Denied;

/// Where the page is.
const PLACE: &str = "/ui/accounts";

#[derive(Serialize)]
struct Shown {
    id: String,
    name: String,
    called: String,
    ways: Vec<String>,
    addresses: Vec<Address>,
    own: bool,
}

#[derive(Serialize)]
struct Address {
    value: String,
    confirmed: bool,
}

#[derive(Serialize)]
struct Content {
    accounts: Vec<Shown>,
    may_go: bool,
    unlink: String,
    token: String,
}

/// `/ui/accounts`.
pub async fn page(State(app): State<App>, visit: Visit) -> Response {
    made(&app, visit, |m| {
        let found = own_accounts::of(m.d, m.visit.presented.as_ref());
        let OwnAccounts { desk, accounts, may_go } = found.map_err(|why| m.turned(why))?;
        let content = Content {
            accounts: accounts.iter().map(|one| shown(m, one)).collect(),
            may_go,
            unlink: m.at("/ui/accounts/unlink"),
            token: desk.form_token.clone(),
        };
        let frame = Frame::desk(m, &m.text("accounts.title"), &desk, PLACE);
        m.page("accounts.html", frame.lead(m.text("accounts.lead")), &content)
    })
    .await
}

fn shown(m: &Making<'_>, one: &Account) -> Shown {
    let own = one.is_internal();
    let subject = one.id.split_once(':').map_or("", |(_, subject)| subject);
    let called = one.username.as_deref().unwrap_or(if own { "" } else { subject });
    let ways = one.credentials.iter().filter(|_| own);
    let addresses = one.addresses.iter();
    Shown {
        name: if own { m.text("accounts.own") } else { plain(&one.provider) },
        called: plain(called),
        ways: ways.map(|kind| m.text(&format!("accounts.way.{kind}"))).collect(),
        addresses: addresses
            .map(|one| Address { value: plain(&one.value), confirmed: one.verified })
            .collect(),
        id: one.id.clone(),
        own,
    }
}

/// `POST /ui/accounts/unlink`.
pub async fn unlink(State(app): State<App>, mut visit: Visit, body: Bytes) -> Response {
    // Whoever has to sign in first comes back to the list and not to this.
    PLACE.clone_into(&mut visit.path);
    made(&app, visit, move |m| {
        let form = Query::parse(&String::from_utf8_lossy(&body));
        let token = form.text("csrf_token").unwrap_or_default();
        let account = form.text("account").unwrap_or_default();
        let presented = m.visit.presented.as_ref();
        let by = m.visit.asked.anybody();
        let told = |notice| Turn::Told(m.at(PLACE), notice);
        Err(match own_accounts::unlink(m.d, &by, presented, token, account) {
            Ok(()) => told("accounts.ended"),
            Err(Kept::Denied(Denied::Mismatch)) => told("sessions.stale"),
            Err(Kept::Denied(why)) => m.stopped(why),
            Err(Kept::Last) => told("accounts.last"),
            Err(Kept::NotNow) => told("accounts.not_now"),
            Err(Kept::Stale) => Turn::To(m.sign_in_again(PLACE)),
        })
    })
    .await
}
