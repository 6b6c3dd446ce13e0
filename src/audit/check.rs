//! The judge: takes entries in order and says what is wrong first. Needs memory for the
//! checkpoints, not for the entries.

use super::index::{Alike, Gathered};
use super::judged::{Judged, contradiction, judge};
use super::leaf::Leaf;
use super::redactions::{Missing, Redactions};
use super::report::{Finding, Reason, Report};
use crate::crypto::sign::VerifierKey;
use crate::domain::ledger::checkpoint::Checkpoint;
use crate::domain::ledger::entry::genesis_prev;
use crate::domain::ledger::{Frontier, Hash, StoredCheckpoint};

/// How many missing personal values are remembered until the end; beyond it a second reading, with
/// what was learnt in the first, settles the rest.
const MOST_MISSING: usize = 10_000;

/// One entry to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its bytes.
    pub json: &'a str,
    /// Their leaf hash, as it was computed from them.
    pub hash: Hash,
    /// Its place and leaf hash as stored beside it; a file has neither.
    pub stored: Option<(u64, &'a Hash)>,
    /// The type and identity under which lists find it; a file is not sorted under any.
    pub filed: Option<(&'a str, Option<&'a str>)>,
}

/// A personal value that is kept for an entry.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    /// The place of the entry.
    pub seq: u64,
    /// Its name.
    pub name: &'a str,
    /// Its digest, as it was computed from what is kept.
    pub digest: &'a str,
}

/// Judges a ledger from its first entry on.
pub struct Checker {
    origin: String,
    keys_given: bool,
    checkpoints: Vec<Judged>,
    next_checkpoint: usize,
    since: Option<Kept>,
    frontier: Frontier,
    prev: Hash,
    /// The link into the newest entry is broken, and this is the altered entry unless the next
    /// link is broken too.
    suspect: Option<u64>,
    /// What ended the reading.
    stop: Option<Finding>,
    /// Faults that do not end the reading, in order of discovery.
    found: Vec<Finding>,
    /// The first checkpoint that did not fit.
    unfit: Option<Unfit>,
    last_good: u64,
    with_disclosures: bool,
    missing: Vec<Missing>,
    overflow: bool,
    known: Redactions,
    learnt: Redactions,
    /// The tree of what was pruned.
    base: Option<Base>,
    /// What filters are to find, where somebody asks for that.
    gathered: Option<Gathered>,
    /// The first entry that a filter does not find.
    hidden: Option<Finding>,
}

/// The tree of what was pruned, and whether a checkpoint bears it out.
struct Base {
    edge: Frontier,
    is_signed: bool,
}

/// A checkpoint kept elsewhere, and whether the entries were found to fit it.
struct Kept {
    checkpoint: Checkpoint,
    fits: bool,
    /// It covers less than was pruned: only the ledger's own word is there to compare it with.
    pruned: bool,
}

/// A believed checkpoint that does not fit the entries.
struct Unfit {
    size: u64,
    /// Size of the last one before it that fits.
    after: u64,
    /// Size of a later one that fits: then both were signed and contradict each other.
    later: Option<u64>,
}

impl Checker {
    /// A judge of the ledger `origin` with these stored checkpoints. Without keys no signature
    /// counts. `since` is a checkpoint kept elsewhere, already checked. `known` is what an earlier
    /// reading learnt about removed personal values.
    #[must_use]
    pub fn new(
        origin: &str,
        keys: &[VerifierKey],
        checkpoints: &[StoredCheckpoint],
        since: Option<Checkpoint>,
        known: Redactions,
    ) -> Self {
        let checkpoints = judge(checkpoints, keys, origin);
        let found = contradiction(&checkpoints).into_iter().collect();
        let mut checker = Self {
            origin: origin.to_owned(),
            keys_given: !keys.is_empty(),
            checkpoints,
            next_checkpoint: 0,
            since: since.map(|checkpoint| Kept { checkpoint, fits: false, pruned: false }),
            frontier: Frontier::new(),
            prev: genesis_prev(origin),
            suspect: None,
            stop: None,
            found,
            unfit: None,
            last_good: 0,
            with_disclosures: true,
            missing: Vec::new(),
            overflow: false,
            known,
            learnt: Redactions::default(),
            base: None,
            gathered: None,
            hidden: None,
        };
        checker.meet_checkpoints();
        checker
    }

