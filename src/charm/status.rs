//! The status of the unit: computed in one place, set once per hook, and worded so that the
//! reader knows what to do.

/// The four words Juju takes, the most urgent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All is well.
    Active,
    /// Something else has to happen first, and will.
    Waiting,
    /// The charm itself is busy.
    Maintenance,
    /// A person has to do something.
    Blocked,
}

impl Level {
    /// The word `status-set` takes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Maintenance => "maintenance",
            Self::Blocked => "blocked",
        }
    }
}

/// A status and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The word.
    pub level: Level,
    /// The text.
    pub text: String,
}

impl Status {
    /// A person has to do what the text says.
    #[must_use]
    pub fn blocked(text: impl Into<String>) -> Self {
        Self { level: Level::Blocked, text: text.into() }
    }

    /// All is well but for what the text says.
    #[must_use]
    pub fn active(text: impl Into<String>) -> Self {
        Self { level: Level::Active, text: text.into() }
    }

    /// Nobody has to do anything yet.
    #[must_use]
    pub fn waiting(text: impl Into<String>) -> Self {
        Self { level: Level::Waiting, text: text.into() }
    }
}

/// The status that follows from what the conditions found: the most urgent, and of several the
/// first, because later ones often follow from it.
#[must_use]
pub fn of<'a>(findings: impl IntoIterator<Item = &'a Status>) -> Status {
    let mut worst: Option<&Status> = None;
    for finding in findings {
        if worst.is_none_or(|known| finding.level > known.level) {
            worst = Some(finding);
        }
    }
    worst.cloned().unwrap_or(Status { level: Level::Active, text: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_finding_wins_and_of_several_the_first() {
        let findings = [
            Status::waiting("w1"),
            Status::blocked("b1"),
            Status::blocked("b2"),
            Status::waiting("w2"),
        ];
        assert_eq!(of(&findings), Status::blocked("b1"));
        assert_eq!(of(&[Status::active("a1"), Status::waiting("w1")]), Status::waiting("w1"));
        assert_eq!(of(&[Status::active("a1")]), Status::active("a1"));
        assert_eq!(of(&[]).level, Level::Active);
    }
}
