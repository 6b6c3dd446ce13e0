//! Runs a program some times, one after the other, and says what it took with everything it started.
//! A process of its own and a small one, because a child's peak memory is never less than that of
//! the process it was forked from.

use std::io::Write as _;
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};

use super::{Outcome, Stopwatch};

/// Runs `program`; what it prints the last time goes to standard error, and the numbers, with the
/// greatest peak of resident memory in KiB on a line of its own, to standard output.
pub fn watch(count: u64, program: &str, arguments: &[String]) -> Outcome {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let stopwatch = Stopwatch::of(UsageWho::RUSAGE_CHILDREN)?;
    let mut last = Vec::new();
    for _ in 0..count {
        let ran = command.spawn()?.wait_with_output()?;
        if !ran.status.success() {
            return Err(format!("{program}: {}", ran.status).into());
        }
        last = ran.stdout;
    }
    stopwatch.print(count)?;
    println!("{}", getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss());
    std::io::stderr().write_all(&last)?;
    Ok(())
}
