//! Picks the face: Juju runs the binary as `dispatch`, a person runs it as a command.

use std::process::ExitCode;

/// A request allocates some hundred times, for which the allocator of the system's C library takes
/// a tenth of all its time. SQLite keeps the system's: with this one, the caches that threads fill and
/// empty in turn held 30 MiB more under mixed load.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match std::env::var_os("JUJU_DISPATCH_PATH") {
        Some(_) => doorward::charm::main(),
        None => doorward::cli::main(),
    }
}
