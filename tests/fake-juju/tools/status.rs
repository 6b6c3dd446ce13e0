//! `status-set`, `status-get`, `application-version-set`: effects that a failing hook keeps.

use super::{Call, Done, FORMAT, OUTPUT, emit, parse};
use crate::context::Context;
use crate::model::Status;
use crate::text::flags::{Format, failed, usage};
use serde_json::{Map, Value, json};

const ALLOWED: [&str; 4] = ["maintenance", "blocked", "waiting", "active"];

pub fn set(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[&["application"]], &[])?;
    let Some(status) = parsed.arg(0) else {
        return usage("invalid args, require <status> [message]");
    };
    if !ALLOWED.contains(&status) {
        return usage(format!(
            "invalid status {status:?}, expected one of [maintenance blocked waiting active]"
        ));
    }
    parsed.at_most(2)?;
    let message = parsed.arg(1).unwrap_or_default().to_owned();
    let status = Status { status: status.to_owned(), message };
    if parsed.has("application") {
        if !cx.is_leader()? {
            return failed("this unit is not the leader");
        }
        cx.now(|model| model.app_status = Some(status))?;
    } else {
        let name = cx.unit.clone();
        cx.now(|model| {
            if let Some(unit) = model.units.get_mut(&name) {
                unit.status = status;
                unit.status_set = true;
            }
        })?;
    }
    Ok(String::new())
}

pub fn get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[&["application"], &["include-data"]], &[FORMAT, OUTPUT])?;
    parsed.at_most(0)?;
    let model = cx.model()?;
    let full = |s: &Status| json!({"message": s.message, "status": s.status, "status-data": {}});
    let value = if parsed.has("application") {
        if !model.is_leader(&cx.unit) {
            return failed("finding application status: this unit is not the leader");
        }
        let unknown = Status { status: "unknown".into(), ..Status::default() };
        let mut value = full(model.app_status.as_ref().unwrap_or(&unknown));
        let units: Map<String, Value> =
            model.units.iter().map(|(n, u)| (n.clone(), full(&u.status))).collect();
        value["units"] = Value::Object(units);
        json!({"application-status": value})
    } else {
        let status = model.units.get(&cx.unit).map(|u| u.status.clone()).unwrap_or_default();
        match parsed.has("include-data") {
            true => full(&status),
            false if parsed.get("format").is_none() => Value::String(status.status),
            false => json!({"status": status.status}),
        }
    };
    emit(call, &parsed, Format::Smart, &value)
}

pub fn version(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[])?;
    let Some(version) = parsed.arg(0) else { return usage("no version specified") };
    parsed.at_most(1)?;
    cx.now(|model| model.app_version = version.to_owned())?;
    Ok(String::new())
}
