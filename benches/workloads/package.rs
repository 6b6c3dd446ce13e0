//! P28: the size of the program and of the charm around it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::Outcome;
use crate::harness::numbers::spread;
use crate::harness::options::Options;
use crate::harness::process::output;
use crate::harness::report::{Better, Line, size};

/// Packs the program that is measured, and weighs it.
pub fn measure(options: &Options, home: &Path) -> Outcome<Vec<Line>> {
    let charm = home.join("doorward.charm");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/build-charm");
    let mut command = Command::new(script);
    output(command.arg("--binary").arg(&options.doorward).arg("--output").arg(&charm))?;
    let program = fs::read(&options.doorward)?;
    let kind = if needs_loader(&program) { "needs shared libraries" } else { "static" };
    let line = |what: String, bytes: u64, must, goal| {
        let kib = bytes as f64 / 1024.0;
        Line {
            id: "P28",
            what,
            limit: "-".to_owned(),
            product: size(kib),
            ratio: spread([kib / 1024.0]),
            better: Better::Less,
            must,
            goal,
        }
    };
    Ok(vec![
        line("package, MiB".to_owned(), fs::metadata(&charm)?.len(), Some(20.0), Some(10.0)),
        line(format!("program, MiB ({kind})"), program.len() as u64, None, None),
    ])
}

/// Whether the program names a dynamic loader (an ELF segment of type `PT_INTERP`).
fn needs_loader(program: &[u8]) -> bool {
    let number = |at: usize, length: usize| -> Option<u64> {
        let bytes = program.get(at..at + length)?;
        Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    };
    let segments = || -> Option<bool> {
        let (begin, length, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        let at = |index: u64| usize::try_from(begin + index * length).ok();
        Some((0..count).any(|index| at(index).and_then(|at| number(at, 4)) == Some(3)))
    };
    segments().unwrap_or(true)
}
