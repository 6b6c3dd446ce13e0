//! Lists of identities, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;

use super::access::held::{self, Belongs};
use super::{Page, access};
use crate::app::Deps;
use crate::domain::access::CircleKind;
use crate::domain::authority::Authority;
use crate::domain::document::Raw;
use crate::domain::identifier::canonical;
use crate::domain::identity::Identity;
use crate::domain::status::EffectiveStatus;
use crate::error::{Error, ErrorCode};
use crate::store::sql::identities::{self, Filter, Parts, Stored};
use crate::store::sql::rarity::LastLook;
use crate::store::{StoreError, Tx};

/// How many identities a page has when nothing is said.
pub const PAGE_SIZE: u64 = 50;
/// How many it has at the most.
pub const PAGE_SIZE_MAX: u64 = 500;
/// How many identities are looked at to say how many there are.
const COUNTED_MAX: i64 = 500;
/// How many words a search has at the most.
const WORDS_MAX: usize = 10;

/// What to list; every condition that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct ListIdentities {
    /// Words, each a part of an identifier, address or name, or the beginning of an id; "quoted words" are one.
    pub search: Option<String>,
    /// A status; `inactive` means blocked.
    pub state: Option<String>,
    /// A schema.
    pub schema_id: Option<String>,
    /// An account at this provider.
    pub provider: Option<String>,
    /// A right, by its word.
    pub authority: Option<String>,
    /// A role, by its word or id, had in person or through a group.
    pub role: Option<String>,
    /// A group, by its word or id.
    pub group: Option<String>,
    /// A whole address.
    pub email: Option<String>,
    /// An id, or how it begins.
    pub id: Option<String>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// 1 to [`PAGE_SIZE_MAX`].
    pub page_size: Option<u64>,
    /// What the page before gave.
    pub page_token: Option<String>,
}

/// How many there are in all, as far as that can be said at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// How many were found.
    pub count: u64,
    /// Whether there are no more.
    pub exact: bool,
}

/// A page of identities, in order of creation or with the newest first.
///
/// # Errors
/// `Invalid` for a status, right, size or token that does not exist.
pub fn list(d: &Deps, request: &ListIdentities) -> Result<Page<Identity>, Error> {
    let mut asked = Asked::read(d, request)?;
    d.store.read(|tx| {
        asked.look_up(tx, request)?;
        Ok(asked.page(tx, Parts::All)?)
    })
}

/// A page of people to be passed on: without credentials, and with documents as they were written.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Who.
    pub page: Page<Stored<Raw>>,
    /// Roles and groups of those who have any, by row.
    belongs: BTreeMap<i64, Belongs>,
}

impl Listed {
    /// The roles and groups of somebody on the page.
    #[must_use]
    pub fn belongs(&self, one: &Stored<Raw>) -> &Belongs {
        static NOWHERE: Belongs = Belongs { roles: Vec::new(), groups: Vec::new() };
        self.belongs.get(&one.n).unwrap_or(&NOWHERE)
    }
}

/// As [`list`], to be passed on.
///
/// # Errors
/// As [`list`].
pub fn list_raw(d: &Deps, request: &ListIdentities) -> Result<Listed, Error> {
    let mut asked = Asked::read(d, request)?;
    d.store.read(|tx| {
        asked.look_up(tx, request)?;
        Ok(asked.listed(tx)?)
    })
}

/// As [`list_raw`], with how many pass the filter in all.
///
/// # Errors
/// As [`list`].
pub fn list_with_total(d: &Deps, request: &ListIdentities) -> Result<(Listed, Total), Error> {
    let mut asked = Asked::read(d, request)?;
    d.store.read(|tx| {
        asked.look_up(tx, request)?;
        let listed = asked.listed(tx)?;
        let total = asked.total(tx, &listed.page)?;
        Ok((listed, total))
    })
}

/// A request that makes sense.
pub(super) struct Asked {
    filter: Filter,
    rarity: Option<Arc<LastLook>>,
    size: u64,
    after: i64,
    first: bool,
}

impl Asked {
    pub(super) fn read(d: &Deps, request: &ListIdentities) -> Result<Self, Error> {
        let filter = Filter {
            words: words(request.search.as_deref().unwrap_or_default())?,
            rarity: None,
            status: request.state.as_deref().map(status).transpose()?,
            schema_id: request.schema_id.clone(),
            provider: request.provider.clone(),
            authority: request.authority.as_deref().map(authority).transpose()?,
            holding: Vec::new(),
            email: request.email.as_deref().map(canonical),
            id: request.id.as_deref().map(canonical),
            newest_first: request.newest_first,
            now: d.clock.now(),
        };
        let size = page_size(request.page_size)?;
        let token = request.page_token.as_deref();
        let after = if request.newest_first { before(token)? } else { after(token)? };
        let first = token.is_none_or(str::is_empty);
        Ok(Self { filter, rarity: d.rarity.clone(), size, after, first })
    }

    /// Looks up the role and the group that are asked for, and what is rare of the words.
    pub(super) fn look_up(&mut self, tx: &Tx<'_>, request: &ListIdentities) -> Result<(), Error> {
        if let Some(last) = self.rarity.as_ref().filter(|_| !self.filter.words.is_empty()) {
            self.filter.rarity = last.rarity(tx)?;
        }
        let asked = [(CircleKind::Role, &request.role), (CircleKind::Group, &request.group)];
        for (kind, text) in asked {
            if let Some(text) = text {
                self.filter.holding.push(access::reaching(tx, kind, text)?);
            }
        }
        Ok(())
    }

