//! Security keys and passkeys (WebAuthn level 3). Everything that the library is used for is here,
//! behind a few functions, so that it could be replaced.
//!
//! A ceremony has two halves. The first gives options for the browser and a state that must be kept
//! from it, and used once; the second checks what the browser brings against the state.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    COSEKey, COSEKeyType, DiscoverableAuthentication, DiscoverableKey, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, SecurityKeyRegistration, Webauthn,
    WebauthnBuilder, WebauthnError,
};

use crate::domain::security_key::{Flags, SecurityKey};

/// The longest answer of a browser that is read.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// What protects a key from use by whoever holds it (CTAP 2.1, section 12.1).
const PROTECTION: [&str; 2] = ["credentialProtectionPolicy", "enforceCredentialProtectionPolicy"];
/// Where authenticator data has its flags, and the flag of keys that may be backed up.
const FLAGS_AT: usize = 32;
const BACKUP_ELIGIBLE: u8 = 0b0000_1000;
/// Where attested credential data has the make of the authenticator.
const AAGUID_AT: std::ops::Range<usize> = 37..53;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A second factor: whoever holds it.
    SecondFactor,
    /// To sign in with nothing else: whoever holds it and can unlock it.
    Passkey,
}

/// Why a ceremony failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebauthnProblem {
    /// Browsers do this only for a host name, with TLS or on the same machine.
    #[error("security keys need an external_url with a host name")]
    Unavailable,
    /// What the browser brought is not an answer to what it was asked.
    #[error("the answer of the security key is not valid")]
    Refused,
    /// The authenticator's count went backwards, as that of a copy would.
    #[error("the security key may have been copied")]
    Cloned,
    /// The library failed.
    #[error("the security key could not be used")]
    Failed,
}

/// The first half of a ceremony.
#[derive(Clone, Debug)]
pub struct Begun {
    /// For the browser: an object with `publicKey`, bytes in base64url.
    pub options: Value,
    /// For the second half. A secret.
    pub state: String,
}

/// Whom an authenticator makes a key for.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// How authenticators know the person; tells nothing about them.
    pub handle: &'a [u8],
    /// What the person signs in with.
    pub name: &'a str,
    /// What the person is called.
    pub display_name: &'a str,
}

/// What an authenticator showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The key it has, as it is to be kept from now on.
    pub key: SecurityKey,
    /// Whether it checked who held it.
    pub user_verified: bool,
}

/// The house, as authenticators know it.
#[derive(Debug)]
pub struct RelyingParty(Webauthn);

impl RelyingParty {
    /// The house at `url`, where people reach it. On this machine every port is the same house when
    /// `any_port` says so.
    ///
    /// # Errors
    /// [`WebauthnProblem::Unavailable`] for an address, or without TLS.
    pub fn new(url: &str, any_port: bool) -> Result<Self, WebauthnProblem> {
        let origin = Url::parse(url).map_err(|_| WebauthnProblem::Unavailable)?;
        let host = origin.domain().ok_or(WebauthnProblem::Unavailable)?;
        let local = host == "localhost" || host.ends_with(".localhost");
        if origin.scheme() != "https" && !local {
            return Err(WebauthnProblem::Unavailable);
        }
        let builder =
            WebauthnBuilder::new(host, &origin).map_err(|_| WebauthnProblem::Unavailable)?;
        let builder = builder.rp_name(host).allow_any_port(any_port && local);
        builder.build().map(Self).map_err(|_| WebauthnProblem::Unavailable)
    }

    /// Begins to register a key; authenticators that hold one of `known` refuse.
    ///
    /// # Errors
    /// [`WebauthnProblem::Failed`].
    pub fn begin_registration(
        &self,
        purpose: Purpose,
        holder: Holder<'_>,
        known: &[SecurityKey],
    ) -> Result<Begun, WebauthnProblem> {
        let Holder { handle, name, display_name } = holder;
        let known = Some(known.iter().map(|key| key.id.clone()).collect());
        // The library takes only UUIDs for a handle; the one that counts is put in below.
        let stand_in = Uuid::nil();
        let (mut options, state) = match purpose {
            Purpose::SecondFactor => {
                let begun = self.0.start_securitykey_registration(
                    stand_in,
                    name,
                    display_name,
                    known,
                    None,
                    None,
                );
                let (options, state) = begun.map_err(|error| problem(&error))?;
                (document(&options)?, text(&state)?)
            }
            Purpose::Passkey => {
                let begun = self.0.start_passkey_registration(stand_in, name, display_name, known);
                let (options, state) = begun.map_err(|error| problem(&error))?;
                (document(&options)?, text(&state)?)
            }
        };
        let wanted = options.get_mut("publicKey").ok_or(WebauthnProblem::Failed)?;
        set(wanted, &["user", "id"], URL_SAFE_NO_PAD.encode(handle).into());
        match purpose {
            // The library asks for keys that work only for whom they were shown to, which browsers
            // refuse where that is not checked in any case.
            Purpose::SecondFactor => {
                let extensions = wanted.get_mut("extensions").and_then(Value::as_object_mut);
                if let Some(extensions) = extensions {
                    extensions.retain(|name, _| !PROTECTION.contains(&name.as_str()));
                }
            }
            // Without a user name there is nothing but the authenticator to find the key.
            Purpose::Passkey => {
                set(wanted, &["authenticatorSelection", "residentKey"], "required".into());
                set(wanted, &["authenticatorSelection", "requireResidentKey"], true.into());
            }
        }
        Ok(Begun { options, state })
    }

