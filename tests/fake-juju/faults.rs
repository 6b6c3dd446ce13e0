//! Faults that tests put between the charm and its tools (`faults.json`).

use crate::store::{Result, Store, write_whole};
use serde::{Deserialize, Serialize};

/// All faults in force.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    pub rules: Vec<Rule>,
    pub kill: Option<Kill>,
    /// The commit after exit 0 fails with this text.
    pub commit: Option<String>,
}

/// One fault of one tool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// A tool or machine program, or `*` for each.
    pub tool: String,
    /// The first matching call that is hit, counted from 1 in each context.
    #[serde(default = "first")]
    pub from: usize,
    /// How many calls are hit; all following ones when absent.
    #[serde(default)]
    pub times: Option<usize>,
    pub kind: Kind,
}

fn first() -> usize {
    1
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Does nothing, prints the text on stderr and exits with the code.
    Exit { code: i32, stderr: String },
    /// The program is not there.
    Missing,
    /// Answers after so many milliseconds.
    Sleep(u64),
    /// Prints this instead of the answer and succeeds.
    Stdout(String),
    /// One answer per call; the last one repeats. Empty text means the real answer.
    Answers(Vec<String>),
    /// `empty`, `partial`, `binary` or `huge` output; `partial` and `huge` die by a signal after it.
    Garbage(String),
}

/// SIGKILL for `dispatch`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kill {
    /// At the n-th call (from 1) of a tool, or of any with `*`; before or after it took effect.
    Call { tool: String, n: usize, before: bool },
    /// So many microseconds after the start.
    After(u64),
}

impl Faults {
    pub fn load(store: &Store) -> Faults {
        let text = std::fs::read(store.dir.join("faults.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub fn save(&self, store: &Store) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|e| e.to_string())?;
        write_whole(&store.dir.join("faults.json"), &text)
    }

    /// The rules that hit the n-th call of a tool.
    pub fn hitting(&self, tool: &str, n: usize) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |r| {
            (r.tool == tool || r.tool == "*")
                && n >= r.from
                && r.times.is_none_or(|times| n < r.from + times)
        })
    }

    pub fn missing(&self, tool: &str) -> bool {
        let named = |r: &Rule| r.tool == tool || r.tool == "*";
        self.rules.iter().any(|r| named(r) && matches!(r.kind, Kind::Missing))
    }

    /// Reads one fault as typed: `exit=1:text`, `missing`, `sleep=MS`, `stdout=TEXT`,
    /// `answers=a,b`, `garbage=KIND`; then optionally `from=N` and `times=N`.
    pub fn parse_rule(tool: &str, words: &[String]) -> Result<Rule> {
        let mut rule = Rule { tool: tool.into(), from: 1, times: None, kind: Kind::Missing };
        let mut seen = false;
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let number = || value.parse::<u64>().map_err(|e| format!("{word}: {e}"));
            let kind = match key {
                "from" => {
                    rule.from = number()? as usize;
                    continue;
                }
                "times" => {
                    rule.times = Some(number()? as usize);
                    continue;
                }
                "missing" => Kind::Missing,
                "sleep" => Kind::Sleep(number()?),
                "stdout" => Kind::Stdout(value.replace("\\n", "\n")),
                "answers" => Kind::Answers(value.split(',').map(str::to_owned).collect()),
                "garbage" => Kind::Garbage(value.to_owned()),
                "exit" => {
                    let (code, text) = value.split_once(':').unwrap_or((value, "ERROR fault"));
                    let code = code.parse().map_err(|e| format!("{word}: {e}"))?;
                    Kind::Exit { code, stderr: text.to_owned() }
                }
                _ => return Err(format!("unknown fault {word:?}")),
            };
            rule.kind = kind;
            seen = true;
        }
        if seen { Ok(rule) } else { Err("no fault given".into()) }
    }
}
