//! Ratios that were reached. A run with `--check` fails when one is worse by more than 20 %.

/// Target, what was measured, and the ratio that a run on an idle machine gave.
pub const RATIOS: &[(&str, &str, f64)] = &[];
