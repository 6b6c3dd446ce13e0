//! Pages that another charm puts in front of the service: it names their addresses on the relation
//! `ui-endpoint-info`, as the Identity Platform Login UI does. An option counts before the relation.

use std::collections::BTreeMap;

use url::Url;

use super::events::{Hook, RelationChange};
use super::hooktools::Level;
use super::reconcile::{CharmError, Finding, Unit};
use super::status::Status;
use crate::config::Options;

/// Name of the relation in `metadata.yaml`.
pub const RELATION: &str = "ui-endpoint-info";
/// Longest address that is taken, in bytes.
const LONGEST: usize = 2048;
/// What the other side calls the pages, in the order in which the options have them.
const KEYS: [&str; 6] = [
    "login_url",
    "registration_url",
    "recovery_url",
    "verification_url",
    "settings_url",
    "error_url",
];

/// The addresses of pages, by what the other side calls them.
pub type Pages = BTreeMap<String, String>;

/// It is known which pages others put in front.
pub(super) fn related(unit: &mut Unit<'_>) -> Result<Finding, CharmError> {
    let ours = matches!(unit.hook, Hook::Relation { endpoint, .. } if endpoint == RELATION);
    // What is said on a relation changes in its own hooks; the others make good one that was lost.
    if ours || matches!(unit.hook, Hook::ConfigChanged | Hook::UpgradeCharm) {
        match ask(unit)? {
            Ok(pages) => {
                unit.record.pages = pages;
                unit.record.pages_trouble = None;
            }
            Err(trouble) => {
                unit.log(Level::Warning, &trouble);
                unit.record.pages_trouble = Some(trouble);
            }
        }
    }
    Ok(match &unit.record.pages_trouble {
        None => Finding::Holds,
        Some(trouble) => Finding::Fails(Status::blocked(trouble)),
    })
}

/// What all relations say, or why that cannot be used; the service then goes on with what it has.
fn ask(unit: &Unit<'_>) -> Result<Result<Pages, String>, CharmError> {
    let gone = match unit.hook {
        Hook::Relation { change: RelationChange::Broken, .. } => {
            unit.context.relation_id.as_deref()
        }
        _ => None,
    };
    let mut all = Pages::new();
    for relation in unit.tools.relation_ids(RELATION)? {
        if Some(relation.as_str()) == gone {
            continue;
        }
        let Some(app) = unit.tools.relation_app(&relation)? else { continue };
        let databag = unit.tools.relation_get_app(&relation, &app)?;
        for key in KEYS {
            let Some(text) = databag.get(key).map(|text| text.trim()) else { continue };
            if text.is_empty() {
                continue;
            }
            if !is_address(text) {
                return Ok(Err(format!(
                    "The {RELATION} relation with {app} names no address as {key}: correct it there"
                )));
            }
            if all.insert(key.to_owned(), text.to_owned()).is_some() {
                return Ok(Err(format!(
                    "Two {RELATION} relations name a {key}: remove that with {app} or the other"
                )));
            }
        }
    }
    Ok(Ok(all))
}

fn is_address(text: &str) -> bool {
    let plain = text.len() <= LONGEST && !text.contains(char::is_control);
    plain && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// Puts the pages where the options name none, and lets people come back to them. As in Charmed
/// Kratos they end at the page of the settings unless they were on their way elsewhere.
pub(super) fn put(options: &mut Options, pages: &Pages) {
    for (url, key) in options.signin.ui_urls.iter_mut().zip(KEYS) {
        if let Some(page) = pages.get(key).filter(|_| url.is_empty()) {
            url.clone_from(page);
        }
    }
    if let Some(page) = pages.get("settings_url")
        && options.signin.default_return_url.is_empty()
    {
        options.signin.default_return_url.clone_from(page);
    }
    // Everything beside a page is of the same house.
    let houses = pages.values().filter_map(|page| Url::parse(page).ok()?.join(".").ok());
    for house in houses {
        let allowed = &mut options.signin.allowed_return_urls;
        if !allowed.contains(&house) {
            allowed.push(house);
        }
    }
}