    /// Says that the ledger was pruned, and begins after what is gone: with the tree of that, and the
    /// hash of its last entry. A signed checkpoint must bear that tree out.
    pub fn begin_at(&mut self, edge: Frontier, leaf: Hash) {
        let begin = edge.size();
        if begin == 0 {
            return;
        }
        while let Some(checkpoint) = self.checkpoints.get(self.next_checkpoint)
            && checkpoint.size < begin
        {
            if checkpoint.root.is_none() {
                self.found.push(signature(checkpoint.size));
            }
            self.next_checkpoint += 1;
        }
        if let Some(kept) = &mut self.since
            && kept.checkpoint.size < begin
        {
            let same = |one: &Judged| {
                one.size == kept.checkpoint.size && one.root == Some(kept.checkpoint.root)
            };
            kept.fits = self.checkpoints.iter().any(same);
            kept.pruned = kept.fits;
        }
        let root = edge.root();
        if let Some(kept) = &mut self.since
            && kept.checkpoint.size == begin
        {
            kept.fits = kept.checkpoint.root == root;
        }
        let here = self.checkpoints.iter().skip(self.next_checkpoint);
        let here: Vec<_> = here.take_while(|one| one.size == begin).map(|one| one.root).collect();
        self.next_checkpoint += here.len();
        let is_signed = here.contains(&Some(root));
        if is_signed {
            self.last_good = begin;
        }
        if here.contains(&None) {
            self.found.push(signature(begin));
        } else if !is_signed {
            let sizes = vec![begin];
            self.found.push(Finding { sizes, ..Finding::at(begin, Reason::Checkpoint) });
        }
        self.frontier = edge.clone();
        self.prev = leaf;
        self.base = Some(Base { edge, is_signed });
    }

    /// Says that personal values are not at hand, so that nothing is said about them.
    pub const fn without_disclosures(&mut self) {
        self.with_disclosures = false;
    }

