//! Security keys as second factor, and passkeys, which sign in without a name or a password.

use std::fmt;

use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::app::Deps;
use crate::crypto::webauthn::{self, Begun, Holder, Purpose, RelyingParty, WebauthnProblem};
use crate::domain::credential::{Credential, CredentialType};
use crate::domain::identifier::has_control;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::security_key::{SecurityKey, SecurityKeys, encoded, spellings};
use crate::error::{Error, ErrorCode};
use crate::service::identities::{GivenCredential, Selector, find_stored};
use crate::store::sql::credentials;
use crate::store::sql::identities::{self, Stored};
use crate::store::{StoreError, WriteTx};

/// Most keys of one kind that a person may have.
const MOST: usize = 32;
/// Longest name of a key, in characters.
const NAME_MAX_CHARS: usize = 100;

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The second factor: `webauthn`.
    SecondFactor,
    /// The first factor of somebody who said their name: `webauthn`, brought from elsewhere.
    Passwordless,
    /// Both factors at once, of somebody who said nothing: `passkey`.
    Passkey,
}

impl Use {
    /// The kind of credential that holds such keys.
    #[must_use]
    pub const fn kind(self) -> CredentialType {
        match self {
            Self::SecondFactor | Self::Passwordless => CredentialType::Webauthn,
            Self::Passkey => CredentialType::Passkey,
        }
    }

    const fn purpose(self) -> Purpose {
        match self {
            Self::SecondFactor => Purpose::SecondFactor,
            Self::Passwordless | Self::Passkey => Purpose::Passkey,
        }
    }

    /// Every key among passkeys signs in without a password, whatever its entry says.
    fn takes(self, key: &SecurityKey) -> bool {
        match self {
            Self::SecondFactor => !key.is_passwordless,
            Self::Passwordless => key.is_passwordless,
            Self::Passkey => true,
        }
    }

    fn of(self, identity: &Identity) -> Vec<SecurityKey> {
        let all = identity.credential(self.kind()).map(|one| SecurityKeys::of(&one.config).keys());
        let mut keys = all.unwrap_or_default();
        keys.retain(|key| self.takes(key));
        for key in &mut keys {
            key.is_passwordless |= self == Self::Passkey;
        }
        keys
    }
}

/// A ceremony that has begun: what the browser is asked, and what is kept with the flow until it
/// answers. Good for one answer.
pub struct Ceremony {
    /// For the browser: an object with `publicKey`, bytes in base64url.
    pub options: Value,
    state: Zeroizing<String>,
}

/// Without the challenge.
impl fmt::Debug for Ceremony {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ceremony(..)")
    }
}

impl Ceremony {
    fn of(begun: Begun) -> Self {
        Self { options: begun.options, state: Zeroizing::new(begun.state) }
    }

    /// Sealed, options and all, for the flow it belongs to; `flow` is the flow's id.
    ///
    /// # Errors
    /// When the data key cannot be read.
    pub fn seal(&self, d: &Deps, flow: Uuid) -> Result<String, Error> {
        let both = Zeroizing::new(format!("{}\n{}", *self.state, self.options));
        d.seal(&begun_in(flow), both.as_bytes())
    }

    /// Opens what [`Ceremony::seal`] made for the same flow.
    ///
    /// # Errors
    /// When it was not made so.
    pub fn open(d: &Deps, flow: Uuid, sealed: &str) -> Result<Self, Error> {
        let bytes = d.unseal(&begun_in(flow), sealed)?;
        let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.split_once('\n'));
        let parts = text.and_then(|(state, options)| {
            Some(Self {
                options: serde_json::from_str(options).ok()?,
                state: Zeroizing::new(state.to_owned()),
            })
        });
        parts.ok_or_else(|| Error::new(ErrorCode::Internal, "A ceremony is damaged."))
    }
}

/// A key as its owner sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// By which it is removed: the credential id in hex.
    pub id: String,
    /// What its owner calls it.
    pub display_name: String,
    /// When it was registered.
    pub added_at: jiff::Timestamp,
}

/// What came of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It was right; the key's count is kept in the same transaction, which must not be undone.
    Right {
        /// Whether the authenticator checked who held it.
        user_verified: bool,
    },
    /// It was wrong, or answers another question.
    Wrong,
    /// The key counts backwards, as a copy of it would. It is refused, and marked in the same
    /// transaction; the event says so.
    Cloned(Event),
    /// The person has no such key.
    NotEnrolled,
}

/// Somebody's keys.
#[must_use]
pub fn list(identity: &Identity, what: Use) -> Vec<Listed> {
    let keys = what.of(identity).into_iter();
    keys.map(|key| Listed {
        id: key.name(),
        display_name: key.display_name,
        added_at: key.added_at,
    })
    .collect()
}

