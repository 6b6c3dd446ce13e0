//! Turning an event into a leaf: the canonical entry, its hash, and the salted personal values that
//! stay outside.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::LedgerFormatError;
use super::canonical::{Members, canonical};
use super::event::{Actor, Event};
use super::merkle::{Hash, leaf_hash};
use super::registry::PERSONAL_NAMES;

/// The version of the entry format, its field `v`.
pub const VERSION: u64 = 1;

/// A finished leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its place, from 0.
    pub seq: u64,
    /// Its canonical bytes: what is hashed, stored and exported.
    pub json: String,
    /// Its leaf hash, which is also the `prev` of the next entry.
    pub leaf: Hash,
    /// Its personal values, to be stored beside it.
    pub disclosures: Vec<Disclosure>,
}

/// One personal value of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// Its name in the entry's `sd`.
    pub name: String,
    /// base64url of the JSON array of salt, name and value.
    pub encoded: String,
}

/// The `prev` of entry 0: SHA-256 of the origin.
#[must_use]
pub fn genesis_prev(origin: &str) -> Hash {
    Sha256::digest(origin.as_bytes()).into()
}

/// The digest by which an entry commits to a disclosure: base64url SHA-256 of its encoded text.
#[must_use]
pub fn disclosure_digest(encoded: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(encoded.as_bytes()))
}

/// A disclosure's name and value; nothing when the text is not one.
#[must_use]
pub fn decode_disclosure(encoded: &str) -> Option<(String, Value)> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    let (_salt, name, value): (String, String, Value) = serde_json::from_slice(&bytes).ok()?;
    Some((name, value))
}

/// What entries that are written together have in common.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// The canonical document of who acts.
    actor: String,
    realm: &'a str,
    tx: Option<&'a str>,
    time: String,
}

impl<'a> Frame<'a> {
    /// Entries by `actor`. `tx` joins related ones; `time` is cut to milliseconds.
    ///
    /// # Errors
    /// As [`canonical`].
    pub fn new(
        actor: &Actor,
        realm: &'a str,
        tx: Option<&'a str>,
        time: Timestamp,
    ) -> Result<Self, LedgerFormatError> {
        let actor = canonical(&json!({"id": actor.id, "kind": actor.kind.as_str()}))?;
        Ok(Self { actor, realm, tx, time: timestamp(time) })
    }
}

/// Makes the leaf for `event` at place `seq`, after the leaf whose hash is `prev`
/// ([`genesis_prev`] for the first). `salts` gives 16 fresh random bytes each time it is called, once
/// for each personal value.
///
/// # Errors
/// When the event carries a data key or personal value its type does not list, or a value that
/// canonical JSON cannot hold.
pub fn seal(
    event: &Event,
    frame: &Frame<'_>,
    seq: u64,
    prev: &Hash,
    salts: &mut dyn FnMut() -> [u8; 16],
) -> Result<Sealed, LedgerFormatError> {
    check(event)?;
    let disclosures = disclose(event, salts)?;
    let mut entry = Members::new();
    let optional = |entry: &mut Members, key, text: Option<&str>| {
        if let Some(text) = text {
            entry.text(key, text);
        }
    };
    entry.canonical("actor", &frame.actor);
    optional(&mut entry, "client", event.client.as_deref());
    entry.object("data", &event.data)?;
    entry.text("outcome", event.outcome.as_str());
    entry.text("prev", &hex::encode(prev));
    optional(&mut entry, "principal", event.principal.map(|id| id.to_string()).as_deref());
    optional(&mut entry, "provider", event.provider.as_deref());
    entry.text("realm", frame.realm);
    if !disclosures.is_empty() {
        let digest = |one: &Disclosure| (one.name.clone(), disclosure_digest(&one.encoded).into());
        entry.object("sd", &disclosures.iter().map(digest).collect())?;
    }
    entry.value("seq", &seq.into())?;
    optional(&mut entry, "session", event.session.as_deref());
    entry.text("time", &frame.time);
    optional(&mut entry, "tx", frame.tx);
    entry.text("type", event.kind.as_str());
    entry.value("v", &VERSION.into())?;
    let json = entry.finish();
    let leaf = leaf_hash(json.as_bytes());
    Ok(Sealed { seq, json, leaf, disclosures })
}

fn check(event: &Event) -> Result<(), LedgerFormatError> {
    let kind = event.kind.as_str();
    let allowed = event.kind.data_keys();
    if let Some(key) = event.data.keys().find(|key| !allowed.contains(&key.as_str())) {
        return Err(LedgerFormatError::UnknownKey { kind, key: key.clone() });
    }
    match event.personal.iter().find(|(name, _)| !PERSONAL_NAMES.contains(name)) {
        Some((name, _)) => {
            Err(LedgerFormatError::UnknownPersonal { kind, name: (*name).to_owned() })
        }
        None => Ok(()),
    }
}

fn disclose(
    event: &Event,
    salts: &mut dyn FnMut() -> [u8; 16],
) -> Result<Vec<Disclosure>, LedgerFormatError> {
    let mut made = Vec::with_capacity(event.personal.len());
    for (name, value) in &event.personal {
        let salt = URL_SAFE_NO_PAD.encode(salts());
        let encoded = URL_SAFE_NO_PAD.encode(canonical(&json!([salt, name, value]))?);
        made.push(Disclosure { name: (*name).to_owned(), encoded });
    }
    Ok(made)
}

