//! `doorward audit verify`: whether the ledger is what was signed, here or in an export.

use std::path::Path;

use crate::cli::args::{Global, Verify};
use crate::cli::exit::{Stop, status};
use crate::cli::open;
use crate::cli::output::{self, Progress};
use crate::cli::place::{self, Place};
use crate::service::verification::{self, Proof, Report, Verdict};

/// Prints the report. Intact is status 0, altered 1; whatever keeps us from telling is 2.
///
/// # Errors
/// As said.
pub fn run(global: &Global, args: &Verify) -> Result<(), Stop> {
    let report = report(global, args).map_err(|stop| match stop {
        Stop::Failed(sentence) => Stop::Usage(sentence),
        other => other,
    })?;
    if args.json {
        output::print(&format!("{}\n", report.to_json()))?;
    } else {
        output::print(&text(&report))?;
    }
    match report.verdict() {
        Verdict::Intact => Ok(()),
        Verdict::Altered => Err(Stop::Status(status::FAILED)),
        Verdict::CannotTell => Err(Stop::Status(status::USAGE)),
    }
}

fn report(global: &Global, args: &Verify) -> Result<Report, Stop> {
    let keys = args.key.as_deref().map(key).transpose()?;
    let since = args.since.as_deref().map(note).transpose()?;
    let proof = Proof { keys: keys.into_iter().collect(), since };
    let mut progress = Progress::new("entries verified");
    let mut show = |done, of| progress.at(done, of);
    if let Some(file) = &args.export {
        return Ok(verification::verify_export(file, &proof, &mut show)?);
    }
    let deps = open::untouched(&Place::of(global)?)?;
    Ok(verification::verify(&deps, &proof, &mut show)?)
}

/// A verifier key, or the first line of the file named after `@`.
fn key(text: &str) -> Result<String, Stop> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.to_owned()) };
    let content = place::read_text(Path::new(path))?;
    Ok(content.lines().next().unwrap_or_default().to_owned())
}

/// A checkpoint; its last newline belongs to it and is easily lost.
fn note(path: &Path) -> Result<String, Stop> {
    Ok(format!("{}\n", place::read_text(path)?.trim_end_matches('\n')))
}

fn text(report: &Report) -> String {
    let mut text = format!("{}\n", report.summary());
    for warning in &report.warnings {
        let name = warning.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        let line = format!("warning: entry {}: {}{name}\n", warning.seq, warning.reason.as_str());
        text.push_str(&output::visible(line.trim_end()));
        text.push('\n');
    }
    if report.more_warnings > 0 {
        text.push_str(&format!("and {} more warnings\n", report.more_warnings));
    }
    text
}
