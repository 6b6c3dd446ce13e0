//! The terms of service: all that is offered until they are accepted.

use super::{Owner, saved};
use crate::app::Deps;
use crate::domain::flow::text::{self, Text};
use crate::domain::flow::ui::{Attributes, Group, Node};
use crate::domain::flow::{Flow, FlowKind};
use crate::domain::terms::Answer;
use crate::service::flows::places::{TERMS, finished, rejected_page};
use crate::service::flows::{Body, Outcome, Refusal, Visitor, again, field, so_far};
use crate::service::sessions::Lack;
use crate::service::terms;

/// Under which name the version goes along that was read.
const VERSION: &str = "terms_version";

/// What is said to whoever has to accept them.
pub(super) fn asked_for(owner: &Owner) -> impl Iterator<Item = Text> {
    (owner.lack == Some(Lack::Terms)).then(|| text::ASKED_FOR_TERMS.text()).into_iter()
}

/// Where they can be read, and the two answers. The group is one that every client of Kratos knows:
/// those with types refuse a flow with another, and pages leave it out.
pub(super) fn nodes(d: &Deps) -> Vec<Node> {
    let Some(version) = d.options.terms.in_force() else { return Vec::new() };
    let href = d.options.terms.address(&d.options.base_url());
    let title = text::READ_TERMS.of("version", version);
    let submit = |value: &str, label: Text| Node::submit(Group::Profile, TERMS, value, label);
    vec![
        Node::hidden(Group::Profile, "method", TERMS),
        Node::hidden(Group::Profile, VERSION, version),
        Node::new(Group::Profile, Attributes::A { id: "terms_link", href, title: title.clone() })
            .label(title),
        submit("accept", text::ACCEPT_TERMS.text()),
        submit("reject", text::REJECT_TERMS.text()),
    ]
}

/// Takes the answer.
pub(super) fn submit(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    owner: &Owner,
    body: &Body,
) -> Result<Outcome, Refusal> {
    let version = d.options.terms.in_force().ok_or(Refusal::NotFound)?;
    // Whoever has just got back into their account goes on to put it right.
    flow.form.messages.retain(|told| told.id == text::RECOVERED.id);
    flow.form.active = Some(TERMS.to_owned());
    let answer = match field(body, TERMS) {
        Some("accept") => Answer::Accepted,
        Some("reject") => Answer::Rejected,
        _ => {
            flow.form.messages.push(FlowKind::Settings.no_method().text());
            return again(d, v, flow);
        }
    };
    if field(body, VERSION).is_some_and(|read| read != version) {
        flow.form.messages.push(text::TERMS_CHANGED.text());
        return again(d, v, flow);
    }
    terms::answer(d, &owner.by, &owner.session, version, answer)?;
    if answer == Answer::Rejected {
        let to = rejected_page(&d.options, flow.form.return_to.as_deref());
        return Ok(Outcome::Left { to });
    }
    flow.form.active = None;
    if !flow.form.messages.is_empty() {
        return so_far(d, v, flow);
    }
    let place = flow.form.return_to.take();
    // Without a place of theirs or of the options they came for the settings.
    let chosen = place.is_some() || !d.options.signin.default_return_url.is_empty();
    flow.form.return_to = chosen.then(|| finished(&d.options, place.as_deref()));
    saved(d, v, flow, Vec::new())
}
