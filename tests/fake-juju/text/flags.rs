//! Command lines as Juju's gnuflag reads them, and output formats.

use super::{go_json, yaml_out};
use serde_json::Value;
use std::collections::BTreeMap;

/// Exit code and the text after `ERROR `.
#[derive(Debug)]
pub struct Fail {
    pub code: i32,
    pub text: String,
}

/// Failure while parsing.
pub fn usage<T>(text: impl Into<String>) -> Result<T, Fail> {
    Err(Fail { code: 2, text: text.into() })
}

/// Failure while running.
pub fn failed<T>(text: impl Into<String>) -> Result<T, Fail> {
    Err(Fail { code: 1, text: text.into() })
}

/// The flags a command knows, each with all its spellings; the first is its name here.
pub struct Known {
    pub switches: &'static [&'static [&'static str]],
    pub options: &'static [&'static [&'static str]],
}

/// A parsed command line.
#[derive(Debug, Default)]
pub struct Parsed {
    switches: BTreeMap<&'static str, bool>,
    options: BTreeMap<&'static str, Vec<String>>,
    pub rest: Vec<String>,
}

impl Parsed {
    pub fn has(&self, name: &str) -> bool {
        self.switches.get(name).copied().unwrap_or(false)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.options.get(name).and_then(|v| v.last()).map(String::as_str)
    }

    pub fn all(&self, name: &str) -> Vec<String> {
        self.options.get(name).cloned().unwrap_or_default()
    }

    /// Refuses positionals beyond the first `n`.
    pub fn at_most(&self, n: usize) -> Result<(), Fail> {
        if self.rest.len() <= n {
            return Ok(());
        }
        let extra: Vec<String> = self.rest[n..].iter().map(|a| format!("{a:?}")).collect();
        usage(format!("unrecognized args: [{}]", extra.join(" ")))
    }

    pub fn arg(&self, n: usize) -> Option<&str> {
        self.rest.get(n).map(String::as_str)
    }

    /// The `--format`, checked against what the tool offers.
    pub fn format(&self, default: Format) -> Result<Format, Fail> {
        match (self.get("format"), default) {
            (None, _) => Ok(default),
            (Some("json"), _) => Ok(Format::Json),
            (Some("yaml"), _) => Ok(Format::Yaml),
            (Some("smart"), Format::Smart) => Ok(Format::Smart),
            (Some(other), _) => usage(format!(
                "invalid value {other:?} for option --format: unknown format {other:?}"
            )),
        }
    }
}

/// How a tool prints its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Smart,
    Yaml,
    Json,
}

impl Format {
    pub fn print(self, value: &Value) -> String {
        match (self, value) {
            (Format::Json, _) => format!("{}\n", go_json::to_string(value)),
            (_, Value::Null) => String::new(),
            (Format::Smart, _) => yaml_out::smart(value),
            (Format::Yaml, _) => yaml_out::document(value),
        }
    }
}

/// Parses `args`; flags and positionals may be mixed and `--` ends the flags.
pub fn parse(args: &[String], known: &Known) -> Result<Parsed, Fail> {
    let mut parsed = Parsed::default();
    let mut at = 0;
    while at < args.len() {
        let arg = &args[at];
        at += 1;
        if arg == "--" {
            parsed.rest.extend_from_slice(&args[at..]);
            break;
        }
        if let Some(long) = arg.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((n, v)) => (n, Some(v.to_owned())),
                None => (long, None),
            };
            at += one(name, &format!("--{name}"), value, args.get(at), known, &mut parsed)?;
        } else if arg.len() > 1 && arg.starts_with('-') {
            at += short(&arg[1..], args.get(at), known, &mut parsed)?;
        } else {
            parsed.rest.push(arg.clone());
        }
    }
    Ok(parsed)
}

/// `-r3`, `-r 3`, `-r=3` is the value `=3`, and switches may be clustered.
fn short(
    letters: &str,
    next: Option<&String>,
    known: &Known,
    parsed: &mut Parsed,
) -> Result<usize, Fail> {
    for (at, letter) in letters.char_indices() {
        let name = letter.to_string();
        let rest = &letters[at + letter.len_utf8()..];
        let shown = format!("-{name}");
        if find(known.switches, &name).is_some() {
            one(&name, &shown, None, None, known, parsed)?;
            continue;
        }
        let value = (!rest.is_empty()).then(|| rest.to_owned());
        return one(&name, &shown, value, next, known, parsed);
    }
    Ok(0)
}

fn find(flags: &'static [&'static [&'static str]], name: &str) -> Option<&'static str> {
    flags.iter().find(|names| names.contains(&name)).and_then(|names| names.first()).copied()
}

/// Stores one flag and says how many further arguments it used.
fn one(
    name: &str,
    shown: &str,
    value: Option<String>,
    next: Option<&String>,
    known: &Known,
    parsed: &mut Parsed,
) -> Result<usize, Fail> {
    if let Some(switch) = find(known.switches, name) {
        let on = match value.as_deref() {
            None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => true,
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => false,
            Some(v) => return usage(format!("invalid boolean value {v:?} for {shown}")),
        };
        parsed.switches.insert(switch, on);
        return Ok(0);
    }
    let Some(option) = find(known.options, name) else {
        return usage(format!("option provided but not defined: {shown}"));
    };
    let (value, used) = match (value, next) {
        (Some(v), _) => (v, 0),
        (None, Some(v)) => (v.clone(), 1),
        (None, None) => return usage(format!("option needs an argument: {shown}")),
    };
    parsed.options.entry(option).or_default().push(value);
    Ok(used)
}
