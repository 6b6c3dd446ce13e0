//! Flows over HTTP, as a browser, a page's script and a program go through them; the tests are named
//! after the checklist of the Kratos API.

mod accounts;
mod checklist;
mod claims;
mod halfway;
mod invitations;
mod login;
mod passkeys;
mod recovery;
mod registration;
mod settings;
mod status;
mod terms;
mod verification;

use std::collections::BTreeMap;

use doorward::app::Deps;
use serde_json::{Value, json};
use ureq::http::HeaderMap;

use super::server::{Answer, Server};

pub const PASSWORD: &str = "correct horse";

/// A server with somebody who can sign in.
pub struct Place {
    pub server: Server,
    pub d: Deps,
    pub ada: String,
}

impl Place {
    pub fn new() -> Self {
        Self::with("{}")
    }

    pub fn with(options: &str) -> Self {
        let server = Server::with(options);
        let d = server.library();
        let ada = super::sessions::person(&d, "ada@example.com").to_string();
        Self { server, d, ada }
    }

    /// Runs SQL behind the product's back.
    pub fn meddle(&self, text: &str) {
        let file = self.server.laptop.home().join("state/doorward.db");
        crate::support::batch_file(&file, text).unwrap();
    }

    /// What the newest mail to an address holds.
    pub fn mail(&self, to: &str) -> Value {
        self.mails(to).pop().unwrap_or_else(|| panic!("no mail to {to}"))
    }

    /// What the mails to an address hold, oldest first.
    pub fn mails(&self, to: &str) -> Vec<Value> {
        let text = "SELECT id, content, template FROM messages WHERE recipient = $1 ORDER BY n";
        let rows = self.d.store.read(|tx| tx.all(text, &[to.into()])).unwrap();
        let read = |row: &doorward::store::Row| {
            let context = format!("message:{}", row.text(0).unwrap());
            let content = self.d.unseal(&context, row.text(1).unwrap()).unwrap();
            let mut content: Value = serde_json::from_slice(&content).unwrap();
            content["template"] = row.text(2).unwrap().into();
            content
        };
        rows.iter().map(read).collect()
    }

    /// The types of what the ledger holds, oldest first.
    pub fn history(&self) -> Vec<String> {
        crate::support::ledger::types(&self.d)
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser { server: &self.server, cookies: BTreeMap::new() }
    }

    /// A program: no cookies, always JSON.
    pub fn program(&self, method: &str, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.server.public);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.server.ask(method, &url, &[("accept", "application/json")], &body)
    }
}

/// A browser: it keeps cookies.
pub struct Browser<'s> {
    server: &'s Server,
    pub cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    fn ask(&mut self, method: &str, path: &str, accept: &str, kind: &str, body: &str) -> Answer {
        let path = path.strip_prefix("http://localhost:").map_or(path.to_owned(), |rest| {
            rest[rest.find('/').unwrap_or(rest.len())..].to_owned()
        });
        let url = format!("{}{path}", self.server.public);
        let jar: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let jar = jar.join("; ");
        let mut headers = vec![("accept", accept), ("user-agent", "Browser/1")];
        if !jar.is_empty() {
            headers.push(("cookie", jar.as_str()));
        }
        if !kind.is_empty() {
            headers.push(("content-type", kind));
        }
        let answer = self.server.ask_plainly(method, &url, &headers, body);
        self.keep(&answer.headers);
        answer
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Goes to a page.
    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "text/html,*/*;q=0.8", "", "")
    }

    /// Asks for a document, as a page's script does.
    pub fn json(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "application/json", "", "")
    }

    /// Hands a form in, as a page without script does.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let kind = "application/x-www-form-urlencoded";
        self.ask("POST", path, "text/html,*/*;q=0.8", kind, &form.finish())
    }

    /// Hands a document in, as a page's script does.
    pub fn send(&mut self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, "application/json", "application/json", &body.to_string())
    }

    /// Asks for something to be removed.
    pub fn remove(&mut self, path: &str) -> Answer {
        self.ask("DELETE", path, "application/json", "", "")
    }

    /// Begins a flow and gives it as a document.
    pub fn begin(&mut self, kind: &str, query: &str) -> Value {
        let path = format!("/self-service/{kind}/browser{query}");
        self.json(&path).must(200).json()
    }

    /// Signs in with a password, step by step.
    pub fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        let flow = self.begin("login", "");
        let path = submit_path(&flow);
        self.send(
            &path,
            &json!({
                "method": "password", "identifier": email, "password": password,
                "csrf_token": token(&flow)
            }),
        )
    }

    pub fn whoami(&mut self) -> Answer {
        self.json("/sessions/whoami")
    }
}

/// Where the form of a flow is handed in.
pub fn submit_path(flow: &Value) -> String {
    let action = flow["ui"]["action"].as_str().unwrap();
    action[action.find("/self-service").unwrap()..].to_owned()
}

/// A node of a form, by the name of its field.
pub fn node<'f>(flow: &'f Value, name: &str) -> &'f Value {
    flow["ui"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|node| node["attributes"]["name"] == name || node["attributes"]["id"] == name)
        .unwrap_or(&Value::Null)
}

/// The token of a form.
pub fn token(flow: &Value) -> String {
    node(flow, "csrf_token")["attributes"]["value"].as_str().unwrap_or_default().to_owned()
}

/// The numbers of what is said about the whole.
pub fn said(flow: &Value) -> Vec<u64> {
    let all = flow["ui"]["messages"].as_array().cloned().unwrap_or_default();
    all.iter().map(|text| text["id"].as_u64().unwrap()).collect()
}

/// The numbers of what is said about a field.
pub fn said_about(flow: &Value, name: &str) -> Vec<u64> {
    let all = node(flow, name)["messages"].as_array().cloned().unwrap_or_default();
    all.iter().map(|text| text["id"].as_u64().unwrap()).collect()
}