/// Begins to register a key of somebody; nothing when that is not possible at our address. For a new
/// account `identity` is one that is not stored yet, with the id that it will have.
///
/// # Errors
/// When the library fails.
pub fn offer(d: &Deps, identity: &Identity, what: Use) -> Result<Option<Ceremony>, Error> {
    let Ok(house) = house(d) else { return Ok(None) };
    let (name, handle) = (name(identity), handle(identity));
    let holder = Holder { handle: &handle, name: &name, display_name: &name };
    let known: Vec<SecurityKey> = [Use::SecondFactor, Use::Passwordless, Use::Passkey]
        .iter()
        .flat_map(|what| what.of(identity))
        .collect();
    let begun = house.begin_registration(what.purpose(), holder, &known).map_err(broken)?;
    Ok(Some(Ceremony::of(begun)))
}

/// Registers a key. Nothing for an answer that is not valid.
///
/// # Errors
/// `NotFound`, `Invalid` when the person has too many keys or this one already.
pub fn enrol(
    d: &Deps,
    tx: &WriteTx<'_>,
    id: Uuid,
    what: Use,
    ceremony: &Ceremony,
    answer: &str,
    display_name: &str,
) -> Result<Option<Event>, Error> {
    let now = d.clock.now();
    let Some(key) = made(d, what, ceremony, answer, display_name)? else { return Ok(None) };
    let stored = find_stored(tx, &Selector::Id(id))?;
    let kind = what.kind();
    let handle = handle(&stored.identity);
    let known = stored.identity.credential(kind);
    let mut keys = known.map(|one| SecurityKeys::of(&one.config)).unwrap_or_default();
    let all = keys.keys();
    if all.len() >= MOST {
        let message = format!("Nobody has more than {MOST} keys; remove one first.");
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    if all.iter().any(|one| one.id == key.id) {
        return Err(Error::new(ErrorCode::Invalid, "This key is registered already."));
    }
    keys.add(&key, &handle);
    if known.is_some() {
        credentials::update_config(tx, stored.n, kind, &keys.to_config(), now)?;
    } else {
        let identifiers = match what {
            Use::Passkey => vec![encoded(&handle)],
            Use::SecondFactor | Use::Passwordless => Vec::new(),
        };
        let config = keys.to_config();
        let credential = Credential { kind, identifiers, config, created_at: now, updated_at: now };
        credentials::insert(tx, stored.n, &credential)?;
    }
    let event = Event::new(EventType::CredentialAdded).principal(id);
    Ok(Some(event.data("credential", kind.as_str())))
}

/// The passkey of a new account, to be created with it; nothing for an answer that is not valid.
///
/// # Errors
/// When the library fails.
pub fn first(
    d: &Deps,
    owner: &Identity,
    ceremony: &Ceremony,
    answer: &str,
    display_name: &str,
) -> Result<Option<GivenCredential>, Error> {
    let Some(key) = made(d, Use::Passkey, ceremony, answer, display_name)? else {
        return Ok(None);
    };
    let (mut keys, handle) = (SecurityKeys::default(), handle(owner));
    keys.add(&key, &handle);
    Ok(Some(GivenCredential {
        kind: CredentialType::Passkey,
        identifiers: vec![encoded(&handle)],
        config: keys.to_config(),
    }))
}

/// Removes the key with this name; nothing when there is none. The last key of its kind takes the
/// credential with it, unless the schema gives that identifiers.
///
/// # Errors
/// `NotFound`, `LastCredential` for the last way to sign in.
pub fn remove(
    d: &Deps,
    tx: &WriteTx<'_>,
    id: Uuid,
    what: Use,
    name: &str,
) -> Result<Option<Event>, Error> {
    let stored = find_stored(tx, &Selector::Id(id))?;
    let kind = what.kind();
    let Some(credential) = stored.identity.credential(kind) else { return Ok(None) };
    let mut keys = SecurityKeys::of(&credential.config);
    if !keys.remove(name, |key| what.takes(key)) {
        return Ok(None);
    }
    if what != Use::SecondFactor && stored.identity.first_factors() < 2 {
        let message = "It is the only way to sign in; set a password first.";
        return Err(Error::new(ErrorCode::LastCredential, message));
    }
    if keys.is_empty() && (kind == CredentialType::Passkey || credential.identifiers.is_empty()) {
        credentials::delete(tx, stored.n, kind)?;
    } else {
        credentials::update_config(tx, stored.n, kind, &keys.to_config(), d.clock.now())?;
    }
    let event = Event::new(EventType::CredentialRemoved).principal(id);
    Ok(Some(event.data("credential", kind.as_str())))
}

/// Begins a sign-in with one of somebody's keys; with nobody, by whatever passkey the browser finds.
/// Nothing when there is no key, or when that is not possible at our address.
///
/// # Errors
/// When the library fails.
pub fn ask(d: &Deps, who: Option<&Identity>, what: Use) -> Result<Option<Ceremony>, Error> {
    let Ok(house) = house(d) else { return Ok(None) };
    let keys = who.map(|who| what.of(who)).unwrap_or_default();
    if who.is_some() && keys.is_empty() {
        return Ok(None);
    }
    match house.begin_authentication(what.purpose(), &keys) {
        Ok(begun) => Ok(Some(Ceremony::of(begun))),
        // None of the keys is of a kind that can be verified.
        Err(WebauthnProblem::Refused) => Ok(None),
        Err(problem) => Err(broken(problem)),
    }
}

/// Whose passkey an answer says it was made with, for a browser that was asked for any. Nothing is
/// checked yet: [`verify`] does.
///
/// # Errors
/// When the store cannot be read.
pub fn owner(d: &Deps, answer: &str) -> Result<Option<Identity>, Error> {
    let Some(handle) = webauthn::handle_in(answer) else { return Ok(None) };
    d.store
        .read(|tx| {
            for spelling in spellings(&handle) {
                if let Some(n) = credentials::owner(tx, CredentialType::Passkey, &spelling)? {
                    return Ok(identities::find_row(tx, n)?.map(|stored| stored.identity));
                }
            }
            Ok::<_, StoreError>(None)
        })
        .map_err(Error::from)
}

/// Checks an answer against the keys that somebody has now.
///
/// # Errors
/// `NotFound`.
pub fn verify(
    d: &Deps,
    tx: &WriteTx<'_>,
    id: Uuid,
    what: Use,
    ceremony: &Ceremony,
    answer: &str,
) -> Result<Verdict, Error> {
    let stored = find_stored(tx, &Selector::Id(id))?;
    let keys = what.of(&stored.identity);
    if keys.is_empty() {
        return Ok(Verdict::NotEnrolled);
    }
    // A passkey names its owner; it must be the one that was found, and no other.
    let handle = webauthn::handle_in(answer).filter(|handle| !handle.is_empty());
    if handle.is_some_and(|named| named != self::handle(&stored.identity)) {
        return Ok(Verdict::Wrong);
    }
    let Ok(house) = house(d) else { return Ok(Verdict::Wrong) };
    match house.finish_authentication(&ceremony.state, answer, &keys) {
        Ok(shown) => {
            keep(d, tx, &stored, what, &shown.key)?;
            Ok(Verdict::Right { user_verified: shown.user_verified })
        }
        Err(WebauthnProblem::Cloned) => {
            let used = webauthn::key_in(answer).unwrap_or_default();
            for mut key in keys.into_iter().filter(|key| key.id == used) {
                key.clone_warning = true;
                keep(d, tx, &stored, what, &key)?;
            }
            let event = Event::new(EventType::CredentialChanged).failed().principal(id);
            let event = event.data("credential", what.kind().as_str());
            Ok(Verdict::Cloned(event.data("reason", "clone_warning")))
        }
        Err(WebauthnProblem::Failed) => Err(broken(WebauthnProblem::Failed)),
        Err(_) => Ok(Verdict::Wrong),
    }
}

fn keep(
    d: &Deps,
    tx: &WriteTx<'_>,
    stored: &Stored,
    what: Use,
    key: &SecurityKey,
) -> Result<(), Error> {
    let Some(credential) = stored.identity.credential(what.kind()) else { return Ok(()) };
    let mut keys = SecurityKeys::of(&credential.config);
    keys.replace(key);
    let now = d.clock.now();
    Ok(credentials::update_config(tx, stored.n, what.kind(), &keys.to_config(), now)?)
}

fn made(
    d: &Deps,
    what: Use,
    ceremony: &Ceremony,
    answer: &str,
    display_name: &str,
) -> Result<Option<SecurityKey>, Error> {
    let Ok(house) = house(d) else { return Ok(None) };
    let name: String = display_name.trim().chars().take(NAME_MAX_CHARS).collect();
    let name = if has_control(&name) { String::new() } else { name };
    let now = d.clock.now();
    match house.finish_registration(what.purpose(), &ceremony.state, answer, &name, now) {
        Ok(key) => Ok(Some(key)),
        Err(WebauthnProblem::Failed) => Err(broken(WebauthnProblem::Failed)),
        Err(_) => Ok(None),
    }
}

fn house(d: &Deps) -> Result<RelyingParty, WebauthnProblem> {
    // Without an external address this is a trial, and whatever port it was given is right.
    RelyingParty::new(&d.options.base_url(), d.options.external_url.is_empty())
}

/// How authenticators know the person: as before, or by the id, which tells nothing about them.
fn handle(identity: &Identity) -> Vec<u8> {
    let known = [CredentialType::Passkey, CredentialType::Webauthn].into_iter().find_map(|kind| {
        let keys = identity.credential(kind).map(|one| SecurityKeys::of(&one.config))?;
        keys.handle().map(<[u8]>::to_vec)
    });
    known.unwrap_or_else(|| identity.id.as_bytes().to_vec())
}

/// What the person is called in the browser's own list of passkeys.
fn name(identity: &Identity) -> String {
    let address = identity.verifiable_addresses.first().map(|address| address.value.clone());
    let kinds = [CredentialType::Password, CredentialType::Webauthn, CredentialType::Code];
    let first = kinds.into_iter().find_map(|kind| {
        identity.credential(kind).and_then(|one| one.identifiers.first().cloned())
    });
    address.or(first).unwrap_or_else(|| identity.id.to_string())
}

fn begun_in(flow: Uuid) -> String {
    format!("webauthn:{flow}")
}

fn broken(problem: WebauthnProblem) -> Error {
    Error::new(ErrorCode::Internal, "The security key could not be used.").because(problem)
}
