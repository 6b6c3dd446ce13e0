//! The statements, grouped by the thing they are about. Names and values are bound, never pasted.

pub mod account_locks;
pub mod addresses;
pub mod api_tokens;
pub mod attribute_sets;
pub mod authorities;
pub mod circles;
pub mod codes;
pub mod credentials;
pub mod erasure_lists;
pub mod flow_errors;
pub mod flows;
pub mod history;
mod holding;
pub mod identities;
pub mod insert;
pub mod invitations;
pub mod last_logins;
pub mod ledger;
pub mod leftovers;
pub mod lookup;
mod many;
pub mod members;
pub mod messages;
mod parts;
pub mod personal;
pub mod pruning;
pub mod rarity;
pub mod search;
pub mod search_parts;
pub mod session_check;
pub mod sessions;
pub mod settings;
pub mod sightings;
pub mod terms;
pub mod throttle;

/// Declares statements and lists them, so that one test can prepare each of them on both engines.
macro_rules! statements {
    ($($name:ident = $text:literal;)*) => {
        $(const $name: &str = $text;)*
        /// Every statement of this file, with its name.
        pub const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $text)),*];
    };
}
pub(crate) use statements;

/// Every statement of the product, as (file, name, text).
pub fn all_statements() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    [
        ("account_locks", account_locks::STATEMENTS),
        ("addresses", addresses::STATEMENTS),
        ("api_tokens", api_tokens::STATEMENTS),
        ("attribute_sets", attribute_sets::STATEMENTS),
        ("authorities", authorities::STATEMENTS),
        ("circles", circles::STATEMENTS),
        ("codes", codes::STATEMENTS),
        ("credentials", credentials::STATEMENTS),
        ("erasure_lists", erasure_lists::STATEMENTS),
        ("flow_errors", flow_errors::STATEMENTS),
        ("flows", flows::STATEMENTS),
        ("history", history::STATEMENTS),
        ("identities", identities::STATEMENTS),
        ("insert", insert::STATEMENTS),
        ("invitations", invitations::STATEMENTS),
        ("last_logins", last_logins::STATEMENTS),
        ("ledger", ledger::STATEMENTS),
        ("leftovers", leftovers::STATEMENTS),
        ("lookup", lookup::STATEMENTS),
        ("members", members::STATEMENTS),
        ("messages", messages::STATEMENTS),
        ("personal", personal::STATEMENTS),
        ("pruning", pruning::STATEMENTS),
        ("rarity", rarity::STATEMENTS),
        ("session_check", session_check::STATEMENTS),
        ("sessions", sessions::STATEMENTS),
        ("settings", settings::STATEMENTS),
        ("sightings", sightings::STATEMENTS),
        ("terms", terms::STATEMENTS),
        ("throttle", throttle::STATEMENTS),
    ]
    .into_iter()
    .flat_map(|(file, list)| list.iter().map(move |(name, text)| (file, *name, *text)))
}
