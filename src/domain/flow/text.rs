//! What people read in a flow: each sentence has the number by which clients of Kratos know it, and
//! the values it mentions beside it, so that a page can say it in another language.

#![expect(clippy::unreadable_literal, reason = "they are names, written as clients of Kratos do")]

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What sort of sentence it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Says what something is or what to do.
    Info,
    /// Says what is wrong.
    Error,
    /// Says that it worked.
    Success,
}

/// A sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Its number.
    pub id: u32,
    /// In English.
    pub text: String,
    /// Of what sort.
    #[serde(rename = "type")]
    pub tone: Tone,
    /// The values it mentions.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub context: Map<String, Value>,
}

/// A sentence of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its number.
    pub id: u32,
    /// Of what sort.
    pub tone: Tone,
    /// In English; `{name}` stands for a value.
    pub english: &'static str,
}

impl Known {
    /// The sentence, which mentions nothing.
    #[must_use]
    pub fn text(&self) -> Text {
        self.with(Map::new())
    }

    /// The sentence with the values it mentions.
    #[must_use]
    pub fn with(&self, context: Map<String, Value>) -> Text {
        let mut text = self.english.to_owned();
        for (name, value) in &context {
            let shown = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            text = text.replace(&format!("{{{name}}}"), &shown);
        }
        Text { id: self.id, text, tone: self.tone, context }
    }

    /// The sentence with one value.
    #[must_use]
    pub fn of(&self, name: &str, value: impl Into<Value>) -> Text {
        self.with(Map::from_iter([(name.to_owned(), value.into())]))
    }
}

macro_rules! catalogue {
    ($($name:ident = $id:literal $tone:ident $english:literal;)*) => {
        $(
            #[doc = concat!("\"", $english, "\"")]
            pub const $name: Known = Known { id: $id, tone: Tone::$tone, english: $english };
        )*
        /// Every sentence.
        pub const ALL: &[Known] = &[$($name),*];
    };
}

