//! Opening a flow for those it belongs to.

use uuid::Uuid;

use super::{Body, Refusal, Visitor, claim, csrf, field, places};
use crate::app::Deps;
use crate::crypto::token;
use crate::domain::flow::{Client, Flow, FlowKind};
use crate::store::sql::flows;

/// Why a flow cannot be handed in.
pub(super) enum Closed {
    /// Its time is over.
    Over(Box<Flow>),
    /// For another reason.
    Refused(Refusal),
}

/// The flow, to look at it.
pub(super) fn to_show(d: &Deps, v: &Visitor, kind: FlowKind, id: Uuid) -> Result<Flow, Refusal> {
    let flow = find(d, kind, id)?;
    belongs(v, &flow)?;
    if flow.is_over(d.clock.now()) {
        return Err(Refusal::Gone { redirect_to: places::begin_url(d, &flow) });
    }
    Ok(flow)
}

/// The flow, to hand its form in.
pub(super) fn to_submit(
    d: &Deps,
    v: &Visitor,
    kind: FlowKind,
    id: Uuid,
    body: &Body,
) -> Result<Flow, Closed> {
    let flow = find(d, kind, id).map_err(Closed::Refused)?;
    // Codes of a verification are handed in from any browser, also where a program asked for them, and a
    // flow that an operator began belongs to none: the code itself is what counts.
    let typed_code = is_anybodys(&flow) && field(body, "code").is_some();
    if flow.form.client == Client::Api && v.is_browser && !typed_code {
        return Err(Closed::Refused(Refusal::NotAProgram));
    }
    if flow.form.client == Client::Browser {
        belongs(v, &flow).map_err(Closed::Refused)?;
        let bound = flow.form.csrf.is_some();
        let secret = v.secret.as_deref().unwrap_or_default();
        let given = field(body, "csrf_token").unwrap_or_default();
        if bound && !typed_code && !csrf::fits(secret, flow.id, given) {
            return Err(Closed::Refused(Refusal::Csrf));
        }
    }
    if flow.is_over(d.clock.now()) {
        return Err(Closed::Over(Box::new(flow)));
    }
    Ok(flow)
}

fn find(d: &Deps, kind: FlowKind, id: Uuid) -> Result<Flow, Refusal> {
    d.store.read_one(|tx| flows::find(tx, kind, id))?.ok_or(Refusal::NotFound)
}

/// Whether a code may be typed into the flow in any browser.
fn is_anybodys(flow: &Flow) -> bool {
    flow.kind == FlowKind::Verification && !claim::is_claimed(flow)
}

/// A browser's flow is shown only to the browser it was made for. Mail leads to another one.
fn belongs(v: &Visitor, flow: &Flow) -> Result<(), Refusal> {
    let Some(digest) = flow.form.csrf.as_deref() else { return Ok(()) };
    let mine =
        v.secret.as_deref().is_some_and(|secret| token::equal(&csrf::digest(secret), digest));
    if mine || is_anybodys(flow) { Ok(()) } else { Err(Refusal::Csrf) }
}
