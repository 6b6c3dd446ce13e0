//! `doorward serve`: the listeners.

use std::io;
use std::path::Path;
use std::sync::Arc;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::args::{Global, Serve};
use super::exit::Stop;
use super::place::{self, Place};
use super::{open, output, privilege, running};
use crate::config::AdminPlace;
use crate::http::{Consent, Listeners, Rule, Server, Socket};

/// Descriptors to count on when the system does not say.
const FEW_FILES: usize = 1024;

/// Serves until told to stop.
///
/// # Errors
/// When an address cannot be listened on or the store cannot be opened.
pub fn run(global: &Global, args: &Serve) -> Result<(), Stop> {
    let place = Place::of(global)?;
    let public_port = place.settings.options.public_port;
    let public = match &args.public_address {
        Some(address) => tcp(address)?,
        None => tcp(&format!("[::]:{public_port}"))
            .or_else(|_| tcp(&format!("0.0.0.0:{public_port}")))?,
    };
    let admin = match admin_place(args, &place)? {
        AdminPlace::Address(address) => Ok(tcp(&address)?),
        AdminPlace::Socket(path) => Err(path),
    };
    privilege::become_owner_of(place.state_dir())?;
    // Sockets that are files belong to the service, which removes them in the end.
    let admin = admin.or_else(|path| unix(&path))?;
    let health = args.health_socket.as_deref().map(unix).transpose()?;
    let tls = place.settings.options.admin_speaks_tls(admin.is_local());
    let rule = rule(&admin, tls, args)?;
    let port = public.address().map(|address| address.port());
    let deps = open::service(global, port)?;
    let _lock = running::service(place.state_dir())?;
    let server = Server::new(Listeners { public, admin, health }, deps, files())
        .map_err(|error| failed(&error))?;
    let global = global.clone();
    server
        .run(rule, Arc::new(move || open::service(&global, port)), announce)
        .map_err(|error| failed(&error))
}

fn failed(error: &io::Error) -> Stop {
    Stop::Failed(format!("cannot serve: {error}"))
}

/// Who may use the admin listener. Nobody has been answered yet when this refuses.
fn rule(admin: &Socket, tls: bool, args: &Serve) -> Result<Rule, Stop> {
    let consent = Consent {
        in_the_clear: args.admin_in_the_clear,
        open_to_everyone: args.admin_open_to_everyone,
    };
    let rule = Rule::of(admin.address(), tls, consent)
        .map_err(|refusal| Stop::Failed(refusal.to_string()))?;
    let place = admin.url(tls);
    match rule {
        Rule::Demand if !tls => output::note(&format!(
            "WARNING tokens and accounts travel unencrypted to and from the admin listener at {place}"
        )),
        Rule::Free | Rule::Demand => {}
        Rule::Open => output::note(&format!(
            "WARNING whoever reaches the admin listener at {place} may do everything"
        )),
    }
    Ok(rule)
}

/// Where the admin listener is to be: as the command line says, or else the options.
fn admin_place(args: &Serve, place: &Place) -> Result<AdminPlace, Stop> {
    Ok(match &args.admin_address {
        None => place.settings.options.admin_place(),
        Some(text) => match text.strip_prefix("unix:") {
            Some(path) => AdminPlace::Socket(place::absolute(Path::new(path))?),
            None => AdminPlace::Address(text.clone()),
        },
    })
}

fn tcp(address: &str) -> Result<Socket, Stop> {
    Socket::tcp(address).map_err(|error| cannot_listen(address, &error))
}

fn unix(path: &Path) -> Result<Socket, Stop> {
    Socket::unix(path).map_err(|error| cannot_listen(&path.display().to_string(), &error))
}

fn cannot_listen(place: &str, error: &io::Error) -> Stop {
    let reason = match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there".to_owned(),
        io::ErrorKind::InvalidInput => "it must have the form HOST:PORT".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    };
    Stop::Failed(format!("cannot listen on {place}: {reason}"))
}

/// Takes as many descriptors as the system allows, and says how many that is.
fn files() -> usize {
    let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE) else { return FEW_FILES };
    let raised = setrlimit(Resource::RLIMIT_NOFILE, most, most).is_ok();
    usize::try_from(if raised { most } else { now }).unwrap_or(FEW_FILES)
}

/// Tells where the listeners are, for people and for programs that asked for port 0.
fn announce(urls: [(&str, String); 2]) {
    for (name, url) in urls {
        // A service does not end because nobody reads this.
        let _ = output::print(&format!("{name} {url}\n"));
    }
}
