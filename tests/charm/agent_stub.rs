//! A charm of shell scripts, to see whether the agent itself keeps Juju's contract.

#![expect(clippy::expect_used, reason = "a kit of the tests, which it fails at once")]

use super::agent::{Agent, Hook, Setup, Task};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;

/// An agent with a `dispatch` that runs the script a test writes for the next event.
pub struct Stub {
    pub agent: Agent,
    _charm: TempDir,
}

const METADATA: &str = "
name: stub
summary: A stub.
description: A charm of scripts.
storage: {data: {type: filesystem}}
peers: {cluster: {interface: stub}}
requires: {db: {interface: postgresql_client, optional: true}}
";
const CONFIG: &str = "
options:
  level: {type: string, default: info}
  count: {type: int, default: 1000000}
  unset: {type: string}
  admin: {type: secret}
";
const ACTIONS: &str = "
act:
  description: Runs the script.
  additionalProperties: false
  params:
    text: {type: string, minLength: 2}
    count: {type: integer, default: 5, maximum: 9007199254740993}
    any: {description: Anything., properties: {}}
    map: {type: object, properties: {}}
    name: {type: string, minLength: 3, pattern: '^[a-z]+(-[a-z0-9]{2,3})?$'}
    role: {type: string, enum: [admin, user]}
    few: {type: integer, maximum: 9}
strict:
  params: {must: {type: string}}
  required: [must]
open:
  params: {known: {type: string}}
";
const DISPATCH: &str = "#!/bin/sh\nexec /bin/sh \"$JUJU_CHARM_DIR/../script\"\n";

impl Stub {
    pub fn new() -> Stub {
        Stub::with(&[])
    }

    pub fn with(words: &[&str]) -> Stub {
        let charm = TempDir::new().expect("a directory");
        let write = |name: &str, text: &str| std::fs::write(charm.path().join(name), text);
        for (name, text) in [
            ("metadata.yaml", METADATA),
            ("config.yaml", CONFIG),
            ("actions.yaml", ACTIONS),
            ("dispatch", DISPATCH),
        ] {
            write(name, text).expect("written");
        }
        mode(&charm.path().join("dispatch"), 0o755);
        let agent = Setup::default().charm(charm.path()).with(words).build();
        let stub = Stub { agent, _charm: charm };
        for unit in stub.agent.units() {
            stub.script_of(&unit, "");
        }
        stub
    }

    pub fn script(&self, text: &str) {
        self.script_of(self.agent.unit(), text);
    }

    pub fn script_of(&self, unit: &str, text: &str) {
        let path = self.agent.dir().join("units").join(unit.replace('/', "-")).join("script");
        std::fs::write(path, text).expect("written");
    }

    /// Runs a script as the hook `update-status`.
    pub fn hook(&self, script: &str) -> Hook {
        self.script(script);
        self.agent.hook("update-status")
    }

    /// Runs a script as the action `act`.
    pub fn act(&self, script: &str) -> Task {
        self.script(script);
        self.agent.action("act", json!({}))
    }

    /// What a script prints in an action; stderr and exit codes too with `2>&1; echo $?`.
    pub fn says(&self, script: &str) -> String {
        self.act(script).stdout
    }
}

pub fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("mode");
}
