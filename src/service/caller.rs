//! Who is asking.

use serde_json::{Map, Value};

use super::unchanged::Unchanged;
use crate::domain::ledger::event::{Actor, Event};
use crate::store::{Author, Change, Places};

/// Where a request came from, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub ip: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

impl Origin {
    /// Says in the ledger where the request came from.
    fn mark(&self, event: Event) -> Event {
        event.personal("ip", self.ip.as_deref()).personal("user_agent", self.user_agent.as_deref())
    }
}

/// Who is asking, from which request, and whether by an action.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// The request or task that joins related entries.
    pub tx: Option<String>,
    /// The action that runs, with its parameters minus secrets.
    pub action: Option<(String, Map<String, Value>)>,
    /// Where the request came from; nothing for what happens on this machine.
    pub origin: Origin,
    /// Told where the entries of the last change are.
    pub places: Option<Places>,
    /// What the person, or whatever else it is about, must be like.
    pub unchanged: Option<Unchanged>,
}

impl Caller {
    /// Who the ledger says it was.
    #[must_use]
    pub fn author(&self) -> Author {
        Author { actor: self.actor.clone(), tx: self.tx.clone() }
    }

    /// Somebody who asks on this machine, without a request.
    #[must_use]
    pub fn local(actor: Actor) -> Self {
        Self {
            actor,
            tx: None,
            action: None,
            origin: Origin::default(),
            places: None,
            unchanged: None,
        }
    }

    /// `kind:id`, as a status detail keeps it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}:{}", self.actor.kind.as_str(), self.actor.id)
    }

    /// The same, and it can be asked where the entries of the last change are.
    pub(super) fn noting(&self) -> Self {
        let places = Some(self.places.clone().unwrap_or_default());
        Self { places, ..self.clone() }
    }

    /// A change with its events; the run of the action goes before them.
    pub(super) fn change<T>(
        &self,
        value: T,
        event: Event,
        more: impl IntoIterator<Item = Event, IntoIter: 'static>,
    ) -> Change<T> {
        let origin = self.origin.clone();
        let rest = more.into_iter().map(move |event| origin.mark(event));
        let event = self.origin.mark(event);
        let change = match self.action_event() {
            Some(run) => Change::of(value, run, std::iter::once(event).chain(rest)),
            None => Change::of(value, event, rest),
        };
        change.noted(self.places.clone())
    }

    /// The event of the action that runs.
    pub(super) fn action_event(&self) -> Option<Event> {
        self.action.as_ref().map(|(name, parameters)| Event::action_run(name, parameters))
    }
}
