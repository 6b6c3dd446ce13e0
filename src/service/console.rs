//! Who may do what in the console: the one question that every page of it asks first.
//!
//! A person opens with their session the rights that they held when they signed in (A1) and still hold
//! now (A2), and changes something only when they have signed in a moment ago (A3). A second factor is
//! always needed, whatever the options say of other pages.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::flood::Flood;
use super::sessions::{Denied, Desk, Lack, Presented, as_person, desk_at_any_level};
use super::{Caller, admission};
use crate::app::Deps;
use crate::domain::authority::Authority;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::Aal;
use crate::error::Error;
use crate::store::sql::authorities;
use crate::store::sql::session_check::has_second_factor;
use crate::store::{Places, StoreError};

/// What a page takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The right to manage applications, or everything.
    Developer,
    /// The right to manage everything.
    Administrator,
}

impl Need {
    /// Whether one of these rights is enough.
    #[must_use]
    pub fn is_met(self, held: &BTreeSet<Authority>) -> bool {
        held.contains(&Authority::Administrator)
            || self == Self::Developer && held.contains(&Authority::Developer)
    }

    /// The least right that is enough.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Developer => Authority::Developer.as_str(),
            Self::Administrator => Authority::Administrator.as_str(),
        }
    }
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// It shows something.
    Reads,
    /// It shows the form of a change: whoever would have to sign in once more does so before they
    /// have typed anything.
    Prepares,
    /// It changes something.
    Changes,
}

/// A request to the console.
#[derive(Clone, Debug)]
pub struct Knock<'a> {
    /// What the page takes.
    pub need: Need,
    /// What it does.
    pub touch: Touch,
    /// The method, for the ledger.
    pub method: &'a str,
    /// The page as it stands in the table of routes, for the ledger: nothing of a person is in it.
    pub resource: &'a str,
    /// The token of the form, where one was sent.
    pub form_token: Option<&'a str>,
    /// Whether the request can have come from a page of ours.
    pub from_here: bool,
    /// From where it comes.
    pub by: Caller,
}

/// Somebody who was let in.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Who, with what forms need.
    pub desk: Desk,
    /// What they may manage, by this session and now.
    pub authorities: BTreeSet<Authority>,
    /// As whom they act.
    pub by: Caller,
}

/// Why somebody is not let in.
#[derive(Debug)]
pub enum Turned {
    /// They are not signed in.
    NoSession,
    /// They have not used their second factor.
    SecondFactor,
    /// They have no second factor.
    Enrolment,
    /// They have not accepted the terms of service.
    Terms,
    /// They have no right to this. `later`: they were given it after they signed in.
    Forbidden {
        /// Whether signing in again would help.
        later: bool,
    },
    /// They must sign in again before they change something.
    Stale,
    /// The form is not one that this session was given.
    Forged,
    /// The question could not be answered.
    Failed(Error),
}

impl From<StoreError> for Turned {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Denied> for Turned {
    fn from(why: Denied) -> Self {
        match why {
            Denied::SecondFactor => Self::SecondFactor,
            Denied::Enrolment => Self::Enrolment,
            Denied::Terms => Self::Terms,
            Denied::Failed(error) => Self::Failed(error),
            Denied::NoSession | Denied::Current | Denied::Mismatch => Self::NoSession,
        }
    }
}

/// Lets somebody in, or says why not; who is refused a right is in the ledger (AL-30).
///
/// # Errors
/// [`Turned`].
pub fn admit(
    d: &Deps,
    flood: &Flood,
    presented: Option<&Presented>,
    knock: &Knock<'_>,
) -> Result<Admitted, Turned> {
    let (desk, lack) = desk_at_any_level(d, presented)?;
    let current = &desk.current;
    let held = d.store.read(|tx| authorities::of(tx, current.n))?;
    let carried = &current.session.authorities;
    let rights: BTreeSet<Authority> = &held & carried;
    let by = as_person(&knock.by, current.identity.id);
    if !knock.need.is_met(&rights) {
        let later = knock.need.is_met(&held);
        let reason = if later { "granted_later" } else { "authority" };
        refused(d, flood, &desk, knock, &by, reason)?;
        return Err(Turned::Forbidden { later });
    }
    if current.session.aal < Aal::Two {
        let has = d.store.read(|tx| has_second_factor(tx, current.n))?;
        return Err(if has { Turned::SecondFactor } else { Turned::Enrolment });
    }
    if lack == Some(Lack::Terms) {
        return Err(Turned::Terms);
    }
    if knock.touch == Touch::Changes && !is_ours(presented, knock) {
        refused(d, flood, &desk, knock, &by, "form")?;
        return Err(Turned::Forged);
    }
    if knock.touch != Touch::Reads && !is_fresh(d, &desk) {
        return Err(Turned::Stale);
    }
    let by = Caller { places: Some(Places::default()), ..by };
    Ok(Admitted { desk, authorities: rights, by })
}

/// The rights with which somebody's session opens the console, for a link to it.
///
/// # Errors
/// When the store cannot be read.
pub fn rights(d: &Deps, desk: &Desk) -> Result<BTreeSet<Authority>, Error> {
    if desk.current.session.authorities.is_empty() {
        return Ok(BTreeSet::new());
    }
    let held = d.store.read(|tx| Ok::<_, Error>(authorities::of(tx, desk.current.n)?))?;
    Ok(&held & &desk.current.session.authorities)
}

fn is_ours(presented: Option<&Presented>, knock: &Knock<'_>) -> bool {
    let token = knock.form_token.unwrap_or_default();
    knock.from_here && presented.is_some_and(|session| session.sent_form(token))
}

fn is_fresh(d: &Deps, desk: &Desk) -> bool {
    let window = SignedDuration::from_mins(d.options.console.fresh_minutes.into());
    d.clock.now().duration_since(desk.current.session.authenticated_at) <= window
}

fn refused(
    d: &Deps,
    flood: &Flood,
    desk: &Desk,
    knock: &Knock<'_>,
    by: &Caller,
    reason: &str,
) -> Result<(), Turned> {
    admission::settle(d, flood, false).map_err(Turned::Failed)?;
    if !flood.count(EventType::AuthzDenied, by.origin.ip.as_deref(), d.clock.now()) {
        return Ok(());
    }
    let event = Event::new(EventType::AuthzDenied)
        .denied()
        .principal(desk.current.identity.id)
        .session(desk.current.session.id.to_string())
        .data("method", knock.method)
        .data("permission", knock.need.as_str())
        .data("reason", reason)
        .data("resource", knock.resource);
    let written = d.store.write(&by.author(), |_| Ok::<_, Error>(by.change((), event, [])));
    written.map_err(Turned::Failed)
}
