//! Activation: somebody who is invited takes their account over. Opening the link only shows a page;
//! what counts is that its form is sent, because scanners of mail open links too.

use jiff::Timestamp;

use super::enter::{enter, on_to_settings, welcome};
use super::{Outcome, Refusal, Visitor, settings};
use crate::app::Deps;
use crate::domain::flow::Client;
use crate::domain::ledger::EventType;
use crate::domain::ledger::event::Event;
use crate::domain::session::{Aal, MethodKind};
use crate::service::invitations::{by_secret, complete};
use crate::store::WriteTx;
use crate::store::sql::identities::Stored;
use crate::store::sql::{addresses, flows, identities, invitations};

/// What the ledger calls it.
const METHOD: &str = "invitation";

/// Takes an account over by the secret of its link, and leads on to a way to sign in from now on.
///
/// # Errors
/// `DeadLink` for a secret that works no more; nothing tells why.
pub fn activate(d: &Deps, v: &Visitor, secret: &str, client: Client) -> Result<Outcome, Refusal> {
    let now = d.clock.now();
    let invited = by_secret(d, secret)?.ok_or(Refusal::DeadLink)?;
    let identity = &invited.owner.identity;
    let next = settings::begin_for(d, v, client, identity, welcome(d, now), None)?;
    let (who, email) = (identity.id, invited.invitation.email.as_str());
    let entered = enter(d, v, client, who, (MethodKind::LinkRecovery, Aal::One), |tx| {
        // Whoever comes second, by whatever way, finds the invitation gone.
        if invitations::of(tx, invited.owner.n)?.as_ref() != Some(&invited.invitation) {
            return Err(Refusal::DeadLink);
        }
        let done = take_over(tx, &invited.owner, email, now)?;
        flows::insert(tx, &next)?;
        Ok(done)
    })?;
    Ok(on_to_settings(d, client, next.id, entered))
}

fn take_over(
    tx: &WriteTx<'_>,
    owner: &Stored,
    email: &str,
    now: Timestamp,
) -> Result<(Stored, Event, Vec<Event>), Refusal> {
    let who = owner.identity.id;
    addresses::verify(tx, owner.n, email, now)?;
    let mut owner = identities::find(tx, who)?.ok_or(Refusal::DeadLink)?;
    let events = complete(tx, &mut owner, METHOD, now)?;
    if events.is_empty() {
        return Err(Refusal::DeadLink);
    }
    let first = Event::new(EventType::VerificationCompleted)
        .principal(who)
        .data("method", METHOD)
        .data("via", "email");
    Ok((owner, first, events))
}
