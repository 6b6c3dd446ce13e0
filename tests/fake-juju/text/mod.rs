//! Texts as Go programs write and read them: JSON, YAML 1.1, command-line flags.

pub mod flags;
pub mod go_json;
pub mod pattern;
pub mod time;
pub mod yaml_in;
pub mod yaml_out;
