//! Sessions over HTTP; the tests are named after the checklist of the Kratos API.

mod admin;
mod courier;
mod errors;
mod ledger;
mod levels;
mod logout;
mod own;
mod status;
mod tokens;
mod whoami;

use doorward::app::Deps;
use doorward::domain::ledger::event::{Actor, ActorKind};
use doorward::domain::session::{Aal, Method, MethodKind};
use doorward::service::sessions::{self, Carrier, Issued, SignIn};
use doorward::service::{Caller, Origin};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::server::Server;
use crate::support;

/// A server with somebody who can sign in, and the library beside it.
pub struct Place {
    pub server: Server,
    pub d: Deps,
    pub ada: Uuid,
}

/// A session, and what its client holds.
pub struct Held {
    pub id: String,
    /// The session token or the whole `Cookie` header.
    pub secret: String,
}

impl Place {
    pub fn new() -> Self {
        Self::with("{}")
    }

    pub fn with(options: &str) -> Self {
        let server = Server::with(options);
        let d = server.library();
        let ada = person(&d, "ada@example.com");
        Self { server, d, ada }
    }

    /// Signs Ada in with a password.
    pub fn token(&self) -> Held {
        self.sign_in(self.ada, Carrier::Token, &[(MethodKind::Password, Aal::One)])
    }

    pub fn cookie(&self) -> Held {
        self.sign_in(self.ada, Carrier::Cookie, &[(MethodKind::Password, Aal::One)])
    }

    pub fn sign_in(&self, who: Uuid, carrier: Carrier, steps: &[(MethodKind, Aal)]) -> Held {
        self.sign_in_for(who, carrier, steps, None)
    }

    pub fn sign_in_for(
        &self,
        who: Uuid,
        carrier: Carrier,
        steps: &[(MethodKind, Aal)],
        lifespan: Option<SignedDuration>,
    ) -> Held {
        held(&self.d, who, carrier, steps, lifespan)
    }

    /// What `whoami` says to a holder of a token.
    pub fn whoami(&self, held: &Held) -> u16 {
        let name = if held.secret.starts_with("ory_st_") { "X-Session-Token" } else { "Cookie" };
        self.server.public("GET", "/sessions/whoami", &[(name, &held.secret)]).code
    }

    /// Runs an action in a process of its own.
    pub fn action(&self, args: &[&str]) -> serde_json::Value {
        self.server.laptop.action(args)
    }

    /// The entries of the ledger, oldest first.
    pub fn ledger(&self) -> Vec<serde_json::Value> {
        support::ledger::documents(&self.d)
    }

    /// Runs SQL behind the product's back.
    pub fn meddle(&self, text: &str) {
        let file = self.server.laptop.home().join("state").join(doorward::app::DATABASE);
        let connection = rusqlite::Connection::open(file).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        connection.execute_batch(text).unwrap();
    }
}

/// A session of somebody.
pub fn held(
    d: &Deps,
    who: Uuid,
    carrier: Carrier,
    steps: &[(MethodKind, Aal)],
    lifespan: Option<SignedDuration>,
) -> Held {
    let now = d.clock.now();
    let methods = steps.iter().map(|(kind, aal)| Method::new(*kind, *aal, now)).collect();
    let sign_in = SignIn { identity_id: who, methods, carrier, lifespan };
    let Issued { session, secret } = sessions::issue(d, &browser(), &sign_in).unwrap();
    let secret = secret.expose_secret();
    let secret = match carrier {
        Carrier::Token => secret.to_owned(),
        Carrier::Cookie => format!("ory_kratos_session={secret}"),
    };
    Held { id: session.id.to_string(), secret }
}

/// Somebody with a password.
pub fn person(d: &Deps, email: &str) -> Uuid {
    use doorward::service::identities::create;
    let request = support::with_password(email, "correct horse");
    create(d, &support::operator(), request).unwrap().identity.id
}

/// A sign-in from a browser somewhere.
fn browser() -> Caller {
    let origin = Origin { ip: Some("192.0.2.7".into()), user_agent: Some("Browser/1".into()) };
    Caller { origin, ..Caller::local(Actor::new(ActorKind::System, "test")) }
}
