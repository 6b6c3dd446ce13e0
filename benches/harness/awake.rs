//! Keeping a machine awake while it answers one request after the other.

use std::process::{Child, Command, Stdio};

use super::Outcome;
use super::options::Options;

/// As long as it is there, no core goes to sleep: something turns on each that gives way to everything
/// else. A virtual machine needs some 70 us to wake a core, which comes and goes with how short the
/// answer was, and is neither the product's nor the limit's.
pub struct Awake(Vec<Child>);

impl Awake {
    /// Begins; not for a tiny store, which is there to see that everything works, beside other tests.
    pub fn keep(options: &Options) -> Outcome<Self> {
        let mut awake = Self(Vec::new());
        if options.size < 10_000 {
            return Ok(awake);
        }
        for _ in 0..std::thread::available_parallelism()?.get() {
            // It ends with its standard input, should this program be killed.
            let mut command = Command::new("chrt");
            command.args(["--idle", "0"]).arg(&options.bare).arg("turn").stdin(Stdio::piped());
            let child = command.spawn().map_err(|error| format!("chrt (util-linux): {error}"))?;
            awake.0.push(child);
        }
        Ok(awake)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
