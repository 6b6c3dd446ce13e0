//! The HTTP service, through the real process.

mod server;
mod sessions;
