//! What it was measured on.

use std::fs;

/// One line about the machine: processor, cores, memory, kernel.
pub fn describe() -> String {
    let field = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kib: f64 =
        field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{}, {cores} cores, {:.0} GiB, Linux {}, load {} at the start",
        field("/proc/cpuinfo", "model name"),
        kib / 1_048_576.0,
        kernel.trim(),
        load.split(' ').next().unwrap_or_default()
    )
}
