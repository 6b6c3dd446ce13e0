//! Connections: from a socket to a request that handlers can trust, and back.

pub mod accept;
pub mod around;
pub mod body;
pub mod forwarded;
mod patient;
pub mod socket;
pub mod tls;
