//! Backup codes: shown once, kept as digests that only the holder of the data key can try, each good
//! for one sign-in.

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::put;
use crate::app::Deps;
use crate::domain::credential::CredentialType;
use crate::domain::identity::Identity;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::lookup_codes::{
    ALPHABET, COUNT, LENGTH, LookupCode, LookupCodes, Spent, grouped, normalised,
};
use crate::error::{Error, ErrorCode};
use crate::service::identities::{Selector, find_stored};
use crate::store::WriteTx;
use crate::store::sql::credentials;

const KIND: CredentialType = CredentialType::LookupSecret;

/// A sheet of new codes that is shown and not confirmed yet: kept with the flow, sealed.
pub struct Sheet(Vec<Zeroizing<String>>);

/// Without the codes.
impl fmt::Debug for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sheet(..)")
    }
}

impl Sheet {
    /// Draws codes.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn draw(d: &Deps) -> Result<Self, Error> {
        let mut codes = Vec::with_capacity(COUNT);
        while codes.len() < COUNT {
            let mut bytes = Zeroizing::new([0u8; LENGTH]);
            d.rng.fill(bytes.as_mut_slice())?;
            // Thirty-two letters: the low five bits of a byte choose each with equal odds.
            let letters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
            let code = letters.map(|letter| char::from(*letter)).collect::<String>();
            codes.push(Zeroizing::new(grouped(&code)));
        }
        Ok(Self(codes))
    }

    /// The codes, as they are shown.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|code| code.as_str())
    }

    /// Sealed, for the flow they are shown in; `flow` is the flow's id.
    ///
    /// # Errors
    /// When the data key cannot be read.
    pub fn seal(&self, d: &Deps, flow: Uuid) -> Result<String, Error> {
        let text = Zeroizing::new(self.codes().collect::<Vec<_>>().join("\n"));
        d.seal(&shown_in(flow), text.as_bytes())
    }

    /// Opens what [`Sheet::seal`] made for the same flow.
    ///
    /// # Errors
    /// When it was not made so.
    pub fn open(d: &Deps, flow: Uuid, sealed: &str) -> Result<Self, Error> {
        let bytes = d.unseal(&shown_in(flow), sealed)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            Error::new(ErrorCode::Internal, "A sheet of codes is damaged.").because(error)
        })?;
        Ok(Self(text.lines().map(|line| Zeroizing::new(line.to_owned())).collect()))
    }
}

/// What came of a code at a sign-in.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It was right and is used up; the event says how many are left.
    Right(Event),
    /// It was right once and is used up.
    UsedBefore,
    /// It is none of the person's codes.
    Wrong,
    /// The person has no codes.
    NotEnrolled,
}

/// Puts the codes of a sheet in place of earlier ones.
///
/// # Errors
/// `NotFound`.
pub fn confirm(d: &Deps, tx: &WriteTx<'_>, id: Uuid, sheet: &Sheet) -> Result<Event, Error> {
    let now = d.clock.now();
    let digests = sheet.codes().map(|code| digest(d, id, code));
    let codes = digests.map(|digest| Ok(LookupCode { digest: digest?, used_at: None }));
    let codes = codes.collect::<Result<Vec<_>, Error>>()?;
    let config = LookupCodes { codes, key: d.data_key_id()? }.to_config();
    let stored = find_stored(tx, &Selector::Id(id))?;
    Ok(put(tx, &stored, KIND, config, now)?)
}

/// Uses a code up, in the same transaction, which the caller must not undo.
///
/// # Errors
/// `NotFound`.
pub fn spend(d: &Deps, tx: &WriteTx<'_>, id: Uuid, code: &SecretString) -> Result<Verdict, Error> {
    let now = d.clock.now();
    let stored = find_stored(tx, &Selector::Id(id))?;
    let Some(credential) = stored.identity.credential(KIND) else {
        return Ok(Verdict::NotEnrolled);
    };
    let mut codes = LookupCodes::of(&credential.config);
    Ok(match codes.spend(&digest(d, id, code.expose_secret())?, now) {
        Spent::Unknown => Verdict::Wrong,
        Spent::Before => Verdict::UsedBefore,
        Spent::Now(left) => {
            credentials::update_config(tx, stored.n, KIND, &codes.to_config(), now)?;
            let event = Event::new(EventType::CredentialUsedRecoveryCode).principal(id);
            Verdict::Right(event.data("remaining", left))
        }
    })
}

/// Removes the codes; nothing when there are none.
///
/// # Errors
/// `NotFound`.
pub fn disable(tx: &WriteTx<'_>, id: Uuid) -> Result<Option<Event>, Error> {
    let stored = find_stored(tx, &Selector::Id(id))?;
    let gone = credentials::delete(tx, stored.n, KIND)?;
    let event = || Event::new(EventType::CredentialRemoved).principal(id);
    Ok(gone.then(|| event().data("credential", KIND.as_str())))
}

/// When each of somebody's codes was used, in the order in which they were shown. The codes
/// themselves are not kept, so nobody can be shown them again.
#[must_use]
pub fn uses(identity: &Identity) -> Vec<Option<Timestamp>> {
    let codes = identity.credential(KIND).map(|one| LookupCodes::of(&one.config));
    codes.unwrap_or_default().codes.into_iter().map(|code| code.used_at).collect()
}

/// What is kept of codes that come from elsewhere, whose owner has this id: those in clear become
/// digests. Digests of another deployment's key fit no code here and are left out; nothing when
/// none are left.
pub(in crate::service) fn taken_in(
    d: &Deps,
    owner: Uuid,
    given: &Value,
) -> Result<Option<Value>, Error> {
    let unusable = || {
        let message = "Each backup code needs its `code`, and `used_at` must be a time.";
        Error::new(ErrorCode::Invalid, message)
    };
    let own = d.data_key_id()?;
    let same_key = given.get("key").and_then(Value::as_str) == Some(own.as_str());
    let entries = given.get("recovery_codes").and_then(Value::as_array).ok_or_else(unusable)?;
    let mut codes = Vec::with_capacity(entries.len());
    for entry in entries {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
        let used_at = text("used_at").map(str::parse::<Timestamp>).transpose();
        let used_at = used_at.map_err(|error| unusable().because(error))?;
        let digest = match (text("code"), text("digest")) {
            (Some(code), _) => digest(d, owner, code)?,
            (None, Some(kept)) if same_key => kept.to_owned(),
            (None, Some(_)) => continue,
            (None, None) => return Err(unusable()),
        };
        codes.push(LookupCode { digest, used_at });
    }
    Ok((!codes.is_empty()).then(|| LookupCodes { codes, key: own }.to_config()))
}

fn digest(d: &Deps, owner: Uuid, code: &str) -> Result<String, Error> {
    d.keyed_digest(&format!("lookup_secret:{owner}"), &Zeroizing::new(normalised(code)))
}

fn shown_in(flow: Uuid) -> String {
    format!("lookup-sheet:{flow}")
}
