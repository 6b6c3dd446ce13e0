//! The session check: who asks, if anybody.

use super::Denied;
use super::presented::Presented;
use crate::app::Deps;
use crate::domain::identity::Identity;
use crate::domain::session::{Aal, RequiredAal, Session};
use crate::store::sql::session_check::{by_digest, has_second_factor};
use crate::store::{StoreError, Tx};

/// A session that works.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The session.
    pub session: Session,
    /// Whose it is, without credentials and without what is for administrators only.
    pub identity: Identity,
    /// Row number of the owner.
    pub(super) n: i64,
}

/// What a session lacks before more than signing in further can be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A second factor, which its owner has.
    SecondFactor,
    /// A second factor, which its owner has yet to set up.
    Enrolment,
}

/// The session that was presented. Nothing is remembered between two checks: what an administrator
/// or another process changed a moment ago counts.
///
/// # Errors
/// `NoSession` for one that never was, was revoked or is over, or whose owner may have none;
/// `SecondFactor` and `Enrolment` when the options ask for more than the session has.
pub fn check(d: &Deps, presented: Option<&Presented>) -> Result<Checked, Denied> {
    match check_at_any_level(d, presented)? {
        (checked, None) => Ok(checked),
        (_, Some(Lack::SecondFactor)) => Err(Denied::SecondFactor),
        (_, Some(Lack::Enrolment)) => Err(Denied::Enrolment),
    }
}

/// As [`check`], and what is lacking in place of a refusal.
///
/// # Errors
/// `NoSession`.
pub fn check_at_any_level(
    d: &Deps,
    presented: Option<&Presented>,
) -> Result<(Checked, Option<Lack>), Denied> {
    let presented = presented.ok_or(Denied::NoSession)?;
    let now = d.clock.now();
    d.store.read(|tx| {
        let found = by_digest(tx, &presented.digest())?.ok_or(Denied::NoSession)?;
        if !found.session.is_active(now) {
            return Err(Denied::NoSession);
        }
        let lack = if found.session.aal < Aal::Two {
            lack(d, tx, found.maybe_second_factor.then_some(found.n))?
        } else {
            None
        };
        Ok((Checked { session: found.session, identity: found.identity, n: found.n }, lack))
    })
}

/// What a session of one factor lacks; `maybe` is its owner's row, unless it is known that there is
/// no second factor.
pub(in crate::service) fn lack(
    d: &Deps,
    tx: &Tx<'_>,
    maybe: Option<i64>,
) -> Result<Option<Lack>, StoreError> {
    let enforced = d.options.signin.enforce_mfa;
    if !enforced && d.options.session_required_aal != RequiredAal::HighestAvailable {
        return Ok(None);
    }
    let has = maybe.map_or(Ok(false), |n| has_second_factor(tx, n))?;
    Ok(match (has, enforced) {
        (true, _) => Some(Lack::SecondFactor),
        (false, true) => Some(Lack::Enrolment),
        (false, false) => None,
    })
}
