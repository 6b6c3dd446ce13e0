//! What entries that are written together have in common, gathered while they are sealed, so that a
//! million entries of one import cost a few rows.

use super::sql::history::{self, Run, What};
use super::{Author, WriteTx};
use crate::domain::ledger::event::{Event, Outcome};

/// The runs that go on.
pub(super) struct Marks<'a> {
    author: &'a Author,
    open: [(What, Option<(String, u64)>); 5],
    past: u64,
}

impl<'a> Marks<'a> {
    /// Before the first entry of `author`.
    pub fn new(author: &'a Author) -> Self {
        let all = [What::Actor, What::Client, What::Outcome, What::Session, What::Tx];
        Self { author, open: all.map(|what| (what, None)), past: 0 }
    }

    /// Takes the entry at `seq` in, the one after the last.
    pub fn take(&mut self, tx: &WriteTx<'_>, event: &Event, seq: u64) {
        for (what, run) in &mut self.open {
            let value = value(*what, self.author, event);
            if run.as_ref().map(|(known, _)| known.as_str()) != value {
                if let Some((known, first)) = run.take() {
                    history::mark(tx, *what, &known, Run { first, past: seq });
                }
                *run = value.map(|value| (value.to_owned(), seq));
            }
        }
        self.past = seq + 1;
    }

    /// After the last.
    pub fn end(self, tx: &WriteTx<'_>) {
        for (what, run) in self.open {
            if let Some((known, first)) = run {
                history::mark(tx, what, &known, Run { first, past: self.past });
            }
        }
    }
}

/// What an entry is marked with; nothing where another index finds it.
fn value<'v>(what: What, author: &'v Author, event: &'v Event) -> Option<&'v str> {
    match what {
        What::Actor => {
            let id = &author.actor.id;
            let itself = event.principal.is_some_and(|one| one.to_string() == *id);
            Some(id.as_str()).filter(|_| !itself)
        }
        What::Client => event.client.as_deref(),
        What::Outcome => match event.outcome {
            Outcome::Success => None,
            outcome => Some(outcome.as_str()),
        },
        What::Realm => None,
        What::Session => event.session.as_deref(),
        What::Tx => author.tx.as_deref(),
    }
}
