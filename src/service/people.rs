//! People as a list shows them: with the providers they come from, their last sign-in and what they
//! answered to the terms of service.

use std::collections::BTreeMap;

use super::Page;
use super::listing::{Asked, ListIdentities, Total};
use crate::app::Deps;
use crate::domain::document::Raw;
use crate::domain::identity::Identity;
use crate::domain::session::LastLogin;
use crate::domain::terms::Answered;
use crate::error::Error;
use crate::store::sql::identities::{Parts, Stored};
use crate::store::sql::{credentials, last_logins, terms};
use crate::store::{StoreError, Tx};

/// Somebody on a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The identity, without credentials.
    pub identity: Identity<Raw>,
    /// The providers at which they have accounts.
    pub providers: Vec<String>,
    /// When and how they last signed in.
    pub last_login: Option<LastLogin>,
    /// What they last answered to the terms of service.
    pub terms: Option<Answered>,
}

/// A page of people, with how many there are in all.
///
/// # Errors
/// As [`super::listing::list`].
pub fn list(d: &Deps, request: &ListIdentities) -> Result<(Page<Row>, Total), Error> {
    let mut asked = Asked::read(d, request)?;
    d.store.read(|tx| {
        asked.look_up(tx, request)?;
        let page = asked.stored(tx, Parts::Rights)?;
        let total = asked.total(tx, &page)?;
        Ok((rows(tx, page)?, total))
    })
}

/// The same without how many.
///
/// # Errors
/// As [`list`].
pub fn page(d: &Deps, request: &ListIdentities) -> Result<Page<Row>, Error> {
    let mut asked = Asked::read(d, request)?;
    d.store.read(|tx| {
        asked.look_up(tx, request)?;
        let page = asked.stored(tx, Parts::Rights)?;
        Ok(rows(tx, page)?)
    })
}

fn rows(tx: &Tx<'_>, page: Page<Stored<Raw>>) -> Result<Page<Row>, StoreError> {
    let numbers: Vec<i64> = page.items.iter().map(|one| one.n).collect();
    let mut logins: BTreeMap<i64, LastLogin> =
        last_logins::of_many(tx, &numbers)?.into_iter().collect();
    let mut terms: BTreeMap<i64, Answered> = terms::of_many(tx, &numbers)?.into_iter().collect();
    let mut providers: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (n, provider) in credentials::providers_of_many(tx, &numbers)? {
        let all = providers.entry(n).or_default();
        if !all.contains(&provider) {
            all.push(provider);
        }
    }
    let row = |one: Stored<Raw>| Row {
        identity: one.identity,
        providers: providers.remove(&one.n).unwrap_or_default(),
        last_login: logins.remove(&one.n),
        terms: terms.remove(&one.n),
    };
    let items = page.items.into_iter().map(row).collect();
    Ok(Page { items, next_page_token: page.next_page_token })
}