    /// How many entries were taken.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.frontier.size()
    }

    /// The origin entries are judged by.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Takes the next entry with the personal values stored for it. Says whether to go on; there is
    /// no use in reading further after a fault that throws all later hashes into doubt.
    pub fn take(&mut self, entry: Candidate<'_>, disclosures: &[Value<'_>]) -> bool {
        if self.stop.is_none() {
            self.stop = self.judge(entry, disclosures).err();
        }
        self.stop.is_none()
    }

    /// Reports that the text of the next entry could not even be read.
    pub fn unreadable(&mut self) {
        let at = self.taken();
        self.stop.get_or_insert(Finding::at(at, Reason::Content));
    }

    /// What the entries that were taken since this was last asked have in common, for
    /// [`Index::find`](super::index::Index::find); of those taken before the first time, nothing.
    pub fn gathered(&mut self) -> Vec<Alike> {
        self.gathered.get_or_insert_default().drain()
    }

    /// Reports the first entry that is there and that this filter of the history does not find.
    pub fn hidden(&mut self, seq: u64, filter: &str) {
        self.hidden = Some(named(seq, Reason::Index, filter));
    }

    /// Reports a personal value that belongs to no entry.
    pub fn stray_disclosure(&mut self, stray: Value<'_>) {
        self.found.push(named(stray.seq, Reason::Disclosure, stray.name));
    }

    fn judge(&mut self, entry: Candidate<'_>, disclosures: &[Value<'_>]) -> Result<(), Finding> {
        let at = self.taken();
        if let Some((place, _)) = entry.stored
            && place != at
        {
            return Err(Finding::at(at.min(place), Reason::Sequence));
        }
        let leaf_hash = entry.hash;
        if entry.stored.is_some_and(|(_, stored)| *stored != leaf_hash) {
            return Err(Finding::at(at, Reason::Content));
        }
        let leaf = Leaf::read(entry.json).ok_or(Finding::at(at, Reason::Content))?;
        if leaf.seq != at {
            // A file has no place beside the entry, so the entry's own word is all there is.
            let place = if entry.stored.is_some() { at } else { at.min(leaf.seq) };
            return Err(Finding::at(place, Reason::Sequence));
        }
        if let Some(gathered) = &mut self.gathered {
            gathered.take(at, &leaf);
        }
        // An entry filed as something else is hidden from whoever looks for it.
        if entry.filed.is_some_and(|filed| filed != (leaf.kind, leaf.principal)) {
            return Err(Finding::at(at, Reason::Content));
        }
        self.judge_link(&leaf, at)?;
        self.prev = leaf_hash;
        self.frontier.push(leaf_hash);
        self.learnt.learn(&leaf, entry.json);
        if self.with_disclosures {
            self.judge_disclosures(&leaf, disclosures);
        }
        self.meet_checkpoints();
        Ok(())
    }

    /// One broken link means that the entry before it was altered; two in a row mean the one
    /// between them.
    fn judge_link(&mut self, leaf: &Leaf<'_>, at: u64) -> Result<(), Finding> {
        let fits = is_hex_of(leaf.prev, &self.prev);
        if let Some(suspect) = self.suspect {
            let altered = if fits { suspect } else { at.saturating_sub(1) };
            return Err(Finding::at(altered, Reason::Chain));
        }
        if !fits {
            // A checkpoint over everything before this entry clears its predecessor.
            let cleared = self.last_good == at;
            self.suspect = Some(if cleared { at } else { at.saturating_sub(1) });
        }
        Ok(())
    }

    fn judge_disclosures(&mut self, leaf: &Leaf<'_>, stored: &[Value<'_>]) {
        for one in stored {
            if leaf.sd.get(one.name) != Some(one.digest) {
                self.found.push(named(leaf.seq, Reason::Disclosure, one.name));
            }
        }
        for name in leaf.sd.names() {
            if !stored.iter().any(|one| one.name == name) {
                self.note_missing(leaf, name);
            }
        }
    }

    fn note_missing(&mut self, leaf: &Leaf<'_>, name: &str) {
        let missing = Missing {
            seq: leaf.seq,
            name: name.to_owned(),
            principal: leaf.principal.as_ref().map(ToString::to_string),
            actor: leaf.actor.id.to_string(),
            family: leaf.kind.split('.').next().unwrap_or_default().to_owned(),
        };
        if self.known.cover(&missing) {
            return;
        }
        if self.missing.len() < MOST_MISSING {
            self.missing.push(missing);
        } else {
            self.overflow = true;
        }
    }

    /// Compares the tree with every checkpoint of its present size.
    fn meet_checkpoints(&mut self) {
        let size = self.taken();
        while let Some(checkpoint) = self.checkpoints.get(self.next_checkpoint)
            && checkpoint.size <= size
        {
            let fits = checkpoint.root.map(|root| root == self.frontier.root());
            self.next_checkpoint += 1;
            self.settle(size, fits);
        }
        if let Some(kept) = &mut self.since
            && kept.checkpoint.size == size
        {
            kept.fits = kept.checkpoint.root == self.frontier.root();
        }
    }

    fn settle(&mut self, size: u64, fits: Option<bool>) {
        match fits {
            None => self.found.push(signature(size)),
            Some(true) => {
                self.last_good = size;
                if let Some(unfit) = &mut self.unfit {
                    unfit.later.get_or_insert(size);
                }
            }
            Some(false) => {
                let after = self.last_good;
                self.unfit.get_or_insert(Unfit { size, after, later: None });
            }
        }
    }

    /// Whether more personal values are missing than could be remembered and the ledger records
    /// removals: then a second reading that knows them ([`Checker::learnt`]) is worth it.
    #[must_use]
    pub fn wants_second_reading(&self) -> bool {
        self.overflow && !self.learnt.is_empty() && self.known.is_empty()
    }

    /// What was learnt about removed personal values.
    #[must_use]
    pub fn learnt(self) -> Redactions {
        self.learnt
    }

    /// The report. `claimed` is how many entries the ledger says it has, with their root, where it
    /// says so outside of checkpoints.
    #[must_use]
    pub fn finish(mut self, claimed: Option<(u64, Hash)>) -> Report {
        let read_all = self.stop.is_none();
        if read_all {
            self.judge_end(claimed);
        }
        let size = claimed.map_or(0, |(size, _)| size).max(self.taken());
        let taken = self.taken();
        let mut faults = std::mem::take(&mut self.found);
        faults.extend(self.stop.take());
        faults.extend(self.unfit.as_ref().map(|unfit| self.unfit_finding(unfit)));
        // Stable, and the reasons are in order of weight: ties go to the more telling one.
        faults.sort_by_key(|fault| (fault.seq, fault.reason));
        // The index is made from the entries, and says nothing where those are not in order.
        let first_bad = self.prefer_exact(&faults).or(self.hidden.take());
        let checked = match &first_bad {
            Some(bad)
                if matches!(bad.reason, Reason::Content | Reason::Chain | Reason::Sequence) =>
            {
                bad.seq.min(taken)
            }
            _ => taken,
        };
        let mut warnings = self.warnings(claimed, read_all);
        let more_warnings = warnings.len().saturating_sub(Report::MOST_WARNINGS);
        warnings.truncate(Report::MOST_WARNINGS);
        Report {
            size,
            pruned: self.base.as_ref().map_or(0, |base| base.edge.size()),
            checked,
            first_bad,
            last_good_checkpoint: self.last_good,
            warnings,
            more_warnings: u64::try_from(more_warnings).unwrap_or(u64::MAX),
        }
    }

    fn judge_end(&mut self, claimed: Option<(u64, Hash)>) {
        let taken = self.taken();
        if let Some(suspect) = self.suspect {
            // The newest entry has no successor to bear witness.
            self.found.push(Finding::at(suspect, Reason::Chain));
        }
        let mut cut_off = claimed.is_some_and(|(size, _)| size > taken);
        for checkpoint in self.checkpoints.iter().skip(self.next_checkpoint) {
            match checkpoint.root {
                None => self.found.push(signature(checkpoint.size)),
                Some(_) => cut_off = true,
            }
        }
        if let Some(base) = &self.base
            && base.is_signed
            && !cut_off
            && !self.learnt.tell_of(&base.edge)
        {
            // The beginning is missing, and nobody says why.
            self.found.push(Finding::at(0, Reason::Sequence));
        }
        if cut_off {
            self.found.push(Finding::at(taken, Reason::Truncated));
        } else if let Some(kept) = &self.since
            && !kept.fits
        {
            let size = kept.checkpoint.size;
            self.found.push(Finding { sizes: vec![size], ..Finding::at(size, Reason::Rollback) });
        }
    }

    fn unfit_finding(&self, unfit: &Unfit) -> Finding {
        match unfit.later {
            Some(later) if self.keys_given => {
                let sizes = vec![unfit.size, later];
                Finding { sizes, ..Finding::at(unfit.size, Reason::Fork) }
            }
            _ => {
                let sizes = vec![unfit.size];
                Finding { sizes, ..Finding::at(unfit.after, Reason::Checkpoint) }
            }
        }
    }

    /// A checkpoint that does not fit says "somewhere in here"; a broken link or changed bytes
    /// inside that range say where.
    fn prefer_exact(&self, faults: &[Finding]) -> Option<Finding> {
        let first = faults.first()?;
        let end = self
            .unfit
            .as_ref()
            .map(|unfit| unfit.size)
            .filter(|_| first.reason == Reason::Checkpoint);
        let exact = |fault: &&Finding| {
            matches!(fault.reason, Reason::Content | Reason::Chain | Reason::Sequence)
                && end.is_some_and(|end| fault.seq < end)
        };
        faults.iter().find(exact).or(Some(first)).cloned()
    }

    fn warnings(&self, claimed: Option<(u64, Hash)>, read_all: bool) -> Vec<Finding> {
        let mut warnings = Vec::new();
        if !self.keys_given && !self.checkpoints.is_empty() {
            warnings.push(Finding::at(0, Reason::SignaturesUnchecked));
        }
        if read_all && self.last_good < self.taken() && self.unfit.is_none() {
            warnings.push(Finding::at(self.last_good, Reason::UnsignedTail));
        }
        if let Some(kept) = self.since.as_ref().filter(|kept| kept.pruned) {
            let size = kept.checkpoint.size;
            warnings.push(Finding { sizes: vec![size], ..Finding::at(size, Reason::SincePruned) });
        }
        let here = (self.taken(), self.frontier.root());
        if read_all && claimed.is_some_and(|head| head != here && head.0 <= here.0) {
            warnings.push(Finding::at(self.taken(), Reason::Head));
        }
        let unexplained = self.missing.iter().filter(|one| !self.learnt.cover(one));
        warnings
            .extend(unexplained.map(|one| named(one.seq, Reason::DisclosureMissing, &one.name)));
        warnings
    }
}

fn signature(size: u64) -> Finding {
    Finding { sizes: vec![size], ..Finding::at(size, Reason::Signature) }
}

fn named(seq: u64, reason: Reason, name: &str) -> Finding {
    Finding { name: Some(name.to_owned()), ..Finding::at(seq, reason) }
}

/// Whether `text` is `hash` in lower-case hex.
fn is_hex_of(text: &str, hash: &Hash) -> bool {
    let mut digits = [0u8; 64];
    hex::encode_to_slice(hash, &mut digits).is_ok() && text.as_bytes() == digits
}
