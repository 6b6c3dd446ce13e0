//! The identity row, and putting an identity together from its parts.

use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use uuid::Uuid;

use super::rarity::Rarity;
use super::{addresses, holding, parts, search, statements};
use crate::args;
use crate::domain::authority::Authority;
use crate::domain::identity::Identity;
use crate::domain::status::{EffectiveStatus, StatusDetail};
use crate::store::{Dialect, Sight, StoreError, Tx, Value, WriteTx};

statements! {
    COUNT_AS_FAR_AS = "SELECT count(*) FROM (SELECT n FROM identities LIMIT $1) AS counted";
    NEWEST = "SELECT max(n) FROM identities";
    BY_ID = "SELECT n, id, external_id, schema_id, traits, metadata_public, metadata_admin,
        status, status_changed_at, status_detail, expires_at, created_at, updated_at, addresses
        FROM identities WHERE id = $1";
    BY_N = "SELECT n, id, external_id, schema_id, traits, metadata_public, metadata_admin,
        status, status_changed_at, status_detail, expires_at, created_at, updated_at, addresses
        FROM identities WHERE n = $1";
    N_OF_ID = "SELECT n FROM identities WHERE id = $1";
    N_OF_EXTERNAL_ID = "SELECT n FROM identities WHERE external_id = $1";
    UPDATE = "UPDATE identities SET external_id = $2, schema_id = $3, traits = $4,
        metadata_public = $5, metadata_admin = $6, status = $7, status_changed_at = $8,
        status_detail = $9, expires_at = $10, updated_at = $11, search_text = $12,
        status_until = $13, addresses = $14 WHERE n = $1";
    DELETE = "DELETE FROM identities WHERE n = $1";
    COUNT = "SELECT count(*) FROM identities";
    PAGE = "SELECT n, id, external_id, schema_id, traits, metadata_public, metadata_admin,
        status, status_changed_at, status_detail, expires_at, created_at, updated_at, addresses
        FROM identities WHERE n > $1 ORDER BY n LIMIT $2";
}

pub use super::parts::Parts;

/// An identity with its row number, the key of everything that hangs on it.
#[derive(Clone, Debug)]
pub struct Stored<D = Json> {
    /// Row number, in order of creation.
    pub n: i64,
    /// The identity.
    pub identity: Identity<D>,
}

/// The identity with this id.
///
/// # Errors
/// A failure of the store.
pub fn find(tx: &Tx<'_>, id: Uuid) -> Result<Option<Stored>, StoreError> {
    head(tx, id)?.map(|one| parts::whole(tx, one)).transpose()
}

/// An identity without what hangs on it.
pub(super) fn head<D: DeserializeOwned>(
    tx: &Tx<'_>,
    id: Uuid,
) -> Result<Option<Stored<D>>, StoreError> {
    Ok(tx.rows(BY_ID, args![id], parts::head)?.pop())
}

/// The identity in this row.
///
/// # Errors
/// A failure of the store.
pub fn find_row(tx: &Tx<'_>, n: i64) -> Result<Option<Stored>, StoreError> {
    let found = tx.rows(BY_N, args![n], parts::head)?.pop();
    found.map(|one| parts::whole(tx, one)).transpose()
}

/// The row number of an id.
///
/// # Errors
/// A failure of the store.
pub fn row_of(tx: &Tx<'_>, id: Uuid) -> Result<Option<i64>, StoreError> {
    tx.opt(N_OF_ID, args![id])?.map(|row| row.int(0)).transpose()
}

/// The row number of an external id.
///
/// # Errors
/// A failure of the store.
pub fn row_of_external_id(tx: &Tx<'_>, id: &str) -> Result<Option<i64>, StoreError> {
    tx.opt(N_OF_EXTERNAL_ID, args![id])?.map(|row| row.int(0)).transpose()
}

/// A page of identities after the row `after`, in order of creation.
///
/// # Errors
/// A failure of the store.
pub fn page(tx: &Tx<'_>, after: i64, limit: i64) -> Result<Vec<Stored>, StoreError> {
    parts::all(tx, tx.rows(PAGE, args![after, limit], parts::head)?, Parts::All)
}

