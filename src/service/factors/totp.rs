//! Generators of one-time passwords. The seed is sealed with the data key and shown to nobody after
//! the enrolment.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::picture;
use super::put;
use crate::app::Deps;
use crate::crypto::totp::Generator;
use crate::domain::credential::CredentialType;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::error::{Error, ErrorCode};
use crate::service::identities::{Selector, find_stored};
use crate::store::WriteTx;
use crate::store::sql::credentials;

const KIND: CredentialType = CredentialType::Totp;
/// Where the sealed address of a generator is kept, and the last step whose code was used.
const SEALED: &str = "totp_url_sealed";
const LAST_STEP: &str = "last_step";
/// The same in clear, as the Kratos API and files of identities have it.
const CLEAR: &str = "totp_url";

/// A generator that is offered and not enrolled yet: kept with the flow, sealed, until a code shows
/// that the person's app has it.
pub struct Offer {
    generator: Generator,
    url: Zeroizing<String>,
}

/// Without the seed.
impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Offer(..)")
    }
}

impl Offer {
    /// A new generator for somebody.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn draw(d: &Deps, identity: &Identity) -> Result<Self, Error> {
        let generator = Generator::draw(&d.rng)?;
        let url = generator.url(&issuer(d), &account(identity));
        Ok(Self { generator, url })
    }

    /// The address that an app takes.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The seed, for those who cannot scan the picture.
    #[must_use]
    pub fn secret(&self) -> Zeroizing<String> {
        self.generator.secret()
    }

    /// The address as a picture: a PNG of 256 by 256 points in a `data:` address.
    ///
    /// # Errors
    /// When the address does not fit into a picture.
    pub fn picture(&self) -> Result<String, Error> {
        picture::of(&self.url)
    }

    /// Sealed, for the flow it is offered in; `flow` is the flow's id.
    ///
    /// # Errors
    /// When the data key cannot be read.
    pub fn seal(&self, d: &Deps, flow: Uuid) -> Result<String, Error> {
        d.seal(&offered(flow), self.url.as_bytes())
    }

    /// Opens what [`Offer::seal`] made for the same flow.
    ///
    /// # Errors
    /// When it was not made so.
    pub fn open(d: &Deps, flow: Uuid, sealed: &str) -> Result<Self, Error> {
        let (generator, url) = opened(d, &offered(flow), sealed)?;
        Ok(Self { generator, url })
    }
}

/// What came of a code at a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was right, and will not be again.
    Right,
    /// It was wrong, too old, or used before.
    Wrong,
    /// The person has no generator.
    NotEnrolled,
}

/// Enrols the offered generator, in place of an earlier one, once a code shows that the person has
/// it. Nothing for a wrong code; a right one cannot be used again at a sign-in.
///
/// # Errors
/// `NotFound`.
pub fn enrol(
    d: &Deps,
    tx: &WriteTx<'_>,
    id: Uuid,
    offer: &Offer,
    code: &SecretString,
) -> Result<Option<Event>, Error> {
    let now = d.clock.now();
    let Some(step) = offer.generator.verify(code.expose_secret(), now.as_second(), None) else {
        return Ok(None);
    };
    let stored = find_stored(tx, &Selector::Id(id))?;
    let sealed = d.seal(&enrolled(id), offer.url.as_bytes())?;
    let config = json!({SEALED: sealed, LAST_STEP: step});
    Ok(Some(put(tx, &stored, KIND, config, now)?))
}

/// Whether a code is right; a right one is marked as used in the same transaction, which the caller
/// must not undo.
///
/// # Errors
/// `NotFound`, or when the seed cannot be opened.
pub fn verify(d: &Deps, tx: &WriteTx<'_>, id: Uuid, code: &SecretString) -> Result<Verdict, Error> {
    let stored = find_stored(tx, &Selector::Id(id))?;
    let Some(credential) = stored.identity.credential(KIND) else {
        return Ok(Verdict::NotEnrolled);
    };
    let Some(sealed) = credential.config.get(SEALED).and_then(Value::as_str) else {
        return Ok(Verdict::NotEnrolled);
    };
    let (generator, _) = opened(d, &enrolled(id), sealed)?;
    let now = d.clock.now();
    let last = credential.config.get(LAST_STEP).and_then(Value::as_i64);
    let Some(step) = generator.verify(code.expose_secret(), now.as_second(), last) else {
        return Ok(Verdict::Wrong);
    };
    let config = json!({SEALED: sealed, LAST_STEP: step});
    credentials::update_config(tx, stored.n, KIND, &config, now)?;
    Ok(Verdict::Right)
}

