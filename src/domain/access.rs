//! Roles, groups and permissions of the realm: what applications are told that a person is and may.
//!
//! A role and a group are the same kind of thing, a circle of people with a word of its own. A role
//! carries permissions, a group carries roles. What somebody may in the end is the union of what
//! comes from their roles, from the roles of their groups, and of what they were given themselves.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::identifier::has_control;

/// Longest word of a role, group or attribute set, in characters.
pub const WORD_MAX_CHARS: usize = 64;
/// Longest name for people, in characters.
pub const NAME_MAX_CHARS: usize = 128;
/// Longest description, in characters.
pub const DESCRIPTION_MAX_CHARS: usize = 1024;
/// Longest permission, in characters.
pub const PERMISSION_MAX_CHARS: usize = 128;
/// Most permissions of one role, or given to one person.
pub const PERMISSIONS_MAX: usize = 200;
/// Most roles or groups that one person is in, and most roles that one group carries.
pub const HELD_MAX: usize = 200;

/// What sort of circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CircleKind {
    /// A role: a label, or a bag of permissions.
    Role,
    /// A group of people, which may carry roles.
    Group,
}

impl CircleKind {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Group => "group",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Role, Self::Group].into_iter().find(|kind| kind.as_str() == word)
    }

    /// What its ids begin with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Role => "r_",
            Self::Group => "g_",
        }
    }

    /// How many there may be in the realm.
    #[must_use]
    pub const fn most(self) -> u64 {
        match self {
            Self::Role => 1_000,
            Self::Group => 10_000,
        }
    }
}

/// A role or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// What it is.
    pub kind: CircleKind,
    /// `r_` or `g_` and 32 hexadecimal digits; never used again.
    pub id: String,
    /// The word by which applications know it, unique among its kind.
    pub word: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What a role permits; a group permits by the roles it carries.
    pub permissions: BTreeSet<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Something about a definition that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Which field it is about.
    pub field: &'static str,
    /// What is wrong, as a sentence.
    pub sentence: String,
}

impl Flaw {
    pub(super) fn new(field: &'static str, sentence: impl Into<String>) -> Self {
        Self { field, sentence: sentence.into() }
    }
}

/// Whether a word can stand for a role, a group or an attribute set.
///
/// # Errors
/// What is wrong with it.
pub fn check_word(field: &'static str, word: &str) -> Result<(), Flaw> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if word.is_empty() || word.len() > WORD_MAX_CHARS || !word.chars().all(fine) {
        return Err(Flaw::new(
            field,
            format!(
                "The {field} has 1 to {WORD_MAX_CHARS} letters, digits, dots, underscores or hyphens."
            ),
        ));
    }
    if looks_like_id(word) {
        return Err(Flaw::new(field, format!("The {field} must not look like an id.")));
    }
    Ok(())
}

/// Whether a text has the form of the id of a role or group, so that either names one in a path.
#[must_use]
pub fn looks_like_id(text: &str) -> bool {
    let rest = text.strip_prefix("r_").or_else(|| text.strip_prefix("g_"));
    rest.is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether a name for people can be one.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), Flaw> {
    if name.chars().count() > NAME_MAX_CHARS || has_control(name) {
        let sentence = format!(
            "The name has at most {NAME_MAX_CHARS} characters, none of them a control character."
        );
        return Err(Flaw::new("name", sentence));
    }
    Ok(())
}

/// Whether a description can be one.
///
/// # Errors
/// What is wrong with it.
pub fn check_description(description: &str) -> Result<(), Flaw> {
    if description.chars().count() > DESCRIPTION_MAX_CHARS || has_control(description) {
        let sentence = format!(
            "The description has at most {DESCRIPTION_MAX_CHARS} characters, none of them a control character."
        );
        return Err(Flaw::new("description", sentence));
    }
    Ok(())
}

