//! The vocabulary of `actions.yaml`: one file per action, for `juju run` and `doorward run` alike.

pub mod definitions;
pub mod failure;
pub mod help;
pub mod params;
pub mod results;

pub use definitions::{Definition, Definitions, Parameter, Type, all as definitions};
pub use failure::Failure;
pub use help::{help, list};
pub use results::Results;
