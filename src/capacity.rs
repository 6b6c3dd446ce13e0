//! What the machine has: cores, and memory as far as this process may use it.

use std::fs;
use std::path::Path;

/// Assumed when the system does not say.
const MEMORY: u64 = 512 * 1024 * 1024;

/// How many threads run at the same time.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Bytes of memory: the machine's, or what the control group allows.
pub fn memory() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let group = fs::read_to_string("/proc/self/cgroup").ok().and_then(|text| {
        let group = text.lines().find_map(|line| line.strip_prefix("0::"))?.to_owned();
        let mut path = Path::new("/sys/fs/cgroup").join(group.trim_start_matches('/'));
        path.push("memory.max");
        fs::read_to_string(path).ok()?.trim().parse().ok()
    });
    machine.into_iter().chain(group).min().unwrap_or(MEMORY)
}

fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_what_the_system_says() {
        assert_eq!(total("MemTotal:       24688284 kB\nMemFree: 1 kB\n"), Some(24_688_284 * 1024));
        assert_eq!(total("nothing of the kind"), None);
        assert!(memory() > 16 * 1024 * 1024 && cores() > 0);
    }
}
