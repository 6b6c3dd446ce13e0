//! Which identity an action is about: the rules that all of them share, with the contract's
//! sentences.

use uuid::Uuid;

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use crate::domain::identifier;
use crate::domain::identity::Identity;
use crate::error::{Error, ErrorCode};
use crate::service::identities::{self, Selector};

const BOTH: &str = "Provide only one of 'identity-id' or 'email', not both";
const NEITHER: &str = "You must provide either 'identity-id' or 'email'";
const NOT_A_UUID: &str = "The identity-id must be a valid UUID";

/// The identity an operator means, not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// By its id.
    Id(Uuid),
    /// By what the person signs in with.
    Email(String),
}

impl Who {
    /// Reads `identity-id` or `email`.
    ///
    /// # Errors
    /// When both or neither are given, or one is malformed.
    pub fn parse(params: &Params) -> Result<Self, Failure> {
        Self::parse_optional(params)?.ok_or_else(|| Failure::new(NEITHER))
    }

    /// Reads `identity-id` or `email` where an action may also be about nobody in particular.
    ///
    /// # Errors
    /// When both are given, or one is malformed.
    pub fn parse_optional(params: &Params) -> Result<Option<Self>, Failure> {
        match (params.text("identity-id"), params.text("email")) {
            (Some(_), Some(_)) => Err(Failure::new(BOTH)),
            (Some(id), None) => {
                parse_id(id).map(Self::Id).map(Some).ok_or_else(|| Failure::new(NOT_A_UUID))
            }
            (None, Some(email)) => parse_email(email).map(Self::Email).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Finds the identity. `sentence` is what the contract says when the store fails an action
    /// that was given an id.
    ///
    /// # Errors
    /// `Identity <id> does not exist`, or the contract's sentences for addresses.
    pub fn find(
        &self,
        cx: &mut Context<'_>,
        sentence: impl FnOnce(Uuid) -> String,
    ) -> Result<Identity, Failure> {
        match self {
            Self::Id(id) => {
                identities::find(&cx.deps, &Selector::Id(*id)).map_err(|error| match error.code() {
                    ErrorCode::NotFound => missing(*id),
                    _ => cx.failed(&sentence(*id), &error),
                })
            }
            Self::Email(email) => identities::find(&cx.deps, &Selector::Identifier(email.clone()))
                .map_err(|error| no_email(cx, email, &error)),
        }
    }
}

/// The `identity-id` of somebody who may be deleted.
///
/// # Errors
/// When it is missing or malformed.
pub fn id(params: &Params) -> Result<Uuid, Failure> {
    let given = params.text("identity-id");
    let given = given.ok_or_else(|| Failure::new("Parameter 'identity-id' is required"))?;
    parse_id(given).ok_or_else(|| Failure::new(NOT_A_UUID))
}

/// The sentence for an id nobody has, or has any more.
#[must_use]
pub fn missing(id: Uuid) -> Failure {
    Failure::new(format!("Identity {id} does not exist"))
}

/// The sentence for an address that several identities answer to.
#[must_use]
pub fn ambiguous(email: &str) -> Failure {
    Failure::new(format!(
        "Multiple identities found for email '{email}'. Please provide an identity-id instead"
    ))
}

fn no_email(cx: &mut Context<'_>, email: &str, error: &Error) -> Failure {
    match error.code() {
        ErrorCode::NotFound => Failure::new(format!("Identity not found for email '{email}'")),
        ErrorCode::Ambiguous => ambiguous(email),
        _ => cx.failed("Couldn't retrieve the identity id from email", error),
    }
}

/// `identity-id` and `email` as `get-identity` takes them: nothing is checked, and what is empty
/// was not given.
///
/// # Errors
/// When both or neither are given.
pub fn parse_loosely(params: &Params) -> Result<Loosely, Failure> {
    match (params.filled("identity-id"), params.filled("email")) {
        (Some(_), Some(_)) => Err(Failure::new(BOTH)),
        (None, None) => Err(Failure::new(NEITHER)),
        (Some(id), None) => Ok(Loosely::Id(id.to_owned())),
        (None, Some(email)) => Ok(Loosely::Identifier(email.to_owned())),
    }
}

/// What `get-identity` was given.
#[derive(Debug, Clone)]
pub enum Loosely {
    /// Perhaps an id.
    Id(String),
    /// Any identifier of a credential, a username too.
    Identifier(String),
}

/// A UUID in any form that upstream takes: braces, `urn:uuid:` and missing hyphens included.
#[must_use]
pub fn parse_id(text: &str) -> Option<Uuid> {
    let bare = text.replace("urn:", "").replace("uuid:", "");
    let bare: String = bare.trim_matches(['{', '}']).chars().filter(|c| *c != '-').collect();
    if bare.len() != 32 {
        return None;
    }
    Uuid::try_parse(&bare).ok()
}

/// A mail address; a display name around it is dropped.
fn parse_email(text: &str) -> Result<String, Failure> {
    let invalid = |why: &str| Failure::new(format!("value is not a valid email address: {why}"));
    let trimmed = text.trim();
    let address = match (trimmed.rfind('<'), trimmed.strip_suffix('>')) {
        (Some(open), Some(inner)) => inner.get(open + 1..).unwrap_or_default().trim(),
        _ => trimmed,
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Err(invalid("An email address must have an @-sign."));
    };
    if local.is_empty() {
        return Err(invalid("There must be something before the @-sign."));
    }
    if domain.is_empty() {
        return Err(invalid("There must be something after the @-sign."));
    }
    let address = format!("{local}@{}", domain.to_lowercase());
    if !identifier::is_email(&address) {
        return Err(invalid("It has characters or a length that no address can have."));
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_in_every_form_upstream_takes() {
        let id = "9f425a8d-7efc-4768-8f23-7647a74fdf13";
        for form in [
            id,
            "9F425A8D-7EFC-4768-8F23-7647A74FDF13",
            "9f425a8d7efc47688f237647a74fdf13",
            "{9f425a8d-7efc-4768-8f23-7647a74fdf13}",
            "urn:uuid:9f425a8d-7efc-4768-8f23-7647a74fdf13",
        ] {
            assert_eq!(parse_id(form).map(|id| id.to_string()).as_deref(), Some(id), "{form}");
        }
        for bad in [
            "",
            "1",
            "9f425a8d-7efc-4768-8f23-7647a74fdf1",
            "zf425a8d7efc47688f237647a74fdf13",
            "../admin",
        ] {
            assert_eq!(parse_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_of_private_networks_are_addresses() {
        for (typed, taken) in [
            ("bob@corp.local", "bob@corp.local"),
            ("bob@LAN.test", "bob@lan.test"),
            ("bob@intranet", "bob@intranet"),
            ("Bob <Bob@Example.com>", "Bob@example.com"),
        ] {
            assert_eq!(parse_email(typed).as_deref(), Ok(taken));
        }
    }

    #[test]
    fn malformed_addresses_get_the_contract_sentence() {
        for (typed, why) in [
            ("bob", "An email address must have an @-sign."),
            ("", "An email address must have an @-sign."),
            ("@example.com", "There must be something before the @-sign."),
            ("bob@", "There must be something after the @-sign."),
        ] {
            let sentence = format!("value is not a valid email address: {why}");
            assert_eq!(parse_email(typed), Err(Failure(sentence)));
        }
    }
}
