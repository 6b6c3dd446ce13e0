//! Why a mail did not go out, in words of our own: what happened and what to do. What mail servers and
//! libraries say is kept nowhere, because it may repeat the recipient's address; their numbers are kept.

use std::fmt;

/// Makes the kinds, each with the word that is stored and the sentences that are said.
macro_rules! kinds {
    ($($(#[$about:meta])* $kind:ident, $word:literal, $english:literal;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FaultKind {
            $($(#[$about])* $kind,)*
        }

        impl FaultKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The word that is stored, and that pages look their text up by.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }

            /// What happened and what to do, with the place `{reply}` where the server gave a number.
            #[must_use]
            pub const fn english(self) -> &'static str {
                match self { $(Self::$kind => $english,)* }
            }
        }
    };
}

kinds! {
    /// The name of the server has no address.
    Name, "name", "The name of the mail server cannot be found. Check its host name, and the name \
        servers of this machine.";
    /// Nothing listens.
    Refused, "refused", "The mail server takes no connections. Check its host name and port, and \
        whether it runs.";
    /// There is no way there.
    Unreachable, "unreachable", "There is no way to the mail server over the network. Check its host \
        name, and the firewalls and routes between.";
    /// It said nothing for too long.
    Silent, "silent", "The mail server does not answer in time. Check its port, whether \
        transport-security fits that port, and the firewalls between.";
    /// It hung up, or does not speak SMTP.
    Dropped, "dropped", "The mail server ended the conversation, or what answers is no mail server. \
        Check its port, whether transport-security fits that port, and its log.";
    /// It wants nothing to do with us.
    Unwilling, "unwilling", "The mail server wants no mail from this machine ({reply}). Ask whoever \
        runs it to allow the address of this machine.";
    /// It is closing down or has too much to do.
    Away, "away", "The mail server is not available at the moment ({reply}). It is called again; if \
        this lasts, look into its log.";
    /// It cannot encrypt.
    NoStarttls, "no-starttls", "The mail server does not offer to encrypt the connection (STARTTLS). \
        Turn that on there, or use its port for TLS with transport-security: tls.";
    /// Nobody vouches for its certificate.
    TlsUntrusted, "tls-untrusted", "Nobody whom this machine trusts vouches for the certificate of the \
        mail server. Add its authority to the certificates that this machine trusts.";
    /// Its certificate is not valid now.
    TlsExpired, "tls-expired", "The certificate of the mail server has expired or is not valid yet. \
        Renew it there, and check the clock of this machine.";
    /// Its certificate is somebody else's.
    TlsName, "tls-name", "The certificate of the mail server is for another name. Use the host name \
        that stands in the certificate.";
    /// Anything else that keeps a connection from being encrypted.
    Tls, "tls", "No encrypted connection to the mail server came about. Check whether \
        transport-security fits its port, and that it speaks TLS 1.2 or newer.";
    /// It does not know us.
    Credentials, "credentials", "The mail server refused the user and the password ({reply}). Put the \
        right ones into the secret or the relation.";
    /// It wants to know who we are.
    LoginNeeded, "login-needed", "The mail server wants a user and a password ({reply}). Put them into \
        the secret or the relation.";
    /// It cannot tell whether it knows us.
    LoginLater, "login-later", "The mail server cannot check the user and the password at the moment \
        ({reply}). It is called again; if this lasts, look into its log.";
    /// It asks who we are in a way that is not spoken here.
    NoMechanism, "no-mechanism", "The mail server offers no way to sign in that is known here (PLAIN or \
        LOGIN). Allow one of them there, or leave the user out if it wants none.";
    /// It does not let us send from that address.
    Sender, "sender", "The mail server refused the address that mail comes from ({reply}). Set \
        sender_email to one from which it lets this user send.";
    /// The same, but not for good.
    SenderLater, "sender-later", "The mail server does not take mail from this sender for now \
        ({reply}). It is tried again; if this lasts, look into its log.";
    /// It does not take mail for that address.
    Recipient, "recipient", "The mail server refused the recipient ({reply}). Check the address.";
    /// The same, but not for good.
    RecipientLater, "recipient-later", "The mail server does not take mail for this recipient for now \
        ({reply}). It is tried again; if this lasts, check the address.";
    /// It does not take the mail.
    Message, "message", "The mail server refused the message ({reply}). Look into its log for the \
        reason, such as its size or a filter.";
    /// The same, but not for good.
    MessageLater, "message-later", "The mail server does not take the message for now ({reply}). It is \
        tried again; if this lasts, look into its log.";
    /// It cannot take letters beyond ASCII.
    Letters, "letters", "The mail server cannot take an address with letters beyond a to z (SMTPUTF8). \
        Use another address, or allow such addresses there.";
    /// The address of the recipient is none.
    Address, "address", "The address of the recipient cannot be used for mail. Correct it.";
    /// Our own address is none.
    SenderAddress, "sender-address", "The address that mail comes from cannot be used for mail. Set \
        sender_email to another one.";
    /// It could not be written.
    Unwritten, "unwritten", "The mail could not be put together, because it lacks something it has to \
        say. Ask for a new one.";
    /// What it says is no longer true.
    Expired, "expired", "What it says is no longer valid. Ask for a new one.";
    /// What it says is gone.
    Erased, "erased", "What it says was erased. Ask for a new one.";
    /// What it says cannot be read here.
    OtherKey, "other-key", "What it says was sealed with another key. Bring the right keys back, or ask \
        for a new one.";
    /// What it says makes no sense.
    Damaged, "damaged", "What it says is damaged. Ask for a new one.";
    /// Somebody decided so.
    GivenUp, "given-up", "An administrator gave it up.";
    /// It was written down in another way than it is now.
    Unknown, "unknown", "It was not sent, and why was not written down.";
}

