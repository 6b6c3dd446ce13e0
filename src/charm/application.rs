//! Conditions of the application: options, peers, which unit holds the store, and its keys.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::events::{Hook, RelationChange};
use super::hooktools::{Level, ToolError};
use super::keys::{self, KeysError};
use super::reconcile::{CharmError, Finding, Unit};
use super::record::Role;
use super::status::Status;
use super::workload;

/// Name of the peer relation in `metadata.yaml`.
pub const PEERS: &str = "doorward-peers";
/// Key of the application databag: the unit that holds the store.
pub const STORE_UNIT: &str = "store-unit";
/// Key of the application databag: where the keys are.
pub const KEYS_SECRET: &str = "keys-secret-id";

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
    let mut options = unit.tools.config_get()?;
    if let Err(problems) = workload::check_options(&options) {
        return Ok(refused(unit, &problems));
    }
    let key = "realm";
    if let (Some(was), Some(is)) = (unit.record.options.get(key), options.get(key))
        && was != is
        && unit.record.migrated.is_some()
    {
        let problem = format!("{key}: cannot be changed once there are data; set it back to {was}");
        return Ok(refused(unit, &[problem]));
    }
    if options.get("external_url").is_none_or(|url| url == "") {
        let url = own_url(unit, workload::port(&options, "public_port").unwrap_or(4433))?;
        options.extend(url.map(|url| ("external_url".to_owned(), url)));
    }
    if unit.record.options != options {
        unit.record.options = options;
        unit.restart_due()?;
    }
    Ok(Finding::Holds)
}

fn refused(unit: &Unit<'_>, problems: &[String]) -> Finding {
    for problem in problems {
        unit.log(Level::Warning, &format!("option {problem}"));
    }
    let more = match problems.len() {
        0 | 1 => String::new(),
        n => format!(" (and {} more, see 'juju debug-log')", n - 1),
    };
    let first = problems.first().map(String::as_str).unwrap_or_default();
    Finding::Fails(Status::blocked(format!("Correct the option {first}{more}")))
}

/// Address of the public listener for deployments that name none. `update-status` keeps the one
/// that is known: a new address comes with config-changed.
fn own_url(unit: &Unit<'_>, port: u16) -> Result<Option<Value>, ToolError> {
    if unit.hook == &Hook::UpdateStatus
        && let Some(known) = unit.record.options.get("external_url")
    {
        return Ok(Some(known.clone()));
    }
    let address = unit.tools.ingress_address(PEERS)?;
    Ok(address.map(|address| {
        let host = if address.contains(':') { format!("[{address}]") } else { address };
        json!(format!("http://{host}:{port}"))
    }))
}

/// There are options to run with: today's, or the last ones that could be used.
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
    if unit.record.role != Some(role) {
        unit.record.role = Some(role);
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
