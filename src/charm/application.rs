//! Conditions of the application: options, peers, which unit holds the store, and its keys.

use std::collections::BTreeMap;

use serde_json::Value;

use super::events::{Hook, RelationChange};
use super::hooktools::{Level, ToolError};
use super::keys::{self, KeysError};
use super::pages;
use super::reconcile::{CharmError, Finding, Unit};
use super::record::Role;
use super::status::Status;
use super::workload;
use crate::config::Problem;

/// Name of the peer relation in `metadata.yaml`.
pub const PEERS: &str = "doorward-peers";
/// Key of the application databag: the unit that holds the store.
pub const STORE_UNIT: &str = "store-unit";
/// Key of the application databag: where the keys are.
pub const KEYS_SECRET: &str = "keys-secret-id";

/// Options that the service follows only when it starts: where it listens.
const BOUND: [&str; 3] = ["public_port", "admin_port", "admin_address"];

/// Options that switch TLS on or off when they are set or emptied; that too takes a start.
const TLS: [&str; 2] = ["tls_certificate", "admin_client_ca"];

/// The peer relation, as far as it is known in this hook.
#[derive(Debug, Default)]
pub struct Peers {
    /// Its id.
    pub relation: String,
    /// The application's databag.
    pub databag: BTreeMap<String, String>,
}

/// The options can be used. If not, the service goes on with the last ones that could.
pub(super) fn options(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let mut options = match workload::check_options(&unit.tools.config_get()?) {
        Ok(options) => options,
        Err(problems) => return Ok(refused(unit, &problems)),
    };
    let was = unit.record.options.get("realm").and_then(Value::as_str);
    if let Some(was) = was.filter(|was| *was != options.realm && unit.record.migrated.is_some()) {
        let message = format!("cannot change once there are data; set it back to '{was}'");
        return Ok(refused(unit, &[Problem { option: "realm".into(), message }]));
    }
    if options.external_url.is_empty()
        && let Some(url) = own_url(unit, options.public_port)?
    {
        options.external_url = url;
    }
    pages::put(&mut options, &unit.record.pages);
    let options = options.to_map();
    if unit.record.options != options {
        let was = &unit.record.options;
        let switched = |name: &&str| {
            was.get(*name) == Some(&"".into()) || options.get(*name) == Some(&"".into())
        };
        let restart = BOUND.iter().any(|name| was.get(*name) != options.get(*name))
            || TLS.iter().filter(|name| was.get(**name) != options.get(**name)).any(switched);
        unit.record.options = options;
        unit.record.restart_due |= restart;
        unit.record.reload_due = true;
        unit.save()?;
    }
    Ok(Finding::Holds)
}

fn refused(unit: &Unit<'_>, problems: &[Problem]) -> Finding {
    for problem in problems {
        unit.log(Level::Warning, &problem.to_string());
    }
    let more = match problems.len() {
        0 | 1 => String::new(),
        n => format!(" (and {} more, see 'juju debug-log')", n - 1),
    };
    let first = problems.first().map(ToString::to_string).unwrap_or_default();
    let first = first.strip_prefix("option").unwrap_or(&first);
    let named = problems.first().map_or("OPTION", |problem| problem.option.as_str());
    Finding::Fails(Status::blocked(format!(
        "Option{first}{more}: correct it with 'juju config {} {named}=...'",
        unit.context.unit.app
    )))
}

/// Address of the public listener for deployments that name none. A new address comes with
/// config-changed, so `update-status` does not ask, and one that cannot be asked for stays.
fn own_url(unit: &mut Unit<'_>, port: u16) -> Result<Option<String>, ToolError> {
    if unit.hook != &Hook::UpdateStatus || unit.record.address.is_none() {
        let found = unit.tools.ingress_address(PEERS)?;
        unit.record.address = found.or(unit.record.address.take());
    }
    Ok(unit.record.address.as_ref().map(|address| {
        let host = if address.contains(':') { format!("[{address}]") } else { address.clone() };
        format!("http://{host}:{port}")
    }))
}

/// There are options to run with: today's, or the last ones that could be used.
#[expect(clippy::unnecessary_wraps, reason = "all conditions have one shape")]
pub(super) fn settings(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let known = unit.holds("options") || !unit.record.options.is_empty();
    Ok(if known { Finding::Holds } else { Finding::NotNow })
}

