//! Changing secrets: all of it waits for the commit, where ownership is checked (3.5).

use super::{Call, Done, parse};
use crate::context::Context;
use crate::model::{Owner, Secret, application_of, secret_content, secret_id};
use crate::op::{Op, SecretEdit};
use crate::text::flags::{Fail, Parsed, failed, usage};
use jiff::Timestamp;
use std::collections::BTreeSet;

const OPTIONS: &[&[&str]] =
    &[&["label"], &["description"], &["owner"], &["rotate"], &["expire"], &["file"]];
const POLICIES: [&str; 7] =
    ["never", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly"];

fn uri(parsed: &Parsed) -> Result<String, Fail> {
    let Some(text) = parsed.arg(0) else { return usage("missing secret URI") };
    secret_id(text).map_or_else(|| usage(format!("secret URI {text:?} not valid")), Ok)
}

fn check_policies(parsed: &Parsed) -> Result<(), Fail> {
    if let Some(policy) = parsed.get("rotate").filter(|p| !POLICIES.contains(p)) {
        return usage(format!("rotate policy {policy:?} not valid"));
    }
    match parsed.get("owner") {
        None | Some("application" | "unit") => Ok(()),
        Some(other) => usage(format!("secret owner {other:?} not valid")),
    }
}

pub fn add(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], OPTIONS)?;
    check_policies(&parsed)?;
    if parsed.rest.is_empty() && parsed.get("file").is_none() {
        return usage("missing secret value or filename");
    }
    // Relative names are those of the agent's own directory, not of the charm's.
    let content = secret_content(&parsed.rest, parsed.get("file")).or_else(usage)?;
    let text = |name: &str| parsed.get(name).unwrap_or_default().to_owned();
    let owner = match parsed.get("owner") {
        Some("unit") => Owner::Unit(cx.unit.clone()),
        _ if !cx.is_leader()? => return failed("this unit is not the leader"),
        _ => Owner::Application(application_of(&cx.unit).to_owned()),
    };
    let secret = Secret {
        owner,
        label: text("label"),
        description: text("description"),
        rotate: text("rotate"),
        expire: text("expire"),
        created: Timestamp::now(),
        updated: Timestamp::now(),
        revisions: [(1, content)].into(),
        grants: BTreeSet::new(),
    };
    let made = cx.store.update(|model| Ok(model.new_secret_id()));
    let id = made.or_else(failed)?;
    cx.pending.push(Op::SecretAdd { id: id.clone(), secret });
    Ok(format!("secret:{id}\n"))
}

pub fn set(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], OPTIONS)?;
    check_policies(&parsed)?;
    let id = uri(&parsed)?;
    let pairs = parsed.rest.get(1..).unwrap_or_default();
    let given = !pairs.is_empty() || parsed.get("file").is_some();
    let content =
        if given { Some(secret_content(pairs, parsed.get("file")).or_else(usage)?) } else { None };
    let text = |name: &str| parsed.get(name).map(str::to_owned);
    let edit = SecretEdit {
        label: text("label"),
        description: text("description"),
        rotate: text("rotate"),
        expire: text("expire"),
    };
    cx.pending.push(Op::SecretSet { id, content, edit });
    Ok(String::new())
}

pub fn grant(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[&["relation", "r"], &["unit"]])?;
    let id = uri(&parsed)?;
    parsed.at_most(1)?;
    let Some(relation) = parsed.get("relation") else { return usage("no relation id specified") };
    let view = cx.view()?;
    let number = relation.rsplit(':').next().and_then(|n| n.parse::<u32>().ok());
    let Some(relation) = number.and_then(|n| view.relations.get(&n)) else {
        return usage(format!("invalid value {relation:?} for option -r: relation not found"));
    };
    if !view.secrets.get(&id).is_some_and(|s| s.owned_by(&cx.unit)) {
        return failed(format!("secret {id:?} not found"));
    }
    let to = parsed.get("unit").unwrap_or(&relation.remote_app).to_owned();
    cx.pending.push(Op::SecretGrant { id, to });
    Ok(String::new())
}

pub fn revoke(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[&["relation", "r"], &["app", "application"], &["unit"]])?;
    let id = uri(&parsed)?;
    parsed.at_most(1)?;
    let view = cx.view()?;
    let of_relation = parsed.get("relation").and_then(|r| {
        let id = r.rsplit(':').next()?.parse::<u32>().ok()?;
        Some(view.relations.get(&id)?.remote_app.clone())
    });
    let from = parsed.get("app").or(parsed.get("unit")).map(str::to_owned).or(of_relation);
    let Some(from) = from else { return usage("missing relation or application or unit") };
    cx.pending.push(Op::SecretRevoke { id, from });
    Ok(String::new())
}

pub fn remove(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[&["revision"]])?;
    let id = uri(&parsed)?;
    parsed.at_most(1)?;
    let revision = match parsed.get("revision").map(str::parse::<u64>) {
        None => None,
        Some(Ok(n)) => Some(n),
        Some(Err(e)) => {
            return usage(format!("invalid value for option --revision: {e}"));
        }
    };
    cx.pending.push(Op::SecretRemove { id, revision });
    Ok(String::new())
}
