//! A search as it is typed: words, `"quoted words"`, and conditions such as `status:locked`.

use super::listing::ListIdentities;
use crate::error::{Error, ErrorCode};

/// What may stand before a colon. Any other word with a colon is a word like any other.
const FIELDS: [&str; 8] =
    ["id", "email", "status", "authority", "role", "group", "provider", "schema"];

/// The request with what was typed.
///
/// # Errors
/// `Invalid` for a condition that is there twice with different values.
pub fn with(mut request: ListIdentities, text: &str) -> Result<ListIdentities, Error> {
    let mut words = Vec::new();
    for part in parts(text) {
        match condition(&part) {
            Some((field, value)) => set(&mut request, field, value)?,
            None => words.push(part),
        }
    }
    request.search = Some(words.join(" ")).filter(|words| !words.is_empty());
    Ok(request)
}

/// The parts between blanks; quotes keep blanks, and stay for the search.
fn parts(text: &str) -> Vec<String> {
    let (mut all, mut current, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        quoted ^= c == '"';
        if quoted || !c.is_whitespace() {
            current.push(c);
        } else if !current.is_empty() {
            all.push(std::mem::take(&mut current));
        }
    }
    all.push(current);
    all.retain(|part| !part.is_empty());
    all
}

fn condition(part: &str) -> Option<(&'static str, &str)> {
    let (name, value) = part.split_once(':')?;
    let field = FIELDS.into_iter().find(|field| name.eq_ignore_ascii_case(field))?;
    let value = value.trim_matches('"');
    (!value.is_empty()).then_some((field, value))
}

fn set(request: &mut ListIdentities, field: &str, value: &str) -> Result<(), Error> {
    let place = match field {
        "id" => &mut request.id,
        "email" => &mut request.email,
        "status" => &mut request.state,
        "authority" => &mut request.authority,
        "role" => &mut request.role,
        "group" => &mut request.group,
        "provider" => &mut request.provider,
        _ => &mut request.schema_id,
    };
    if place.as_deref().is_some_and(|known| known != value) {
        let message = format!("A search has one {field} at the most.");
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    *place = Some(value.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> ListIdentities {
        with(ListIdentities::default(), text).unwrap()
    }

    #[test]
    fn conditions_and_words_are_told_apart() {
        let read_all = read("ada status:locked \"King Lovelace\" Schema:admin_v0 email:\"a@b.c\"");
        assert_eq!(read_all.search.as_deref(), Some("ada \"King Lovelace\""));
        assert_eq!(read_all.state.as_deref(), Some("locked"));
        assert_eq!(read_all.schema_id.as_deref(), Some("admin_v0"));
        assert_eq!(read_all.email.as_deref(), Some("a@b.c"));
        assert_eq!(read("google:123 status:").search.as_deref(), Some("google:123 status:"));
        assert_eq!(read("\"status:locked\"").search.as_deref(), Some("\"status:locked\""));
        assert_eq!(read("  ").search, None);
        assert_eq!(
            read("id:0198 authority:developer provider:okta").provider.as_deref(),
            Some("okta")
        );
    }

    #[test]
    fn nobody_has_two_statuses() {
        assert!(with(ListIdentities::default(), "status:locked status:blocked").is_err());
        assert!(with(ListIdentities::default(), "status:locked status:locked").is_ok());
    }
}