/// How many identities there are, and whether that is exact: more than `most` are not counted but
/// taken from the number of the newest row, with those who went.
///
/// # Errors
/// A failure of the store.
pub fn about_how_many(tx: &Tx<'_>, most: i64) -> Result<(u64, bool), StoreError> {
    let counted = tx.one(COUNT_AS_FAR_AS, args![most + 1])?.int(0)?;
    if counted <= most {
        return Ok((counted.unsigned_abs(), true));
    }
    Ok((newest(tx)?.max(counted).unsigned_abs(), false))
}

/// The number of the newest row; 0 where there is none.
///
/// # Errors
/// A failure of the store.
pub(super) fn newest(tx: &Tx<'_>) -> Result<i64, StoreError> {
    Ok(tx.one(NEWEST, args![])?.opt_int(0)?.unwrap_or_default())
}

/// How many identities there are; reads them all.
///
/// # Errors
/// A failure of the store.
pub fn count(tx: &Tx<'_>) -> Result<u64, StoreError> {
    tx.one(COUNT, args![])?.count(0)
}

/// Writes the identity row again, with its addresses and its words for searching; `before` is what
/// was read in this transaction.
///
/// # Errors
/// `Conflict` when an external id or address is taken.
pub fn update(tx: &WriteTx<'_>, before: &Stored, after: &Identity) -> Result<(), StoreError> {
    let words = search::text(after);
    let held = addresses::of(&before.identity);
    let wanted = addresses::kept(&held, addresses::of(after));
    tx.exec_one(
        UPDATE,
        args![
            before.n,
            after.external_id.as_deref(),
            after.schema_id.as_str(),
            after.traits.to_string(),
            document(&after.metadata_public),
            document(&after.metadata_admin),
            after.status.as_str(),
            after.status_changed_at,
            detail(&after.status_detail),
            after.expires_at,
            after.updated_at,
            words.as_str(),
            after.status_detail.until,
            addresses::document(&wanted, after.created_at),
        ],
    )?;
    addresses::replace(tx, before.n, &held, &wanted)?;
    let old = search::text(&before.identity);
    if old != words {
        search::delete(tx, before.n);
        search::insert(tx, before.n, &words);
    }
    Ok(())
}

/// Removes an identity and everything that hangs on it.
///
/// # Errors
/// `RowsAffected` when it is gone already.
pub fn delete(tx: &WriteTx<'_>, n: i64) -> Result<(), StoreError> {
    search::delete(tx, n);
    tx.exec_one(DELETE, args![n])
}

/// `null` is stored as nothing.
pub(super) fn document(value: &Json) -> Value {
    (!value.is_null()).then(|| value.to_string()).into()
}

/// A status detail that says nothing is stored as nothing.
pub(super) fn detail(detail: &StatusDetail) -> Value {
    let nothing = *detail == StatusDetail::default();
    let text = (!nothing).then(|| serde_json::to_string(detail).unwrap_or_default());
    Value::from(text)
}

/// Narrows a list of identities; every condition that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Canonical words; each must occur somewhere in the searchable text.
    pub words: Vec<String>,
    /// What is known of how rare parts of words are.
    pub rarity: Option<Arc<Rarity>>,
    /// Effective status at `now`.
    pub status: Option<EffectiveStatus>,
    /// The schema.
    pub schema_id: Option<String>,
    /// An account at this provider.
    pub provider: Option<String>,
    /// A right.
    pub authority: Option<Authority>,
    /// For each of these, one of the roles or groups in these rows.
    pub holding: Vec<Vec<i64>>,
    /// An address in canonical form.
    pub email: Option<String>,
    /// The beginning of the id, or all of it.
    pub id: Option<String>,
    /// Whether the newest come first.
    pub newest_first: bool,
    /// The moment at which expiry is judged.
    pub now: Timestamp,
}

