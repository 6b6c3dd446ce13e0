//! The command line of the benchmark program.

use std::env;
use std::path::{Path, PathBuf};

use super::Outcome;

const USAGE: &str = "\
scripts/bench [--size N] [--rounds N] [--only P1,P13] [--check] [--work DIR]
              [--mixed SECONDS]

  --size N     identities in the store; 1000000 by default
  --rounds N   how often limit and product take turns; 15 by default, fewer are not to be quoted
  --only IDS   only these targets
  --check      fail when a must is missed, or what was met before is worse by more than 20 %
  --work DIR   where the data are kept, to be used again next time; a temporary one by default
  --mixed SECONDS  how long the mixed load for P24 lasts; 60 by default, 3600 to be quoted";

/// What to do, and with which programs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Identities in the store.
    pub size: u64,
    /// How often limit and product take turns.
    pub rounds: usize,
    /// The ids asked for; none means all.
    pub only: Vec<String>,
    /// Whether a missed target is a failure.
    pub check: bool,
    /// How long mixed load lasts, in seconds.
    pub mixed: u64,
    /// Where the data are kept, when they are to be kept.
    pub work: Option<PathBuf>,
    /// The product.
    pub doorward: PathBuf,
    /// The limits.
    pub bare: PathBuf,
    /// The stand-in for hook tools.
    pub hook_tool: PathBuf,
}

impl Options {
    /// The usual ones, with the programs in Cargo's directory `programs` (`target/release`).
    pub fn new(programs: &Path) -> Self {
        Self {
            size: 1_000_000,
            rounds: 15,
            only: Vec::new(),
            check: false,
            mixed: 60,
            work: None,
            doorward: programs.join("doorward"),
            bare: programs.join("examples/bare"),
            hook_tool: programs.join("examples/hook-tool"),
        }
    }

    /// Reads the command line.
    pub fn from_arguments() -> Outcome<Self> {
        let own = env::current_exe()?;
        // Cargo puts benchmarks into `deps`, beside the programs.
        let programs = own.ancestors().nth(2).unwrap_or(Path::new("."));
        let mut options = Self::new(programs);
        let mut arguments = env::args().skip(1);
        while let Some(name) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--size" => options.size = value()?.replace('_', "").parse()?,
                "--rounds" => options.rounds = value()?.parse()?,
                "--only" => options.only = value()?.split(',').map(ToOwned::to_owned).collect(),
                "--check" => options.check = true,
                "--mixed" => options.mixed = value()?.parse()?,
                "--work" => options.work = Some(value()?.into()),
                // Cargo says so to every benchmark.
                "--bench" => {}
                _ => return Err(USAGE.into()),
            }
        }
        Ok(options)
    }

    /// Whether one of these targets is asked for.
    pub fn wants(&self, ids: &[&str]) -> bool {
        self.only.is_empty() || ids.iter().any(|id| self.only.iter().any(|only| only == id))
    }
}
