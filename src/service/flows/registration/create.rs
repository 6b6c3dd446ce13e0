//! The account itself.

use secrecy::SecretString;
use serde_json::Value;

use super::{choose, wanted};
use crate::app::Deps;
use crate::config::Registration;
use crate::domain::credential::CredentialType;
use crate::domain::flow::text;
use crate::domain::flow::{Client, Flow, FlowKind};
use crate::domain::identity::Identity;
use crate::domain::ledger::event::Event;
use crate::domain::schema::Schema;
use crate::domain::security_key::SecurityKeys;
use crate::domain::session::{Aal, MethodKind};
use crate::error::{Error, ErrorCode};
use crate::service::creating::{CreateIdentity, Registered, assemble};
use crate::service::factors::keys::{self as factors, Use};
use crate::service::flows::claim::{Claim, Waiting, waits_for};
use crate::service::flows::enter::{Entered, enter};
use crate::service::flows::sign_in::{as_seen_by_its_owner, next};
use crate::service::flows::verification::{self, Sent};
use crate::service::flows::{
    Continue, Next, Outcome, Refusal, Signed, Visitor, again, keys, places, problems,
};
use crate::service::passwords::judge;
use crate::service::sessions::as_person;
use crate::service::throttle::may_mail;
use crate::store::sql::identities::Stored;
use crate::store::sql::{flows, insert};
use crate::store::{Change, ScratchTx, WriteTx};

/// Makes an account with a password, and lets its owner in.
pub(super) fn with_password(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    schema: &Schema,
    typed: &Value,
    password: Option<&str>,
) -> Result<Outcome, Refusal> {
    choose(d, v, &mut flow, schema, typed)?;
    let projection = schema.project(typed).map_err(Error::from)?;
    let identifiers = projection.identifiers.get(&CredentialType::Password);
    let Some(identifiers) = identifiers.filter(|all| !all.is_empty()) else {
        flow.form.messages.push(text::NO_IDENTIFIER.text());
        return again(d, v, flow);
    };
    let Some(password) = password.map(SecretString::from) else {
        flow.form.complain("password", text::REQUIRED.of("property", "password"));
        return again(d, v, flow);
    };
    if let Err(problem) = judge(d, identifiers, typed, &password)? {
        flow.form.complain("password", problems::of_password(&problem));
        return again(d, v, flow);
    }
    let request = CreateIdentity { password: Some(password), ..wanted(&flow, schema, typed) };
    finish(d, v, flow, request, (MethodKind::Password, Aal::One))
}

/// Makes an account with a passkey, and lets its owner in. One whose authenticator checked who holds
/// it is both factors, as at every later sign-in.
pub(super) fn with_passkey(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    schema: &Schema,
    typed: &Value,
    answer: Option<&str>,
) -> Result<Outcome, Refusal> {
    let offered = keys::offered(d, &flow, Use::Passkey)?;
    let request = wanted(&flow, schema, typed);
    let draft = assemble(d, &v.by, wanted(&flow, schema, typed), d.clock.now())?;
    let name = draft.verifiable_addresses.first().map(|address| address.value.as_str());
    let made = match (&offered, answer) {
        (Some(offered), Some(answer)) => {
            factors::first(d, &draft, offered, answer, name.unwrap_or_default())?
        }
        _ => None,
    };
    // Good for one answer, whether it is right or wrong.
    choose(d, v, &mut flow, schema, typed)?;
    let Some(made) = made else {
        let why = "The key was not accepted; please try again.";
        flow.form.messages.push(text::FAILED.of("reason", why));
        return again(d, v, flow);
    };
    let keys = SecurityKeys::of(&made.config).keys();
    let verified = keys.iter().any(|key| key.flags.is_some_and(|flags| flags.user_verified));
    let level = if verified { Aal::Two } else { Aal::One };
    let request = CreateIdentity { credentials: vec![made], ..request };
    finish(d, v, flow, request, (MethodKind::Passkey, level))
}

/// Makes the account; what stands in the way is told in the form.
fn finish(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    request: CreateIdentity,
    how: (MethodKind, Aal),
) -> Result<Outcome, Refusal> {
    let assembled = assemble(d, &v.by, request, d.clock.now());
    let made = assembled.map_err(Refusal::from).and_then(|made| place(d, v, &flow, made, how));
    match made {
        Err(Refusal::Failed(error)) if error.code() == ErrorCode::Conflict => {
            flow.form.messages.push(text::DUPLICATE.text());
            again(d, v, flow)
        }
        Err(Refusal::Failed(error)) if error.code() == ErrorCode::Invalid => {
            flow.form.messages.push(text::FAILED.of("reason", error.to_string()));
            again(d, v, flow)
        }
        made => made,
    }
}

/// Makes the account, or takes over the one that waits for its owner. Where only those sign up who
/// are invited, nobody learns who is: everybody is asked for the code, which only they are sent.
fn place(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    identity: Identity,
    how: (MethodKind, Aal),
) -> Result<Outcome, Refusal> {
    let now = d.clock.now();
    let waiting = d.store.read(|tx| waits_for(tx, &identity, now))?;
    match (waiting, d.options.signin.registration) {
        (None, Registration::Open) => make(d, v, flow, identity, how),
        (waiting, _) => ask_for_proof(d, v, flow, &identity, waiting.as_ref()),
    }
}