    fn page<D: DeserializeOwned>(
        &self,
        tx: &Tx<'_>,
        parts: Parts,
    ) -> Result<Page<Identity<D>>, StoreError> {
        let Page { items, next_page_token } = self.stored(tx, parts)?;
        let items = items.into_iter().map(|stored| stored.identity).collect();
        Ok(Page { items, next_page_token })
    }

    fn listed(&self, tx: &Tx<'_>) -> Result<Listed, StoreError> {
        let page = self.stored(tx, Parts::Rights)?;
        let numbers: Vec<i64> = page.items.iter().map(|one| one.n).collect();
        Ok(Listed { belongs: held::of_rows(tx, &numbers)?, page })
    }

    /// A page with the numbers of the rows.
    pub(super) fn stored<D: DeserializeOwned>(
        &self,
        tx: &Tx<'_>,
        parts: Parts,
    ) -> Result<Page<Stored<D>>, StoreError> {
        let limit = i64::try_from(self.size).unwrap_or(i64::MAX);
        let mut found = identities::filtered(tx, &self.filter, self.after, limit + 1, parts)?;
        let more = found.len() as u64 > self.size;
        found.truncate(usize::try_from(self.size).unwrap_or(usize::MAX));
        let next_page_token = found.last().filter(|_| more).map(|last| token(last.n));
        Ok(Page { items: found, next_page_token })
    }

    /// How many there are in all, beside a page of them.
    pub(super) fn total<T>(&self, tx: &Tx<'_>, page: &Page<T>) -> Result<Total, StoreError> {
        let here = page.items.len() as u64;
        if self.first && page.next_page_token.is_none() {
            return Ok(Total { count: here, exact: true });
        }
        let (found, exact) = identities::count_some(tx, &self.filter, COUNTED_MAX)?;
        let known = here + u64::from(page.next_page_token.is_some());
        Ok(Total { count: found.max(known), exact })
    }
}

/// A size within the limits.
pub(super) fn page_size(asked: Option<u64>) -> Result<u64, Error> {
    match asked {
        None => Ok(PAGE_SIZE),
        Some(size @ 1..=PAGE_SIZE_MAX) => Ok(size),
        Some(_) => {
            Err(Error::new(ErrorCode::Invalid, format!("A page has 1 to {PAGE_SIZE_MAX} entries.")))
        }
    }
}

/// A token for the page after `key`.
pub(super) fn token(key: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("p{key}"))
}

/// What a token stands for; 0 without one.
pub(super) fn after(token: Option<&str>) -> Result<i64, Error> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(0) };
    let key = URL_SAFE_NO_PAD.decode(token).ok();
    let key = key.and_then(|bytes| String::from_utf8(bytes).ok());
    key.as_deref()
        .and_then(|text| text.strip_prefix('p'))
        .and_then(|digits| digits.parse().ok())
        .filter(|key| *key >= 0)
        .ok_or_else(|| {
            Error::new(
                ErrorCode::Invalid,
                "The page token is not one that a page before gave; start with the first page.",
            )
        })
}

/// As [`after`] for a list that begins at the newest.
pub(super) fn before(token: Option<&str>) -> Result<i64, Error> {
    match after(token)? {
        0 => Ok(i64::MAX),
        key => Ok(key),
    }
}

fn status(word: &str) -> Result<EffectiveStatus, Error> {
    Ok(match word {
        "invited" => EffectiveStatus::Invited,
        "active" => EffectiveStatus::Active,
        "locked" => EffectiveStatus::Locked,
        "blocked" | "inactive" => EffectiveStatus::Blocked,
        "expired" => EffectiveStatus::Expired,
        _ => {
            let message = "A state is one of invited, active, locked, blocked or expired.";
            return Err(Error::new(ErrorCode::Invalid, message));
        }
    })
}

fn authority(word: &str) -> Result<Authority, Error> {
    Authority::parse(word).ok_or_else(|| {
        let message = "An authority is one of ROLE_ADMINISTRATOR or ROLE_DEVELOPER.";
        Error::new(ErrorCode::Invalid, message)
    })
}

/// Splits a search into canonical words; what is between quotes is one.
fn words(search: &str) -> Result<Vec<String>, Error> {
    let mut words = Vec::new();
    // As in what is searched: a control character is a blank.
    let search = search.replace(char::is_control, " ");
    for (index, part) in search.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(canonical(part));
        } else {
            words.extend(part.split_whitespace().map(canonical));
        }
    }
    words.retain(|word| !word.is_empty());
    if words.len() > WORDS_MAX || words.iter().any(|word| word.len() > 256) {
        let message = format!("A search has at most {WORDS_MAX} words of at most 256 bytes.");
        return Err(Error::new(ErrorCode::Invalid, message));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_07_tokens_are_opaque_and_forged_ones_are_refused() {
        assert_eq!(after(Some(&token(42))).unwrap(), 42);
        assert_eq!(after(Some("")).unwrap(), 0);
        for forged in ["42", "p42", "AAAA", "cC0x", "../..", "💥"] {
            assert_eq!(after(Some(forged)).unwrap_err().code(), ErrorCode::Invalid, "{forged}");
        }
    }

    #[test]
    fn quoted_words_are_one() {
        assert_eq!(words("Ada \"King Lovelace\" x").unwrap(), ["ada", "king lovelace", "x"]);
        assert!(words(&"a ".repeat(11)).is_err());
    }
}