    /// Ends a registration: the new key, which the person calls `display_name`.
    ///
    /// # Errors
    /// [`WebauthnProblem`].
    pub fn finish_registration(
        &self,
        purpose: Purpose,
        state: &str,
        answer: &str,
        display_name: &str,
        now: Timestamp,
    ) -> Result<SecurityKey, WebauthnProblem> {
        let answer: RegisterPublicKeyCredential = read(answer)?;
        let made = match purpose {
            Purpose::SecondFactor => {
                let state: SecurityKeyRegistration = restored(state)?;
                let key = self.0.finish_securitykey_registration(&answer, &state);
                document(&key.map_err(|error| problem(&error))?)?
            }
            Purpose::Passkey => {
                let state: PasskeyRegistration = restored(state)?;
                let key = self.0.finish_passkey_registration(&answer, &state);
                document(&key.map_err(|error| problem(&error))?)?
            }
        };
        let made: Made = part(&made, "cred")?;
        let id = URL_SAFE_NO_PAD.decode(&made.cred_id).map_err(|_| WebauthnProblem::Failed)?;
        Ok(SecurityKey {
            id,
            public_key: to_cbor(&made.cred)?,
            attestation_type: "none".to_owned(),
            aaguid: aaguid(&answer.response.attestation_object),
            sign_count: made.counter,
            clone_warning: false,
            display_name: display_name.to_owned(),
            added_at: now,
            is_passwordless: purpose == Purpose::Passkey,
            flags: Some(Flags {
                user_verified: made.user_verified,
                backup_eligible: made.backup_eligible,
                backup_state: made.backup_state,
            }),
        })
    }

    /// Begins a sign-in with one of `keys`. Without any, whatever key the person's authenticators
    /// have for this house will do, and it says whose it is.
    ///
    /// # Errors
    /// [`WebauthnProblem::Failed`].
    pub fn begin_authentication(
        &self,
        purpose: Purpose,
        keys: &[SecurityKey],
    ) -> Result<Begun, WebauthnProblem> {
        let (options, mut state) = if keys.is_empty() {
            let begun = self.0.start_discoverable_authentication();
            let (options, state) = begun.map_err(|error| problem(&error))?;
            (document(&options)?, document(&state)?)
        } else {
            let known: Vec<Value> = keys.iter().filter_map(|key| restore(key, None).ok()).collect();
            if known.is_empty() {
                return Err(WebauthnProblem::Refused);
            }
            match purpose {
                Purpose::SecondFactor => {
                    let begun = self.0.start_securitykey_authentication(&typed(known)?);
                    let (options, state) = begun.map_err(|error| problem(&error))?;
                    (document(&options)?, document(&state)?)
                }
                Purpose::Passkey => {
                    let begun = self.0.start_passkey_authentication(&typed(known)?);
                    let (options, state) = begun.map_err(|error| problem(&error))?;
                    (document(&options)?, document(&state)?)
                }
            }
        };
        // The keys are read again in the second half: they may have been used meanwhile.
        set(&mut state, &["ast", "credentials"], json!([]));
        let mut options = options;
        if let Some(options) = options.as_object_mut() {
            // Whether the browser asks at once or in the background is the page's own choice.
            options.shift_remove("mediation");
        }
        Ok(Begun { options, state: state.to_string() })
    }

    /// Ends a sign-in with one of `keys`, as they are kept now.
    ///
    /// # Errors
    /// [`WebauthnProblem`].
    pub fn finish_authentication(
        &self,
        state: &str,
        answer: &str,
        keys: &[SecurityKey],
    ) -> Result<Shown, WebauthnProblem> {
        let answer: PublicKeyCredential = read(answer)?;
        let key = keys.iter().find(|key| key.id == answer.raw_id);
        let key = key.ok_or(WebauthnProblem::Refused)?;
        // All states of sign-ins are one type inside.
        let state: DiscoverableAuthentication = restored(state)?;
        let flags = answer.response.authenticator_data.get(FLAGS_AT).copied().unwrap_or_default();
        let known: DiscoverableKey = part(&json!({"key": restore(key, Some(flags))?}), "key")?;
        let shown = self.0.finish_discoverable_authentication_v2(&answer, state, &known);
        let shown = shown.map_err(|error| problem(&error))?;
        let mut key = key.clone();
        key.sign_count = shown.counter().max(key.sign_count);
        key.flags = Some(Flags {
            user_verified: key.flags.is_some_and(|flags| flags.user_verified),
            backup_eligible: shown.backup_eligible(),
            backup_state: shown.backup_state(),
        });
        Ok(Shown { key, user_verified: shown.user_verified() })
    }
}

