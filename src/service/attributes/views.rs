//! All attributes of somebody, as sets: those that follow from their account, what a provider said
//! about them, and those of the realm.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::values_of;
use crate::app::Deps;
use crate::domain::attributes::{Attribute, AttributeKind, AttributeSet, ValueProblem};
use crate::domain::credential::CredentialType;
use crate::domain::identity::{Identity, Via};
use crate::error::Error;
use crate::service::identities::{Selector, find_stored};
use crate::service::links::account_of;
use crate::store::sql::attribute_sets;

/// What kind of set it is, and so who may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It follows from the account.
    Core,
    /// A provider said so when the person signed in.
    Provider,
    /// Administrators keep it.
    Realm,
}

impl Source {
    /// The word that is shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Provider => "provider",
            Self::Realm => "realm",
        }
    }
}

/// A set with its values.
#[derive(Clone, Debug)]
pub struct View {
    /// What kind of set.
    pub source: Source,
    /// The account it is about: `internal`, or `provider:subject`.
    pub account: String,
    /// Its identifier.
    pub identifier: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What can be in it.
    pub attributes: Vec<Attribute>,
    /// What is in it; nothing when somebody has no values of a set of the realm.
    pub values: Option<Map<String, Value>>,
    /// What of it does not fit the definition any more.
    pub problems: Vec<ValueProblem>,
}

/// The sets that follow from an account, each with its keys.
const CORE: [(&str, &str, &[&str]); 4] = [
    ("aac.basic", "Basic", &["username", "name", "surname", "email"]),
    ("aac.email", "E-mail", &["email", "email_verified"]),
    ("aac.account", "Account", &["user_id", "username", "id"]),
    (
        "aac.openid",
        "OpenID Connect",
        &[
            "name",
            "given_name",
            "family_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "email",
            "email_verified",
            "phone_number",
            "phone_number_verified",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
        ],
    ),
];

/// All sets of somebody.
///
/// # Errors
/// `NotFound`.
pub fn of(d: &Deps, id: Uuid) -> Result<Vec<View>, Error> {
    d.store.read(|tx| {
        let identity = find_stored(tx, &Selector::Id(id))?.identity;
        let sets = attribute_sets::all(tx)?;
        Ok(views(&identity, sets))
    })
}

fn views(identity: &Identity, sets: Vec<AttributeSet>) -> Vec<View> {
    let mut all = core(&local(identity), "internal");
    let linked = identity.credential(CredentialType::Oidc);
    let entries = linked.and_then(|one| one.config.get("providers")).and_then(Value::as_array);
    for entry in entries.into_iter().flatten() {
        let Some(account) = account_of(entry) else { continue };
        let claims = entry.get("claims").and_then(Value::as_object).cloned().unwrap_or_default();
        let provider = account.split(':').next().unwrap_or_default().to_owned();
        all.extend(core(&claimed(identity, &account, &claims), &account));
        let attributes = claims.iter().map(|(key, value)| plain(key, kind_of(value)));
        all.push(View {
            source: Source::Provider,
            account,
            identifier: provider.clone(),
            name: provider,
            description: String::new(),
            attributes: attributes.collect(),
            values: Some(claims),
            problems: Vec::new(),
        });
    }
    for set in sets {
        let values = values_of(&identity.metadata_admin, &set.identifier).cloned();
        let problems = values.as_ref().map(|values| set.problems(values)).unwrap_or_default();
        let AttributeSet { identifier, name, description, attributes, .. } = set;
        all.push(View {
            source: Source::Realm,
            account: "internal".to_owned(),
            identifier,
            name,
            description,
            attributes,
            values,
            problems,
        });
    }
    all
}

fn core(known: &Map<String, Value>, account: &str) -> Vec<View> {
    let views = CORE.into_iter().map(|(identifier, name, keys)| {
        let values = keys.iter().filter_map(|key| {
            let value = known.get(*key).filter(|value| !value.is_null())?;
            Some(((*key).to_owned(), value.clone()))
        });
        let kind = |key: &str| match key {
            "email_verified" | "phone_number_verified" => AttributeKind::Boolean,
            _ => AttributeKind::String,
        };
        View {
            source: Source::Core,
            account: account.to_owned(),
            identifier: identifier.to_owned(),
            name: name.to_owned(),
            description: String::new(),
            attributes: keys.iter().map(|key| plain(key, kind(key))).collect(),
            values: Some(values.collect()),
            problems: Vec::new(),
        }
    });
    views.collect()
}

fn plain(key: &str, kind: AttributeKind) -> Attribute {
    let (key, name) = (key.to_owned(), key.to_owned());
    Attribute { key, name, description: String::new(), kind, multiple: false }
}

const fn kind_of(value: &Value) -> AttributeKind {
    match value {
        Value::Bool(_) => AttributeKind::Boolean,
        Value::Number(_) => AttributeKind::Number,
        Value::Object(_) => AttributeKind::Object,
        _ => AttributeKind::String,
    }
}

/// What the person's own account says, under the keys of the core sets.
fn local(identity: &Identity) -> Map<String, Value> {
    let traits = &identity.traits;
    let text = |path: &str| traits.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let first = |paths: &[&str]| paths.iter().find_map(|path| text(path));
    let given = first(&["/given_name", "/name/first", "/first_name"]);
    let family = first(&["/family_name", "/surname", "/name/last", "/last_name"]);
    let both: Vec<&str> = [&given, &family].into_iter().flatten().map(String::as_str).collect();
    let full = text("/name").or_else(|| (!both.is_empty()).then(|| both.join(" ")));
    let of_via = |via| identity.verifiable_addresses.iter().find(|one| one.via == via);
    let (email, phone) = (of_via(Via::Email), of_via(Via::Sms));
    let identifiers = identity.credentials.iter().find(|one| one.kind == CredentialType::Password);
    let identifier = identifiers.and_then(|one| one.identifiers.first()).cloned();
    let username = text("/username").or(identifier);
    let mut known = json!({
        "user_id": identity.id,
        "id": "internal",
        "username": username,
        "preferred_username": username,
        "name": full,
        "surname": family,
        "given_name": given,
        "family_name": family,
        "email": email.map(|one| one.value.clone()).or_else(|| text("/email")),
        "email_verified": email.map(|one| one.verified),
        "phone_number": phone.map(|one| one.value.clone()).or_else(|| text("/phone_number")),
        "phone_number_verified": phone.map(|one| one.verified),
    });
    let rest = [
        "middle_name",
        "nickname",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
    ];
    if let Some(known) = known.as_object_mut() {
        for key in rest {
            known.insert(key.to_owned(), json!(text(&format!("/{key}"))));
        }
    }
    known.as_object().cloned().unwrap_or_default()
}

/// What a provider says about an account, under the keys of the core sets.
fn claimed(identity: &Identity, account: &str, claims: &Map<String, Value>) -> Map<String, Value> {
    let mut known = claims.clone();
    let claim = |key: &str| claims.get(key).cloned().unwrap_or_default();
    known.insert("user_id".to_owned(), json!(identity.id));
    known.insert("id".to_owned(), json!(account));
    known.insert("username".to_owned(), claim("preferred_username"));
    known.insert("surname".to_owned(), claim("family_name"));
    known
}
