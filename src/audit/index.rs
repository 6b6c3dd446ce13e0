//! Whether every entry is found by each filter of the history: the marks that filters go by are
//! recomputed from the entries, by the rule that makes them.

use super::leaf::Leaf;
use crate::domain::ledger::stored::Stretch;
use crate::store::sql::history::{self, Fields, Run, What, mark_of};
use crate::store::{StoreError, Tx};

/// Entries that have something in common, by which a filter is to find them; or does not find them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// What they have in common.
    pub what: What,
    /// What each of them has there.
    pub value: String,
    /// The entries.
    pub run: Run,
}

/// Gathers from entries, in order, what filters are to find.
#[derive(Debug, Default)]
pub struct Gathered {
    open: [Option<(String, Run)>; What::ALL.len()],
    whole: Vec<Alike>,
}

impl Gathered {
    /// Takes the entry at `seq` in.
    pub(super) fn take(&mut self, seq: u64, leaf: &Leaf<'_>) {
        let fields = Fields {
            actor: &leaf.actor.id,
            principal: leaf.principal.and_then(|id| id.parse().ok()),
            client: leaf.client.as_deref(),
            outcome: leaf.outcome,
            session: leaf.session.as_deref(),
            tx: leaf.tx.as_deref(),
        };
        for (what, open) in What::ALL.into_iter().zip(&mut self.open) {
            let value = match what {
                What::Realm => Some(&*leaf.realm),
                _ => mark_of(what, fields),
            };
            if let Some((known, run)) = open
                && run.past == seq
                && value == Some(known.as_str())
            {
                run.past = seq + 1;
                continue;
            }
            let new = value.map(|value| (value.to_owned(), Run { first: seq, past: seq + 1 }));
            if let Some((value, run)) = std::mem::replace(open, new) {
                self.whole.push(Alike { what, value, run });
            }
        }
    }

    /// What was gathered since it was last asked for.
    pub fn drain(&mut self) -> Vec<Alike> {
        let mut all = std::mem::take(&mut self.whole);
        for (what, open) in What::ALL.into_iter().zip(&mut self.open) {
            all.extend(open.take().map(|(value, run)| Alike { what, value, run }));
        }
        all.sort_by_key(|alike| (alike.run.first, alike.what as usize));
        all
    }
}

/// Looks for marks. Remembers the one that was found last for each filter, because entries that were
/// written together share one.
#[derive(Debug, Default)]
pub struct Index {
    known: [Option<(String, Run)>; What::ALL.len()],
    /// The first entry that a filter does not find, and which filter that is.
    pub first: Option<(u64, What)>,
}

impl Index {
    /// Looks for the marks of some entries; gives those that are missing.
    ///
    /// # Errors
    /// A failure of the store.
    pub fn look(&mut self, tx: &Tx<'_>, stretch: &Stretch) -> Result<Vec<Alike>, StoreError> {
        let mut gathered = Gathered::default();
        for entry in stretch.entries() {
            // What is no entry is found out elsewhere.
            if let Some(leaf) = Leaf::read(entry.json) {
                gathered.take(entry.seq, &leaf);
            }
        }
        self.find(tx, &gathered.drain())
    }

    /// Looks for the marks of what was gathered; gives those that are missing.
    ///
    /// # Errors
    /// A failure of the store.
    pub fn find(&mut self, tx: &Tx<'_>, gathered: &[Alike]) -> Result<Vec<Alike>, StoreError> {
        let mut lacking = Vec::new();
        for alike in gathered {
            self.find_each(tx, alike, &mut lacking)?;
        }
        Ok(lacking)
    }

    fn find_each(
        &mut self,
        tx: &Tx<'_>,
        alike: &Alike,
        lacking: &mut Vec<Alike>,
    ) -> Result<(), StoreError> {
        let Alike { what, value, run } = alike;
        let Some(known) = self.known.get_mut(*what as usize) else { return Ok(()) };
        let mut at = run.first;
        while at < run.past {
            let fits =
                |(of, run): &&(String, Run)| of == value && (run.first..run.past).contains(&at);
            let found = match known.as_ref().filter(fits) {
                Some((_, run)) => Some(*run),
                None => history::covering(tx, *what, value, at)?,
            };
            if let Some(found) = found {
                at = found.past;
                *known = Some((value.clone(), found));
                continue;
            }
            if self.first.is_none_or(|(seq, _)| at < seq) {
                self.first = Some((at, *what));
            }
            // A run that is there and too short would cut a longer one off.
            let alone = history::begins(tx, *what, value, at)?;
            let goes_on = |one: &&mut Alike| {
                !alone && one.what == *what && one.value == *value && one.run.past == at
            };
            match lacking.last_mut().filter(goes_on) {
                Some(one) => one.run.past = at + 1,
                None => lacking.push(Alike {
                    what: *what,
                    value: value.clone(),
                    run: Run { first: at, past: at + 1 },
                }),
            }
            at += 1;
        }
        Ok(())
    }
}
