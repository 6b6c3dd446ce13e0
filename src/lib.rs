//! Doorward: an identity provider that is also its own Juju charm.
//!
//! ```text
//! main -> charm | cli            http
//!            \  \-> actions \      |
//!             \-------------> service -> store, audit, crypto, config -> domain
//! ```
//!
//! `domain` knows nothing; `service` knows the rules; `store` alone knows SQL; `charm`, `cli` and
//! `http` know how to ask; `app` alone knows how it is put together. `tests/architecture` keeps it so.

pub mod actions;
pub mod app;
pub mod audit;
pub mod capacity;
pub mod charm;
pub mod cli;
pub mod clock;
pub mod config;
pub mod courier;
pub mod crypto;
pub mod domain;
pub mod error;
pub mod http;
pub mod rng;
pub mod service;
pub mod store;
pub mod yaml;