/// Identities that pass the filter after the row `after`, in order of creation, or the other way
/// round.
///
/// This is the one place where the text of a statement depends on its input: on which conditions
/// are set, never on their values.
///
/// # Errors
/// A failure of the store.
pub fn filtered<D: DeserializeOwned>(
    tx: &Tx<'_>,
    filter: &Filter,
    after: i64,
    limit: i64,
    parts: Parts,
) -> Result<Vec<Stored<D>>, StoreError> {
    if let Some(driver) = holding::driver(tx, filter)? {
        return parts::all(tx, driver.page(tx, filter, after, limit)?, parts);
    }
    let mut parameters = Parameters(vec![Value::from(after), Value::from(limit)]);
    let Narrowed { from, key, start, conditions } =
        narrow(tx.dialect(), filter, rare(tx, filter)?, true, &mut parameters);
    let (beyond, order) = if filter.newest_first { ("<", "DESC") } else { (">", "ASC") };
    let mut all = vec![format!("{key} {beyond} $1")];
    all.extend(start);
    all.extend(conditions);
    let text = format!(
        "SELECT i.n, i.id, i.external_id, i.schema_id, i.traits, i.metadata_public,
         i.metadata_admin, i.status, i.status_changed_at, i.status_detail, i.expires_at,
         i.created_at, i.updated_at, i.addresses
         FROM {from} WHERE {} ORDER BY {key} {order} LIMIT $2",
        all.join(" AND ")
    );
    // A row is large: a list that grew on the way would move those that are there again and again.
    let mut found = Vec::with_capacity(usize::try_from(limit).map_or(0, |limit| limit.min(MOST)));
    let mut heads = parts::Heads::default();
    tx.each(&text, &parameters.0, &mut |row| {
        found.push(heads.read(Sight(row))?);
        Ok(())
    })?;
    parts::all(tx, found, parts)
}

/// How many of the first `most` identities pass the filter, and whether there are no others to look
/// at. With words, the first are those that the index finds.
///
/// # Errors
/// A failure of the store.
pub fn count_some(tx: &Tx<'_>, filter: &Filter, most: i64) -> Result<(u64, bool), StoreError> {
    if let Some(driver) = holding::driver(tx, filter)? {
        return driver.count_some(tx, filter, most);
    }
    let mut parameters = Parameters(vec![Value::from(most.saturating_add(1))]);
    let Narrowed { from, key, start, conditions } =
        narrow(tx.dialect(), filter, rare(tx, filter)?, false, &mut parameters);
    let start = start.unwrap_or_else(|| "1 = 1".to_owned());
    let passes = if conditions.is_empty() { "1 = 1".to_owned() } else { conditions.join(" AND ") };
    let text = format!(
        "SELECT count(*), count(CASE WHEN {passes} THEN 1 END) FROM (
         SELECT i.n, i.id, i.schema_id, i.status, i.status_until, i.expires_at, i.search_text
         FROM {from} WHERE {start} ORDER BY {key} LIMIT $1) i"
    );
    let row = tx.one(&text, &parameters.0)?;
    Ok((row.count(1)?, row.int(0)? <= most))
}

/// The parts of a statement that lists what passes a filter.
struct Narrowed {
    /// Tables; the identity is `i`.
    from: &'static str,
    /// The column that holds the row number, by which the first table is read in order.
    key: &'static str,
    /// The conditions by which the search index is asked.
    start: Option<String>,
    /// The other conditions.
    conditions: Vec<String>,
}

/// For how many identities room is made before it is known how many there are.
const MOST: usize = 512;

/// Up to how many accounts a provider is rare.
const RARE: usize = 2_000;

/// Whether so few have accounts at the provider that they are found first: otherwise a page is full
/// soon enough when people are looked at one by one.
fn rare(tx: &Tx<'_>, filter: &Filter) -> Result<bool, StoreError> {
    let Some(provider) = &filter.provider else { return Ok(false) };
    let text = "SELECT 1 FROM credential_identifiers WHERE value >= $1 AND value < $2
        AND kind = 'oidc' LIMIT $3";
    let limit = i64::try_from(RARE + 1).unwrap_or(i64::MAX);
    let (from, to) = subjects(provider);
    Ok(tx.all(text, &[Value::from(from), Value::from(to), Value::from(limit)])?.len() <= RARE)
}

/// `provider:` to `provider;` covers every subject of the provider.
fn subjects(provider: &str) -> (String, String) {
    (format!("{provider}:"), format!("{provider};"))
}

