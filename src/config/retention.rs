//! Options of the ledger: how long it is kept, and who else is told of it.

use serde_json::Value;

use super::problem;
use super::reader::Reader;
use crate::domain::ledger::EventType;

/// A century; longer is for ever.
const MOST_DAYS: i64 = 36_500;

/// How long the ledger is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// How long personal values are kept, as the operator wrote it; see
    /// [`Retention::personal_rules`].
    pub personal: String,
    /// How many days entries are kept; 0 for ever.
    pub leaves: u32,
    /// Who else gets each entry, as the operator wrote it; see [`Retention::stream_to`].
    pub stream: String,
}

/// Where a second copy of each entry goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamTo {
    /// The service's standard output, which is the journal's under systemd.
    Stdout,
    /// A syslog server, as `HOST:PORT`, by TCP.
    Syslog(String),
}

/// How long personal values of some families of events are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalRule {
    /// The family; `*` for all but those that have a rule of their own.
    pub name: String,
    /// The families it is about; all when empty.
    pub families: Vec<String>,
    /// The families it is not about.
    pub except: Vec<String>,
    /// So many days.
    pub days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { personal: "365".to_owned(), leaves: 0, stream: "none".to_owned() }
    }
}

impl Retention {
    /// The names of the options, in the order of `config.yaml`.
    pub(super) const NAMES: [&'static str; 3] =
        ["retention_personal", "retention_leaves", "audit_stream"];

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let default = Self::default();
        let personal = match reader.map.get("retention_personal") {
            // Somebody who writes no family writes a number.
            Some(Value::Number(days)) => days.to_string(),
            _ => reader.text("retention_personal", default.personal.clone()),
        };
        let personal = if personal.is_empty() { default.personal } else { personal };
        if let Err(message) = rules(&personal) {
            reader.problems.push(problem("retention_personal", message));
        }
        let stream = reader.text("audit_stream", default.stream.clone());
        let stream = if stream.is_empty() { default.stream } else { stream };
        if let Err(message) = target(&stream) {
            reader.problems.push(problem("audit_stream", message.to_owned()));
        }
        let leaves = reader.number("retention_leaves", 0, MOST_DAYS, default.leaves);
        Self { personal, leaves, stream }
    }

    pub(super) fn values(&self) -> Vec<Value> {
        vec![self.personal.as_str().into(), self.leaves.into(), self.stream.as_str().into()]
    }

    /// How many days entries are kept; nothing for ever.
    #[must_use]
    pub const fn leaves(&self) -> Option<u32> {
        if self.leaves == 0 { None } else { Some(self.leaves) }
    }

    /// Where a second copy of each entry goes, if anywhere.
    #[must_use]
    pub fn stream_to(&self) -> Option<StreamTo> {
        target(&self.stream).unwrap_or_default()
    }

    /// The rules for personal values; what no rule is about is kept for ever.
    #[must_use]
    pub fn personal_rules(&self) -> Vec<PersonalRule> {
        // The text was read when the options were.
        rules(&self.personal).unwrap_or_default()
    }
}

impl PersonalRule {
    /// Whether it is about a family.
    #[must_use]
    pub fn covers(&self, family: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|one| one == family);
        (self.families.is_empty() || named(&self.families)) && !named(&self.except)
    }

    /// What tells it from a rule of the same name that was there before it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {}", self.days, self.except.join(","))
    }
}

/// Reads `none`, `stdout` or `syslog://HOST:PORT`.
fn target(text: &str) -> Result<Option<StreamTo>, &'static str> {
    let place = match text {
        "none" => return Ok(None),
        "stdout" => return Ok(Some(StreamTo::Stdout)),
        text => text.strip_prefix("syslog://").unwrap_or_default(),
    };
    let sane = place.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && !place.contains(['/', '@', '?', '#', ' '])
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if sane {
        return Ok(Some(StreamTo::Syslog(place.to_owned())));
    }
    Err("must be none, stdout or syslog://HOST:PORT")
}

/// Reads `365 auth=90 session=30`.
fn rules(text: &str) -> Result<Vec<PersonalRule>, String> {
    let form = || {
        format!(
            "must be a number of days from 0 to {MOST_DAYS}, 0 for ever, and after it such numbers \
             for families of events, such as 365 auth=90 session=30"
        )
    };
    let number = |text: &str| {
        let days = text.parse::<i64>().ok().filter(|days| (0..=MOST_DAYS).contains(days));
        days.and_then(|days| u32::try_from(days).ok()).ok_or_else(form)
    };
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let days = number(words.next().unwrap_or_default())?;
    let (mut all, mut except) = (Vec::new(), Vec::new());
    for word in words {
        let (family, days) = word.split_once('=').ok_or_else(form)?;
        if !EventType::ALL.iter().any(|kind| kind.family() == family) {
            return Err(format!("names '{family}', which is no family of events"));
        }
        if except.contains(&family.to_owned()) {
            return Err(format!("names '{family}' twice"));
        }
        except.push(family.to_owned());
        let families = vec![family.to_owned()];
        all.push(PersonalRule {
            name: family.to_owned(),
            families,
            except: Vec::new(),
            days: number(days)?,
        });
    }
    let name = "*".to_owned();
    all.push(PersonalRule { name, families: Vec::new(), except, days });
    all.retain(|rule| rule.days > 0);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn al_27_the_stream_goes_where_the_option_says() {
        assert_eq!(target("none"), Ok(None));
        assert_eq!(target("stdout"), Ok(Some(StreamTo::Stdout)));
        let syslog = |place: &str| Ok(Some(StreamTo::Syslog(place.to_owned())));
        assert_eq!(target("syslog://log.example.com:601"), syslog("log.example.com:601"));
        assert_eq!(target("syslog://[2001:db8::1]:601"), syslog("[2001:db8::1]:601"));
        for wrong in
            ["", "syslog", "syslog://log", "syslog://:601", "syslog://log:0", "syslog://a:b"]
        {
            assert!(target(wrong).is_err(), "{wrong}");
        }
        assert!(target("syslog://user@log:601").is_err());
    }

    #[test]
    fn al_25_personal_values_have_a_rule_and_families_one_of_their_own() {
        let rules = rules("365 auth=90,session=0").unwrap();
        let of = |family: &str| {
            let found: Vec<u32> =
                rules.iter().filter(|rule| rule.covers(family)).map(|rule| rule.days).collect();
            assert!(found.len() < 2, "{family} has several rules");
            found.first().copied()
        };
        assert_eq!((of("auth"), of("session"), of("user")), (Some(90), None, Some(365)));
        assert_eq!(super::rules("0"), Ok(Vec::new()));
        for wrong in ["", "-1", "x", "365 auth", "365 nothing=1", "365 auth=1 auth=2", "36501"] {
            assert!(super::rules(wrong).is_err(), "{wrong}");
        }
    }
}
