//! Security keys and passkeys, as they are kept: in the shape of the Kratos API.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// What an authenticator said of itself when it last signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// It checked who held it.
    pub user_verified: bool,
    /// Its key may live on several devices.
    pub backup_eligible: bool,
    /// Its key does.
    pub backup_state: bool,
}

/// A key of somebody's authenticator: its public half.
#[derive(Clone, Debug, PartialEq)]
pub struct SecurityKey {
    /// The credential id that the authenticator chose.
    pub id: Vec<u8>,
    /// The public key, a COSE key in CBOR.
    pub public_key: Vec<u8>,
    /// How the make of the authenticator was shown; `none`, as it is not asked for.
    pub attestation_type: String,
    /// The make, if it says.
    pub aaguid: Vec<u8>,
    /// How often it signed, if it counts.
    pub sign_count: u32,
    /// Whether the count once went backwards, as that of a copy would.
    pub clone_warning: bool,
    /// What its owner calls it.
    pub display_name: String,
    /// When it was registered.
    pub added_at: Timestamp,
    /// Whether it signs in without a password.
    pub is_passwordless: bool,
    /// Not known for keys from elsewhere that do not say.
    pub flags: Option<Flags>,
}

impl SecurityKey {
    /// Reads an entry of `credentials`; nothing when it holds no key that could be used.
    #[must_use]
    pub fn of(entry: &Value) -> Option<Self> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(ToOwned::to_owned);
        let bytes = |value: Option<&Value>| value.and_then(Value::as_str).and_then(decoded);
        let flag = |value: Option<&Value>| value.and_then(Value::as_bool).unwrap_or_default();
        let maker = entry.get("authenticator");
        let part = |name: &str| maker.and_then(|maker| maker.get(name));
        let count = part("sign_count").and_then(Value::as_u64).unwrap_or_default();
        let added_at = text(entry.get("added_at")).and_then(|at| at.parse().ok());
        Some(Self {
            id: bytes(entry.get("id")).filter(|id| !id.is_empty())?,
            public_key: bytes(entry.get("public_key")).filter(|key| !key.is_empty())?,
            attestation_type: text(entry.get("attestation_type")).unwrap_or_default(),
            aaguid: bytes(part("aaguid")).unwrap_or_default(),
            sign_count: u32::try_from(count).unwrap_or(u32::MAX),
            clone_warning: flag(part("clone_warning")),
            display_name: text(entry.get("display_name")).unwrap_or_default(),
            added_at: added_at.unwrap_or(Timestamp::UNIX_EPOCH),
            is_passwordless: flag(entry.get("is_passwordless")),
            flags: entry.get("flags").filter(|flags| flags.is_object()).map(|flags| Flags {
                user_verified: flag(flags.get("user_verified")),
                backup_eligible: flag(flags.get("backup_eligible")),
                backup_state: flag(flags.get("backup_state")),
            }),
        })
    }

    /// Writes it as an entry of `credentials`.
    #[must_use]
    pub fn entry(&self) -> Value {
        let mut entry = json!({
            "id": STANDARD.encode(&self.id),
            "public_key": STANDARD.encode(&self.public_key),
            "attestation_type": self.attestation_type,
            "authenticator": {
                "aaguid": STANDARD.encode(&self.aaguid),
                "sign_count": self.sign_count,
                "clone_warning": self.clone_warning,
            },
            "display_name": self.display_name,
            "added_at": self.added_at.to_string(),
            "is_passwordless": self.is_passwordless,
        });
        if let (Some(flags), Some(entry)) = (self.flags, entry.as_object_mut()) {
            let flags = json!({
                "user_present": true,
                "user_verified": flags.user_verified,
                "backup_eligible": flags.backup_eligible,
                "backup_state": flags.backup_state,
            });
            entry.insert("flags".to_owned(), flags);
        }
        entry
    }

    /// The credential id in hex, by which forms name a key.
    #[must_use]
    pub fn name(&self) -> String {
        hex::encode(&self.id)
    }
}

/// The keys of a person, of one kind.
#[derive(Clone, Debug, Default)]
pub struct SecurityKeys {
    entries: Vec<Value>,
    handle: Option<Vec<u8>>,
    rest: Map<String, Value>,
}

impl SecurityKeys {
    /// Reads what is kept for a credential. Entries that cannot be used stay as they are.
    #[must_use]
    pub fn of(config: &Value) -> Self {
        let mut rest = config.as_object().cloned().unwrap_or_default();
        let entries = match rest.shift_remove("credentials") {
            Some(Value::Array(entries)) => entries,
            _ => Vec::new(),
        };
        let handle = rest.shift_remove("user_handle");
        let handle = handle.as_ref().and_then(Value::as_str).and_then(decoded);
        Self { entries, handle: handle.filter(|handle| !handle.is_empty()), rest }
    }

