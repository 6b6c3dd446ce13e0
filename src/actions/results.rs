//! Results: documents become maps whose keys Juju can carry and whose leaves are texts.
//!
//! Strings are themselves, every other leaf is its JSON text. Underscores become hyphens as in
//! Charmed Kratos; any other key is bent until it is valid, so the exact document is given beside
//! it as `…-json` where people choose the keys.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::domain::credential::Credential;
use crate::domain::identity::{Identity, RecoveryAddress, VerifiableAddress};
use crate::domain::session::LastLogin;
use crate::domain::terms::Standing;

/// Nested maps with text leaves, ready for `action-set` or for printing.
pub type Results = Map<String, Value>;

/// Longest single value, in bytes: one argument of a program may have 128 KiB on Linux.
pub const VALUE_MAX_BYTES: usize = 96 * 1024;
/// Longest whole result, in bytes: Juju keeps it in its own database.
pub const TOTAL_MAX_BYTES: usize = 1024 * 1024;
/// Maps nested deeper than this become their JSON text.
const DEPTH_MAX: usize = 16;
/// Words that Juju keeps for itself anywhere in a key.
const RESERVED: [&str; 5] =
    ["stdout", "stdout-encoding", "stderr", "stderr-encoding", "return-code"];

/// Turns a document into results. Empty maps disappear, as they do upstream.
#[must_use]
pub fn from_document(document: &Map<String, Value>) -> Results {
    nested(document, 1)
}

fn nested(document: &Map<String, Value>, depth: usize) -> Results {
    let mut results = Results::new();
    for (name, value) in document {
        let value = match value {
            Value::Object(map) if map.is_empty() => continue,
            Value::Object(map) if depth < DEPTH_MAX => Value::Object(nested(map, depth + 1)),
            other => Value::String(leaf(other)),
        };
        results.insert(free_key(&results, key(name)), value);
    }
    results
}

/// The text of a leaf. A NUL cannot be an argument of a program; it is shown as U+FFFD.
fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\0', "\u{FFFD}"),
        other => other.to_string(),
    }
}

/// A valid key made of any name: `phone_number` is `phone-number`, `firstName` is `first-name`.
#[must_use]
pub fn key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut before = ' ';
    for c in name.chars() {
        if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            key.push('-');
        }
        key.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
        before = c;
    }
    let key = key.trim_matches('-');
    if key.is_empty() {
        return "key".to_owned();
    }
    if RESERVED.contains(&key) { format!("{key}-value") } else { key.to_owned() }
}

/// `wanted`, or `wanted-2` and so on when another name became the same key.
fn free_key(taken: &Results, wanted: String) -> String {
    if !taken.contains_key(&wanted) {
        return wanted;
    }
    let mut number = 2_u64;
    loop {
        let candidate = format!("{wanted}-{number}");
        if !taken.contains_key(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

/// Dotted keys with their texts, sorted, for `action-set`.
///
/// What is too long to be an argument, or too much for Juju's database, is replaced by a sentence
/// that says so: half a JSON document would be worse than none.
#[must_use]
pub fn flatten(results: &Results) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    collect("", results, &mut flat);
    flat.sort();
    let mut total = 0;
    for (_, text) in &mut flat {
        if text.len() > VALUE_MAX_BYTES || total + text.len() > TOTAL_MAX_BYTES {
            *text =
                format!("left out: {} bytes are too long for the result of an action", text.len());
        }
        total += text.len();
    }
    flat
}

fn collect(prefix: &str, results: &Results, flat: &mut Vec<(String, String)>) {
    for (name, value) in results {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Object(map) => collect(&path, map, flat),
            other => flat.push((path, leaf(other))),
        }
    }
}

/// The same results with what is too long left out: what every face shows.
#[must_use]
pub fn bounded(results: &Results) -> Results {
    let mut bounded = Results::new();
    for (path, text) in flatten(results) {
        let mut at = &mut bounded;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                at.insert(part.to_owned(), Value::String(text));
                break;
            }
            let next = at.entry(part).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(map) = next else { break };
            at = map;
        }
    }
    bounded
}

/// An identity as `get-identity` and `reset-password` give it; never a secret.
#[must_use]
pub fn identity(identity: &Identity, now: Timestamp, base_url: &str) -> Results {
    let document = identity_document(identity, now, base_url);
    let mut results = document.as_object().map(from_document).unwrap_or_default();
    results.insert("traits-json".to_owned(), Value::String(identity.traits.to_string()));
    results
}

fn identity_document(identity: &Identity, now: Timestamp, base_url: &str) -> Value {
    let status = identity.effective_status(now);
    let mut document = json!({
        "id": identity.id,
        "schema_id": identity.schema_id,
        "schema_url": schema_url(base_url, &identity.schema_id),
        "state": status.kratos_state(),
        "status": status.as_str(),
        "traits": identity.traits,
        "metadata_public": identity.metadata_public,
        "metadata_admin": identity.metadata_admin,
        "authorities": authorities(identity),
        "credentials": credentials(&identity.credentials),
        "verifiable_addresses": identity.verifiable_addresses.iter().map(verifiable).collect::<Vec<_>>(),
        "recovery_addresses": identity.recovery_addresses.iter().map(recovery).collect::<Vec<_>>(),
        "created_at": identity.created_at,
        "updated_at": identity.updated_at,
    });
    if let Some(map) = document.as_object_mut() {
        optional(map, "external_id", identity.external_id.as_deref().map(Value::from));
        optional(map, "state_changed_at", identity.status_changed_at.map(time));
        optional(map, "expires_at", identity.expires_at.map(time));
    }
    document
}

