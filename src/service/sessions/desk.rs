//! What a signed-in person sees and does on our own pages.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::own::{logout, revoke_others, revoke_own};
use super::{Checked, Denied, Lack, Presented, check, check_at_any_level};
use crate::app::Deps;
use crate::domain::ledger::entry::decode_disclosure;
use crate::domain::ledger::event::Outcome;
use crate::service::events::{self, EventFilter};
use crate::service::{Caller, Origin, Page};
use crate::store::sql::ledger;

/// Entries on a page of a person's history.
const ENTRIES: u64 = 25;

/// The person, with what the forms and links of a page need.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The session and whose it is.
    pub current: Checked,
    /// For forms; it belongs to this session alone.
    pub form_token: String,
    /// For the link that signs out.
    pub logout_token: String,
}

/// Who sits there.
///
/// # Errors
/// As [`check()`].
pub fn desk(d: &Deps, presented: Option<&Presented>) -> Result<Desk, Denied> {
    match desk_at_any_level(d, presented)? {
        (desk, None) => Ok(desk),
        (_, Some(lack)) => Err(lack.denied()),
    }
}

/// As [`desk`], and what is lacking in place of a refusal.
///
/// # Errors
/// `NoSession`.
pub fn desk_at_any_level(
    d: &Deps,
    presented: Option<&Presented>,
) -> Result<(Desk, Option<Lack>), Denied> {
    let (current, lack) = check_at_any_level(d, presented)?;
    let presented = presented.ok_or(Denied::NoSession)?;
    let (form_token, logout_token) = (presented.form_token(), presented.logout_token());
    Ok((Desk { current, form_token, logout_token }, lack))
}

/// Which sessions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// This one, of the person's others.
    One(Uuid),
    /// All but the one that asks.
    Others,
    /// All.
    All,
}

/// Ends sessions from a page, whose form must have the token of the session in it.
///
/// # Errors
/// As [`check()`]; `Mismatch` for another token; `Current` where the session that asks is meant by
/// its id.
pub fn end_from_page(
    d: &Deps,
    by: &Caller,
    presented: Option<&Presented>,
    form_token: &str,
    which: Ending,
) -> Result<(), Denied> {
    // Who may not see the sessions does not end them either.
    check(d, presented)?;
    let session = presented.ok_or(Denied::NoSession)?;
    if !session.sent_form(form_token) {
        return Err(Denied::Mismatch);
    }
    match which {
        Ending::One(id) => revoke_own(d, by, presented, id),
        Ending::Others => revoke_others(d, by, presented).map(drop),
        Ending::All => {
            revoke_others(d, by, presented)?;
            logout(d, by, presented, &session.logout_token())
        }
    }
}

/// Something that happened to a person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// What, by the type of the ledger's entry.
    pub kind: String,
    /// Whether it was tried in vain.
    pub failed: bool,
    /// When.
    pub time: Timestamp,
    /// From where, as far as that is still known.
    pub origin: Origin,
}

/// A page of what happened to the account of the person, newest first.
///
/// # Errors
/// As [`check()`]; `Failed` for a token that no page gave.
pub fn activity(
    d: &Deps,
    presented: Option<&Presented>,
    page_token: Option<&str>,
) -> Result<(Desk, Page<Happened>), Denied> {
    let desk = desk(d, presented)?;
    let filter = EventFilter {
        principal: Some(desk.current.identity.id),
        page_size: Some(ENTRIES),
        page_token: page_token.map(ToOwned::to_owned),
        ..EventFilter::default()
    };
    let page = events::list(d, &filter)?;
    let mut items = Vec::with_capacity(page.items.len());
    d.store.read(|tx| {
        for row in &page.items {
            let personal = ledger::disclosures_between(tx, row.seq, row.seq)?;
            let value = |name: &str| {
                let found = personal.iter().find(|one| one.name == name)?;
                let (_, value) = decode_disclosure(&found.encoded)?;
                value.as_str().map(ToOwned::to_owned)
            };
            let origin = Origin { ip: value("ip"), user_agent: value("user_agent") };
            items.extend(happened(&row.json, origin));
        }
        Ok::<_, Denied>(())
    })?;
    Ok((desk, Page { items, next_page_token: page.next_page_token }))
}

fn happened(json: &str, origin: Origin) -> Option<Happened> {
    let entry: Value = serde_json::from_str(json).ok()?;
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let actor = entry.pointer("/actor/kind").and_then(Value::as_str);
    let by_person = matches!(actor, Some("user" | "anonymous"));
    Some(Happened {
        kind: text("type")?.to_owned(),
        failed: text("outcome") != Some(Outcome::Success.as_str()),
        time: text("time")?.parse().ok()?,
        // Where an administrator sat is not the person's business.
        origin: if by_person { origin } else { Origin::default() },
    })
}
