//! What a new password must be (NIST SP 800-63B-4 section 3.1.1.2).

use super::identifier::canonical;

/// The longest password, in bytes; beyond it the request is refused, never cut.
pub const PASSWORD_MAX_BYTES: usize = 4096;

/// Why a password will not do. Never contains the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    /// Shorter than the minimum.
    #[error("the password is shorter than {0} characters")]
    TooShort(usize),
    /// Longer than is ever hashed.
    #[error("the password is longer than {PASSWORD_MAX_BYTES} bytes")]
    TooLong,
    /// The same as, or hardly more than, something that identifies the account.
    #[error("the password is too similar to an identifier of the account")]
    LikeIdentifier,
}

/// The rule for passwords that people choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Fewest Unicode code points.
    pub min_length: usize,
}

impl PasswordPolicy {
    /// Judges a password that an operator or a person chooses for an account with these
    /// identifiers.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self, password: &str, identifiers: &[String]) -> Result<(), PasswordProblem> {
        within_limit(password)?;
        if password.chars().count() < self.min_length {
            return Err(PasswordProblem::TooShort(self.min_length));
        }
        let typed = canonical(password);
        let alike = |name: &str| {
            !name.is_empty()
                && (typed == name
                    || (name.chars().count() >= 4
                        && typed.contains(name)
                        && typed.chars().count() < name.chars().count() + 4))
        };
        let close = identifiers.iter().any(|identifier| {
            let identifier = canonical(identifier);
            let local = identifier.split('@').next().unwrap_or_default();
            alike(&identifier) || alike(local)
        });
        if close { Err(PasswordProblem::LikeIdentifier) } else { Ok(()) }
    }
}

/// The limit that holds for every password, chosen or given.
///
/// # Errors
/// `TooLong`.
pub fn within_limit(password: &str) -> Result<(), PasswordProblem> {
    if password.len() > PASSWORD_MAX_BYTES { Err(PasswordProblem::TooLong) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_01_length_is_counted_in_code_points() {
        let policy = PasswordPolicy { min_length: 8 };
        assert_eq!(policy.check("1234567", &[]), Err(PasswordProblem::TooShort(8)));
        assert_eq!(policy.check("éééééééé", &[]), Ok(()));
    }

    #[test]
    fn auth_05_an_identifier_is_no_password() {
        let policy = PasswordPolicy { min_length: 8 };
        let ids = ["somebody@example.com".to_owned()];
        for bad in ["somebody", "Somebody1", "SOMEBODY@example.com"] {
            assert_eq!(policy.check(bad, &ids), Err(PasswordProblem::LikeIdentifier), "{bad}");
        }
        assert_eq!(policy.check("somebody likes long walks", &ids), Ok(()));
    }
}