fn optional(map: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value);
    }
}

/// A time as results show it: RFC 3339, UTC.
#[must_use]
pub fn time(at: Timestamp) -> Value {
    Value::String(at.to_string())
}

/// A sign-in; what is not known of it is left out.
#[must_use]
pub fn login(login: &LastLogin) -> Value {
    let mut shown = json!({"at": login.at, "method": login.method});
    if let Some(map) = shown.as_object_mut() {
        optional(map, "provider", login.provider.as_deref().map(Value::from));
        optional(map, "ip", login.ip.as_deref().map(Value::from));
    }
    shown
}

/// How somebody stands to the terms of service; what is not known is left out.
#[must_use]
pub fn terms(standing: &Standing) -> Value {
    let mut shown = json!({"state": standing.as_str()});
    if let (Some(map), Some(last)) = (shown.as_object_mut(), &standing.last) {
        map.insert("answer".to_owned(), last.answer.as_str().into());
        map.insert("version".to_owned(), last.version.as_str().into());
        map.insert("answered-at".to_owned(), time(last.at));
    }
    shown
}

/// What an identity may do, `ROLE_USER` included.
#[must_use]
pub fn authorities(identity: &Identity) -> Vec<&'static str> {
    std::iter::once("ROLE_USER")
        .chain(identity.authorities.iter().map(|authority| authority.as_str()))
        .collect()
}

fn credentials(credentials: &[Credential]) -> Value {
    let mut map = Map::new();
    for credential in credentials {
        let kind = credential.kind.as_str();
        let shown = json!({
            "type": kind,
            "identifiers": credential.identifiers,
            "version": credential.kind.version(),
            "created_at": credential.created_at,
            "updated_at": credential.updated_at,
        });
        map.insert(kind.to_owned(), shown);
    }
    Value::Object(map)
}

fn verifiable(address: &VerifiableAddress) -> Value {
    let mut shown = json!({
        "id": address.id,
        "value": address.value,
        "verified": address.verified,
        "via": address.via.as_str(),
        "status": if address.verified { "completed" } else { "pending" },
        "created_at": address.created_at,
        "updated_at": address.updated_at,
    });
    if let Some(map) = shown.as_object_mut() {
        optional(map, "verified_at", address.verified_at.map(time));
    }
    shown
}

fn recovery(address: &RecoveryAddress) -> Value {
    json!({
        "id": address.id,
        "value": address.value,
        "via": address.via.as_str(),
        "created_at": address.created_at,
        "updated_at": address.updated_at,
    })
}

/// Where a schema can be read: its id in base64, as Kratos serves it.
fn schema_url(base_url: &str, schema_id: &str) -> String {
    use base64::Engine as _;
    let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(schema_id);
    format!("{}/schemas/{id}", base_url.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(document: &Value) -> Results {
        document.as_object().map(from_document).unwrap_or_default()
    }

    #[test]
    fn non_string_leaves_are_json_text() {
        let flat = flatten(&results(&json!({
            "a_b": {"c_d": true, "none": null, "list": ["x", {"y_z": 1}], "empty": {}, "n": 0}, "text": "t"
        })));
        let flat: Vec<(&str, &str)> = flat.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            flat,
            [
                ("a-b.c-d", "true"),
                ("a-b.list", r#"["x",{"y_z":1}]"#),
                ("a-b.n", "0"),
                ("a-b.none", "null"),
                ("text", "t"),
            ]
        );
    }

    #[test]
    fn any_name_becomes_a_valid_key() {
        for (name, expected) in [
            ("phone_number", "phone-number"),
            ("firstName", "first-name"),
            ("Größe", "gr--e"),
            ("名前", "key"),
            ("a.b", "a-b"),
            ("__x__", "x"),
            ("stdout", "stdout-value"),
            ("URL", "url"),
            ("", "key"),
        ] {
            assert_eq!(key(name), expected, "{name}");
        }
    }

    #[test]
    fn names_that_become_the_same_key_are_all_kept() {
        let results = results(&json!({"first_name": 1, "firstName": 2, "first-name": 3}));
        let keys: Vec<&str> = results.keys().map(String::as_str).collect();
        assert_eq!(keys, ["first-name", "first-name-2", "first-name-3"]);
    }

    #[test]
    fn charm_04_a_value_too_long_for_an_argument_is_left_out_and_says_so() {
        let long = "x".repeat(1024 * 1024);
        let bounded = bounded(&results(&json!({"traits": {"bio": long}, "id": "1"})));
        assert_eq!(
            Value::Object(bounded),
            json!({
                "id": "1",
                "traits": {"bio": "left out: 1048576 bytes are too long for the result of an action"}
            })
        );
    }
}
