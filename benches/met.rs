//! Ratios that were reached. A run with `--check` fails when one is worse by more than 20 %.

/// Target, what was measured, and the ratio that a run on an idle machine gave.
pub const RATIOS: &[(&str, &str, f64)] = &[
    ("P2", "update-status, hook-tool calls", 4.0),
    ("P2", "config-changed, hook-tool calls", 5.0),
    ("P3", "config-changed, CPU", 1.43),
    ("P21", "durable write, p50", 1.17),
    ("P28", "package, MiB", 7.54),
];
