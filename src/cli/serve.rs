//! `doorward serve`: the two listeners.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use super::args::{Global, Serve};
use super::exit::Stop;
use super::place::Place;
use super::{open, output, privilege, running};
use crate::http::{self, Consent, Listeners, Rule};

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
    let rule = rule(&admin, args)?;
    privilege::become_owner_of(place.state_dir())?;
    let opened = open::service(global)?;
    let _lock = running::service(place.state_dir())?;
    announce(&public, &admin);
    let global = global.clone();
    http::run(Listeners { public, admin, rule }, opened, Arc::new(move || open::service(&global)))
        .map_err(|error| Stop::Failed(format!("cannot serve: {error}")))
}

/// Who may use the admin listener. Nobody has been answered yet when this refuses.
fn rule(admin: &TcpListener, args: &Serve) -> Result<Rule, Stop> {
    let address = admin
        .local_addr()
        .map_err(|error| Stop::Failed(format!("cannot tell the admin address: {error}")))?;
    let consent = Consent {
        in_the_clear: args.admin_in_the_clear,
        open_to_everyone: args.admin_open_to_everyone,
    };
    let rule = Rule::of(Some(address), false, consent)
        .map_err(|refusal| Stop::Failed(refusal.to_string()))?;
    match rule {
        Rule::Free => {}
        Rule::Demand => output::note(&format!(
            "WARNING tokens and accounts travel unencrypted to and from the admin listener at {address}"
        )),
        Rule::Open => output::note(&format!(
            "WARNING whoever reaches the admin listener at {address} may do everything"
        )),
    }
    Ok(rule)
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
