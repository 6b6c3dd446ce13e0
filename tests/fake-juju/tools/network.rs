//! Addresses and ports (3.6).

use super::{Call, Done, FORMAT, OUTPUT, emit, parse};
use crate::context::Context;
use crate::op::Op;
use crate::text::flags::{Fail, Format, failed, usage};
use serde_json::{Value, json};

pub fn get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(
        call,
        &[&["bind-address"], &["ingress-address"], &["egress-subnets"], &["primary-address"]],
        &[FORMAT, OUTPUT, &["relation", "r"]],
    )?;
    let Some(binding) = parsed.arg(0) else { return usage("no arguments specified") };
    parsed.at_most(1)?;
    if !known_binding(cx, binding) {
        return failed(format!("no network config found for binding {binding:?}"));
    }
    let addresses = cx.me()?.addresses;
    let first = addresses.first().map_or(Value::Null, |a| json!(a));
    let subnets: Vec<String> = addresses.iter().map(|a| format!("{a}/32")).collect();
    let value = if parsed.has("bind-address") || parsed.has("ingress-address") {
        first
    } else if parsed.has("egress-subnets") {
        json!(subnets)
    } else {
        let cidr = |a: &str| match a.rsplit_once('.') {
            Some((net, _)) => format!("{net}.0/24"),
            None => format!("{a}/64"),
        };
        let one = |a: &String| json!({"hostname": "", "value": a, "cidr": cidr(a)});
        let list: Vec<Value> = addresses.iter().map(one).collect();
        let bind = if list.is_empty() {
            json!([])
        } else {
            json!([{
                "mac-address": "00:16:3e:00:00:05", "interface-name": "eth0", "addresses": list,
            }])
        };
        json!({"bind-addresses": bind, "egress-subnets": subnets, "ingress-addresses": addresses})
    };
    emit(call, &parsed, Format::Smart, &value)
}

fn known_binding(cx: &Context, binding: &str) -> bool {
    let roles = ["peers", "requires", "provides", "extra-bindings"];
    binding == "juju-info"
        || roles.iter().any(|r| cx.charm.endpoints(r).iter().any(|e| e == binding))
}

pub fn unit_get(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[], &[FORMAT, OUTPUT])?;
    match parsed.arg(0) {
        None => return usage("no setting specified"),
        Some("private-address" | "public-address") => {}
        Some(other) => return usage(format!("unknown setting {other:?}")),
    }
    parsed.at_most(1)?;
    match cx.me()?.addresses.first() {
        Some(address) => emit(call, &parsed, Format::Smart, &json!(address)),
        None => failed("no private address"),
    }
}

pub fn open_port(call: &Call, cx: &mut Context) -> Done {
    let range = port_range(call, cx)?;
    cx.pending.push(Op::OpenPort { range });
    Ok(String::new())
}

pub fn close_port(call: &Call, cx: &mut Context) -> Done {
    let range = port_range(call, cx)?;
    cx.pending.push(Op::ClosePort { range });
    Ok(String::new())
}

fn port_range(call: &Call, cx: &mut Context) -> Result<String, Fail> {
    let parsed = parse(call, &[], &[&["endpoints"], FORMAT])?;
    let Some(text) = parsed.arg(0) else { return usage("no port or range specified") };
    parsed.at_most(1)?;
    if parsed.get("format").is_some() {
        cx.notice = "--format flag deprecated for command \"open-port\"".into();
    }
    if text == "icmp" {
        return Ok("icmp".into());
    }
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let bad = || Fail {
        code: 2,
        text: format!(
            "expected <port>[/<protocol>] or <from>-<to>[/<protocol>] or icmp; got {text:?}"
        ),
    };
    if !["tcp", "udp"].contains(&protocol) {
        return usage(format!(
            "invalid protocol {protocol:?}, expected \"tcp\", \"udp\", or \"icmp\""
        ));
    }
    let (from, to) = ports.split_once('-').unwrap_or((ports, ports));
    let (from, to): (u32, u32) = (from.parse().map_err(|_| bad())?, to.parse().map_err(|_| bad())?);
    let valid = |p: u32| (1..=65535).contains(&p);
    if !valid(from) || !valid(to) || from > to {
        return usage(format!("port must be in the range [1, 65535]; got {text:?}"));
    }
    Ok(if from == to { format!("{from}/{protocol}") } else { format!("{from}-{to}/{protocol}") })
}

pub fn opened(call: &Call, cx: &mut Context) -> Done {
    let parsed = parse(call, &[&["endpoints"]], &[FORMAT, OUTPUT])?;
    parsed.at_most(0)?;
    let suffix = if parsed.has("endpoints") { " (*)" } else { "" };
    let ports: Vec<String> = cx.me()?.ports.iter().map(|p| format!("{p}{suffix}")).collect();
    emit(call, &parsed, Format::Smart, &json!(ports))
}