/// RFC 3339 in UTC with exactly three decimals, cut and not rounded, so that it never lies ahead.
fn timestamp(time: Timestamp) -> String {
    let whole = Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time);
    format!("{whole:.3}")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::event::ActorKind;
    use super::super::registry::EventType;
    use super::*;

    const ORIGIN: &str = "idp.example.com/ledger/1";
    const USER: &str = "6f1f0d2e-5f0b-4f7a-9a53-0c1f2b3a4d5e";

    fn frame(actor: &Actor, time: Timestamp) -> Frame<'static> {
        Frame::new(actor, "default", None, time).unwrap()
    }

    fn no_salt() -> [u8; 16] {
        [0; 16]
    }

    #[test]
    fn the_example_ledger_is_reproduced_byte_for_byte() {
        let lines = include_str!("testdata/ledger.jsonl").lines().collect::<Vec<_>>();
        let leaves = [
            "91c810f60936c6c6b88a98bbe92da1981ef2e2ddc3bae9d3b704c5ef6984ba22",
            "661ece5f766b7dab2d8012bd3cd9d4a443357205f7cdf54d5d320fbc9f5d720a",
            "a16330fee5b1738b15f86fe0344dd09ecf2ac8b288ee5981126214eb2d4e500e",
            "24ba47473cffafd6577c274048b867a2c4a4d77497ced500de1a2d11da95be4c",
        ];
        let user: Uuid = USER.parse().unwrap();
        let events = [
            (
                Event::new(EventType::LedgerCreated).data("origin", ORIGIN),
                Actor::new(ActorKind::System, "unit/0"),
                "2025-03-01T09:00:00Z",
            ),
            (
                Event::new(EventType::TokenGranted)
                    .principal(user)
                    .client("c_grafana")
                    .session("3c2b1a09-8f7e-4d6c-9b5a-413029181706")
                    .data("exp", "2025-03-01T10:12:45Z")
                    .data("grant", "authorization_code")
                    .data("jti", "9b2d7c1e5a6f4b80")
                    .data("scope", "openid email"),
                Actor::new(ActorKind::Client, "c_grafana"),
                "2025-03-01T09:12:45.001999Z",
            ),
            (
                Event::new(EventType::UserBlocked)
                    .principal(user)
                    .data("reason", "offboarding")
                    .data("sessions_revoked", 1)
                    .data("tokens_revoked", 2)
                    .data("apps_notified", json!(["c_grafana"]))
                    .data("apps_unsupported", json!([])),
                Actor::new(ActorKind::User, "0b9f6c1a-22c4-4d0e-8f52-7a1b9c3d4e5f"),
                "2025-03-01T11:30:00.500Z",
            ),
        ];
        for ((event, actor, time), seq) in events.into_iter().zip([0usize, 2, 3]) {
            // Entry 1 has salts that are not published, so its leaf hash stands in for it.
            let prev = match seq {
                0 => genesis_prev(ORIGIN),
                _ => hex::decode(leaves[seq - 1]).unwrap().try_into().unwrap(),
            };
            let time = time.parse().unwrap();
            let sealed =
                seal(&event, &frame(&actor, time), seq as u64, &prev, &mut no_salt).unwrap();
            assert_eq!(sealed.json, lines[seq]);
            assert_eq!(hex::encode(sealed.leaf), leaves[seq]);
        }
        assert_eq!(hex::encode(leaf_hash(lines[1].as_bytes())), leaves[1]);
    }

    #[test]
    fn personal_values_leave_only_a_salted_digest_in_the_leaf() {
        let event = Event::new(EventType::AuthLoginSuccess).personal("ip", "192.0.2.10");
        let actor = Actor::new(ActorKind::Anonymous, "-");
        let time = "2025-03-01T09:12:44.123Z".parse().unwrap();
        let frame = Frame::new(&actor, "default", Some("flow"), time).unwrap();
        let salt = &mut || *b"salt-00000000001";
        let sealed = seal(&event, &frame, 1, &[0; 32], salt).unwrap();
        let [disclosure] = sealed.disclosures.as_slice() else { panic!("one disclosure") };
        assert_eq!(
            disclosure.encoded,
            "WyJjMkZzZEMwd01EQXdNREF3TURBd01RIiwiaXAiLCIxOTIuMC4yLjEwIl0"
        );
        let digest = "6AYrdB2C7CCQAxKqhMotV6AODIo7DFxs678Rr96SkfA";
        assert_eq!(disclosure_digest(&disclosure.encoded), digest);
        assert!(sealed.json.contains(&format!(r#""sd":{{"ip":"{digest}"}}"#)));
        assert!(!sealed.json.contains("192.0.2.10"));
        assert_eq!(
            decode_disclosure(&disclosure.encoded),
            Some(("ip".to_owned(), json!("192.0.2.10")))
        );
    }

    #[test]
    fn keys_a_type_does_not_list_are_refused() {
        let actor = Actor::new(ActorKind::System, "x");
        let try_seal = |event: Event| {
            let frame = frame(&actor, Timestamp::UNIX_EPOCH);
            seal(&event, &frame, 0, &[0; 32], &mut no_salt)
        };
        let stray = Event::new(EventType::UserLocked).data("password", "no");
        assert!(matches!(try_seal(stray), Err(LedgerFormatError::UnknownKey { .. })));
        let stray = Event::new(EventType::UserLocked).personal("shoe_size", 42);
        assert!(matches!(try_seal(stray), Err(LedgerFormatError::UnknownPersonal { .. })));
        let plain = try_seal(Event::new(EventType::UserLocked)).unwrap();
        assert!(plain.json.contains(r#""time":"1970-01-01T00:00:00.000Z""#), "{}", plain.json);
    }
}
