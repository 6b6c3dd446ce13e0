//! Lists of identities as the Kratos API has them: in the order of their ids, with one filter.

use uuid::Uuid;

use crate::app::Deps;
use crate::domain::document::Raw;
use crate::domain::identifier::canonical;
use crate::domain::identity::Identity;
use crate::error::Error;
use crate::store::sql::identities::Parts;
use crate::store::sql::lookup::{self, Fits, Window};

/// How many identities are counted before "more than that" is all that is said: no answer waits for
/// a count of all of them.
pub const COUNTED_MAX: u64 = 10_000;

/// Whom to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Whom {
    /// Everybody.
    #[default]
    All,
    /// Those with these ids.
    Ids(Vec<Uuid>),
    /// Whoever signs in with this, in any spelling; a subject at another provider as it is written.
    Identifier(String),
    /// Those with an identifier that begins with this.
    Beginning(String),
    /// The members of an organization. There are no organizations, so nobody is in one.
    Organization(Uuid),
}

/// A part of a list.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// Whom.
    pub whom: Whom,
    /// Only ids after this one.
    pub after: Option<Uuid>,
    /// How many are passed over.
    pub skip: u64,
    /// How many there are at the most.
    pub size: u64,
    /// Whether credentials are wanted; identities come without any otherwise.
    pub credentials: bool,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The identities.
    pub items: Vec<Identity<Raw>>,
    /// Whether there are more after them.
    pub more: bool,
}

/// A page of a list.
///
/// # Errors
/// When the store cannot be read.
pub fn page(d: &Deps, request: &Lookup) -> Result<Found, Error> {
    let Some(fits) = fits(&request.whom) else {
        return Ok(Found { items: Vec::new(), more: false });
    };
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let window = Window {
        after: request.after,
        skip: number(request.skip),
        limit: number(request.size).saturating_add(1),
    };
    let parts = if request.credentials { Parts::All } else { Parts::Row };
    let mut found = d.store.read(|tx| lookup::page(tx, &fits, window, parts))?;
    let more = found.len() as u64 > request.size;
    found.truncate(usize::try_from(request.size).unwrap_or(usize::MAX));
    Ok(Found { items: found.into_iter().map(|stored| stored.identity).collect(), more })
}

/// How many there are: everybody up to [`COUNTED_MAX`], or those with an identifier.
///
/// # Errors
/// When the store cannot be read.
pub fn total(d: &Deps, whom: &Whom) -> Result<u64, Error> {
    d.store.read(|tx| match fits(whom) {
        None => Ok(0),
        Some(Fits::Identifier { canonical, exact }) => {
            Ok(lookup::count_identifier(tx, &canonical, &exact)?)
        }
        Some(Fits::Ids(_) | Fits::Prefix { .. } | Fits::Anything) => {
            let most = i64::try_from(COUNTED_MAX).unwrap_or(i64::MAX);
            Ok(lookup::count_up_to(tx, most)?)
        }
    })
}

/// What the store is to look for; nothing when it need not look.
fn fits(whom: &Whom) -> Option<Fits> {
    let exact = |text: &str| text.trim().to_owned();
    match whom {
        Whom::All => Some(Fits::Anything),
        Whom::Ids(ids) => Some(Fits::Ids(ids.clone())),
        // Nobody has one with a NUL, and PostgreSQL cannot even be asked.
        Whom::Identifier(text) | Whom::Beginning(text) if text.contains('\0') => None,
        Whom::Identifier(text) => {
            Some(Fits::Identifier { canonical: canonical(text), exact: exact(text) })
        }
        Whom::Beginning(text) => {
            Some(Fits::Prefix { canonical: canonical(text), exact: exact(text) })
        }
        Whom::Organization(_) => None,
    }
}
