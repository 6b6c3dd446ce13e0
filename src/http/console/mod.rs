//! The console: pages for people with authorities, below `/console` on the public listener.
//!
//! Every page stands in the table of [`mod@routes`]; nothing else makes a route. A request is let in by
//! [`crate::service::console::admit`] before its page sees it, and a page calls the same functions of
//! the service as the admin API and the actions do.

mod at;
mod chart;
mod circles;
mod form;
mod frame;
mod history;
mod invite;
mod ledger;
mod mail;
mod members;
mod overview;
mod people;
mod person;
mod receipt;
mod refused;
mod routes;
mod sets;
mod several;
mod who;

pub use routes::{Method, Route, TABLE, routes};
