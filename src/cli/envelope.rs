//! The result of a local run, printed as `juju run` prints it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::args::Format;
use super::yaml_text;

/// One finished task.
#[derive(Debug)]
pub struct Task {
    /// The unit it ran on.
    pub unit: String,
    /// What the action put out.
    pub results: Map<String, Value>,
    /// The sentence it failed with.
    pub failure: Option<String>,
    /// Log lines with their times.
    pub log: Vec<(Timestamp, String)>,
    /// When it began and when it ended.
    pub timing: (Timestamp, Timestamp),
}

/// The number of the operation and of its one task; a local run has no controller to count them.
pub const OPERATION: u32 = 1;
/// See [`OPERATION`].
pub const TASK: u32 = 2;

impl Task {
    /// The task in the form `format`, ending in a newline.
    #[must_use]
    pub fn print(&self, format: Format) -> String {
        match format {
            Format::Plain => self.plain(),
            Format::Yaml => yaml_text::print(&self.document()),
            Format::Json => format!("{}\n", json_text(&Value::Object(self.document()))),
        }
    }

    fn plain(&self) -> String {
        let mut text = match &self.failure {
            Some(sentence) => format!("Action id {TASK} failed: {sentence}\n"),
            None => String::new(),
        };
        if !self.results.is_empty() {
            text.push_str(&yaml_text::print(&self.results));
        }
        text.push('\n');
        text
    }

    fn document(&self) -> Map<String, Value> {
        let mut results = self.results.clone();
        results.insert("return-code".to_owned(), json!(0));
        let mut task = json!({
            "id": TASK.to_string(),
            "results": results,
            "status": if self.failure.is_some() { "failed" } else { "completed" },
            "timing": {
                "completed": long_time(self.timing.1),
                "enqueued": long_time(self.timing.0),
                "started": long_time(self.timing.0),
            },
            "unit": self.unit,
        });
        if let Value::Object(task) = &mut task {
            if let Some(sentence) = &self.failure {
                task.insert("message".to_owned(), json!(sentence));
            }
            if !self.log.is_empty() {
                let lines =
                    self.log.iter().map(|(at, line)| json!(format!("{} {line}", long_time(*at))));
                task.insert("log".to_owned(), lines.collect());
            }
        }
        Map::from_iter([(self.unit.clone(), task)])
    }
}

/// The time of a log line on the terminal.
#[must_use]
pub fn clock_time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// A time in the name of a file.
#[must_use]
pub fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn long_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()
}

/// JSON on one line with sorted keys and the characters HTML minds escaped, as the client does.
fn json_text(value: &Value) -> String {
    let sorted = sorted(value).to_string();
    let mut text = String::with_capacity(sorted.len());
    for c in sorted.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => text.push(c),
        }
    }
    text
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(failure: Option<&str>) -> Task {
        let at = Timestamp::from_second(1_767_609_610).expect("in range");
        let results = json!({"traits": {"email": "a@b.c"}, "count": "3"});
        let Value::Object(results) = results else { panic!("a map") };
        Task {
            unit: "doorward/0".to_owned(),
            results: if failure.is_some() { Map::new() } else { results },
            failure: failure.map(str::to_owned),
            log: vec![(at, "Found <it>.".to_owned())],
            timing: (at, at),
        }
    }

    #[test]
    fn plain_is_the_results_and_an_empty_line() {
        assert_eq!(task(None).print(Format::Plain), "count: \"3\"\ntraits:\n  email: a@b.c\n\n");
        let failed = task(Some("Identity not found")).print(Format::Plain);
        assert_eq!(failed, "Action id 2 failed: Identity not found\n\n");
    }

    #[test]
    fn json_is_one_line_keyed_by_unit() {
        let text = task(None).print(Format::Json);
        let expected = concat!(
            r#"{"doorward/0":{"id":"2","log":["2026-01-05 10:40:10 +0000 UTC Found \u003cit\u003e."],"#,
            r#""results":{"count":"3","return-code":0,"traits":{"email":"a@b.c"}},"status":"completed","#,
            r#""timing":{"completed":"2026-01-05 10:40:10 +0000 UTC","enqueued":"2026-01-05 10:40:10 +0000 UTC","#,
            r#""started":"2026-01-05 10:40:10 +0000 UTC"},"unit":"doorward/0"}}"#,
            "\n"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn a_failure_has_a_message() {
        let text = task(Some("No.")).print(Format::Yaml);
        assert!(text.contains("  message: No.\n"), "{text}");
        assert!(text.contains("  status: failed\n"), "{text}");
        assert!(text.contains("  results:\n    return-code: 0\n"), "{text}");
    }
}