impl FaultKind {
    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

/// The numbers of a server's answer: its code (RFC 5321) and its enhanced status (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    status: Option<(u8, u16, u16)>,
}

impl Reply {
    /// The code, with the enhanced status at the beginning of the text where there is one. It counts
    /// only if it is of the same class as the code.
    #[must_use]
    pub fn new(code: u16, text: &str) -> Self {
        let status = text.split_whitespace().next().and_then(status);
        Self { code, status: status.filter(|(class, ..)| u16::from(*class) == code / 100) }
    }

    fn parse(text: &str) -> Option<Self> {
        let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
        let code = code.parse().ok().filter(|code| (200..600).contains(code))?;
        Some(Self::new(code, rest))
    }
}

fn status(word: &str) -> Option<(u8, u16, u16)> {
    let mut parts = word.split('.');
    let mut number = |longest: usize| -> Option<u16> {
        let part = parts.next()?;
        let fits = part.len() <= longest && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse().ok()).flatten()
    };
    let found = (u8::try_from(number(1)?).ok()?, number(3)?, number(3)?);
    parts.next().is_none().then_some(found)
}

impl fmt::Display for Reply {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.code)?;
        match self.status {
            Some((class, subject, detail)) => write!(to, " {class}.{subject}.{detail}"),
            None => Ok(()),
        }
    }
}

/// Why a mail did not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailFault {
    /// What happened.
    pub kind: FaultKind,
    /// What the server answered, where it did.
    pub reply: Option<Reply>,
}

impl From<FaultKind> for MailFault {
    fn from(kind: FaultKind) -> Self {
        Self { kind, reply: None }
    }
}

impl MailFault {
    /// The word and the numbers, as they are stored.
    #[must_use]
    pub fn stored(&self) -> String {
        let word = self.kind.as_str();
        self.reply.map_or_else(|| word.to_owned(), |reply| format!("{word} {reply}"))
    }

    /// Reads what was stored.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (word, reply) = text.split_once(' ').unwrap_or((text, ""));
        match FaultKind::parse(word) {
            Some(kind) => Self { kind, reply: Reply::parse(reply) },
            None => FaultKind::Unknown.into(),
        }
    }

    /// The numbers of the server, as they are shown.
    #[must_use]
    pub fn reply_text(&self) -> String {
        self.reply.map_or_else(|| "-".to_owned(), |reply| reply.to_string())
    }
}

impl fmt::Display for MailFault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.kind.english().replace("{reply}", &self.reply_text()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_back_and_words_are_unique() {
        for (at, kind) in FaultKind::ALL.iter().enumerate() {
            assert_eq!(
                FaultKind::ALL.iter().position(|one| one.as_str() == kind.as_str()),
                Some(at)
            );
            for reply in [None, Some(Reply::new(550, "5.1.1 x")), Some(Reply::new(421, ""))] {
                let fault = MailFault { kind: *kind, reply };
                assert_eq!(MailFault::parse(&fault.stored()), fault);
            }
            let said = kind.english();
            assert!(said.starts_with(char::is_uppercase) && said.ends_with('.'), "{said}");
            assert!(!said.contains("  "), "{said}");
        }
        assert_eq!(MailFault::parse("what a server said").kind, FaultKind::Unknown);
    }

    #[test]
    fn of_a_servers_text_only_its_status_is_kept() {
        for (code, text, shown) in [
            (550, "5.1.1 <ada@example.com>: no such user", "550 5.1.1"),
            (550, "<ada@example.com>: no such user", "550"),
            (451, "4.7.650 slow down", "451 4.7.650"),
            (550, "4.1.1 of another class", "550"),
            (550, "5.1", "550"),
            (550, "5.1.1.1", "550"),
            (550, "5.1.1234", "550"),
            (550, "5.+1.1", "550"),
            (550, "5..1", "550"),
            (550, "", "550"),
        ] {
            let fault =
                MailFault { kind: FaultKind::Recipient, reply: Some(Reply::new(code, text)) };
            let said =
                format!("The mail server refused the recipient ({shown}). Check the address.");
            assert_eq!(fault.to_string(), said);
            assert_eq!(fault.stored(), format!("recipient {shown}"));
        }
    }
}
