//! The `JUJU_*` variables, read once into a record that never changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::events::Event;
use super::paths::Paths;

/// Longest time one hook tool may take before it is killed. A hook makes at most about a dozen
/// calls, so the sum of all limits stays under a quarter of an hour.
pub const TOOL_LIMIT: Duration = Duration::from_mins(1);

/// Why a process cannot be a hook or an action.
#[derive(Debug, thiserror::Error)]
#[error("{0} is missing or malformed, so this was not started by Juju")]
pub struct NotJuju(&'static str);

/// What Juju said about this invocation.
#[derive(Clone, Debug)]
pub struct Context {
    /// The hook or action.
    pub event: Event,
    /// The unit this is.
    pub unit: UnitName,
    /// The directory the charm was unpacked into.
    pub charm_dir: PathBuf,
    /// Where the charm's files are.
    pub paths: Paths,
    /// `JUJU_RELATION_ID`, in hooks of relations.
    pub relation_id: Option<String>,
    /// `JUJU_STORAGE_ID`, in storage hooks.
    pub storage_id: Option<String>,
    /// `JUJU_STORAGE_LOCATION`, in storage hooks once the storage is provisioned.
    pub storage_location: Option<PathBuf>,
    /// `JUJU_SECRET_ID`, in secret hooks.
    pub secret_id: Option<String>,
    /// `JUJU_DEPARTING_UNIT`, in relation-departed hooks.
    pub departing_unit: Option<String>,
    /// The number of the task, in actions.
    pub task: Option<String>,
    /// Longest time one hook tool may take.
    pub tool_limit: Duration,
}

/// `app/n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitName {
    /// Name of the application.
    pub app: String,
    /// Number of the unit.
    pub number: u32,
}

impl UnitName {
    /// Reads `app/n`, with the characters Juju allows and no others, because the name becomes
    /// part of paths.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (app, number) = text.split_once('/')?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if app.is_empty()
            || !app.starts_with(|c: char| c.is_ascii_lowercase())
            || !app.chars().all(plain)
        {
            return None;
        }
        Some(Self { app: app.to_owned(), number: number.parse().ok()? })
    }

    /// `app-n`, for names of files and services.
    #[must_use]
    pub fn dashed(&self) -> String {
        format!("{}-{}", self.app, self.number)
    }
}

impl std::fmt::Display for UnitName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.app, self.number)
    }
}

impl Context {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// When a variable that Juju always sets is missing.
    pub fn from_environment() -> Result<Self, NotJuju> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads the variables through `get`; an empty one counts as absent.
    ///
    /// # Errors
    /// As [`Context::from_environment`].
    pub fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, NotJuju> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let event = Event::parse(&get("JUJU_DISPATCH_PATH").ok_or(NotJuju("JUJU_DISPATCH_PATH"))?);
        let unit = get("JUJU_UNIT_NAME")
            .and_then(|name| UnitName::parse(&name))
            .ok_or(NotJuju("JUJU_UNIT_NAME"))?;
        let charm_dir = get("JUJU_CHARM_DIR")
            .or_else(|| get("CHARM_DIR"))
            .map(PathBuf::from)
            .ok_or(NotJuju("JUJU_CHARM_DIR"))?;
        let root = get("DOORWARD_ROOT").map(PathBuf::from);
        let tool_limit = tool_limit(root.as_deref(), get("DOORWARD_TOOL_LIMIT_MS"));
        let paths = Paths::new(root, &unit);
        Ok(Self {
            event,
            charm_dir,
            paths,
            unit,
            relation_id: get("JUJU_RELATION_ID"),
            storage_id: get("JUJU_STORAGE_ID"),
            storage_location: get("JUJU_STORAGE_LOCATION").map(PathBuf::from),
            secret_id: get("JUJU_SECRET_ID"),
            departing_unit: get("JUJU_DEPARTING_UNIT"),
            task: get("JUJU_ACTION_UUID"),
            tool_limit,
        })
    }
}

/// Tests that hang a tool on purpose shorten the limit; it takes a private root to do so.
fn tool_limit(root: Option<&Path>, millis: Option<String>) -> Duration {
    root.and(millis).and_then(|text| text.parse().ok()).map_or(TOOL_LIMIT, Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_name_that_could_leave_its_directory_is_refused() {
        for bad in ["", "app", "../0", "a/b/0", "App/0", "app/-1", "app/x", "/0", "a.b/0"] {
            assert_eq!(UnitName::parse(bad), None, "{bad}");
        }
        assert_eq!(
            UnitName::parse("my-idp/12").map(|unit| unit.dashed()),
            Some("my-idp-12".into())
        );
    }

    #[test]
    fn the_limit_of_tools_moves_only_under_a_private_root() {
        let ms = Some("50".to_owned());
        assert_eq!(tool_limit(None, ms.clone()), TOOL_LIMIT);
        assert_eq!(tool_limit(Some(Path::new("/tmp/x")), ms), Duration::from_millis(50));
    }

    #[test]
    fn an_action_is_known_by_the_dispatch_path_alone() {
        let vars = |name: &str| match name {
            "JUJU_DISPATCH_PATH" => Some("actions/get-identity".to_owned()),
            "JUJU_HOOK_NAME" => Some(String::new()),
            "JUJU_UNIT_NAME" => Some("doorward/0".to_owned()),
            "JUJU_CHARM_DIR" => Some("/charm".to_owned()),
            _ => None,
        };
        let context = Context::from_variables(vars).expect("a context");
        assert_eq!(context.event, Event::Action("get-identity".into()));
    }
}
