//! What a person sees of their own accounts, and how they disconnect one.

use jiff::SignedDuration;

use super::accounts::{self, Account};
use super::sessions::{Denied, Desk, Presented, as_person, desk};
use super::{Caller, links};
use crate::app::Deps;
use crate::domain::status::EffectiveStatus;
use crate::error::ErrorCode;

/// The accounts of the person who asks.
#[derive(Clone, Debug)]
pub struct OwnAccounts {
    /// Who asks.
    pub desk: Desk,
    /// Their own account first.
    pub accounts: Vec<Account>,
    /// Whether there is a way to sign in besides any one of them.
    pub may_go: bool,
}

/// The person's accounts.
///
/// # Errors
/// As [`desk()`].
pub fn of(d: &Deps, presented: Option<&Presented>) -> Result<OwnAccounts, Denied> {
    let desk = desk(d, presented)?;
    let (accounts, ways) = accounts::with_ways_in(d, desk.current.identity.id)?;
    Ok(OwnAccounts { desk, accounts, may_go: ways >= 2 })
}

/// Why an account is not disconnected.
#[derive(Debug)]
pub enum Kept {
    /// Whoever asks is not let on, or did not ask by a form of this session.
    Denied(Denied),
    /// They have to show once more who they are.
    Stale,
    /// It is the only way they can sign in.
    Last,
    /// It is not theirs, or an administrator keeps it closed.
    NotNow,
}

impl From<Denied> for Kept {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

/// Disconnects an account at another provider from a page, whose form must have the token of the
/// session in it. Only for those who showed a short while ago who they are, as with any other change
/// of how somebody signs in.
///
/// # Errors
/// What stands in the way.
pub fn unlink(
    d: &Deps,
    by: &Caller,
    presented: Option<&Presented>,
    form_token: &str,
    account: &str,
) -> Result<(), Kept> {
    let OwnAccounts { desk, accounts, .. } = of(d, presented)?;
    if !presented.is_some_and(|session| session.sent_form(form_token)) {
        return Err(Kept::Denied(Denied::Mismatch));
    }
    let (session, owner, now) = (&desk.current.session, &desk.current.identity, d.clock.now());
    let window = SignedDuration::from_mins(d.options.signin.privileged_session_minutes.into());
    let fresh = now.duration_since(session.authenticated_at) < window;
    if !fresh || owner.effective_status(now) != EffectiveStatus::Active {
        return Err(Kept::Stale);
    }
    // A lock goes with its account, so whoever is locked out of one must not be able to drop it.
    let known = accounts.iter().find(|one| one.id == account && !one.is_internal());
    if known.is_none_or(|one| one.locked_at.is_some()) {
        return Err(Kept::NotNow);
    }
    let done = links::unlink(d, &as_person(by, owner.id), owner.id, account);
    match done {
        Ok(_) => Ok(()),
        Err(error) if error.code() == ErrorCode::LastCredential => Err(Kept::Last),
        Err(error) => Err(Kept::Denied(error.into())),
    }
}
