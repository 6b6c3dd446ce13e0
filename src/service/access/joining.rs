//! Several people into one role or group: each by themselves, as bulk changes of people are, with one entry more
//! that sums them up.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use super::circles::get;
use super::held::{Wanted, set_groups, set_roles};
use crate::app::Deps;
use crate::domain::access::CircleKind;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::service::Caller;
use crate::service::bulk::{Bar, MOST};

/// How it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// People who came to it.
    pub changed: u64,
    /// People who were in it already.
    pub unchanged: u64,
    /// People who could not be added, and why.
    pub refused: Vec<(Uuid, Bar)>,
}

/// Gives a role to people or puts them into a group, and sums it up in the ledger.
///
/// # Errors
/// `NotFound` for a role or group that is not there, `Invalid` for too many people; a failure of the store, which
/// leaves those as they are who were not done yet.
pub fn add(
    d: &Deps,
    by: &Caller,
    kind: CircleKind,
    text: &str,
    ids: &[Uuid],
) -> Result<Joined, Error> {
    let mut seen = BTreeSet::new();
    let ids: Vec<Uuid> = ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    if ids.is_empty() || ids.len() > MOST {
        let message = format!("This is done to between one and {MOST} people at once.");
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    let circle = get(d, kind, text)?.circle;
    let count = ids.len();
    // By its id: whoever is given another word meanwhile is still the one that was meant.
    let wanted =
        Wanted::Change { add: BTreeSet::from([circle.id.clone()]), remove: BTreeSet::new() };
    let set = match kind {
        CircleKind::Role => set_roles,
        CircleKind::Group => set_groups,
    };
    // An action is recorded once, with the sum.
    let each = Caller { action: None, ..by.clone() };
    let mut joined = Joined::default();
    for id in ids {
        match set(d, &each, id, &wanted) {
            Ok((_, true)) => joined.changed += 1,
            Ok((_, false)) => joined.unchanged += 1,
            Err(error) => match error.code() {
                ErrorCode::NotFound => joined.refused.push((id, Bar::NotFound)),
                // They are in as many as one can be, unless it was deleted meanwhile.
                ErrorCode::Invalid => {
                    get(d, kind, &circle.id)?;
                    joined.refused.push((id, Bar::TooMany));
                }
                _ => return Err(error),
            },
        }
    }
    let event = Event::new(EventType::AdminActionRun)
        .data("action", format!("add-{}-members", kind.as_str()))
        .data("count", count)
        .data("parameters", json!({ kind.as_str(): circle.word }))
        .data(
            "result",
            json!({
                "changed": joined.changed, "refused": joined.refused.len(),
                "unchanged": joined.unchanged
            }),
        );
    d.store.write(&by.author(), |_| Ok::<_, Error>(by.change(joined, event, [])))
}
