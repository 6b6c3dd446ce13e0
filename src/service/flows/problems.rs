//! What is wrong with a password, in the words of a form.

use serde_json::{Map, Value};

use crate::domain::flow::text::{self, Text};
use crate::domain::policy::{PASSWORD_MAX_BYTES, PasswordProblem};

/// The sentence for a password that will not do.
pub(super) fn of_password(problem: &PasswordProblem) -> Text {
    let numbers = |name: &str, limit: usize, actual: usize| {
        Map::from_iter([
            (name.to_owned(), Value::from(limit)),
            ("actual_length".to_owned(), actual.into()),
        ])
    };
    match problem {
        PasswordProblem::TooShort { min, actual } => {
            text::PASSWORD_TOO_SHORT.with(numbers("min_length", *min, *actual))
        }
        PasswordProblem::TooLong => text::PASSWORD_TOO_LONG.of("max_length", PASSWORD_MAX_BYTES),
        PasswordProblem::LikeIdentifier => text::PASSWORD_LIKE_IDENTIFIER.text(),
        PasswordProblem::LikeWord => text::PASSWORD_POLICY.of("reason", problem.to_string()),
        PasswordProblem::Common => text::PASSWORD_KNOWN.of("breaches", 1),
        PasswordProblem::SameAsOld => text::PASSWORD_UNCHANGED.text(),
    }
}
