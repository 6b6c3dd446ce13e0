//! What entries that are written together have in common, gathered while they are sealed, so that a
//! million entries of one import cost a few rows.

use uuid::Uuid;

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
        let fields = Fields::of(self.author, event);
        for (what, run) in &mut self.open {
            let value = value(*what, fields);
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

/// The fields of an entry that marks are about.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'e> {
    /// Who acted.
    pub actor: &'e str,
    /// The one concerned.
    pub principal: Option<Uuid>,
    /// The application.
    pub client: Option<&'e str>,
    /// How it ended.
    pub outcome: &'e str,
    /// The session.
    pub session: Option<&'e str>,
    /// The request or task.
    pub tx: Option<&'e str>,
}

impl<'e> Fields<'e> {
    fn of(author: &'e Author, event: &'e Event) -> Self {
        Self {
            actor: &author.actor.id,
            principal: event.principal,
            client: event.client.as_deref(),
            outcome: event.outcome.as_str(),
            session: event.session.as_deref(),
            tx: author.tx.as_deref(),
        }
    }
}

/// What an entry is marked with; nothing where another index finds it. Marks are made by this, and
/// by this verification finds out which are missing.
#[must_use]
pub fn value(what: What, fields: Fields<'_>) -> Option<&str> {
    let mark = match what {
        What::Actor => {
            let itself = fields.principal.is_some_and(|one| is_text_of(one, fields.actor));
            Some(fields.actor).filter(|_| !itself)
        }
        What::Client => fields.client,
        What::Outcome => Some(fields.outcome).filter(|text| *text != Outcome::Success.as_str()),
        // Its marks end only when the realm does; see `history::change_realm`.
        What::Realm => None,
        What::Session => fields.session,
        What::Tx => fields.tx,
    };
    // PostgreSQL has no such text; nobody but the one who sent it would look for it.
    mark.filter(|text| !text.contains('\0'))
}

fn is_text_of(id: Uuid, text: &str) -> bool {
    id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text
}