/// Removes the generator; nothing when there is none.
///
/// # Errors
/// `NotFound`.
pub fn unlink(tx: &WriteTx<'_>, id: Uuid) -> Result<Option<Event>, Error> {
    let stored = find_stored(tx, &Selector::Id(id))?;
    let gone = credentials::delete(tx, stored.n, KIND)?;
    let event = || Event::new(EventType::CredentialRemoved).principal(id);
    Ok(gone.then(|| event().data("credential", KIND.as_str())))
}

/// What is kept of a generator that comes from elsewhere, whose owner has this id: an address in
/// clear is sealed, a sealed one must be of this deployment and this person.
pub(in crate::service) fn taken_in(d: &Deps, owner: Uuid, given: &Value) -> Result<Value, Error> {
    let text = |name: &str| given.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
    let unusable = |why: &str| Error::new(ErrorCode::Invalid, format!("The generator {why}."));
    let sealed = match (text(CLEAR), text(SEALED)) {
        (Some(url), _) => {
            Generator::parse(url).map_err(|_| unusable("needs an otpauth://totp address"))?;
            d.seal(&enrolled(owner), url.as_bytes())?
        }
        (None, Some(sealed)) => {
            opened(d, &enrolled(owner), sealed)
                .map_err(|_| unusable("was sealed for somebody else or with another data key"))?;
            sealed.to_owned()
        }
        (None, None) => return Err(unusable("has no totp_url")),
    };
    let mut kept = json!({SEALED: sealed});
    if let (Some(step), Some(kept)) =
        (given.get(LAST_STEP).and_then(Value::as_i64), kept.as_object_mut())
    {
        kept.insert(LAST_STEP.to_owned(), step.into());
    }
    Ok(kept)
}

/// What is kept of a generator, with its address in clear, for a file of identities that another
/// deployment can read.
pub(in crate::service) fn handed_out(d: &Deps, owner: Uuid, kept: &Value) -> Result<Value, Error> {
    let Some(sealed) = kept.get(SEALED).and_then(Value::as_str) else { return Ok(kept.clone()) };
    let (_, url) = opened(d, &enrolled(owner), sealed)?;
    Ok(json!({CLEAR: url.as_str()}))
}

fn opened(d: &Deps, context: &str, sealed: &str) -> Result<(Generator, Zeroizing<String>), Error> {
    let damaged = || Error::new(ErrorCode::Internal, "The seed of a generator is damaged.");
    let bytes = d.unseal(context, sealed)?;
    let url = std::str::from_utf8(&bytes).map_err(|error| damaged().because(error))?;
    let generator = Generator::parse(url).map_err(|error| damaged().because(error))?;
    Ok((generator, Zeroizing::new(url.to_owned())))
}

fn enrolled(owner: Uuid) -> String {
    format!("totp:{owner}")
}

fn offered(flow: Uuid) -> String {
    format!("totp-offer:{flow}")
}

/// What the entry in the person's app is called: the host that they sign in at.
fn issuer(d: &Deps) -> String {
    let host = Url::parse(&d.options.base_url()).ok();
    let host = host.and_then(|url| url.host_str().map(ToOwned::to_owned));
    host.unwrap_or_else(|| d.options.realm.clone())
}

/// What tells the entry from others there: an address, or whatever else the person signs in with.
fn account(identity: &Identity) -> String {
    let address = identity.verifiable_addresses.first().map(|address| address.value.clone());
    let first = |kind| identity.credential(kind).and_then(|one| one.identifiers.first().cloned());
    address.or_else(|| first(CredentialType::Password)).unwrap_or_else(|| identity.id.to_string())
}