/// Whose key an answer says it is: the handle under which it was made. Nothing is checked yet.
#[must_use]
pub fn handle_in(answer: &str) -> Option<Vec<u8>> {
    let answer: PublicKeyCredential = read(answer).ok()?;
    answer.get_user_unique_id().map(<[u8]>::to_vec)
}

/// Which key an answer says it was made with. Nothing is checked yet.
#[must_use]
pub fn key_in(answer: &str) -> Option<Vec<u8>> {
    let answer: PublicKeyCredential = read(answer).ok()?;
    Some(answer.raw_id)
}

fn problem(error: &WebauthnError) -> WebauthnProblem {
    match error {
        WebauthnError::CredentialPossibleCompromise => WebauthnProblem::Cloned,
        WebauthnError::Configuration => WebauthnProblem::Failed,
        _ => WebauthnProblem::Refused,
    }
}

/// What the library keeps of a key, as far as we do.
#[derive(Deserialize)]
struct Made {
    cred_id: String,
    cred: COSEKey,
    counter: u32,
    user_verified: bool,
    backup_eligible: bool,
    backup_state: bool,
}

/// A key as the library keeps it. Keys from elsewhere may not say whether they can be backed up, so
/// for them it is what the (signed) `flags` of an answer say.
fn restore(key: &SecurityKey, flags: Option<u8>) -> Result<Value, WebauthnProblem> {
    let public: Cbor =
        serde_cbor_2::from_slice(&key.public_key).map_err(|_| WebauthnProblem::Refused)?;
    let public = COSEKey::try_from(&public).map_err(|_| WebauthnProblem::Refused)?;
    let known = key.flags.unwrap_or_else(|| Flags {
        backup_eligible: flags.is_some_and(|flags| flags & BACKUP_ELIGIBLE != 0),
        ..Flags::default()
    });
    let policy = if key.is_passwordless { "required" } else { "preferred" };
    Ok(json!({"cred": {
        "cred_id": URL_SAFE_NO_PAD.encode(&key.id),
        "cred": document(&public)?,
        "counter": key.sign_count,
        "transports": null,
        "user_verified": known.user_verified,
        "backup_eligible": known.backup_eligible,
        "backup_state": known.backup_state,
        "registration_policy": policy,
        "extensions": {},
        "attestation": {"data": "None", "metadata": "None"},
        "attestation_format": "none",
    }}))
}

/// A public key as COSE has it (RFC 9053 section 7).
fn to_cbor(key: &COSEKey) -> Result<Vec<u8>, WebauthnProblem> {
    let number = |number: i128| Cbor::Integer(number);
    let bytes = |bytes: &[u8]| Cbor::Bytes(bytes.to_vec());
    let (kind, rest) = match &key.key {
        COSEKeyType::EC_OKP(key) => {
            (1, vec![(-1, number(key.curve.clone() as i128)), (-2, bytes(&key.x))])
        }
        COSEKeyType::EC_EC2(key) => {
            let curve = number(key.curve.clone() as i128);
            (2, vec![(-1, curve), (-2, bytes(&key.x)), (-3, bytes(&key.y))])
        }
        COSEKeyType::RSA(key) => (3, vec![(-1, bytes(&key.n)), (-2, bytes(&key.e))]),
    };
    let head = [(1, number(kind)), (3, number(key.type_ as i128))];
    let map: BTreeMap<Cbor, Cbor> =
        head.into_iter().chain(rest).map(|(label, value)| (number(label), value)).collect();
    serde_cbor_2::to_vec(&Cbor::Map(map)).map_err(|_| WebauthnProblem::Failed)
}

/// The make of an authenticator, if it says; zeros otherwise.
fn aaguid(attestation: &[u8]) -> Vec<u8> {
    let found = match serde_cbor_2::from_slice(attestation) {
        Ok(Cbor::Map(mut parts)) => match parts.remove(&Cbor::Text("authData".to_owned())) {
            Some(Cbor::Bytes(data)) => data.get(AAGUID_AT).map(<[u8]>::to_vec),
            _ => None,
        },
        _ => None,
    };
    found.unwrap_or_else(|| vec![0; AAGUID_AT.len()])
}