catalogue! {
    // Signing in.
    SIGN_IN = 1010001 Info "Sign in";
    SIGN_IN_WITH = 1010002 Info "Sign in with {provider}";
    CONFIRM_IT_IS_YOU = 1010003 Info "Please confirm that it is you.";
    COMPLETE_SECOND_FACTOR = 1010004 Info "Please complete the second step of signing in.";
    VERIFY = 1010005 Info "Verify";
    TOTP_CODE = 1010006 Info "Authentication code";
    BACKUP_CODE = 1010007 Info "Backup recovery code";
    USE_SECURITY_KEY = 1010008 Info "Sign in with a security key";
    USE_AUTHENTICATOR = 1010009 Info "Use authenticator";
    USE_BACKUP_CODE = 1010010 Info "Use backup recovery code";
    CONTINUE_WITH_SECURITY_KEY = 1010011 Info "Continue with a security key";
    PREPARE_SECURITY_KEY = 1010012 Info "Get your security key ready and press continue.";
    CONTINUE_SIGN_IN = 1010013 Info "Continue";
    USE_PASSKEY = 1010021 Info "Sign in with a passkey";
    USE_PASSWORD = 1010022 Info "Sign in with password";

    // Making an account.
    SIGN_UP = 1040001 Info "Sign up";
    SIGN_UP_WITH = 1040002 Info "Sign up with {provider}";
    CONTINUE_SIGN_UP = 1040003 Info "Continue";
    SIGN_UP_WITH_PASSKEY = 1040007 Info "Sign up with a passkey";
    BACK = 1040008 Info "Back";
    CHOOSE_CREDENTIAL = 1040009 Info "Choose how you want to sign in from now on.";

    // Settings.
    SAVED = 1050001 Success "Your changes have been saved.";
    LINK = 1050002 Info "Link {provider}";
    UNLINK = 1050003 Info "Unlink {provider}";
    UNLINK_TOTP = 1050004 Info "Remove the authenticator app";
    TOTP_QR = 1050005 Info "Code to scan with an authenticator app";
    TOTP_SECRET = 1050006 Info "{secret}";
    REVEAL_CODES = 1050007 Info "Show backup recovery codes";
    NEW_CODES = 1050008 Info "Make new backup recovery codes";
    ONE_CODE = 1050009 Info "{secret}";
    CODES_LABEL = 1050010 Info "Each of these codes works once. Keep them in a safe place.";
    CONFIRM_CODES = 1050011 Info "I have stored these codes";
    ADD_SECURITY_KEY = 1050012 Info "Add a security key";
    SECURITY_KEY_NAME = 1050013 Info "Name of the security key";
    CODE_WAS_USED = 1050014 Info "This code was used at {used_at}.";
    CODES = 1050015 Info "{secrets_list}";
    DISABLE_CODES = 1050016 Info "Turn backup recovery codes off";
    TOTP_SECRET_LABEL = 1050017 Info "If you cannot scan it, type this secret into your authenticator app";
    REMOVE_SECURITY_KEY = 1050018 Info "Remove the security key \"{display_name}\"";
    ADD_PASSKEY = 1050019 Info "Add a passkey";
    REMOVE_PASSKEY = 1050020 Info "Remove the passkey \"{display_name}\"";
    // Some of our own.
    ONCE_MORE = 1059001 Info "Nothing has been saved yet. Please make your change once more.";
    ASKED_FOR_TERMS = 1059002 Info "To go on, please read the terms of service and accept them.";
    READ_TERMS = 1059003 Info "Read the terms of service (version {version})";
    ACCEPT_TERMS = 1059004 Info "I accept the terms of service";
    REJECT_TERMS = 1059005 Info "I do not accept them";

    // Recovering and verifying.
    RECOVERED = 1060001 Success "You are in again. Set a new password or another way to sign in before {privileged_session_expires_at}.";
    RECOVERY_CODE_SENT = 1060003 Info "If this address belongs to an account, a code is on its way to it. If none arrives, check the address you typed.";
    PASSWORD = 1070001 Info "Password";
    TRAIT = 1070002 Info "{title}";
    SAVE = 1070003 Info "Save";
    IDENTIFIER = 1070004 Info "ID";
    SUBMIT = 1070005 Info "Submit";
    VERIFY_CODE = 1070006 Info "Code";
    EMAIL = 1070007 Info "Email";
    RESEND_CODE = 1070008 Info "Send the code again";
    CONTINUE = 1070009 Info "Continue";
    RECOVERY_CODE = 1070010 Info "Recovery code";
    VERIFICATION_CODE = 1070011 Info "Verification code";
    VERIFICATION_CODE_SENT = 1080003 Info "If this address belongs to an account, a code is on its way to it. If none arrives, check the address you typed.";
    VERIFIED = 1080002 Success "Your address is verified.";

    // What is wrong with a value.
    FAILED = 4000001 Error "{reason}";
    REQUIRED = 4000002 Error "Please fill in {property}.";
    TOO_SHORT = 4000003 Error "At least {min_length} characters are needed.";
    PATTERN = 4000004 Error "This does not have the form it must have.";
    PASSWORD_POLICY = 4000005 Error "This password cannot be used: {reason}.";
    WRONG_CREDENTIALS = 4000006 Error "The name or the password is wrong, or this account cannot sign in. Check for typing errors.";
    DUPLICATE = 4000007 Error "An account with the same identifier exists already.";
    WRONG_TOTP = 4000008 Error "The code is wrong or was used before. Please try the next one.";
    NO_IDENTIFIER = 4000009 Error "Nothing was given by which you could sign in.";
    NOT_VERIFIED = 4000010 Error "Your address is not verified yet. Check your mail, or have the code sent again.";
    NO_TOTP = 4000011 Error "You have no authenticator app.";
    CODE_USED = 4000012 Error "This backup recovery code was used before.";
    NO_SECURITY_KEY = 4000013 Error "You have no security key.";
    NO_CODES = 4000014 Error "You have no backup recovery codes.";
    NO_KEY_OWNER = 4000015 Error "This security key belongs to nobody here.";
    WRONG_CODE = 4000016 Error "The backup recovery code is wrong.";
    TOO_LONG = 4000017 Error "At most {max_length} characters are allowed.";
    TOO_SMALL = 4000018 Error "At least {minimum} is needed.";
    NOT_ABOVE = 4000019 Error "More than {minimum} is needed.";
    TOO_LARGE = 4000020 Error "At most {maximum} is allowed.";
    NOT_BELOW = 4000021 Error "Less than {maximum} is needed.";
    NO_MULTIPLE = 4000022 Error "A multiple of {base} is needed.";
    TOO_MANY = 4000023 Error "At most {max_items} entries are allowed.";
    TOO_FEW = 4000024 Error "At least {min_items} entries are needed.";
    NOT_UNIQUE = 4000025 Error "Two entries are the same.";
    WRONG_TYPE = 4000026 Error "This must be of the type {allowed_types}.";
    NOT_THE_CONSTANT = 4000029 Error "This must be {expected}.";
    NOT_A_CONSTANT = 4000030 Error "This must be the one value that is allowed.";
    PASSWORD_LIKE_IDENTIFIER = 4000031 Error "The password is too similar to what you sign in with.";
    PASSWORD_TOO_SHORT = 4000032 Error "The password must have at least {min_length} characters.";
    PASSWORD_TOO_LONG = 4000033 Error "The password must have at most {max_length} characters.";
    PASSWORD_KNOWN = 4000034 Error "This password is among those that are tried first. Please choose another one.";
    TRAITS_CHANGED = 4000036 Error "What you typed before has changed. Please start again.";
    NO_SUCH_ACCOUNT = 4000037 Error "There is no such account, or it has no way to sign in.";
    PASSWORD_UNCHANGED = 4000039 Error "The new password must differ from the old one.";
    NO_EMAIL = 4000040 Error "This is not a mail address.";
    TOO_MANY_FAILURES = 4000047 Error "Too many attempts. Please wait {seconds} seconds and try again.";

    // What is wrong with a flow.
    LOGIN_EXPIRED = 4010001 Error "You took longer than allowed to sign in. Please try again.";
    NO_LOGIN_METHOD = 4010002 Error "No way to sign in was chosen.";
    NO_REGISTRATION_METHOD = 4010003 Error "No way to sign up was chosen.";
    NO_SETTINGS_METHOD = 4010004 Error "No setting was chosen.";
    NO_RECOVERY_METHOD = 4010005 Error "No way to recover the account was chosen.";
    NO_VERIFICATION_METHOD = 4010006 Error "No way to verify the address was chosen.";
    REGISTRATION_EXPIRED = 4040001 Error "You took longer than allowed to sign up. Please try again.";
    TERMS_CHANGED = 4059001 Error "The terms of service have changed meanwhile. Please read them and answer once more.";
    SETTINGS_EXPIRED = 4050001 Error "You took longer than allowed. Please try again.";
    RECOVERY_DONE = 4060001 Error "This recovery is done already. Please start another one.";
    RECOVERY_EXPIRED = 4060005 Error "You took longer than allowed to recover your account. Please try again.";
    WRONG_RECOVERY_CODE = 4060006 Error "The recovery code is wrong or was used before. Please try again.";
    VERIFICATION_DONE = 4070002 Error "This verification is done already.";
    VERIFICATION_EXPIRED = 4070005 Error "You took longer than allowed to verify your address. Please try again.";
    WRONG_VERIFICATION_CODE = 4070006 Error "The verification code is wrong or was used before. Please try again.";
    BROKEN = 5000001 Error "Something went wrong here. Please try again.";
    NO_METHODS = 5000002 Error "There is no way left to do this. Please ask whoever runs this service.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_sentence_has_a_number_of_its_own_that_fits_its_sort() {
        let mut seen = HashSet::new();
        for known in ALL {
            assert!(seen.insert(known.id), "{} twice", known.id);
            let error = known.id >= 4_000_000;
            assert_eq!(error, known.tone == Tone::Error, "{}", known.id);
        }
    }

    #[test]
    fn a_sentence_mentions_its_values() {
        let text = SIGN_IN_WITH.of("provider", "Example");
        assert_eq!(text.text, "Sign in with Example");
        let shown = serde_json::to_value(&text).unwrap();
        assert_eq!(shown["type"], "info");
        assert_eq!(shown["context"]["provider"], "Example");
        assert!(serde_json::to_value(SAVE.text()).unwrap().get("context").is_none());
        assert_eq!(TOO_SHORT.of("min_length", 8).text, "At least 8 characters are needed.");
    }
}
