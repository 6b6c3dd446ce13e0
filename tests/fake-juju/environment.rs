//! The environment of `dispatch`, built from nothing (1.3).

use crate::context::Context;
use crate::model::Model;
use std::collections::BTreeMap;
use std::path::Path;

const MACHINE_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// All variables of one event; `HOME` and its friends are not among them.
pub fn build(cx: &Context, model: &Model, socket: &Path) -> BTreeMap<String, String> {
    let store = &cx.store;
    let charm = store.charm_dir(&cx.unit).display().to_string();
    let machine = model.units.get(&cx.unit).map_or(0, |u| u.machine);
    let path = format!("{}:{MACHINE_PATH}", store.tools_dir(&cx.unit).display());
    let mut env = cx.event.variables(model, &cx.unit);
    for (name, value) in [
        ("JUJU_CHARM_DIR", charm.clone()),
        ("CHARM_DIR", charm),
        ("JUJU_UNIT_NAME", cx.unit.clone()),
        ("JUJU_CONTEXT_ID", cx.id.clone()),
        ("JUJU_AGENT_SOCKET_ADDRESS", socket.display().to_string()),
        ("JUJU_AGENT_SOCKET_NETWORK", "unix".into()),
        ("JUJU_MODEL_UUID", model.uuid.clone()),
        ("JUJU_MODEL_NAME", model.name.clone()),
        ("JUJU_API_ADDRESSES", "10.0.0.2:17070 10.0.0.3:17070".into()),
        ("JUJU_MACHINE_ID", machine.to_string()),
        ("JUJU_PRINCIPAL_UNIT", String::new()),
        ("JUJU_AVAILABILITY_ZONE", String::new()),
        ("JUJU_VERSION", model.version.clone()),
        ("CLOUD_API_VERSION", String::new()),
        ("JUJU_CHARM_HTTP_PROXY", String::new()),
        ("JUJU_CHARM_HTTPS_PROXY", String::new()),
        ("JUJU_CHARM_FTP_PROXY", String::new()),
        ("JUJU_CHARM_NO_PROXY", "127.0.0.1,localhost,::1".into()),
        ("PATH", path),
        ("LANG", "C.UTF-8".into()),
        ("TERM", "tmux-256color".into()),
        ("DEBIAN_FRONTEND", "noninteractive".into()),
        ("APT_LISTCHANGES_FRONTEND", "none".into()),
        // The one seam that Juju never sets.
        ("DOORWARD_ROOT", store.root(machine).display().to_string()),
    ] {
        env.insert(name.to_owned(), value);
    }
    if model.mode == 3 {
        env.insert("JUJU_SLA".into(), "unsupported".into());
    }
    env.extend(model.extra_env.clone());
    env
}
