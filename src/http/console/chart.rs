//! Pictures of numbers, drawn by the server. Their style is in the style sheet; where somebody listens
//! and does not look, the table beside them says the same.

use serde::Serialize;

/// The size of the picture in its own units.
const WIDTH: u64 = 700;
const HEIGHT: u64 = 200;
/// Room for the words below the bars.
const FOOT: u64 = 24;

/// Two numbers of a day, one bar above the other.
#[derive(Clone, Debug)]
pub struct Pair {
    /// What is below the bar.
    pub name: String,
    /// The lower part.
    pub good: u64,
    /// The upper part.
    pub bad: u64,
}

/// A bar.
#[derive(Debug, Serialize)]
pub struct Bar {
    x: u64,
    width: u64,
    middle: u64,
    good: Part,
    bad: Part,
    name: String,
    /// Whether there is room for the name.
    named: bool,
}

/// A part of a bar.
#[derive(Debug, Serialize)]
pub struct Part {
    y: u64,
    height: u64,
}

/// A line across the picture, with its number.
#[derive(Debug, Serialize)]
pub struct Line {
    y: u64,
    number: u64,
}

/// Bars, one for each day.
#[derive(Debug, Serialize)]
pub struct Bars {
    width: u64,
    height: u64,
    foot: u64,
    days: Vec<Bar>,
    lines: Vec<Line>,
}

impl Bars {
    /// The picture.
    pub fn of(pairs: &[Pair]) -> Self {
        let most = pairs.iter().map(|pair| pair.good + pair.bad).max().unwrap_or_default();
        let top = round_up(most);
        let room = HEIGHT - FOOT;
        let high = |number: u64| (number * room).checked_div(top).unwrap_or_default();
        let step = WIDTH / u64::try_from(pairs.len()).unwrap_or(1).max(1);
        let bar = |(place, pair): (u64, &Pair)| {
            let (good, all) = (high(pair.good), high(pair.good + pair.bad));
            let x = place * step + step / 6;
            Bar {
                x,
                width: step - step / 3,
                middle: place * step + step / 2,
                good: Part { y: room - good, height: good },
                bad: Part { y: room - all, height: all - good },
                name: pair.name.clone(),
                named: place % 2 == 1,
            }
        };
        let line = |number: u64| Line { y: room - high(number), number };
        Self {
            width: WIDTH,
            height: HEIGHT,
            foot: HEIGHT - FOOT / 3,
            days: (0..).zip(pairs).map(bar).collect(),
            lines: if top == 0 { Vec::new() } else { vec![line(top / 2), line(top)] },
        }
    }
}

/// The next number that reads well: 2, 10, 20, 100 and so on.
fn round_up(most: u64) -> u64 {
    if most == 0 {
        return 0;
    }
    let mut round = 2;
    loop {
        for times in [1, 2, 5] {
            if round * times >= most {
                return round * times;
            }
        }
        round *= 10;
    }
}

/// The smallest part of a whole, so that it can be seen.
const SMALLEST: u64 = 8;

/// A part of a whole, in thousandths from the left.
#[derive(Debug, Serialize)]
pub struct Slice {
    word: &'static str,
    x: u64,
    width: u64,
}

/// Parts of a whole beside each other; whatever is there at all can be seen.
pub fn slices(parts: &[(&'static str, u64)]) -> Vec<Slice> {
    let shown: Vec<_> = parts.iter().filter(|(_, count)| *count > 0).collect();
    let all: u64 = shown.iter().map(|(_, count)| *count).sum();
    // Everybody has this much, and a share of the rest.
    let rest = 1000_u64.saturating_sub(SMALLEST * shown.len() as u64);
    let mut x = 0;
    let mut slices = Vec::new();
    for (word, count) in shown {
        let width = SMALLEST + (count * rest).checked_div(all).unwrap_or_default();
        slices.push(Slice { word, x, width });
        x += width;
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_inside_the_picture() {
        for most in [0, 1, 3, 9, 10, 99, 12_345, 10_000] {
            let pairs: Vec<Pair> = (0..14)
                .map(|n| Pair { name: n.to_string(), good: most * n / 13, bad: most / 7 })
                .collect();
            let bars = Bars::of(&pairs);
            assert_eq!(bars.days.len(), 14);
            for bar in &bars.days {
                assert!(bar.x + bar.width <= WIDTH);
                assert_eq!(bar.bad.y + bar.bad.height, bar.good.y);
                assert_eq!(bar.good.y + bar.good.height, HEIGHT - FOOT);
            }
        }
        assert_eq!([1, 2, 3, 11, 40, 41, 200, 201].map(round_up), [2, 2, 4, 20, 40, 100, 200, 400]);
    }

    #[test]
    fn slices_fill_the_bar_and_small_ones_are_seen() {
        let all = slices(&[("active", 1_000_000), ("invited", 0), ("blocked", 1)]);
        assert_eq!(all.iter().map(|one| one.word).collect::<Vec<_>>(), ["active", "blocked"]);
        assert!(all.iter().all(|one| one.x + one.width <= 1000));
        assert!(slices(&[]).is_empty());
    }
}
