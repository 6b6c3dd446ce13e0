//! The session check: who asks, if anybody.

use super::Denied;
use super::presented::Presented;
use crate::app::Deps;
use crate::domain::identity::Identity;
use crate::domain::session::{Aal, RequiredAal, Session};
use crate::store::sql::session_check::{by_digest, has_second_factor};

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

/// The session that was presented. Nothing is remembered between two checks: what an administrator
/// or another process changed a moment ago counts.
///
/// # Errors
/// `NoSession` for one that never was, was revoked or is over, or whose owner may have none;
/// `SecondFactor` when the options ask for more than the session has.
pub fn check(d: &Deps, presented: Option<&Presented>) -> Result<Checked, Denied> {
    match check_at_any_level(d, presented)? {
        (_, true) => Err(Denied::SecondFactor),
        (checked, false) => Ok(checked),
    }
}

/// As [`check`], and whether a second factor is missing in place of a refusal.
pub(super) fn check_at_any_level(
    d: &Deps,
    presented: Option<&Presented>,
) -> Result<(Checked, bool), Denied> {
    let presented = presented.ok_or(Denied::NoSession)?;
    let now = d.clock.now();
    let highest = d.options.session_required_aal == RequiredAal::HighestAvailable;
    d.store.read(|tx| {
        let found = by_digest(tx, &presented.digest())?.ok_or(Denied::NoSession)?;
        if !found.session.is_active(now) {
            return Err(Denied::NoSession);
        }
        let ask = highest && found.session.aal < Aal::Two && found.maybe_second_factor;
        let missing = ask && has_second_factor(tx, found.n)?;
        Ok((Checked { session: found.session, identity: found.identity, n: found.n }, missing))
    })
}
