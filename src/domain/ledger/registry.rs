//! The closed registry of event types: what may be recorded, and under which data keys. An entry
//! with a key that is not listed here is refused, so this file is also the log inventory.

/// The names of personal values (kept outside the leaf, erasable). Nothing personal goes elsewhere.
pub const PERSONAL_NAMES: [&str; 7] =
    ["ip", "user_agent", "identifier", "email", "name", "changes", "note"];

macro_rules! registry {
    ($($variant:ident $text:literal [$($key:literal)*];)*) => {
        /// What can happen. The text is what entries carry; it never changes once released.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventType {
            $(#[doc = concat!("`", $text, "`.")] $variant,)*
        }

        impl EventType {
            /// Every type, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The dotted name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The type with this name, if there is one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }

            /// The data keys an entry of this type may have; none is required.
            #[must_use]
            pub const fn data_keys(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($key),*],)* }
            }
        }
    };
}

impl EventType {
    /// The part before the first dot, by which retention and filters group types.
    #[must_use]
    pub fn family(self) -> &'static str {
        self.as_str().split('.').next().unwrap_or_default()
    }
}

registry! {
    // Signing in and out.
    AuthLoginSuccess "auth.login.success" ["aal" "lang" "method" "methods" "remembered"];
    AuthLoginFailure "auth.login.failure" ["aal" "identifier_hmac" "lang" "method" "reason"];
    AuthLoginThrottled "auth.login.throttled" ["identifier_hmac" "method" "reason" "retry_after_s"];
    AuthMfaSuccess "auth.mfa.success" ["aal" "lang" "method" "methods"];
    AuthMfaFailure "auth.mfa.failure" ["aal" "lang" "method" "reason"];
    AuthReauthSuccess "auth.reauth.success" ["aal" "lang" "method" "methods"];
    AuthReauthFailure "auth.reauth.failure" ["aal" "lang" "method" "reason"];
    AuthLogout "auth.logout" ["method" "reason"];

    // Sessions. `sessions` holds public session ids.
    SessionCreated "session.created" ["aal" "expires_at" "method" "methods"];
    SessionExtended "session.extended" ["expires_at"];
    SessionRevoked "session.revoked" ["count" "reason" "sessions"];
    SessionExpired "session.expired" ["count" "reason" "sessions"];

    // Identity providers. The provider itself is a field of the entry.
    ProviderRequest "provider.request" ["message" "protocol"];
    ProviderResponse "provider.response" ["message" "protocol"];
    ProviderError "provider.error" ["error" "protocol" "reason"];
    ProviderCreated "provider.created" ["protocol" "source"];
    ProviderUpdated "provider.updated" ["changed" "protocol" "source"];
    ProviderEnabled "provider.enabled" ["reason" "source"];
    ProviderDisabled "provider.disabled" ["reason" "source"];
    ProviderDeleted "provider.deleted" ["reason" "source"];

    // Users. `changed` names fields; old and new values go to the personal value `changes`.
    // `credentials` lists types, `links` providers, `from` the status before.
    UserInvited "user.invited" ["authorities" "credentials" "expires_at" "groups" "imported" "links" "permissions" "roles" "schema" "status"];
    UserInvitationResent "user.invitation.resent" ["expires_at" "reason"];
    UserInvitationCancelled "user.invitation.cancelled" ["reason"];
    UserRegistered "user.registered" ["authorities" "credentials" "groups" "imported" "links" "method" "permissions" "roles" "schema" "status"];
    UserActivated "user.activated" ["from" "method" "reason"];
    UserUpdated "user.updated" ["changed" "expires_at" "reason" "schema" "sessions_revoked"];
    UserLocked "user.locked" ["apps_notified" "apps_unsupported" "from" "reason" "sessions_revoked" "tokens_revoked" "until"];
    UserUnlocked "user.unlocked" ["from" "reason"];
    UserBlocked "user.blocked" ["apps_notified" "apps_unsupported" "from" "reason" "sessions_revoked" "tokens_revoked" "until"];
    UserUnblocked "user.unblocked" ["from" "reason"];
    UserExpired "user.expired" ["expires_at" "from" "reason" "sessions_revoked" "tokens_revoked"];
    UserDeleted "user.deleted" ["apps_notified" "apps_unsupported" "credentials" "erase_at" "from" "links" "reason" "schema" "sessions_revoked" "tokens_revoked"];
    UserErased "user.erased" ["count" "reason"];
    // Personal values of theirs are kept, whatever retention and erasure say, and no longer so.
    UserHeld "user.held" ["reason"];
    UserReleased "user.released" ["reason"];

    // Accounts at identity providers. Their subjects are personal (`identifier`).
    AccountLinked "account.linked" ["method" "reason"];
    AccountLinkRefused "account.link_refused" ["method" "reason"];
    AccountUnlinked "account.unlinked" ["reason" "sessions_revoked"];
    AccountLocked "account.locked" ["reason"];
    AccountUnlocked "account.unlocked" ["reason"];
    AccountConfirmed "account.confirmed" ["method" "reason"];
    AccountUnconfirmed "account.unconfirmed" ["reason"];
    AccountUpdated "account.updated" ["changed" "reason"];
    AccountDeleted "account.deleted" ["reason"];

    // Credentials. `credential` is the type, such as `password` or `totp`; `algorithm` names a
    // hash's algorithm, never the hash.
    CredentialAdded "credential.added" ["algorithm" "credential" "imported" "reason"];
    CredentialChanged "credential.changed" ["algorithm" "credential" "imported" "reason" "sessions_revoked"];
    CredentialRemoved "credential.removed" ["count" "credential" "reason" "sessions_revoked"];
    CredentialReset "credential.reset" ["algorithm" "credential" "reason" "sessions_revoked"];
    CredentialUsedRecoveryCode "credential.used_recovery_code" ["remaining"];

    RecoveryRequested "recovery.requested" ["by" "expires_at" "method" "reason" "via"];
    RecoveryCompleted "recovery.completed" ["method" "sessions_revoked"];
    RecoveryFailed "recovery.failed" ["identifier_hmac" "method" "reason"];
    VerificationRequested "verification.requested" ["expires_at" "method" "via"];
    VerificationCompleted "verification.completed" ["method" "via"];
    VerificationFailed "verification.failed" ["method" "reason" "via"];

    // The terms of service. `answer` is the one that was taken back.
    TermsAccepted "terms.accepted" ["imported" "version"];
    TermsRejected "terms.rejected" ["imported" "version"];
    TermsReset "terms.reset" ["answer" "version"];

    // Rights. `before` and `after` are whole sets.
    AuthorityGranted "authority.granted" ["after" "authorities" "before" "reason"];
    AuthorityWithdrawn "authority.withdrawn" ["after" "authorities" "before" "reason"];
    PermissionGranted "permission.granted" ["after" "before" "permissions" "reason"];
    PermissionWithdrawn "permission.withdrawn" ["after" "before" "permissions" "reason"];
    // A role or group is named by its word, and by its `id`, which stays when it is renamed. Roles are
    // granted to the principal, or to a `group`, whose members all get them.
    RoleCreated "role.created" ["id" "permissions" "role"];
    RoleUpdated "role.updated" ["after" "before" "changed" "id" "role"];
    RoleDeleted "role.deleted" ["groups" "holders" "id" "members" "more_holders" "permissions" "role"];
    RoleGranted "role.granted" ["after" "before" "group" "reason" "roles"];
    RoleWithdrawn "role.withdrawn" ["after" "before" "group" "reason" "roles"];
    GroupCreated "group.created" ["group" "id"];
    GroupUpdated "group.updated" ["changed" "group" "id"];
    GroupDeleted "group.deleted" ["group" "id" "members" "roles"];
    GroupJoined "group.joined" ["after" "before" "groups" "reason"];
    GroupLeft "group.left" ["after" "before" "groups" "reason"];

    AttributeSet "attribute.set" ["attributes" "changed" "set"];
    AttributeRemoved "attribute.removed" ["attributes" "set"];
    // Schemas of identities, and definitions of attribute sets (`source` is `attribute_set`).
    SchemaCreated "schema.created" ["attributes" "digest" "schema" "source"];
    SchemaUpdated "schema.updated" ["attributes" "changed" "digest" "schema" "source"];
    SchemaDeleted "schema.deleted" ["attributes" "count" "schema" "source"];

    // Applications. The client is a field of the entry; tokens appear as `jti` or row id. A token for
    // the admin port is granted with the grant `admin_token`, and is the client of what its bearer does
    // at the door: `client.auth.*` by the method `admin_token`, and `authz.denied`.
    ClientCreated "client.created" ["grants" "kind" "scope"];
    ClientUpdated "client.updated" ["changed"];
    ClientDeleted "client.deleted" ["consents_revoked" "tokens_revoked"];
    ClientAuthSuccess "client.auth.success" ["method"];
    ClientAuthFailure "client.auth.failure" ["method" "reason"];
    ConsentGranted "consent.granted" ["expires_at" "remembered" "scope"];
    ConsentDenied "consent.denied" ["reason" "scope"];
    ConsentRevoked "consent.revoked" ["scope" "tokens_revoked"];
    ConsentExpired "consent.expired" ["scope"];
    TokenGranted "token.granted" ["audience" "exp" "grant" "jti" "scope" "token_id"];
    TokenRefreshed "token.refreshed" ["audience" "exp" "jti" "scope" "token_id"];
    TokenRevoked "token.revoked" ["count" "jti" "reason" "token_id"];
    TokenReuseDetected "token.reuse_detected" ["jti" "token_id" "tokens_revoked"];
    TokenIntrospectionDenied "token.introspection_denied" ["reason"];
    TokenError "token.error" ["error" "grant" "reason"];
    LogoutBackchannelDelivered "logout.backchannel.delivered" ["attempts"];
    LogoutBackchannelFailed "logout.backchannel.failed" ["attempts" "reason" "status"];
    LogoutFrontchannelRendered "logout.frontchannel.rendered" ["count"];
    AuthzDenied "authz.denied" ["method" "permission" "reason" "resource"];

    // Operation. `options` and `parameters` are names; values that may be personal go to `changes`.
    AdminConfigChanged "admin.config.changed" ["digest" "options" "reason" "source"];
    AdminExport "admin.export" ["count" "credentials" "format" "from" "personal" "to" "what"];
    AdminImpersonation "admin.impersonation" ["reason"];
    AdminActionRun "admin.action.run" ["action" "count" "parameters" "reason" "result" "secrets"];

    // The ledger about itself. `from` is inclusive, `to` exclusive, both sequence numbers.
    LedgerCreated "ledger.created" ["epoch" "key" "last_root" "last_size" "origin" "version"];
    LedgerKeyRotated "ledger.key.rotated" ["new_key" "old_key" "reason"];
    LedgerCheckpointExported "ledger.checkpoint.exported" ["root" "size"];
    LedgerVerified "ledger.verified" ["checked" "first_bad" "last_good_checkpoint" "ok" "since" "size" "verdict" "warnings"];
    LedgerPruned "ledger.pruned" ["before" "count" "reason" "root"];
    LedgerRedacted "ledger.redacted" ["count" "except" "families" "from" "names" "reason" "to"];
    // Marks by which entries are found were missing and are there again.
    LedgerReindexed "ledger.reindexed" ["count"];
    LedgerRestored "ledger.restored" ["backup_root" "backup_size" "backup_time" "reason" "root" "size"];
    LedgerClockStep "ledger.clock_step" ["from" "step_ms" "to"];
    LedgerCoalesced "ledger.coalesced" ["count" "event" "from" "identifier_hmac" "to" "window_s"];
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_dotted_lower_case_and_parse_back() {
        let mut seen = HashSet::new();
        for kind in EventType::ALL {
            let text = kind.as_str();
            assert!(seen.insert(text), "{text} twice");
            assert!(text.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '_'), "{text}");
            assert!(text.contains('.'));
            assert_eq!(EventType::parse(text), Some(*kind));
        }
        assert_eq!(EventType::parse("user.vanished"), None);
        assert_eq!(EventType::UserInvitationResent.family(), "user");
    }

    #[test]
    fn data_keys_are_sorted_and_none_is_a_personal_name() {
        for kind in EventType::ALL {
            let keys = kind.data_keys();
            assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{}", kind.as_str());
            assert!(keys.iter().all(|key| !PERSONAL_NAMES.contains(key)), "{}", kind.as_str());
        }
    }
}
