//! The console over HTTP, as browsers of different people get it.

mod access;
mod history;
mod hostile;
mod mail;
mod matrix;
mod people;
mod person;
mod several;
mod status;

use std::collections::BTreeSet;

use doorward::app::Deps;
use doorward::domain::authority::Authority;
use doorward::domain::session::{Aal, MethodKind};
use doorward::service::authorities;
use doorward::service::sessions::Carrier;
use uuid::Uuid;

use super::server::{Answer, Server};
use super::sessions::{held, person};
use crate::support;

pub const PASSWORD: (MethodKind, Aal) = (MethodKind::Password, Aal::One);
pub const TOTP: (MethodKind, Aal) = (MethodKind::Totp, Aal::Two);

/// A server with an administrator, and the library beside it.
pub struct Office {
    pub server: Server,
    pub d: Deps,
    pub root: Uuid,
    /// The administrator's session.
    pub cookie: String,
}

impl Office {
    pub fn new() -> Self {
        Self::with("{}")
    }

    pub fn with(options: &str) -> Self {
        let server = Server::with(options);
        let d = server.library();
        let root = person(&d, "root@example.com");
        give(&d, root, &[Authority::Administrator]);
        let cookie = signed_in(&d, root, &[PASSWORD, TOTP]);
        Self { server, d, root, cookie }
    }

    /// Somebody new.
    pub fn person(&self, email: &str) -> Uuid {
        person(&self.d, email)
    }

    /// Somebody with an account at a provider and no other way in.
    pub fn linked(&self, email: &str, account: &str) -> Uuid {
        let (provider, subject) = account.split_once(':').unwrap();
        let body = serde_json::json!({
            "schema_id": "social_user_v0", "traits": {"email": email},
            "credentials": {"oidc": {"config": {"providers": [
                {"provider": provider, "subject": subject}
            ]}}}
        });
        let url = format!("{}/identities", self.server.admin);
        let made = self.server.ask("POST", &url, &[], &body.to_string()).must(201).json();
        made["id"].as_str().unwrap().parse().unwrap()
    }

    /// A page, as somebody's browser gets it.
    pub fn get(&self, cookie: &str, path: &str) -> Answer {
        let headers = [("cookie", cookie), ("accept", "text/html,*/*;q=0.8")];
        let answer = self.server.public("GET", path, &headers);
        // Slashes are escaped in what a page shows.
        Answer { text: answer.text.replace("&#x2f;", "/"), ..answer }
    }

    /// A page, as the administrator gets it.
    pub fn page(&self, path: &str) -> Answer {
        self.get(&self.cookie, path)
    }

    /// A form, as somebody's browser sends it; `token` is that of the form.
    pub fn post(&self, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let kind = "application/x-www-form-urlencoded";
        let url = format!("{}{path}", self.server.public);
        let headers = [("cookie", cookie), ("accept", "text/html"), ("content-type", kind)];
        self.server.ask_plainly("POST", &url, &headers, &form.finish())
    }

    /// What the administrator does: gets the form at a path, and sends it with these fields.
    pub fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = form_token(&self.page(path).must(200).text);
        let fields: Vec<_> =
            [("csrf_token", token.as_str())].into_iter().chain(fields.to_vec()).collect();
        self.post(&self.cookie, path, &fields)
    }

    /// The same, with the page that it leads to.
    pub fn done(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.send(path, fields).must(303);
        self.page(answer.header("location")).must(200)
    }

    /// Makes all sign-ins older.
    pub fn age(&self, minutes: u32) {
        let file = self.server.laptop.home().join("state/doorward.db");
        let micros = i64::from(minutes) * 60_000_000;
        let text = format!("UPDATE sessions SET authenticated_at = authenticated_at - {micros}");
        support::batch_file(&file, &text).unwrap();
    }

    /// The entries of the ledger, oldest first.
    pub fn ledger(&self) -> Vec<serde_json::Value> {
        support::ledger::documents(&self.d)
    }
}

/// Gives somebody rights.
pub fn give(d: &Deps, who: Uuid, rights: &[Authority]) {
    let rights: BTreeSet<Authority> = rights.iter().copied().collect();
    authorities::set(d, &support::operator(), who, &rights).unwrap();
}

/// A cookie of a session that was reached by these steps.
pub fn signed_in(d: &Deps, who: Uuid, steps: &[(MethodKind, Aal)]) -> String {
    held(d, who, Carrier::Cookie, steps, None).secret
}

/// The token of the forms on a page.
pub fn form_token(page: &str) -> String {
    let part = page.split("name=\"csrf_token\" value=\"").nth(1).unwrap();
    part.split('"').next().unwrap().to_owned()
}
