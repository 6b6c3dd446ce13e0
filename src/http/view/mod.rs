//! How things look on the wire.

pub mod identity;