/// The peer relation exists and its databag has been read.
pub(super) fn peers(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let app = &unit.context.unit.app;
    if let Some(relation) = unit.record.peers.clone()
        && let Ok(databag) = unit.tools.relation_get_app(&relation, app)
    {
        unit.peers = Peers { relation, databag };
        return Ok(Finding::Holds);
    }
    let Some(relation) = unit.tools.relation_ids(PEERS)?.into_iter().next() else {
        return Ok(Finding::Fails(Status::waiting(
            "Waiting for Juju to bring the units of this application together",
        )));
    };
    let databag = unit.tools.relation_get_app(&relation, app)?;
    unit.record.peers = Some(relation.clone());
    unit.peers = Peers { relation, databag };
    Ok(Finding::Holds)
}

/// This unit holds the embedded store.
pub(super) fn store_unit(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let me = unit.context.unit.to_string();
    let holder = unit.peers.databag.get(STORE_UNIT).filter(|name| !name.is_empty()).cloned();
    let holder = match holder {
        Some(holder) if holder == me => Some(holder),
        Some(holder) if !is_gone(unit, &holder)? => Some(holder),
        gone_or_unset => claim(unit, &me, gone_or_unset)?,
    };
    let role = match &holder {
        Some(holder) if *holder == me => Role::Store,
        Some(_) => Role::Spare,
        None => {
            return Ok(Finding::Fails(Status::waiting(
                "Waiting for the leader to say which unit holds the data",
            )));
        }
    };
    if unit.record.role != Some(role) || unit.record.store_unit != holder {
        unit.record.role = Some(role);
        unit.record.store_unit.clone_from(&holder);
        unit.save()?;
    }
    match holder {
        Some(holder) if role == Role::Spare => Ok(Finding::Fails(Status::blocked(format!(
            "Unit {holder} holds the data; the embedded store serves from one unit only: remove \
             this unit with 'juju remove-unit {me}'"
        )))),
        _ => Ok(Finding::Holds),
    }
}

/// Makes this unit the holder if it leads; returns the holder as far as it is known then.
fn claim(unit: &mut Unit<'_>, me: &str, was: Option<String>) -> Result<Option<String>, CharmError> {
    if !unit.tools.is_leader() {
        return Ok(was);
    }
    if let Some(was) = &was {
        unit.log(
            Level::Warning,
            &format!("unit {was} held the data and is gone; this unit begins anew"),
        );
    }
    unit.tools.relation_set_app(&unit.peers.relation, STORE_UNIT, me)?;
    unit.peers.databag.insert(STORE_UNIT.to_owned(), me.to_owned());
    Ok(Some(me.to_owned()))
}

/// Whether the holder has left for good. Two witnesses are heard, because taking over from a unit
/// that is only late would part the data in two.
fn is_gone(unit: &Unit<'_>, holder: &str) -> Result<bool, CharmError> {
    let departing = matches!(unit.hook, Hook::Relation { change: RelationChange::Departed, .. })
        && unit.context.departing_unit.as_deref() == Some(holder);
    let listens =
        matches!(unit.hook, Hook::UpdateStatus | Hook::LeaderElected | Hook::Relation { .. });
    if !listens || !unit.tools.is_leader() {
        return Ok(false);
    }
    if !departing && unit.tools.relation_list(&unit.peers.relation)?.iter().any(|u| u == holder) {
        return Ok(false);
    }
    match unit.tools.goal_units() {
        Ok(units) => Ok(!units.iter().any(|u| u == holder)),
        Err(error) => {
            unit.log(Level::Warning, &format!("whether {holder} is gone is unknown: {error}"));
            Ok(false)
        }
    }
}

/// The application has keys, in a secret that all its units may read.
pub(super) fn shared_keys(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    if unit.peers.databag.get(KEYS_SECRET).is_some_and(|id| !id.is_empty()) {
        return Ok(Finding::Holds);
    }
    if !unit.tools.is_leader() {
        return Ok(Finding::Fails(Status::waiting("Waiting for the leader to make the keys")));
    }
    let id = keys::publish(unit)?;
    unit.tools.relation_set_app(&unit.peers.relation, KEYS_SECRET, &id)?;
    unit.peers.databag.insert(KEYS_SECRET.to_owned(), id);
    Ok(Finding::Holds)
}

/// The keys are where the service reads them.
pub(super) fn keys(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let Some(id) = unit.peers.databag.get(KEYS_SECRET).cloned() else { return Ok(Finding::NotNow) };
    match keys::install(unit, &id) {
        Ok(()) => Ok(Finding::Holds),
        Err(KeysError::Charm(error)) => Err(error),
        Err(refusal) => Ok(Finding::Fails(Status::blocked(refusal.to_string()))),
    }
}
