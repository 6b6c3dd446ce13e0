//! How to measure: numbers, processes, the machine, the table of results.

pub mod awake;
pub mod load;
pub mod machine;
pub mod numbers;
pub mod options;
pub mod process;
pub mod report;
pub mod server;

/// What goes wrong ends the run with a message: a number nobody can trust is not printed.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
