//! How things look on the wire.

pub mod flow;
pub mod identity;
pub mod message;
pub mod moment;
pub mod session;
