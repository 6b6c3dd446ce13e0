//! Roles, groups and permissions in the lines of a file that is brought in or out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{too_many, unknown};
use crate::app::Deps;
use crate::domain::access::{CircleKind, HELD_MAX, check_permissions};
use crate::error::{Error, ErrorCode};
use crate::store::sql::circles;
use crate::store::sql::identities::Stored;
use crate::store::sql::members;
use crate::store::{StoreError, Tx};

/// What a line says. Roles and groups are words, or the objects in which the API shows them.
#[derive(Debug, Default)]
pub struct Words {
    /// Roles.
    pub roles: Vec<Value>,
    /// Groups.
    pub groups: Vec<Value>,
    /// Permissions.
    pub permissions: BTreeSet<String>,
}

/// The same, ready to be written.
#[derive(Debug, Default)]
pub struct Belongs {
    /// The rows of roles and groups.
    pub circles: Vec<i64>,
    /// Permissions.
    pub permissions: Vec<String>,
    /// What the ledger is to say of it, by the name of the key.
    pub words: Vec<(&'static str, Vec<String>)>,
}

/// All roles and groups of the realm, by kind and word.
#[derive(Debug, Default)]
pub struct Circles(BTreeMap<(CircleKind, String), i64>);

impl Circles {
    /// As they are now.
    pub fn load(d: &Deps) -> Result<Self, Error> {
        d.store.read(|tx| {
            let mut all = BTreeMap::new();
            for kind in [CircleKind::Role, CircleKind::Group] {
                for kept in circles::page(tx, kind, "", kind.most())? {
                    all.insert((kind, kept.circle.word), kept.n);
                }
            }
            Ok(Self(all))
        })
    }

    /// What a line means.
    pub fn resolve(&self, line: Words) -> Result<Belongs, Error> {
        check_permissions(&line.permissions)?;
        let mut belongs = Belongs::default();
        let given =
            [(CircleKind::Role, "roles", line.roles), (CircleKind::Group, "groups", line.groups)];
        for (kind, name, values) in given {
            let words: BTreeSet<String> =
                values.iter().map(|value| word(kind, value)).collect::<Result<_, _>>()?;
            if words.len() > HELD_MAX {
                return Err(too_many(kind));
            }
            for word in &words {
                let n = self.0.get(&(kind, word.clone())).ok_or_else(|| unknown(kind, word))?;
                belongs.circles.push(*n);
            }
            belongs.words.push((name, words.into_iter().collect()));
        }
        belongs.permissions = line.permissions.into_iter().collect();
        belongs.words.push(("permissions", belongs.permissions.clone()));
        Ok(belongs)
    }
}

fn word(kind: CircleKind, value: &Value) -> Result<String, Error> {
    let word = value.as_str().or_else(|| value.get(kind.as_str()).and_then(Value::as_str));
    word.map(str::to_owned).ok_or_else(|| {
        Error::new(ErrorCode::Invalid, format!("A {} is named by its word.", kind.as_str()))
    })
}

/// What somebody has themselves, in words.
#[derive(Debug, Default)]
pub struct Own {
    roles: BTreeSet<String>,
    groups: BTreeSet<String>,
    permissions: BTreeSet<String>,
}

impl Own {
    /// Puts it into a line.
    pub fn write(self, line: &mut Value) {
        let Value::Object(fields) = line else { return };
        fields.insert("roles".to_owned(), json!(self.roles));
        fields.insert("groups".to_owned(), json!(self.groups));
        fields.insert("permissions".to_owned(), json!(self.permissions));
    }
}

/// What the people of a page have themselves.
pub fn of_page(tx: &Tx<'_>, page: &[Stored]) -> Result<BTreeMap<i64, Own>, StoreError> {
    let numbers: Vec<i64> = page.iter().map(|stored| stored.n).collect();
    let mut all: BTreeMap<i64, Own> = BTreeMap::new();
    for (n, kept) in members::of_many(tx, &numbers)? {
        let own = all.entry(n).or_default();
        match kept.circle.kind {
            CircleKind::Role => own.roles.insert(kept.circle.word),
            CircleKind::Group => own.groups.insert(kept.circle.word),
        };
    }
    for (n, permission) in members::permissions_of_many(tx, &numbers)? {
        all.entry(n).or_default().permissions.insert(permission);
    }
    Ok(all)
}
