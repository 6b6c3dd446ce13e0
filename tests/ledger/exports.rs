//! Exports, and their verification on another machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use doorward::audit::export::{Exported, Files, export};
use doorward::audit::verify::Evidence;
use doorward::audit::{AuditError, Finding, Reason, Report, offline};
use doorward::domain::ledger::merkle::{Frontier, leaf_hash};
use tempfile::TempDir;

use super::ledgers::Bed;

struct Taken {
    folder: TempDir,
    files: Files,
    done: Exported,
    evidence: Evidence,
}

impl Taken {
    fn from(bed: &Bed, with_disclosures: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("ledger.jsonl");
        let done = export(&bed.store, &target, with_disclosures, &mut |_, _| {}).unwrap();
        Self { folder, files: Files::beside(&target), done, evidence: bed.evidence() }
    }

    fn new(with_disclosures: bool) -> Self {
        Self::from(&Bed::with(12, &[5, 8, 10]), with_disclosures)
    }

    fn verify(&self) -> Report {
        offline::verify(&self.files.entries, &self.evidence, &mut |_, _| {}).unwrap()
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.files.entries).unwrap().lines().map(str::to_owned).collect()
    }

    fn write(&self, lines: &[String]) {
        fs::write(&self.files.entries, lines.join("\n") + "\n").unwrap();
    }

    fn first_bad(&self) -> (u64, Reason) {
        let bad = self.verify().first_bad.expect("something is wrong");
        (bad.seq, bad.reason)
    }
}

#[test]
fn al_15_a_line_without_its_newline_is_the_leaf() {
    let taken = Taken::new(false);
    let mut tree = Frontier::new();
    let text = fs::read_to_string(&taken.files.entries).unwrap();
    assert!(text.ends_with('\n') && !text.contains('\r'));
    text.split_terminator('\n').for_each(|line| tree.push(leaf_hash(line.as_bytes())));
    assert_eq!((tree.size(), tree.root()), (taken.done.size, taken.done.root));
}

#[test]
fn al_13_an_export_verifies_without_the_database() {
    for with_disclosures in [false, true] {
        let taken = Taken::new(with_disclosures);
        let report = taken.verify();
        assert_eq!(report.first_bad, None);
        assert_eq!(report.warnings, vec![Finding::at(10, Reason::UnsignedTail)]);
        assert_eq!((report.size, report.last_good_checkpoint), (12, 10));
    }
}

#[test]
fn authz_07_only_the_owner_may_read_an_export() {
    let taken = Taken::new(true);
    assert_eq!(taken.done.files.len(), 4);
    let found: Vec<PathBuf> =
        fs::read_dir(taken.folder.path()).unwrap().map(|one| one.unwrap().path()).collect();
    assert_eq!(found.len(), 4, "no partial file is left: {found:?}");
    for file in found {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn audit_07_an_export_without_disclosures_holds_no_personal_value() {
    let taken = Taken::new(false);
    assert!(!taken.files.disclosures.exists());
    for file in &taken.done.files {
        assert!(!fs::read_to_string(file).unwrap().contains("note 7"));
    }
}

#[test]
fn audit_03_an_altered_line_is_found_in_an_export() {
    for at in 0..11 {
        let taken = Taken::new(false);
        let mut lines = taken.lines();
        lines[at] = lines[at].replace("\"outcome\":\"success\"", "\"outcome\":\"denied\"");
        taken.write(&lines);
        assert_eq!(taken.first_bad(), (at as u64, Reason::Chain), "line {at}");
    }
}

#[test]
fn audit_03_removed_doubled_and_moved_lines_are_found_in_an_export() {
    let taken = Taken::new(false);
    let genuine = taken.lines();
    let mut lines = genuine.clone();
    lines.remove(6);
    taken.write(&lines);
    assert_eq!(taken.first_bad(), (6, Reason::Sequence));
    let mut lines = genuine.clone();
    lines.insert(7, genuine[6].clone());
    taken.write(&lines);
    assert_eq!(taken.first_bad(), (6, Reason::Sequence));
    let mut lines = genuine.clone();
    lines.swap(4, 9);
    taken.write(&lines);
    assert_eq!(taken.first_bad(), (4, Reason::Sequence));
    taken.write(&genuine[..9]);
    assert_eq!(taken.first_bad(), (9, Reason::Truncated));
    taken.write(&genuine);
    assert_eq!(taken.verify().first_bad, None);
}

#[test]
fn audit_03_garbage_in_an_export_is_found_and_does_no_harm() {
    let taken = Taken::new(false);
    let genuine = fs::read(&taken.files.entries).unwrap();
    for garbage in [b"\xff\xfe\n".as_slice(), b"\n", b"{}\n", b"[[[[\n", &[b'['; 100_000]] {
        let mut bytes = genuine.clone();
        bytes.extend_from_slice(garbage);
        fs::write(&taken.files.entries, bytes).unwrap();
        assert_eq!(taken.first_bad(), (12, Reason::Content));
    }
    // A missing final newline is no alteration of any leaf.
    fs::write(&taken.files.entries, &genuine[..genuine.len() - 1]).unwrap();
    assert_eq!(taken.verify().first_bad, None);
}

#[test]
fn audit_03_altered_and_stray_disclosures_are_found_in_an_export() {
    let taken = Taken::new(true);
    let genuine = fs::read_to_string(&taken.files.disclosures).unwrap();
    let lines: Vec<&str> = genuine.lines().collect();
    let moved = lines[3].replace("\"seq\":", "\"seq\":1");
    fs::write(&taken.files.disclosures, genuine.replace(lines[3], &moved)).unwrap();
    assert_eq!(taken.verify().first_bad.unwrap().reason, Reason::Disclosure);
    fs::write(&taken.files.disclosures, "nonsense\n").unwrap();
    let result = offline::verify(&taken.files.entries, &taken.evidence, &mut |_, _| {});
    assert!(matches!(result, Err(AuditError::File { .. })));
}

#[test]
fn the_single_checkpoint_file_is_enough() {
    let taken = Taken::new(false);
    fs::remove_file(&taken.files.checkpoints).unwrap();
    let report = taken.verify();
    assert_eq!((report.first_bad, report.last_good_checkpoint), (None, 10));
    let mut lines = taken.lines();
    lines.truncate(9);
    taken.write(&lines);
    assert_eq!(taken.first_bad(), (9, Reason::Truncated));
    fs::write(&taken.files.checkpoint, "nonsense").unwrap();
    assert_eq!(taken.first_bad().1, Reason::Signature);
}

#[test]
fn a_folder_may_be_named_in_place_of_the_file() {
    let bed = Bed::with(3, &[3]);
    let folder = tempfile::tempdir().unwrap();
    let done = export(&bed.store, folder.path(), false, &mut |_, _| {}).unwrap();
    assert_eq!(done.files[0], folder.path().join("ledger.jsonl"));
    let report = offline::verify(folder.path(), &bed.evidence(), &mut |_, _| {}).unwrap();
    assert_eq!((report.first_bad, report.size), (None, 3));
}

#[test]
fn an_export_alone_proves_little_and_says_so() {
    let taken = Taken::new(false);
    let report = offline::verify(&taken.files.entries, &Evidence::default(), &mut |_, _| {});
    assert_eq!(report.unwrap().verdict().exit_code(), 2);
}

#[test]
fn an_export_that_fails_leaves_no_half_file() {
    let bed = Bed::with(3, &[]);
    let target = bed.folder.path().join("missing").join("ledger.jsonl");
    assert!(export(&bed.store, &target, false, &mut |_, _| {}).is_err());
    assert!(!target.exists());
}
