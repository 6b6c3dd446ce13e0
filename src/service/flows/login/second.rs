//! The second factors that are typed: codes of an authenticator app, and backup codes.

use secrecy::SecretString;
use uuid::Uuid;

use crate::app::Deps;
use crate::domain::flow::Flow;
use crate::domain::flow::text;
use crate::domain::session::MethodKind;
use crate::service::factors::{lookup, totp};
use crate::service::flows::sign_in::{Step, Stopped, begin_attempt, complete};
use crate::service::flows::{Body, Outcome, Refusal, Visitor, again, field};
use crate::service::throttle::Pass;

/// A code of an authenticator app.
pub(super) fn totp(d: &Deps, v: &Visitor, flow: Flow, body: &Body) -> Result<Outcome, Refusal> {
    let kind = MethodKind::Totp;
    let (flow, who, code, pass) = match typed(d, v, flow, body, "totp_code", kind)? {
        Typed::Code(flow, who, code, pass) => (flow, who, code, pass),
        Typed::Nothing(outcome) => return Ok(*outcome),
    };
    let step = Step::second(who, kind, d.clock.now(), pass);
    complete(d, v, &flow, &step, |tx| match totp::verify(d, tx, who, &code)? {
        totp::Verdict::Right => Ok(Vec::new()),
        totp::Verdict::Wrong => {
            Err(Stopped::Wrong { reason: "wrong_code", told: text::WRONG_TOTP.text() })
        }
        totp::Verdict::NotEnrolled => {
            Err(Stopped::Wrong { reason: "not_enrolled", told: text::NO_TOTP.text() })
        }
    })
}

/// A backup code.
pub(super) fn lookup_secret(
    d: &Deps,
    v: &Visitor,
    flow: Flow,
    body: &Body,
) -> Result<Outcome, Refusal> {
    let kind = MethodKind::LookupSecret;
    let (flow, who, code, pass) = match typed(d, v, flow, body, "lookup_secret", kind)? {
        Typed::Code(flow, who, code, pass) => (flow, who, code, pass),
        Typed::Nothing(outcome) => return Ok(*outcome),
    };
    let step = Step::second(who, kind, d.clock.now(), pass);
    complete(d, v, &flow, &step, |tx| {
        let (reason, told) = match lookup::spend(d, tx, who, &code)? {
            lookup::Verdict::Right(event) => return Ok(vec![event]),
            lookup::Verdict::UsedBefore => ("used_code", text::CODE_USED),
            lookup::Verdict::Wrong => ("wrong_code", text::WRONG_CODE),
            lookup::Verdict::NotEnrolled => ("not_enrolled", text::NO_CODES),
        };
        Err(Stopped::Wrong { reason, told: told.text() })
    })
}

enum Typed {
    Code(Box<Flow>, Uuid, SecretString, Pass),
    Nothing(Box<Outcome>),
}

/// What was typed, and who is to have typed it.
fn typed(
    d: &Deps,
    v: &Visitor,
    mut flow: Flow,
    body: &Body,
    name: &str,
    method: MethodKind,
) -> Result<Typed, Refusal> {
    let Some(who) = flow.identity_id else { return Err(Refusal::NoFirstFactor) };
    if let Some(code) = field(body, name) {
        let code = SecretString::from(code.trim());
        return Ok(match begin_attempt(d, v, &flow, method, &who.to_string(), Some(who))? {
            Ok(pass) => Typed::Code(Box::new(flow), who, code, pass),
            Err(outcome) => Typed::Nothing(outcome),
        });
    }
    flow.form.clear();
    flow.form.active = Some(method.as_str().to_owned());
    flow.form.complain(name, text::REQUIRED.of("property", name));
    Ok(Typed::Nothing(Box::new(again(d, v, flow)?)))
}
