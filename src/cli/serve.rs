//! `doorward serve`: the two listeners.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use super::args::{Global, Serve};
use super::exit::Stop;
use super::place::Place;
use super::{open, output, privilege, running};
use crate::http::{self, Listeners};

/// Serves until told to stop.
///
/// # Errors
/// When an address cannot be listened on or the store cannot be opened.
pub fn run(global: &Global, args: &Serve) -> Result<(), Stop> {
    let place = Place::of(global)?;
    let ports = (place.settings.options.public_port, place.settings.options.admin_port);
    let public = match &args.public_address {
        Some(address) => bind(address)?,
        None => {
            bind(&format!("[::]:{}", ports.0)).or_else(|_| bind(&format!("0.0.0.0:{}", ports.0)))?
        }
    };
    let admin = match &args.admin_address {
        Some(address) => bind(address)?,
        None => bind(&format!("127.0.0.1:{}", ports.1))?,
    };
    let exposed = admin.local_addr().is_ok_and(|address| !address.ip().is_loopback());
    if exposed {
        output::note("WARNING the admin listener has no authentication and is not on loopback");
    }
    privilege::become_owner_of(place.state_dir())?;
    let opened = open::service(global)?;
    let _lock = running::service(place.state_dir())?;
    announce(&public, &admin);
    let global = global.clone();
    http::run(Listeners { public, admin }, opened, Arc::new(move || open::service(&global)))
        .map_err(|error| Stop::Failed(format!("cannot serve: {error}")))
}

fn bind(address: &str) -> Result<TcpListener, Stop> {
    TcpListener::bind(address).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
            io::ErrorKind::InvalidInput => "it must have the form HOST:PORT".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            _ => error.to_string(),
        };
        Stop::Failed(format!("cannot listen on {address}: {reason}"))
    })
}

/// Tells where the listeners are, for people and for programs that asked for port 0.
fn announce(public: &TcpListener, admin: &TcpListener) {
    for (name, listener) in [("public", public), ("admin", admin)] {
        if let Ok(address) = listener.local_addr() {
            // A service does not end because nobody reads this.
            let _ = output::print(&format!("{name} http://{address}\n"));
        }
    }
}
