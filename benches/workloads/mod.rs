//! What is measured: one file for each group of targets.

pub mod dispatch;
pub mod import;
pub mod package;
pub mod rates;
pub mod service;
pub mod stalls;
pub mod unit;
pub mod verify;
pub mod write;
