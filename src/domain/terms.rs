//! What people answered when they were asked to accept the terms of service.

use jiff::Timestamp;

/// Longest version, in characters: it stands in sentences.
pub const LONGEST_VERSION: usize = 64;

/// Whether this can be what a version of the terms is called.
#[must_use]
pub fn is_version(text: &str) -> bool {
    !text.is_empty()
        && !text.chars().any(char::is_control)
        && text.chars().count() <= LONGEST_VERSION
}

/// What somebody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// They accept the terms.
    Accepted,
    /// They do not.
    Rejected,
}

impl Answer {
    /// The word of the store and of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Accepted, Self::Rejected].into_iter().find(|one| one.as_str() == word)
    }
}

/// The last answer of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// What it was.
    pub answer: Answer,
    /// Which version of the terms it was about.
    pub version: String,
    /// When.
    pub at: Timestamp,
}

/// How somebody stands to the terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The version in force; nothing where nobody is asked for any.
    pub asked: Option<String>,
    /// Their last answer, to whichever version.
    pub last: Option<Answered>,
}

impl Standing {
    /// What they answered to the version in force; where none is, to the last they were asked about.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        let last = self.last.as_ref()?;
        let counts = self.asked.as_ref().is_none_or(|version| *version == last.version);
        counts.then_some(last.answer)
    }

    /// The word for it: `accepted`, `rejected` or `unset`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.answer().map_or("unset", Answer::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_for_the_version_it_was_about() {
        let standing = |asked: Option<&str>, last: Option<(Answer, &str)>| {
            let last = last.map(|(answer, version)| Answered {
                answer,
                version: version.to_owned(),
                at: Timestamp::UNIX_EPOCH,
            });
            Standing { asked: asked.map(ToOwned::to_owned), last }.as_str()
        };
        assert_eq!(standing(Some("2"), None), "unset");
        assert_eq!(standing(Some("2"), Some((Answer::Accepted, "2"))), "accepted");
        assert_eq!(standing(Some("2"), Some((Answer::Rejected, "2"))), "rejected");
        assert_eq!(standing(Some("2"), Some((Answer::Accepted, "1"))), "unset");
        assert_eq!(standing(None, Some((Answer::Accepted, "1"))), "accepted");
        assert_eq!(standing(None, None), "unset");
        for answer in [Answer::Accepted, Answer::Rejected] {
            assert_eq!(Answer::parse(answer.as_str()), Some(answer));
        }
        assert_eq!(Answer::parse("unset"), None);
    }
}
