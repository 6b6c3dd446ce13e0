//! Identities over HTTP; the tests are named after the checklist of the Kratos API.

mod batch;
mod creating;
mod importing;
mod ledger;
mod listing;
mod patching;
mod reading;
mod recovery;
mod removing;
mod replacing;
mod schemas;
mod states;

use doorward::app::Deps;
use doorward::service::identities::{CreateIdentity, create};
use serde_json::{Value, json};

use super::server::{Answer, Server};
use crate::support;

/// A server and the library beside it.
pub struct Place {
    pub server: Server,
    pub d: Deps,
}

impl Place {
    pub fn new() -> Self {
        let server = Server::with("{}");
        let d = server.library();
        Self { server, d }
    }

    /// Asks the admin listener.
    pub fn get(&self, path: &str) -> Answer {
        self.server.admin("GET", path)
    }

    /// Sends JSON to the admin listener.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.raw(method, path, &body.to_string())
    }

    /// Sends any text to the admin listener, as JSON.
    pub fn raw(&self, method: &str, path: &str, body: &str) -> Answer {
        self.server.ask(method, &format!("{}{path}", self.server.admin), &[], body)
    }

    /// Creates an identity.
    pub fn post(&self, body: &Value) -> Value {
        self.send("POST", "/admin/identities", body).must(201).json()
    }

    /// Somebody with this address, and no more.
    pub fn person(&self, email: &str) -> String {
        text(&self.post(&json!({"traits": {"email": email}}))["id"])
    }

    /// Somebody with a password; whoever signs in by `name`.
    pub fn admin(&self, name: &str) -> String {
        let request = json!({
            "schema_id": "admin_v0",
            "traits": {"username": name, "email": format!("{name}@example.org")},
            "metadata_public": {"lang": "en"},
            "metadata_admin": {"ticket": 42},
            "external_id": format!("emp-{name}"),
            "credentials": {"password": {"config": {"password": "correct horse"}}},
        });
        text(&self.post(&request)["id"])
    }

    /// An identity with the content of these credentials.
    pub fn read(&self, id: &str, kinds: &[&str]) -> Value {
        let query: Vec<String> =
            kinds.iter().map(|kind| format!("include_credential={kind}")).collect();
        self.get(&format!("/admin/identities/{id}?{}", query.join("&"))).must(200).json()
    }

    /// Whether a password fits what is stored.
    pub fn fits(&self, id: &str, password: &str) -> bool {
        use doorward::crypto::password::Verdict;
        let read = self.read(id, &["password"]);
        let hash = text(&read["credentials"]["password"]["config"]["hashed_password"]);
        let verdict = self.d.hashers.verify(&password.into(), &hash).unwrap();
        matches!(verdict, Verdict::Match { .. })
    }

    /// Makes somebody by the library.
    pub fn make(&self, request: CreateIdentity) -> String {
        create(&self.d, &support::operator(), request).unwrap().identity.id.to_string()
    }

    /// The entries of the ledger, oldest first.
    pub fn entries(&self) -> Vec<Value> {
        support::ledger::documents(&self.d)
    }

    /// The types of the newest entries about an identity.
    pub fn history(&self, id: &str) -> Vec<String> {
        let own = self.entries().into_iter().filter(|entry| entry["principal"] == id);
        own.map(|entry| text(&entry["type"])).collect()
    }
}

/// A text of a document.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The reason of a failure.
pub fn reason(answer: &Answer) -> String {
    text(&answer.json()["error"]["reason"])
}
