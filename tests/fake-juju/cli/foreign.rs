//! Other applications of the model: names that a foreign harness deploys and relates to.
//!
//! They run nothing. `status` shows them active, so that a harness that waits for all goes on.

use super::{Command, Done, Refusal, controls, say};
use crate::charm::Charm;
use crate::store::{Result, Store, write_whole};
use crate::text::time;
use serde_json::{Value, json};

fn file(store: &Store) -> std::path::PathBuf {
    store.dir.join("foreign.json")
}

fn names(store: &Store) -> Vec<String> {
    let text = std::fs::read(file(store)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// `deploy NAME [APP]` of a charm that is not a file here.
pub fn deploy(c: &Command, charm: &str) -> Done {
    std::fs::create_dir_all(&c.store.dir).map_err(|e| e.to_string())?;
    let app = c.arg(1).or(c.flags.get("app")).unwrap_or(charm).to_owned();
    let mut all = names(&c.store);
    if all.contains(&app) {
        return Err(format!("application {app:?} already exists").into());
    }
    all.push(app);
    write_whole(&file(&c.store), json!(all).to_string().as_bytes())?;
    say("")
}

/// What `status` shows of them.
pub fn applications(store: &Store) -> Result<Vec<(String, Value)>> {
    let since = time::since(jiff::Timestamp::now());
    let active = json!({"current": "active", "since": since});
    let idle = json!({"current": "idle", "since": since});
    let one = |app: String| {
        let unit = json!({"workload-status": active, "juju-status": idle, "leader": true});
        let value = json!({
            "charm": app, "charm-origin": "charmhub", "charm-name": app, "charm-rev": 1,
            "exposed": false, "application-status": active,
            "units": {format!("{app}/0"): unit},
        });
        (app, value)
    };
    Ok(names(store).into_iter().map(one).collect())
}

/// `integrate A[:endpoint] B[:endpoint]`, in either order.
pub fn integrate(c: &Command) -> Done {
    let (one, two) = (c.need(0, "application")?, c.need(1, "application")?);
    let model = c.store.load()?;
    let app_of = |text: &str| text.split(':').next().unwrap_or(text).to_owned();
    let (ours, theirs) = match (app_of(one) == model.app, app_of(two) == model.app) {
        (true, _) => (one, two),
        (_, true) => (two, one),
        // Two applications that run nothing have nothing to tell each other.
        _ => return say(""),
    };
    let charm = Charm::read(&model.charm)?;
    let mut endpoints = charm.endpoints("requires");
    endpoints.extend(charm.endpoints("provides"));
    let endpoint = match ours.split_once(':') {
        Some((_, endpoint)) => endpoint.to_owned(),
        None => match endpoints.as_slice() {
            [only] => only.clone(),
            [] => return Err("no relations found".into()),
            _ => return Err(format!("ambiguous relation: {ours:?} has several endpoints").into()),
        },
    };
    if !endpoints.contains(&endpoint) {
        let text = format!("application {:?} has no {endpoint:?} relation", model.app);
        return Err(Refusal { text, code: 1 });
    }
    controls::make_relation(c, &endpoint, &app_of(theirs), 1)?;
    say("")
}
