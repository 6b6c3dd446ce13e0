//! Mail and text messages on their way.

use jiff::Timestamp;
use uuid::Uuid;

use super::mail_fault::MailFault;

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageStatus {
    /// Waits for its turn.
    Queued,
    /// Is being sent.
    Processing,
    /// Was sent.
    Sent,
    /// Was tried too often.
    Abandoned,
}

impl MessageStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Processing, Self::Sent, Self::Abandoned];

    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Sent => "sent",
            Self::Abandoned => "abandoned",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What sort of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Mail.
    Email,
    /// A text message.
    Sms,
}

impl MessageKind {
    /// The word that is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Email, Self::Sms].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a message says. The words that are stored are those of the Kratos API and two of our own;
/// see [`Template::shown`] for what its clients get to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// A recovery link, for an address nobody has.
    RecoveryInvalid,
    /// A recovery link.
    RecoveryValid,
    /// A recovery code, for an address nobody has.
    RecoveryCodeInvalid,
    /// A recovery code.
    RecoveryCodeValid,
    /// A verification link, for an address nobody has.
    VerificationInvalid,
    /// A verification link.
    VerificationValid,
    /// A verification code, for an address nobody has.
    VerificationCodeInvalid,
    /// A verification code.
    VerificationCodeValid,
    /// A sign-in code.
    LoginCodeValid,
    /// A registration code.
    RegistrationCodeValid,
    /// A link that leads an invited person to their account.
    Invitation,
    /// A mail with which an operator tries whether mail goes out.
    Test,
}

impl Template {
    /// Every template.
    pub const ALL: [Self; 12] = [
        Self::RecoveryInvalid,
        Self::RecoveryValid,
        Self::RecoveryCodeInvalid,
        Self::RecoveryCodeValid,
        Self::VerificationInvalid,
        Self::VerificationValid,
        Self::VerificationCodeInvalid,
        Self::VerificationCodeValid,
        Self::LoginCodeValid,
        Self::RegistrationCodeValid,
        Self::Invitation,
        Self::Test,
    ];

    /// The word that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RecoveryInvalid => "recovery_invalid",
            Self::RecoveryValid => "recovery_valid",
            Self::RecoveryCodeInvalid => "recovery_code_invalid",
            Self::RecoveryCodeValid => "recovery_code_valid",
            Self::VerificationInvalid => "verification_invalid",
            Self::VerificationValid => "verification_valid",
            Self::VerificationCodeInvalid => "verification_code_invalid",
            Self::VerificationCodeValid => "verification_code_valid",
            Self::LoginCodeValid => "login_code_valid",
            Self::RegistrationCodeValid => "registration_code_valid",
            Self::Invitation => "invitation",
            Self::Test => "test",
        }
    }

    /// The word that the API shows. Clients made for Kratos know a closed list: an invitation is
    /// shown as the link that it is, and a test as `stub`.
    #[must_use]
    pub const fn shown(self) -> &'static str {
        match self {
            Self::Invitation => "verification_valid",
            Self::Test => "stub",
            other => other.as_str(),
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.as_str() == word)
    }
}

/// A message, without what it says: that is for its recipient only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub status: MessageStatus,
    /// What sort it is.
    pub kind: MessageKind,
    /// The address it goes to.
    pub recipient: String,
    /// What it says.
    pub template: Template,
    /// How often it was tried.
    pub send_count: i64,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A message, with how it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// What is known of it.
    pub message: Message,
    /// When it is tried next; nothing once it was sent or given up.
    pub next_at: Option<Timestamp>,
    /// When what it says is no longer true.
    pub expires_at: Option<Timestamp>,
    /// Why the last attempt failed; nothing where it did not.
    pub last_error: Option<MailFault>,
}

impl Mail {
    /// Whether it still waits, so that it can be tried at once or given up. One that is being sent is
    /// left to the one who sends it, as long as that one has the time for it.
    #[must_use]
    pub fn waits(&self, now: Timestamp) -> bool {
        match self.message.status {
            MessageStatus::Queued => true,
            MessageStatus::Processing => self.next_at.is_some_and(|at| at <= now),
            _ => false,
        }
    }
}

/// A message that is to be sent now.
#[derive(Clone, Debug)]
pub struct Due {
    /// What is known of it.
    pub message: Message,
    /// What it is filled with, sealed; nothing once it was erased.
    pub content: Option<String>,
    /// When what it says is no longer true.
    pub expires_at: Option<Timestamp>,
}

/// How many messages stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Wait for their turn.
    pub queued: u64,
    /// Are being sent.
    pub processing: u64,
    /// Were sent.
    pub sent: u64,
    /// Were given up.
    pub abandoned: u64,
    /// When the oldest that is not done was queued.
    pub oldest: Option<Timestamp>,
}

impl Counts {
    /// How many are not done.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.queued + self.processing
    }
}

/// An attempt to send a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Its id.
    pub id: Uuid,
    /// What went wrong; nothing when it was sent.
    pub error: Option<MailFault>,
    /// When.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_parse_back() {
        for status in MessageStatus::ALL {
            assert_eq!(MessageStatus::parse(status.as_str()), Some(status));
        }
        for kind in [MessageKind::Email, MessageKind::Sms] {
            assert_eq!(MessageKind::parse(kind.as_str()), Some(kind));
        }
        for template in Template::ALL {
            assert_eq!(Template::parse(template.as_str()), Some(template));
            assert!(template.shown() == "stub" || Template::parse(template.shown()).is_some());
        }
    }
}
