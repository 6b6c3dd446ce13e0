//! The HTTP service, through the real process.

mod access;
mod admin;
mod attributes;
mod audit;
mod console;
mod described;
mod doorward;
mod edge;
mod erasure;
mod flows;
mod gone;
mod hostile_text;
mod identities;
mod load;
mod mail;
mod pages;
mod roles;
pub mod server;
mod sessions;
mod status_matrix;
mod streaming;
mod unchanged;
mod wire;