    /// As it is kept.
    #[must_use]
    pub fn to_config(&self) -> Value {
        let mut config = self.rest.clone();
        config.insert("credentials".to_owned(), Value::Array(self.entries.clone()));
        if let Some(handle) = &self.handle {
            config.insert("user_handle".to_owned(), encoded(handle).into());
        }
        Value::Object(config)
    }

    /// Those that can be used.
    #[must_use]
    pub fn keys(&self) -> Vec<SecurityKey> {
        self.entries.iter().filter_map(SecurityKey::of).collect()
    }

    /// How authenticators know the person.
    #[must_use]
    pub fn handle(&self) -> Option<&[u8]> {
        self.handle.as_deref()
    }

    /// Adds a key of somebody whom authenticators know by `handle`.
    pub fn add(&mut self, key: &SecurityKey, handle: &[u8]) {
        self.entries.push(key.entry());
        self.handle.get_or_insert_with(|| handle.to_vec());
    }

    /// Puts a key in place of that with the same id.
    pub fn replace(&mut self, key: &SecurityKey) {
        for entry in &mut self.entries {
            if SecurityKey::of(entry).is_some_and(|known| known.id == key.id) {
                *entry = key.entry();
            }
        }
    }

    /// Removes the key with this name among those that `which` says; says whether there was one.
    pub fn remove(&mut self, name: &str, which: impl Fn(&SecurityKey) -> bool) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| {
            SecurityKey::of(entry).is_none_or(|key| key.name() != name || !which(&key))
        });
        self.entries.len() < before
    }

    /// Whether nothing is left, usable or not.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The text under which a user handle is kept and found.
#[must_use]
pub fn encoded(handle: &[u8]) -> String {
    STANDARD.encode(handle)
}

/// Every text under which a handle from elsewhere may have been kept.
#[must_use]
pub fn spellings(handle: &[u8]) -> Vec<String> {
    let mut all: Vec<String> = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .map(|engine: &GeneralPurpose| engine.encode(handle))
        .collect();
    let plain = std::str::from_utf8(handle).ok().filter(|text| !text.contains('\0'));
    all.extend(plain.map(ToOwned::to_owned));
    all.dedup();
    all
}

/// Bytes in any usual spelling of base64.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SecurityKey {
        SecurityKey {
            id: vec![0xfb, 0xff, 1],
            public_key: vec![2; 77],
            attestation_type: "none".to_owned(),
            aaguid: vec![0; 16],
            sign_count: 7,
            clone_warning: false,
            display_name: "Blue one".to_owned(),
            added_at: "2026-01-02T03:04:05Z".parse().unwrap(),
            is_passwordless: true,
            flags: Some(Flags { user_verified: true, ..Flags::default() }),
        }
    }

    #[test]
    fn a_key_is_read_back_as_it_was_and_in_every_spelling() {
        let entry = key().entry();
        assert_eq!(entry["id"], "+/8B");
        assert_eq!(SecurityKey::of(&entry).unwrap(), key());
        let mut other = entry.clone();
        other["id"] = json!("-_8B");
        other.as_object_mut().unwrap().shift_remove("flags");
        assert_eq!(SecurityKey::of(&other).unwrap(), SecurityKey { flags: None, ..key() });
        for bad in [json!({}), json!({"id": "AA"}), json!({"id": "", "public_key": "AA"}), json!(1)]
        {
            assert!(SecurityKey::of(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn keys_come_and_go_and_what_is_not_understood_stays() {
        let strange = json!({"id": 7});
        let config = json!({"credentials": [strange], "user_handle": "aGFuZGxl", "more": 1});
        let mut keys = SecurityKeys::of(&config);
        assert_eq!(keys.handle(), Some(b"handle".as_slice()));
        keys.add(&key(), b"another");
        assert_eq!(keys.keys(), [key()]);
        keys.replace(&SecurityKey { sign_count: 8, ..key() });
        assert_eq!(keys.keys()[0].sign_count, 8);
        let kept = keys.to_config();
        assert_eq!((&kept["user_handle"], &kept["more"]), (&json!("aGFuZGxl"), &json!(1)));
        assert!(!keys.remove("fbff01", |key| !key.is_passwordless));
        assert!(!keys.remove("fbff02", |_| true));
        assert!(keys.remove("fbff01", |_| true));
        assert_eq!(
            keys.to_config(),
            json!({"more": 1, "credentials": [strange], "user_handle": "aGFuZGxl"})
        );
        assert!(!keys.is_empty() && SecurityKeys::of(&json!({})).is_empty());
    }

    #[test]
    fn a_handle_is_found_in_every_spelling() {
        let all = spellings(&[0xfb, 0xff, 0xfe, 0x01]);
        assert!(all.contains(&"+//+AQ==".to_owned()) && all.contains(&"-__-AQ".to_owned()));
        assert!(spellings(b"plain").contains(&"plain".to_owned()));
        assert!(!spellings(b"a\0b").iter().any(|text| text.contains('\0')));
    }
}
