//! Parts of forms.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::at::At;

/// One of several.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What it says.
    pub text: String,
    /// Whether it is the one.
    pub chosen: bool,
}

impl Choice {
    /// Several words, whose texts are below `key`.
    pub fn all(at: &At<'_>, key: &str, words: &[&str], chosen: &str) -> Vec<Self> {
        let one = |word: &&str| Self {
            value: (*word).to_owned(),
            text: at.text(&format!("{key}.{word}")),
            chosen: *word == chosen,
        };
        words.iter().map(one).collect()
    }
}

/// A field. `kind` is `text`, `email`, `password`, `number`, `date`, `datetime-local`, `tel`, `url`,
/// `area`, `choice`, `check`, `checks` or `hidden`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Field {
    /// What it is for typing.
    pub kind: &'static str,
    /// The name under which it is sent.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// What is in it.
    pub value: String,
    /// What helps to fill it in.
    pub about: Option<String>,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// Whether it must be filled in.
    pub required: bool,
    /// Most characters.
    pub maxlength: Option<u64>,
}

impl Field {
    /// A field; what was typed into it last is in it again.
    pub fn new(at: &At<'_>, kind: &'static str, name: &str, label: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            label: at.text(label),
            value: at.form.first(name).unwrap_or_default().to_owned(),
            ..Self::default()
        }
    }

    /// With a sentence that helps.
    pub fn about(self, text: String) -> Self {
        Self { about: Some(text), ..self }
    }

    /// With what can be chosen.
    pub fn choices(self, choices: Vec<Choice>) -> Self {
        Self { choices, ..self }
    }

    /// With a value, where nothing was typed.
    pub fn or(self, value: impl Into<String>) -> Self {
        if self.value.is_empty() { Self { value: value.into(), ..self } } else { self }
    }

    /// It must be filled in.
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

/// What was wrong with what field; without a field, with the whole.
pub type Problem = Option<(&'static str, String)>;

/// Puts a problem beside its field; hands it back where there is no such field.
pub fn complain(fields: &mut [Field], problem: Problem) -> Option<String> {
    let (name, text) = problem?;
    match fields.iter_mut().find(|field| field.name == name) {
        Some(field) => {
            field.problem = Some(text);
            None
        }
        None => Some(text),
    }
}

/// A moment as browsers send it for a field of date and time, which is taken to be UTC, or with an
/// offset.
pub fn moment(text: &str) -> Option<Timestamp> {
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| civil().map(|zoned| zoned.timestamp()))
}

/// The same for the field.
pub fn field_moment(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_with_and_without_a_zone() {
        let noon: Timestamp = "2030-01-31T12:00:00Z".parse().unwrap();
        for text in ["2030-01-31T12:00", "2030-01-31T12:00:00", "2030-01-31T13:00+01:00"] {
            assert_eq!(moment(text), Some(noon), "{text}");
        }
        assert_eq!(moment(&field_moment(noon)), Some(noon));
        assert_eq!(moment("soon"), None);
    }
}
