//! The table of actions: every name of `actions.yaml` with the code that answers to it.

use super::context::Context;
use super::failure::Failure;
use super::params::Params;
use super::results::Results;
use super::{
    audit_checkpoint, audit_erasures, audit_export, audit_prune, audit_reindex, audit_verify,
    backup, block_identity, cancel_invitation, change_identities, confirm_address,
    create_admin_account, create_admin_token, create_attribute_set, create_group, create_identity,
    create_role, delete_group, delete_identity, delete_role, erase_identity, export_identities,
    get_identity, hold_identity, import_identities, invalidate_identity_sessions, invite_identity,
    list_admin_tokens, list_audit_events, list_groups, list_identities, list_identity_sessions,
    list_messages, list_oidc_accounts, list_roles, lock_account, lock_identity, repeat_erasures,
    reset_identity_mfa, reset_password, reset_terms, retry_message, revoke_admin_token,
    run_migration, send_recovery, send_test_email, set_attributes, set_authorities, set_expiry,
    set_groups, set_roles, unblock_identity, unlink_oidc_account, unlock_account, unlock_identity,
    update_identity,
};

/// An action: what it reads from its parameters, and what it does with that.
pub(super) trait Action: Sized {
    /// Its name in `actions.yaml`.
    const NAME: &'static str;

    /// Reads every parameter the action has.
    fn parse(params: &Params) -> Result<Self, Failure>;

    /// Does it.
    fn run(self, cx: &mut Context<'_>) -> Result<Results, Failure>;
}

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its name in `actions.yaml`.
    pub name: &'static str,
    /// Reads the parameters without doing anything.
    ///
    /// # Errors
    /// When they do not fit together.
    pub parse: fn(&Params) -> Result<(), Failure>,
    pub(super) run: fn(&Params, &mut Context<'_>) -> Result<Results, Failure>,
}

const fn entry<A: Action>() -> Entry {
    Entry {
        name: A::NAME,
        parse: |params| A::parse(params).map(drop),
        run: |params, cx| A::parse(params)?.run(cx),
    }
}

/// All actions, in the order of the file.
pub const TABLE: [Entry; 59] = [
    entry::<get_identity::GetIdentity>(),
    entry::<create_admin_account::CreateAdminAccount>(),
    entry::<reset_password::ResetPassword>(),
    entry::<delete_identity::DeleteIdentity>(),
    entry::<invalidate_identity_sessions::InvalidateIdentitySessions>(),
    entry::<reset_identity_mfa::ResetIdentityMfa>(),
    entry::<list_oidc_accounts::ListOidcAccounts>(),
    entry::<unlink_oidc_account::UnlinkOidcAccount>(),
    entry::<run_migration::RunMigration>(),
    entry::<create_identity::CreateIdentityAction>(),
    entry::<update_identity::UpdateIdentityAction>(),
    entry::<list_identities::ListIdentitiesAction>(),
    entry::<list_identity_sessions::ListIdentitySessions>(),
    entry::<lock_identity::LockIdentity>(),
    entry::<unlock_identity::UnlockIdentity>(),
    entry::<lock_account::LockAccount>(),
    entry::<unlock_account::UnlockAccount>(),
    entry::<block_identity::BlockIdentity>(),
    entry::<unblock_identity::UnblockIdentity>(),
    entry::<set_expiry::SetExpiry>(),
    entry::<reset_terms::ResetTerms>(),
    entry::<change_identities::ChangeIdentities>(),
    entry::<confirm_address::ConfirmAddress>(),
    entry::<confirm_address::UnconfirmAddress>(),
    entry::<send_recovery::SendRecovery>(),
    entry::<set_authorities::SetAuthorities>(),
    entry::<list_roles::ListRoles>(),
    entry::<create_role::CreateRole>(),
    entry::<delete_role::DeleteRole>(),
    entry::<set_roles::SetRoles>(),
    entry::<list_groups::ListGroups>(),
    entry::<create_group::CreateGroup>(),
    entry::<delete_group::DeleteGroup>(),
    entry::<set_groups::SetGroups>(),
    entry::<create_attribute_set::CreateAttributeSet>(),
    entry::<set_attributes::SetAttributes>(),
    entry::<invite_identity::InviteIdentity>(),
    entry::<cancel_invitation::CancelInvitation>(),
    entry::<list_audit_events::ListAuditEvents>(),
    entry::<audit_verify::AuditVerify>(),
    entry::<audit_checkpoint::AuditCheckpoint>(),
    entry::<audit_export::AuditExport>(),
    entry::<audit_prune::AuditPrune>(),
    entry::<audit_reindex::AuditReindex>(),
    entry::<audit_erasures::AuditErasures>(),
    entry::<repeat_erasures::RepeatErasures>(),
    entry::<erase_identity::EraseIdentity>(),
    entry::<hold_identity::HoldIdentity>(),
    entry::<hold_identity::ReleaseIdentity>(),
    entry::<backup::Backup>(),
    entry::<export_identities::ExportIdentities>(),
    entry::<import_identities::ImportIdentities>(),
    entry::<create_admin_token::CreateAdminToken>(),
    entry::<list_admin_tokens::ListAdminTokens>(),
    entry::<revoke_admin_token::RevokeAdminToken>(),
    entry::<send_test_email::SendTestEmail>(),
    entry::<list_messages::ListMessages>(),
    entry::<retry_message::RetryMessage>(),
    entry::<retry_message::GiveUpMessage>(),
];

/// The row of one action.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.name == name)
}
