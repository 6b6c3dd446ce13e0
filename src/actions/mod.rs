//! The vocabulary of `actions.yaml`: one file per action, for `juju run` and `doorward run` alike.

pub mod definitions;
pub mod failure;
pub mod help;
pub mod host;
pub mod params;
pub mod results;
pub mod table;

mod context;
mod run;
mod selector;

mod audit_checkpoint;
mod audit_verify;
mod backup;
mod block_identity;
mod cancel_invitation;
mod create_admin_account;
mod create_admin_token;
mod create_identity;
mod created;
mod delete_identity;
mod export_identities;
mod get_identity;
mod import_identities;
mod invalidate_identity_sessions;
mod invite_identity;
mod list_admin_tokens;
mod list_audit_events;
mod list_identities;
mod list_identity_sessions;
mod list_oidc_accounts;
mod lock_identity;
mod paths;
mod reset_identity_mfa;
mod reset_password;
mod revoke_admin_token;
mod run_migration;
mod send_test_email;
mod set_authorities;
mod status;
mod times;
mod unblock_identity;
mod unlink_oidc_account;
mod unlock_identity;
mod update_identity;

pub use definitions::{Definition, Definitions, Parameter, Type, all as definitions};
pub use failure::Failure;
pub use help::{help, list};
pub use host::{Host, HostError, SecretFault};
pub use results::Results;
pub use run::run;