/// The conditions that are not about words; `rare` as [`rare`] says.
pub(super) fn conditions(filter: &Filter, rare: bool, parameters: &mut Parameters) -> Vec<String> {
    let mut conditions = Vec::new();
    if let Some(schema) = &filter.schema_id {
        conditions.push(format!("i.schema_id = {}", parameters.add(schema.as_str())));
    }
    if let Some(status) = filter.status {
        status_condition(status, filter.now, parameters, &mut conditions);
    }
    if let Some(provider) = &filter.provider {
        let (from, to) = subjects(provider);
        let (from, to) = (parameters.add(from), parameters.add(to));
        let account = format!("c.kind = 'oidc' AND c.value >= {from} AND c.value < {to}");
        conditions.push(if rare {
            format!("i.n IN (SELECT c.identity FROM credential_identifiers c WHERE {account})")
        } else {
            format!(
                "EXISTS (SELECT 1 FROM credential_identifiers c WHERE c.identity = i.n AND {account})"
            )
        });
    }
    if let Some(email) = &filter.email {
        conditions.push(format!(
            "i.n IN (SELECT a.identity FROM addresses a WHERE a.value = {})",
            parameters.add(email.as_str())
        ));
    }
    if let Some(id) = &filter.id {
        // Sorts after every digit that may follow.
        let (from, to) = (parameters.add(id.as_str()), parameters.add(format!("{id}g")));
        conditions.push(format!("i.id >= {from} AND i.id < {to}"));
    }
    if let Some(authority) = filter.authority {
        // Few hold one, so they are found first.
        conditions.push(format!(
            "i.n IN (SELECT a.identity FROM authorities a WHERE a.authority = {})",
            parameters.add(authority.as_str())
        ));
    }
    for circles in &filter.holding {
        let places: Vec<String> = circles.iter().map(|n| parameters.add(*n)).collect();
        conditions.push(format!(
            "EXISTS (SELECT 1 FROM circle_members m WHERE m.identity = i.n AND m.circle IN ({}))",
            places.join(", ")
        ));
    }
    conditions
}

fn narrow(
    dialect: Dialect,
    filter: &Filter,
    rare: bool,
    page: bool,
    parameters: &mut Parameters,
) -> Narrowed {
    let mut conditions = conditions(filter, rare, parameters);
    let rarity = filter.rarity.as_deref();
    let words =
        search::occurring(dialect, &filter.words, rarity, page, |word| parameters.add(word));
    conditions.extend(words.conditions);
    match words.query {
        None => {
            let start = (!words.indexed.is_empty()).then(|| words.indexed.join(" AND "));
            Narrowed { from: "identities i", key: "i.n", start, conditions }
        }
        // A cross join is carried out in the order in which it is written.
        Some(query) => Narrowed {
            from: "identity_search s CROSS JOIN identities i ON i.n = s.rowid",
            key: "s.rowid",
            start: Some(format!("identity_search MATCH {query}")),
            conditions,
        },
    }
}

/// Values of a statement, in the order of their places.
#[derive(Default)]
pub(super) struct Parameters(pub Vec<Value>);

impl Parameters {
    pub fn add(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }
}

fn status_condition(
    status: EffectiveStatus,
    now: Timestamp,
    parameters: &mut Parameters,
    conditions: &mut Vec<String>,
) {
    let at = parameters.add(now);
    if status == EffectiveStatus::Expired {
        conditions.push(format!("i.expires_at <= {at}"));
        return;
    }
    conditions.push(format!("(i.expires_at IS NULL OR i.expires_at > {at})"));
    let word = parameters.add(status.as_str());
    // A lock or block whose end has come is over, as `Identity::settled_status` has it.
    if status != EffectiveStatus::Active {
        // The index of those that are not active, which are few.
        conditions.push("i.status <> 'active'".to_owned());
    }
    conditions.push(match status {
        EffectiveStatus::Active => format!(
            "(i.status = {word} OR (i.status IN ('locked', 'blocked') AND i.status_until <= {at}))"
        ),
        EffectiveStatus::Locked | EffectiveStatus::Blocked => {
            format!("i.status = {word} AND (i.status_until IS NULL OR i.status_until > {at})")
        }
        EffectiveStatus::Invited | EffectiveStatus::Expired => format!("i.status = {word}"),
    });
}
