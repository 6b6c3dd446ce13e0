//! What verification found, as programs and people get it.

use serde_json::{Map, Value, json};

/// Why something is wrong, or worth a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The entry's bytes do not have its leaf hash, or are no entry.
    Content,
    /// The next entry names a different predecessor.
    Chain,
    /// An entry is missing, doubled or out of order.
    Sequence,
    /// A signed checkpoint does not fit the entries it covers.
    Checkpoint,
    /// Two signed checkpoints do not agree.
    Fork,
    /// A checkpoint's signature is bad, of an unknown key, or says something else than its row.
    Signature,
    /// A personal value is not the one the entry commits to.
    Disclosure,
    /// Entries that a stored checkpoint covers are gone.
    Truncated,
    /// Entries that a checkpoint kept elsewhere covers are gone or different.
    Rollback,
    /// The entry is in order, and a filter of the history does not find it: the index was altered.
    Index,
    /// Warning: no checkpoint covers the newest entries yet.
    UnsignedTail,
    /// Warning: a personal value is gone and no entry says that it was removed.
    DisclosureMissing,
    /// Warning: no verifier key was given, so no signature was checked.
    SignaturesUnchecked,
    /// Warning: the checkpoint kept elsewhere covers less than was pruned, so that only the ledger's
    /// own copy of it could be compared.
    SincePruned,
    /// Warning: the note of where the ledger ends does not fit its entries.
    Head,
}

impl Reason {
    /// The code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Chain => "chain",
            Self::Sequence => "sequence",
            Self::Checkpoint => "checkpoint",
            Self::Fork => "fork",
            Self::Signature => "signature",
            Self::Disclosure => "disclosure",
            Self::Truncated => "truncated",
            Self::Rollback => "rollback",
            Self::Index => "index",
            Self::UnsignedTail => "unsigned_tail",
            Self::DisclosureMissing => "disclosure_missing",
            Self::SignaturesUnchecked => "signatures_unchecked",
            Self::SincePruned => "since_pruned",
            Self::Head => "head",
        }
    }
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: the entry; for a checkpoint its size, which is the first entry it does not cover;
    /// for [`Reason::Checkpoint`] the first entry that may be the altered one.
    pub seq: u64,
    /// Why.
    pub reason: Reason,
    /// The name of the personal value, where it is about one.
    pub name: Option<String>,
    /// The sizes of the checkpoints concerned: one that does not fit, or two that do not agree.
    pub sizes: Vec<u64>,
}

impl Finding {
    /// A finding at `seq`.
    #[must_use]
    pub const fn at(seq: u64, reason: Reason) -> Self {
        Self { seq, reason, name: None, sizes: Vec::new() }
    }

    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("seq".to_owned(), self.seq.into());
        object.insert("reason".to_owned(), self.reason.as_str().into());
        if let Some(name) = &self.name {
            object.insert("name".to_owned(), name.as_str().into());
        }
        if !self.sizes.is_empty() {
            object.insert("checkpoints".to_owned(), self.sizes.clone().into());
        }
        Value::Object(object)
    }
}

/// What can be said in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was altered.
    Intact,
    /// Something was.
    Altered,
    /// Nothing looks altered, but without a verifier key that proves little.
    CannotTell,
}

impl Verdict {
    /// The exit status of a command.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Intact => 0,
            Self::Altered => 1,
            Self::CannotTell => 2,
        }
    }

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Altered => "altered",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// Everything verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many entries the ledger has, or claims to have where it ends early.
    pub size: u64,
    /// How many of them were pruned, from the first on; only their tree is kept.
    pub pruned: u64,
    /// How many entries are in order, from the first on; those that are kept were read.
    pub checked: u64,
    /// What is wrong first.
    pub first_bad: Option<Finding>,
    /// The size of the last checkpoint that fits; 0 without any.
    pub last_good_checkpoint: u64,
    /// What is not wrong but worth knowing; at most [`Report::MOST_WARNINGS`].
    pub warnings: Vec<Finding>,
    /// How many more warnings there were.
    pub more_warnings: u64,
}

impl Report {
    /// How many warnings are listed one by one.
    pub const MOST_WARNINGS: usize = 100;

    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let unchecked =
            |one: &Finding| matches!(one.reason, Reason::SignaturesUnchecked | Reason::SincePruned);
        match &self.first_bad {
            Some(_) => Verdict::Altered,
            None if self.warnings.iter().any(unchecked) => Verdict::CannotTell,
            None => Verdict::Intact,
        }
    }

    /// The report as JSON; `ok` says whether nothing is wrong.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut report = json!({
            "ok": self.first_bad.is_none(),
            "size": self.size,
            "checked": self.checked,
            "first_bad": self.first_bad.as_ref().map(Finding::to_json),
            "last_good_checkpoint": self.last_good_checkpoint,
            "warnings": self.warnings.iter().map(Finding::to_json).collect::<Vec<_>>(),
        });
        if let (Some(object), true) = (report.as_object_mut(), self.more_warnings > 0) {
            object.insert("more_warnings".to_owned(), self.more_warnings.into());
        }
        if let (Some(object), true) = (report.as_object_mut(), self.pruned > 0) {
            object.insert("pruned".to_owned(), self.pruned.into());
        }
        report
    }

    /// One line for people.
    #[must_use]
    pub fn summary(&self) -> String {
        match &self.first_bad {
            None => format!("{} entries, {}", self.size, self.verdict().as_str()),
            Some(bad) if bad.reason == Reason::Index => format!(
                "altered: the {} entries are in order, and the index that the history is searched by is \
                 not: filter {} does not find entry {}. Repair it with audit-reindex",
                self.size,
                bad.name.as_deref().unwrap_or_default(),
                bad.seq
            ),
            Some(bad) => format!(
                "altered: entry {}, {} ({} of {} entries in order, last good checkpoint at {})",
                bad.seq,
                bad.reason.as_str(),
                self.checked,
                self.size,
                self.last_good_checkpoint
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_the_published_form() {
        let report = Report {
            size: 4,
            pruned: 0,
            checked: 2,
            first_bad: Some(Finding::at(2, Reason::Content)),
            last_good_checkpoint: 0,
            warnings: Vec::new(),
            more_warnings: 0,
        };
        assert_eq!(
            report.to_json().to_string(),
            r#"{"ok":false,"size":4,"checked":2,"first_bad":{"seq":2,"reason":"content"},"last_good_checkpoint":0,"warnings":[]}"#
        );
        assert_eq!(report.verdict().exit_code(), 1);
    }
}
