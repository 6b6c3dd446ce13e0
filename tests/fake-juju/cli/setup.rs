//! Laying out a model: its directories, its charm, its units.

use super::{Command, Done, Refusal, say};
use crate::charm::Charm;
use crate::driver::place_tools;
use crate::faults::Faults;
use crate::machine;
use crate::model::{Model, Relation, Status, Unit, tag};
use crate::store::{Result, Store};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// `init --charm DIR [--dispatch FILE] [--app NAME] [--mode 3|4] [--num-units N] [--same-machine]`
pub fn init(c: &Command) -> Done {
    let charm = c.flags.get("charm").ok_or("no --charm")?;
    make(c, Path::new(charm))?;
    say("")
}

/// Makes the model with its first units; nothing is dispatched yet.
pub fn make(c: &Command, charm: &Path) -> std::result::Result<(), Refusal> {
    let store = &c.store;
    for dir in ["units", "machines", "tasks"] {
        fs::create_dir_all(store.dir.join(dir)).map_err(|e| e.to_string())?;
    }
    // The service user must be able to reach its directory below.
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&store.dir, open).map_err(|e| e.to_string())?;
    own_copy(store)?;
    let source = charm_source(store, charm)?;
    if let Some(binary) = c.flags.get("dispatch") {
        let dispatch = source.join("dispatch");
        let _ = fs::remove_file(&dispatch);
        link_or_copy(Path::new(binary), &dispatch)?;
    }
    let read = Charm::read(&source)?;
    let name = read.metadata.get("name").and_then(|n| n.as_str()).unwrap_or("charm");
    let mode: u8 = c.flags.get("mode").unwrap_or("3").parse().map_err(|_| "mode is 3 or 4")?;
    let mut model = Model {
        name: c.flags.get("name").or(c.flags.get("model")).unwrap_or("test").to_owned(),
        uuid: "6f1c1d5e-2b7a-4c0e-8a52-0d6d3a1f9b10".into(),
        mode,
        version: if mode == 3 { "3.6.8" } else { "4.0.5" }.into(),
        app: c.flags.get("app").unwrap_or(name).to_owned(),
        charm: source,
        ..Model::default()
    };
    for endpoint in read.endpoints("peers") {
        let id = model.next_relation;
        model.next_relation += 1;
        let relation =
            Relation { endpoint, remote_app: model.app.clone(), peer: true, ..Relation::default() };
        model.relations.insert(id, relation);
    }
    let count: u32 = c.flags.get("num-units").unwrap_or("1").parse().map_err(|_| "bad -n")?;
    for n in 0..count {
        let machine = if c.flags.has("same-machine") { 0 } else { n };
        new_unit(c, &mut model, &read, machine)?;
    }
    model.leader = model.units.keys().next().cloned();
    store.save(&model)?;
    Ok(())
}

/// `add-unit [--to MACHINE]`; prints the name.
pub fn add_unit(c: &Command) -> Done {
    let mut model = c.store.load()?;
    let charm = Charm::read(&model.charm)?;
    let next = model.units.values().map(|u| u.machine + 1).max().unwrap_or(0);
    let machine = c.flags.get("to").and_then(|m| m.parse().ok()).unwrap_or(next);
    let name = new_unit(c, &mut model, &charm, machine)?;
    c.store.save(&model)?;
    say(format!("{name}\n"))
}

fn new_unit(
    c: &Command,
    model: &mut Model,
    charm: &Charm,
    machine: u32,
) -> std::result::Result<String, Refusal> {
    let store = &c.store;
    let number = (0..).find(|n| !model.units.contains_key(&format!("{}/{n}", model.app)));
    let name = format!("{}/{}", model.app, number.unwrap_or(0));
    let root = store.root(machine);
    machine::prepare(&root).map_err(|e| e.to_string())?;
    if c.flags.has("real-services") || std::env::var_os("FAKE_JUJU_REAL_SERVICES").is_some() {
        fs::write(root.with_file_name("real-services"), "").map_err(|e| e.to_string())?;
    }
    let unit_dir = store.unit_dir(&name);
    fs::create_dir_all(unit_dir.join("tools")).map_err(|e| e.to_string())?;
    let _ = fs::remove_file(unit_dir.join("root"));
    symlink(&root, unit_dir.join("root")).map_err(|e| e.to_string())?;
    place_charm(store, &name, &model.charm)?;
    place_tools(store, &name, model, &Faults::load(store))?;
    let address = c.flags.get("address").unwrap_or("10.0.0.5");
    let mut unit = Unit {
        machine,
        status: Status { status: "waiting".into(), message: "installing agent".into() },
        addresses: address.split(',').filter(|a| !a.is_empty()).map(str::to_owned).collect(),
        ..Unit::default()
    };
    for storage in c.flags.all("storage") {
        let wanted = storage.split('=').next().unwrap_or_default();
        super::lifecycle::attach(&mut unit, charm, wanted, &tag(&name), &root)?;
    }
    model.units.insert(name.clone(), unit);
    Ok(name)
}

/// The executable behind all tools; one file in the state directory so that links to it work.
fn own_copy(store: &Store) -> Result<()> {
    let target = store.dir.join("fake-juju");
    if target.exists() {
        return Ok(());
    }
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    link_or_copy(&own, &target)
}

fn link_or_copy(from: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map(drop).map_err(|e| format!("{}: {e}", from.display()))
}

/// The charm as the controller keeps it: a copy of a directory, or a `.charm` unpacked.
pub fn charm_source(store: &Store, charm: &Path) -> Result<PathBuf> {
    let target = store.dir.join("charm");
    let _ = fs::remove_dir_all(&target);
    fs::create_dir_all(&target).map_err(|e| e.to_string())?;
    if charm.is_dir() {
        copy_tree(charm, &target)?;
    } else {
        let file = fs::File::open(charm).map_err(|e| format!("{}: {e}", charm.display()))?;
        let mut archive = zip::ZipArchive::new(file).map_err(|e| e.to_string())?;
        archive.extract(&target).map_err(|e| e.to_string())?;
    }
    Ok(target)
}

/// Unpacks the charm for a unit: each file is removed and made again, foreign files stay.
pub fn place_charm(store: &Store, unit: &str, source: &Path) -> Result<()> {
    let target = store.charm_dir(unit);
    fs::create_dir_all(&target).map_err(|e| e.to_string())?;
    copy_tree(source, &target)
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).map_err(|e| format!("{}: {e}", from.display()))?;
    for entry in entries.flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            fs::create_dir_all(&target).map_err(|e| e.to_string())?;
            copy_tree(&source, &target)?;
        } else {
            let _ = fs::remove_file(&target);
            // The big file is shared; nobody writes into it in place.
            if entry.file_name() == "dispatch" {
                link_or_copy(&source, &target)?;
            } else {
                fs::copy(&source, &target).map_err(|e| e.to_string())?;
            }
        }
    }
    Ok(())
}
