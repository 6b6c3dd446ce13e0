//! The session check: who asks, if anybody.

use serde::de::DeserializeOwned;

use super::Denied;
use super::presented::Presented;
use crate::app::Deps;
use crate::domain::credential::Credential;
use crate::domain::document::Raw;
use crate::domain::identity::Identity;
use crate::domain::session::{Aal, RequiredAal, Session};
use crate::service::terms;
use crate::store::sql::identities::Stored;
use crate::store::sql::session_check::{Found, by_digest, has_second_factor};
use crate::store::{StoreError, Tx};

/// A session that works. `S` and `I` have their documents taken apart, or as they were written.
#[derive(Clone, Debug)]
pub struct Checked<S = Session, I = Identity> {
    /// The session.
    pub session: S,
    /// Whose it is, without credentials and without what is for administrators only.
    pub identity: I,
    /// Row number of the owner.
    pub(in crate::service) n: i64,
}

/// A session that works, to be passed on.
pub type CheckedRaw = Checked<Session<Raw, Raw>, Identity<Raw>>;

/// What a session lacks before more than signing in further can be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A second factor, which its owner has.
    SecondFactor,
    /// A second factor, which its owner has yet to set up.
    Enrolment,
    /// That its owner has accepted the terms of service in force.
    Terms,
}

/// The session that was presented. Nothing is remembered between two checks: what an administrator
/// or another process changed a moment ago counts.
///
/// # Errors
/// `NoSession` for one that never was, was revoked or is over, or whose owner may have none;
/// `SecondFactor`, `Enrolment` and `Terms` when the options ask for more than there is.
pub fn check(d: &Deps, presented: Option<&Presented>) -> Result<Checked, Denied> {
    enough(look(d, presented)?)
}

/// As [`check`], with documents as they were written.
///
/// # Errors
/// As [`check`].
pub fn check_raw(d: &Deps, presented: Option<&Presented>) -> Result<CheckedRaw, Denied> {
    enough(look(d, presented)?)
}

/// As [`check`], and what is lacking in place of a refusal.
///
/// # Errors
/// `NoSession`.
pub fn check_at_any_level(
    d: &Deps,
    presented: Option<&Presented>,
) -> Result<(Checked, Option<Lack>), Denied> {
    look(d, presented)
}

impl Lack {
    /// What somebody is told who wants more than the session is good for.
    pub(super) const fn denied(self) -> Denied {
        match self {
            Self::SecondFactor => Denied::SecondFactor,
            Self::Enrolment => Denied::Enrolment,
            Self::Terms => Denied::Terms,
        }
    }
}

fn enough<T>((checked, lack): (T, Option<Lack>)) -> Result<T, Denied> {
    lack.map_or(Ok(checked), |lack| Err(lack.denied()))
}

/// A session with its documents in the forms `M`, `V` and `D`, and what it lacks.
type Seen<M, V, D> = (Checked<Session<M, V>, Identity<D>>, Option<Lack>);

fn look<M: DeserializeOwned, V: DeserializeOwned, D: DeserializeOwned + Default>(
    d: &Deps,
    presented: Option<&Presented>,
) -> Result<Seen<M, V, D>, Denied> {
    let presented = presented.ok_or(Denied::NoSession)?;
    let now = d.clock.now();
    let found = d.store.read_one(|tx| by_digest(tx, &presented.digest()))?;
    let found: Found<M, V, D> =
        found.filter(|found| found.session.is_active(now)).ok_or(Denied::NoSession)?;
    d.sightings.note(found.session.id, now);
    let lack = match (found.session.aal < Aal::Two, found.maybe_second_factor) {
        (true, true) => lack(d, d.store.read(|tx| has_second_factor(tx, found.n))?),
        (true, false) => lack(d, false),
        (false, _) => None,
    };
    let lack = match lack {
        None if d.options.terms.in_force().is_some() => {
            d.store.read_one(|tx| owed_terms(d, tx, found.n))?
        }
        lack => lack,
    };
    Ok((Checked { session: found.session, identity: found.identity, n: found.n }, lack))
}

/// What a session of one factor lacks, by whether its owner has a second one.
fn lack(d: &Deps, has_second_factor: bool) -> Option<Lack> {
    let asked = d.options.session_required_aal == RequiredAal::HighestAvailable;
    let enforced = d.options.signin.enforce_mfa;
    if has_second_factor && (asked || enforced) {
        return Some(Lack::SecondFactor);
    }
    enforced.then_some(Lack::Enrolment)
}

fn owed_terms(d: &Deps, tx: &Tx<'_>, n: i64) -> Result<Option<Lack>, StoreError> {
    Ok(terms::are_owed(d, tx, n)?.then_some(Lack::Terms))
}

/// What a session at `aal` of `owner` lacks, whose credentials are there.
pub(in crate::service) fn lack_of(
    d: &Deps,
    tx: &Tx<'_>,
    aal: Aal,
    owner: &Stored,
) -> Result<Option<Lack>, StoreError> {
    let has = || owner.identity.credentials.iter().any(Credential::is_second_factor);
    match if aal < Aal::Two { lack(d, has()) } else { None } {
        None => owed_terms(d, tx, owner.n),
        lack => Ok(lack),
    }
}
