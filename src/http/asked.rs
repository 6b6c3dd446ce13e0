//! Who asks, from where, in which request.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::request::Parts;
use uuid::Uuid;

use crate::domain::ledger::event::{Actor, ActorKind};
use crate::service::{Caller, Origin};

/// Most of a client's name for itself that is kept.
const LONGEST_AGENT: usize = 256;

/// What the edge found out about a request before any handler sees it.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The client's `X-Request-Id`, or one of our own.
    pub request_id: Arc<str>,
    /// The address it came from; behind a trusted proxy, what the proxy says.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<HeaderValue>,
    /// Whether it came by TLS; behind a trusted proxy, whether it reached the proxy so.
    pub secure: bool,
    /// How it came to be let in to the admin listener.
    pub admitted: Admitted,
}

/// What opened the door of the admin listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Admitted {
    /// That it came from this machine.
    #[default]
    Local,
    /// A token, by its id.
    Token(Uuid),
    /// A client certificate, by its fingerprint.
    Certificate(String),
    /// Nothing: the operator opened the listener to everyone.
    Anyone,
}

/// The other end of a connection: an extension of each of its requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address; nothing on a Unix socket.
    pub address: Option<SocketAddr>,
    /// Whether it speaks TLS to us.
    pub tls: bool,
    /// The certificate it proved to own, if it showed one that our CA file vouches for.
    pub certificate: Option<Arc<PeerCertificate>>,
}

/// A client's certificate that was verified while the connection was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// SHA-256 of the whole certificate, in lower-case hex.
    pub fingerprint: String,
    /// DNS names and URIs the certificate was issued for.
    pub names: Vec<String>,
}

impl Asked {
    /// The caller of the admin API.
    #[must_use]
    pub fn admin(&self) -> Caller {
        let id = match &self.admitted {
            Admitted::Local => "local".to_owned(),
            Admitted::Token(id) => id.to_string(),
            Admitted::Certificate(fingerprint) => format!("certificate:{fingerprint}"),
            Admitted::Anyone => "anyone".to_owned(),
        };
        self.caller(Actor::new(ActorKind::AdminApi, id))
    }

    /// Somebody who is not known yet; a session that comes with the request may say who it is.
    #[must_use]
    pub fn anybody(&self) -> Caller {
        self.caller(Actor::new(ActorKind::Anonymous, ""))
    }

    fn caller(&self, actor: Actor) -> Caller {
        let tx = Some(self.request_id.to_string()).filter(|id| !id.is_empty());
        Caller { tx, origin: self.origin(), ..Caller::local(actor) }
    }

    /// Where it came from, in words: most requests change nothing, and nobody asks.
    fn origin(&self) -> Origin {
        let agent = self.user_agent.as_ref().and_then(|value| value.to_str().ok());
        Origin {
            ip: self.ip.map(|ip| ip.to_string()),
            user_agent: agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
