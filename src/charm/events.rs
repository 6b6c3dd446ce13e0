//! What Juju may ask for: the hooks of a machine charm, and actions.

/// The one thing this process was started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A hook.
    Hook(Hook),
    /// The action of that name, known or not.
    Action(String),
}

/// A hook by its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// First hook of a unit; repeated after a failure.
    Install,
    /// This unit became the leader.
    LeaderElected,
    /// Options, addresses or trust may have changed.
    ConfigChanged,
    /// The unit may run its service; also after each reboot of the machine.
    Start,
    /// The charm directory holds other code than before.
    UpgradeCharm,
    /// The periodic look at the unit.
    UpdateStatus,
    /// The unit is going away.
    Stop,
    /// The last hook of a unit.
    Remove,
    /// A storage instance was mounted.
    StorageAttached(String),
    /// A storage instance is about to be unmounted.
    StorageDetaching(String),
    /// Something happened on a relation.
    Relation {
        /// Name of the endpoint.
        endpoint: String,
        /// What happened.
        change: RelationChange,
    },
    /// A secret this unit has read has a new revision.
    SecretChanged,
    /// A hook that asks nothing of this charm, or that did not exist when it was written.
    Other(String),
}

/// The five moments of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationChange {
    /// The relation exists; no unit has been seen yet.
    Created,
    /// A unit came.
    Joined,
    /// A unit or its application changed its data.
    Changed,
    /// A unit left.
    Departed,
    /// The relation is gone.
    Broken,
}

const RELATION_SUFFIXES: [(&str, RelationChange); 5] = [
    ("-relation-created", RelationChange::Created),
    ("-relation-joined", RelationChange::Joined),
    ("-relation-changed", RelationChange::Changed),
    ("-relation-departed", RelationChange::Departed),
    ("-relation-broken", RelationChange::Broken),
];

impl Event {
    /// Reads `JUJU_DISPATCH_PATH`, the only variable that is set for hooks and actions alike.
    #[must_use]
    pub fn parse(dispatch_path: &str) -> Self {
        match dispatch_path.split_once('/') {
            Some(("actions", name)) => Self::Action(name.to_owned()),
            Some((_, name)) => Self::Hook(Hook::parse(name)),
            None => Self::Hook(Hook::parse(dispatch_path)),
        }
    }
}

impl Hook {
    /// The hook of that name; a name nobody knows is [`Hook::Other`].
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "install" => Self::Install,
            "leader-elected" => Self::LeaderElected,
            "config-changed" => Self::ConfigChanged,
            "start" => Self::Start,
            "upgrade-charm" => Self::UpgradeCharm,
            "update-status" => Self::UpdateStatus,
            "stop" => Self::Stop,
            "remove" => Self::Remove,
            "secret-changed" => Self::SecretChanged,
            other => Self::with_prefix(other),
        }
    }

    fn with_prefix(name: &str) -> Self {
        if let Some(storage) = name.strip_suffix("-storage-attached") {
            return Self::StorageAttached(storage.to_owned());
        }
        if let Some(storage) = name.strip_suffix("-storage-detaching") {
            return Self::StorageDetaching(storage.to_owned());
        }
        RELATION_SUFFIXES
            .iter()
            .find_map(|(suffix, change)| {
                let endpoint = name.strip_suffix(suffix)?.to_owned();
                Some(Self::Relation { endpoint, change: *change })
            })
            .unwrap_or_else(|| Self::Other(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_with_a_prefix_keep_it() {
        assert_eq!(
            Event::parse("hooks/data-storage-attached"),
            Event::Hook(Hook::StorageAttached("data".into()))
        );
        assert_eq!(
            Event::parse("hooks/doorward-peers-relation-departed"),
            Event::Hook(Hook::Relation {
                endpoint: "doorward-peers".into(),
                change: RelationChange::Departed
            })
        );
    }

    #[test]
    fn a_hook_nobody_knows_is_kept_by_name() {
        assert_eq!(
            Event::parse("hooks/collect-metrics"),
            Event::Hook(Hook::Other("collect-metrics".into()))
        );
        assert_eq!(Event::parse("hooks/"), Event::Hook(Hook::Other(String::new())));
    }

    #[test]
    fn an_action_is_never_taken_for_a_hook() {
        assert_eq!(Event::parse("actions/install"), Event::Action("install".into()));
    }
}