/// Sends a code to the address for which an account waits, if one does.
fn ask_for_proof(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    identity: &Identity,
    waiting: Option<&Waiting>,
) -> Result<Outcome, Refusal> {
    let client = flow.form.client;
    let typed = identity.verifiable_addresses.first().map(|address| address.value.as_str());
    let address = waiting.map(|waiting| waiting.address.as_str()).or(typed);
    let who = waiting.map(|waiting| waiting.owner.identity.id);
    let claim = address.and_then(|address| Some((address, Claim::of(identity, who, address)?)));
    // Without an address nobody could show that they are the one.
    let Some((address, claim)) = claim else {
        return Err(Refusal::Disabled("Accounts are made by invitation only."));
    };
    let mut sent = Sent::new(d, v, client, address, v.secret.as_deref())?;
    sent.flow.form.return_to.clone_from(&flow.form.return_to);
    claim.put(d, &mut sent.flow)?;
    if let Some(Waiting { owner, .. }) = waiting {
        d.store.write(&v.by.author(), |tx| {
            use_up(tx, flow)?;
            let event = sent.keep(d, v, tx, (owner.n, &owner.identity))?;
            Ok::<_, Refusal>(event.map_or(Change::none(()), |event| v.by.change((), event, [])))
        })?;
    } else {
        d.store.scratch(|tx| {
            use_up(tx, flow)?;
            may_mail(d, tx, address, v.by.origin.ip.as_deref())?;
            Ok::<_, Refusal>(flows::insert(tx, &sent.flow)?)
        })?;
        verification::failed(d, v, "not_invited", None)?;
    }
    let (kind, id) = (FlowKind::Verification, sent.flow.id);
    let continue_with = match client {
        Client::Browser => Vec::new(),
        Client::Api => {
            vec![Continue::Flow { kind, id, address: Some(address.to_owned()) }]
        }
    };
    Ok(Outcome::Go { to: places::page_of(&d.options, kind, id), session: None, continue_with })
}

/// Whoever comes second finds the flow gone: an account is made once.
fn use_up(tx: &ScratchTx<'_>, flow: &Flow) -> Result<(), Refusal> {
    if flows::delete(tx, flow.id)? { Ok(()) } else { Err(Refusal::NotFound) }
}

/// Writes the account, with a code to its address, and the session where there may be one.
fn make(
    d: &Deps,
    v: &Visitor,
    flow: &Flow,
    identity: Identity,
    how: (MethodKind, Aal),
) -> Result<Outcome, Refusal> {
    let (client, who) = (flow.form.client, identity.id);
    let must_verify = d.options.signin.require_verified_address;
    let address = identity.verifiable_addresses.first().map(|address| address.value.clone());
    let secret = if must_verify { v.secret.as_deref() } else { Some(v.fresh.as_str()) };
    let sent = address.as_deref().map(|to| Sent::new(d, v, client, to, secret)).transpose()?;
    let sent = sent.map(|mut sent| {
        sent.flow.form.return_to.clone_from(&flow.form.return_to);
        sent
    });
    let verifies = sent.as_ref().map(|sent| Continue::Flow {
        kind: FlowKind::Verification,
        id: sent.flow.id,
        address,
    });
    let job = |tx: &WriteTx<'_>| write(d, v, tx, (flow, how.0), identity, sent.as_ref());
    let page =
        sent.as_ref().map(|sent| places::page_of(&d.options, FlowKind::Verification, sent.flow.id));
    let continue_with: Vec<Continue> = verifies.into_iter().collect();
    if let (true, Some(to)) = (must_verify, &page) {
        let by = as_person(&v.by, who);
        let identity = d.store.write(&by.author(), |tx| {
            let (owner, first, more) = job(tx)?;
            Ok::<_, Refusal>(by.change(owner.identity, first, more))
        })?;
        let identity = Box::new(as_seen_by_its_owner(identity));
        return Ok(Outcome::Registered { identity, to: to.clone(), continue_with });
    }
    let entered = enter(d, v, client, who, how, job)?;
    let Entered { session, presented, identity, lack } = entered;
    let next = match (next(d, flow, lack), page) {
        // A browser verifies the address on the way.
        (Next::Done(_), Some(page)) if client == Client::Browser => Next::Done(page),
        (Next::Terms(_), Some(page))
            if client == Client::Browser && places::allowed_return(&d.options, &page).is_some() =>
        {
            Next::Terms(places::settings_url(d, Some(&page)))
        }
        (next, _) => next,
    };
    Ok(Outcome::Signed(Box::new(Signed {
        session,
        identity,
        presented,
        next,
        client,
        again: false,
        registered: true,
        continue_with,
    })))
}

fn write(
    d: &Deps,
    v: &Visitor,
    tx: &WriteTx<'_>,
    (flow, method): (&Flow, MethodKind),
    identity: Identity,
    sent: Option<&Sent>,
) -> Result<(Stored, Event, Vec<Event>), Refusal> {
    use_up(tx, flow)?;
    let n = insert::insert(tx, &identity)?;
    let first = Registered::of(&identity).event().data("method", method.as_str());
    let sent = sent.map(|sent| sent.keep(d, v, tx, (n, &identity))).transpose()?.flatten();
    Ok((Stored { n, identity }, first, sent.into_iter().collect()))
}