fn read<T: for<'de> Deserialize<'de>>(answer: &str) -> Result<T, WebauthnProblem> {
    if answer.len() > ANSWER_MAX_BYTES {
        return Err(WebauthnProblem::Refused);
    }
    serde_json::from_str(answer).map_err(|_| WebauthnProblem::Refused)
}

fn restored<T: for<'de> Deserialize<'de>>(state: &str) -> Result<T, WebauthnProblem> {
    serde_json::from_str(state).map_err(|_| WebauthnProblem::Failed)
}

fn typed<T: for<'de> Deserialize<'de>>(values: Vec<Value>) -> Result<Vec<T>, WebauthnProblem> {
    serde_json::from_value(Value::Array(values)).map_err(|_| WebauthnProblem::Failed)
}

fn part<T: for<'de> Deserialize<'de>>(value: &Value, name: &str) -> Result<T, WebauthnProblem> {
    let part = value.get(name).cloned().ok_or(WebauthnProblem::Failed)?;
    serde_json::from_value(part).map_err(|_| WebauthnProblem::Failed)
}

fn document(value: &impl Serialize) -> Result<Value, WebauthnProblem> {
    serde_json::to_value(value).map_err(|_| WebauthnProblem::Failed)
}

fn text(value: &impl Serialize) -> Result<String, WebauthnProblem> {
    serde_json::to_string(value).map_err(|_| WebauthnProblem::Failed)
}

/// Puts a value at the end of a path of names, where all but the last exist.
fn set(document: &mut Value, path: &[&str], value: Value) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut place = Some(document);
    for name in parents {
        place = place.and_then(|place| place.get_mut(*name));
    }
    if let Some(place) = place.and_then(Value::as_object_mut) {
        place.insert((*last).to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_need_a_host_name_and_tls_except_on_this_machine() {
        for fine in
            ["https://id.example.com", "https://id.example.com:8443/x", "http://localhost:1"]
        {
            assert!(RelyingParty::new(fine, false).is_ok(), "{fine}");
        }
        for bad in ["http://id.example.com", "https://192.0.2.1", "http://127.0.0.1:4433", "", "x"]
        {
            let refused = RelyingParty::new(bad, true).unwrap_err();
            assert_eq!(refused, WebauthnProblem::Unavailable, "{bad}");
        }
    }

    #[test]
    fn a_public_key_is_read_back_as_it_was() {
        // RFC 9053 has no vectors of its own; this is the key of RFC 8152 appendix C.7.1, "11".
        let x = hex::decode("bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff");
        let y = hex::decode("20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e");
        let map: BTreeMap<Cbor, Cbor> = [
            (1, Cbor::Integer(2)),
            (3, Cbor::Integer(-7)),
            (-1, Cbor::Integer(1)),
            (-2, Cbor::Bytes(x.unwrap())),
            (-3, Cbor::Bytes(y.unwrap())),
        ]
        .into_iter()
        .map(|(label, value)| (Cbor::Integer(label), value))
        .collect();
        let given = serde_cbor_2::to_vec(&Cbor::Map(map)).unwrap();
        let read: Cbor = serde_cbor_2::from_slice(&given).unwrap();
        let key = COSEKey::try_from(&read).unwrap();
        assert_eq!(to_cbor(&key).unwrap(), given);
    }

    #[test]
    fn options_are_what_a_browser_reads() {
        let house = RelyingParty::new("https://id.example.com", false).unwrap();
        let holder = Holder { handle: b"handle", name: "ada", display_name: "Ada" };
        let begun = house.begin_registration(Purpose::Passkey, holder, &[]).unwrap();
        let wanted = &begun.options["publicKey"];
        assert_eq!(wanted["rp"]["id"], "id.example.com");
        assert_eq!(wanted["user"]["id"], "aGFuZGxl");
        assert_eq!(wanted["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(wanted["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(
            URL_SAFE_NO_PAD.decode(wanted["challenge"].as_str().unwrap()).unwrap().len(),
            32
        );
        let begun = house.begin_registration(Purpose::SecondFactor, holder, &[]).unwrap();
        assert_eq!(
            begun.options["publicKey"]["authenticatorSelection"]["userVerification"],
            "preferred"
        );
        // Chromium refuses a protection that is more than the verification asked for.
        assert!(wanted["extensions"].get("credentialProtectionPolicy").is_some());
        assert_eq!(
            begun.options["publicKey"]["extensions"],
            json!({"uvm": true, "credProps": true})
        );
        let begun = house.begin_authentication(Purpose::Passkey, &[]).unwrap();
        assert_eq!(begun.options["publicKey"]["userVerification"], "required");
        assert!(begun.options.get("mediation").is_none());
        let again = house.begin_authentication(Purpose::Passkey, &[]).unwrap();
        assert_ne!(
            again.options["publicKey"]["challenge"],
            begun.options["publicKey"]["challenge"]
        );
    }
}
