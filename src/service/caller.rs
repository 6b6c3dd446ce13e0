//! Who is asking.

use serde_json::{Map, Value};

use crate::domain::ledger::event::{Actor, Event};
use crate::store::{Author, Change};

/// Who is asking, from which request, and whether by an action.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// The request or task that joins related entries.
    pub tx: Option<String>,
    /// The action that runs, with its parameters minus secrets.
    pub action: Option<(String, Map<String, Value>)>,
}

impl Caller {
    /// Who the ledger says it was.
    #[must_use]
    pub fn author(&self) -> Author {
        Author { actor: self.actor.clone(), tx: self.tx.clone() }
    }

    /// `kind:id`, as a status detail keeps it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}:{}", self.actor.kind.as_str(), self.actor.id)
    }

    /// A change with its events; the run of the action goes before them.
    pub(super) fn change<T>(
        &self,
        value: T,
        event: Event,
        more: impl IntoIterator<Item = Event, IntoIter: 'static>,
    ) -> Change<T> {
        match self.action_event() {
            Some(run) => Change::of(value, run, std::iter::once(event).chain(more.into_iter())),
            None => Change::of(value, event, more),
        }
    }

    /// The event of the action that runs.
    pub(super) fn action_event(&self) -> Option<Event> {
        self.action.as_ref().map(|(name, parameters)| Event::action_run(name, parameters))
    }
}
