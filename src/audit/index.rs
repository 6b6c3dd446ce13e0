//! Whether every entry is found by each filter of the history: the marks that filters go by are
//! recomputed from the entries, by the rule that makes them.

use std::borrow::Cow;

use serde::Deserialize;
use uuid::Uuid;

use crate::domain::ledger::stored::{SeenEntry, Stretch};
use crate::store::sql::history::{self, Fields, Run, What, mark_of};
use crate::store::{StoreError, Tx};

/// What is asked of an entry.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    actor: Actor<'a>,
    #[serde(default)]
    principal: Option<Uuid>,
    #[serde(borrow, default)]
    client: Option<Cow<'a, str>>,
    outcome: &'a str,
    #[serde(borrow)]
    realm: Cow<'a, str>,
    #[serde(borrow, default)]
    session: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tx: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Actor<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

/// A mark that is missing for some entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// What it is about.
    pub what: What,
    /// What the entries have there.
    pub value: String,
    /// The entries.
    pub run: Run,
}

/// Goes through entries in order. Remembers the mark that was found last for each filter, because
/// entries that were written together share one.
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
    pub fn look(&mut self, tx: &Tx<'_>, stretch: &Stretch) -> Result<Vec<Lacking>, StoreError> {
        let mut lacking: Vec<Lacking> = Vec::new();
        for SeenEntry { seq, json, .. } in stretch.entries() {
            // What is no entry is found out elsewhere.
            let Ok(entry) = serde_json::from_str::<Entry<'_>>(json) else { continue };
            let fields = Fields {
                actor: &entry.actor.id,
                principal: entry.principal,
                client: entry.client.as_deref(),
                outcome: entry.outcome,
                session: entry.session.as_deref(),
                tx: entry.tx.as_deref(),
            };
            for (what, known) in What::ALL.into_iter().zip(&mut self.known) {
                let value = match what {
                    What::Realm => Some(&*entry.realm),
                    _ => mark_of(what, fields),
                };
                let Some(value) = value else { continue };
                let fits =
                    |(of, run): &(String, Run)| of == value && (run.first..run.past).contains(&seq);
                if known.as_ref().is_some_and(fits) {
                    continue;
                }
                *known =
                    history::covering(tx, what, value, seq)?.map(|run| (value.to_owned(), run));
                if known.is_some() {
                    continue;
                }
                self.first.get_or_insert((seq, what));
                let open = lacking
                    .iter_mut()
                    .rev()
                    .take(What::ALL.len() * 2)
                    .find(|one| one.what == what && one.value == value && one.run.past == seq);
                // A run that is there and too short would cut a longer one off.
                let alone = history::begins(tx, what, value, seq)?;
                match open.filter(|_| !alone) {
                    Some(one) => one.run.past = seq + 1,
                    None => lacking.push(Lacking {
                        what,
                        value: value.to_owned(),
                        run: Run { first: seq, past: seq + 1 },
                    }),
                }
            }
        }
        Ok(lacking)
    }
}
