//! One running hook or action as the agent sees it.

use crate::charm::Charm;
use crate::event::Event;
use crate::model::{Model, Unit};
use crate::op::{self, Op};
use crate::store::Store;
use crate::text::flags::Fail;
use crate::text::time;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Lives from the start of `dispatch` until its changes are committed or dropped.
pub struct Context {
    pub id: String,
    pub unit: String,
    pub store: Store,
    pub event: Event,
    pub charm: Charm,
    pub pending: Vec<Op>,
    pub results: Map<String, Value>,
    pub failure: Option<String>,
    pub log: Vec<String>,
    /// Option values are read once per context.
    pub config: Option<Map<String, Value>>,
    /// Text for stderr of a tool that succeeds.
    pub notice: String,
    /// Whether `action-log` lines go to the operator at once.
    pub live: bool,
}

impl Context {
    /// The committed layer.
    pub fn model(&self) -> Result<Model, Fail> {
        self.store.load().map_err(|text| Fail { code: 1, text })
    }

    /// Committed and own pending changes.
    pub fn view(&self) -> Result<Model, Fail> {
        Ok(op::overlay(&self.model()?, &self.unit, &self.pending))
    }

    /// This unit in the view.
    pub fn me(&self) -> Result<Unit, Fail> {
        Ok(self.view()?.units.remove(&self.unit).unwrap_or_default())
    }

    /// An effect that stays whatever the exit code.
    pub fn now(&self, change: impl FnOnce(&mut Model)) -> Result<(), Fail> {
        let done = self.store.update(|model| {
            change(model);
            Ok(())
        });
        done.map_err(|text| Fail { code: 1, text })
    }

    pub fn is_leader(&self) -> Result<bool, Fail> {
        Ok(self.model()?.is_leader(&self.unit))
    }

    /// A line of the Juju log.
    pub fn juju_log(&self, level: &str, message: &str) {
        let line = json!({
            "time": time::long(Timestamp::now()), "unit": self.unit, "event": self.event.name,
            "level": level, "message": message,
        });
        self.store.record("log", &line);
    }

    pub fn action_log(&mut self, message: &str) {
        let now = Timestamp::now();
        self.log.push(format!("{} {message}", time::long(now)));
        if self.live {
            eprintln!("{} {message}", time::clock(now));
        }
    }
}