/// Whether these can be permissions. Each is a scope (RFC 6749 section 3.3).
///
/// # Errors
/// What is wrong with them.
pub fn check_permissions(permissions: &BTreeSet<String>) -> Result<(), Flaw> {
    let fine = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if permissions.len() > PERMISSIONS_MAX {
        let sentence = format!("There may be at most {PERMISSIONS_MAX} permissions.");
        return Err(Flaw::new("permissions", sentence));
    }
    for permission in permissions {
        let length = permission.len();
        if length == 0 || length > PERMISSION_MAX_CHARS || !permission.bytes().all(fine) {
            return Err(Flaw::new(
                "permissions",
                format!(
                    "A permission has 1 to {PERMISSION_MAX_CHARS} printable ASCII characters, without \
                     blanks, quotes and backslashes, such as documents.read."
                ),
            ));
        }
    }
    Ok(())
}

impl Circle {
    /// Whether all of it can be.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), Flaw> {
        check_word(self.kind.as_str(), &self.word)?;
        check_name(&self.name)?;
        check_description(&self.description)?;
        check_permissions(&self.permissions)
    }
}

/// Where a permission of somebody comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// It was given to them.
    Direct,
    /// A role of theirs permits it.
    Role {
        /// The role's word.
        role: String,
        /// The group through which they have the role; nothing where they have it themselves.
        group: Option<String>,
    },
}

/// A role somebody has, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRole {
    /// The role.
    pub role: Circle,
    /// Whether it was given to them.
    pub direct: bool,
    /// The words of their groups that carry it.
    pub groups: BTreeSet<String>,
}

/// What somebody may, each with all the places it comes from.
#[must_use]
pub fn effective(
    direct: &BTreeSet<String>,
    roles: &[HeldRole],
) -> BTreeMap<String, BTreeSet<Origin>> {
    let mut all: BTreeMap<String, BTreeSet<Origin>> = BTreeMap::new();
    for permission in direct {
        all.entry(permission.clone()).or_default().insert(Origin::Direct);
    }
    for held in roles {
        let own = held.direct.then_some(None);
        let ways = own.into_iter().chain(held.groups.iter().cloned().map(Some));
        for group in ways {
            for permission in &held.role.permissions {
                let origin = Origin::Role { role: held.role.word.clone(), group: group.clone() };
                all.entry(permission.clone()).or_default().insert(origin);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(word: &str, permissions: &[&str]) -> Circle {
        Circle {
            kind: CircleKind::Role,
            id: "r_0".to_owned(),
            word: word.to_owned(),
            name: String::new(),
            description: String::new(),
            permissions: permissions.iter().map(|one| (*one).to_owned()).collect(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn words_are_slugs_and_no_ids() {
        for good in ["editor", "ROLE_editor", "a.b-c_1", "r_1", &"x".repeat(64)] {
            assert_eq!(check_word("role", good), Ok(()), "{good}");
        }
        let id = format!("r_{}", "0".repeat(32));
        for bad in ["", "a b", "\u{e9}", "a/b", "a:b", "a\n", &"x".repeat(65), &id] {
            assert!(check_word("role", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn permissions_are_scopes() {
        let set = |text: &str| BTreeSet::from([text.to_owned()]);
        for good in ["openid", "documents:read", "https://example.com/scope#1", "a.b*"] {
            assert_eq!(check_permissions(&set(good)), Ok(()), "{good}");
        }
        for bad in ["", "a b", "a\"", "a\\", "\u{e9}", "a\t", &"x".repeat(129)] {
            assert!(check_permissions(&set(bad)).is_err(), "{bad:?}");
        }
        let many = (0..=PERMISSIONS_MAX).map(|n| format!("p{n}")).collect();
        assert!(check_permissions(&many).is_err());
    }

    #[test]
    fn a_permission_names_every_place_it_comes_from() {
        let held = HeldRole {
            role: role("editor", &["read", "write"]),
            direct: true,
            groups: ["staff".to_owned()].into(),
        };
        let all = effective(&["read".to_owned(), "own".to_owned()].into(), &[held]);
        let from = |group: Option<&str>| Origin::Role {
            role: "editor".to_owned(),
            group: group.map(str::to_owned),
        };
        assert_eq!(all["own"], [Origin::Direct].into());
        assert_eq!(all["read"], [Origin::Direct, from(None), from(Some("staff"))].into());
        assert_eq!(all["write"], [from(None), from(Some("staff"))].into());
        assert_eq!(all.len(), 3);
    }
}
