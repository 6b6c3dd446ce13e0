//! Questions to the admin listener, with a word for what must come back.

use doorward::app::Deps;
use serde_json::Value;

use super::server::{Answer, Server};

/// A service over an empty store.
pub struct Admin(pub Server);

impl Admin {
    pub fn start() -> Self {
        Self(Server::with(""))
    }

    /// The same realm through the library.
    pub fn library(&self) -> Deps {
        self.0.library()
    }

    /// Asks the admin listener.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None)
    }

    /// Asks the admin listener with a document.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask(method, path, Some(&body.to_string()))
    }

    /// Asks the admin listener with a body, if there is one.
    pub fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let address = format!("{}{path}", self.0.admin);
        self.0.ask(method, &address, &[], body.unwrap_or_default())
    }
}

impl Answer {
    /// The body as a document, of an answer with this status.
    #[track_caller]
    pub fn says(&self, code: u16) -> Value {
        assert_eq!(self.code, code, "{self:?}");
        self.json()
    }

    /// The reason in the error envelope, of an answer with this status.
    #[track_caller]
    pub fn refused(&self, code: u16) -> String {
        let error = &self.says(code)["error"];
        assert_eq!(error["code"], code, "{self:?}");
        error["reason"].as_str().unwrap_or_default().to_owned()
    }
}
