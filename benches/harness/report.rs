//! The table of results, with a verdict for each target.

use super::numbers::Spread;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// A cost.
    Less,
    /// A rate, as a share of the limit's.
    More,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Line {
    /// The target, `P1`.
    pub id: &'static str,
    /// What was measured.
    pub what: String,
    /// The limit's median, with its unit.
    pub limit: String,
    /// The product's median, with its unit.
    pub product: String,
    /// Product to limit, the median of all rounds with the spread.
    pub ratio: Spread,
    /// Which way is better.
    pub better: Better,
    /// The gate for a release, if there is one.
    pub must: Option<f64>,
    /// What the project wants to be known for.
    pub goal: Option<f64>,
}

/// How a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As good as the project wants to be.
    Goal,
    /// Good enough for a release.
    Must,
    /// Not good enough.
    Missed,
    /// Only for information.
    None,
}

impl Line {
    fn reaches(&self, bound: f64) -> bool {
        match self.better {
            Better::Less => self.ratio.median <= bound,
            Better::More => self.ratio.median >= bound,
        }
    }

    /// How this target stands.
    pub fn verdict(&self) -> Verdict {
        match (self.must, self.goal) {
            (None, None) => Verdict::None,
            (Some(must), _) if !self.reaches(must) => Verdict::Missed,
            (_, Some(goal)) if !self.reaches(goal) => Verdict::Must,
            _ => Verdict::Goal,
        }
    }

    /// Whether the ratio is worse than `known` by more than a fifth.
    pub fn is_worse_than(&self, known: f64) -> bool {
        match self.better {
            Better::Less => self.ratio.median > known * 1.2,
            Better::More => self.ratio.median < known / 1.2,
        }
    }

    fn verdict_text(&self) -> &'static str {
        match (self.verdict(), self.must, self.goal) {
            (Verdict::Goal, _, Some(_)) => "goal met",
            (Verdict::Must, None, _) => "goal not met (no must)",
            (Verdict::Goal | Verdict::Must, ..) => "must met",
            (Verdict::Missed, ..) => "MUST MISSED",
            (Verdict::None, ..) => "for information",
        }
    }

    fn cells(&self) -> [String; 8] {
        let bound = |bound: Option<f64>| match (bound, self.better) {
            (None, _) => "-".to_owned(),
            (Some(bound), Better::Less) => format!("<= {}", short(bound)),
            (Some(bound), Better::More) => format!(">= {}", short(bound)),
        };
        let Spread { median, low, high } = self.ratio;
        [
            self.id.to_owned(),
            self.what.clone(),
            self.limit.clone(),
            self.product.clone(),
            format!("{} ({} to {})", short(median), short(low), short(high)),
            bound(self.must),
            bound(self.goal),
            self.verdict_text().to_owned(),
        ]
    }
}

/// Three digits that matter.
fn short(number: f64) -> String {
    let digits = if number >= 100.0 { 0 } else { 2 };
    let text = format!("{number:.digits$}");
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

/// The table in Markdown, its columns padded so that it reads well in a terminal too.
pub fn table(lines: &[Line]) -> String {
    let head = ["id", "what", "limit", "doorward", "ratio (spread)", "must", "goal", "verdict"];
    let mut rows = vec![head.map(ToOwned::to_owned)];
    rows.extend(lines.iter().map(Line::cells));
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..head.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if number == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            text.push_str(&format!("| {} |\n", rules.join(" | ")));
        }
    }
    text
}

/// Microseconds in the unit that reads best.
pub fn time(micros: f64) -> String {
    match micros {
        value if value >= 1e6 => format!("{:.2} s", value / 1e6),
        value if value >= 1e3 => format!("{:.2} ms", value / 1e3),
        value => format!("{value:.1} us"),
    }
}

/// KiB in the unit that reads best.
pub fn size(kib: f64) -> String {
    format!("{:.1} MiB", kib / 1024.0)
}

/// How many a second, from microseconds for one.
pub fn rate(micros: f64) -> String {
    format!("{:.0}/s", 1e6 / micros)
}
