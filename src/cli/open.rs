//! Opening what a command works with.

use super::args::Global;
use super::exit::Stop;
use super::place::Place;
use super::privilege;
use crate::app::{self, Deps, Migrated};
use crate::domain::ledger::event::{Actor, ActorKind};
use crate::error::{Error, ErrorCode};
use crate::service::Caller;

/// Opens the store at `place` as the user it belongs to; makes it when there is none, and brings an
/// older one up to date. `by` is whom the ledger will name for that.
///
/// # Errors
/// As [`app::prepare`].
pub fn prepared(place: &Place, by: &Caller) -> Result<(Deps, Migrated), Error> {
    privilege::become_owner_of(place.state_dir())
        .map_err(|stop| Error::new(ErrorCode::Forbidden, stop.to_string()))?;
    app::prepare(&place.settings, &by.author())
}

/// Opens a store that must be there already, for the person at the keyboard: a mistyped directory
/// is not an empty ledger.
///
/// # Errors
/// When there is none, and as [`prepared`].
pub fn existing(place: &Place) -> Result<(Deps, Caller), Stop> {
    must_exist(place)?;
    let by = caller();
    Ok((prepared(place, &by)?.0, by))
}

/// Opens a store for looking only: nothing is made, and nothing brought up to date.
///
/// # Errors
/// When there is none, and as [`app::open`].
pub fn untouched(place: &Place) -> Result<Deps, Stop> {
    must_exist(place)?;
    privilege::become_owner_of(place.state_dir())?;
    Ok(app::open(&place.settings)?)
}

fn must_exist(place: &Place) -> Result<(), Stop> {
    if place.state_dir().join(app::DATABASE).exists() {
        return Ok(());
    }
    Err(Stop::Failed(format!("there is no database in {}", place.state_dir().display())))
}

/// What the service works with, read anew at every SIGHUP. `port` is where it listens for people:
/// without an external URL its links lead there, wherever the options say it should.
///
/// # Errors
/// When the configuration or the store cannot be used.
pub fn service(global: &Global, port: Option<u16>) -> Result<Deps, Error> {
    let mut place =
        Place::of(global).map_err(|stop| Error::new(ErrorCode::Invalid, stop.to_string()))?;
    if let Some(port) = port {
        place.settings.options.public_port = port;
    }
    let by = Caller::local(Actor::new(ActorKind::System, "serve"));
    Ok(prepared(&place, &by)?.0.shared())
}

/// The person at the keyboard, for the ledger. Ask before the store is opened, because that may
/// change who this process is.
#[must_use]
pub fn caller() -> Caller {
    let actor = Actor::new(ActorKind::Action, privilege::operator());
    Caller::local(actor)
}
