//! Costs, medians and spreads.

/// What one item took, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// On the clock.
    pub wall: f64,
    /// Of processor time, in user and kernel mode, children included.
    pub cpu: f64,
}

impl Cost {
    /// The cost of one of `count` items.
    pub fn per(wall_us: f64, cpu_us: f64, count: f64) -> Self {
        Self { wall: wall_us / count, cpu: cpu_us / count }
    }

    /// Both, so many times.
    pub fn times(self, factor: f64) -> Self {
        Self { wall: self.wall * factor, cpu: self.cpu * factor }
    }
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { wall: self.wall + other.wall, cpu: self.cpu + other.cpu }
    }
}

/// What a series of rounds gave.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// One in ten is below.
    pub low: f64,
    /// One in ten is above.
    pub high: f64,
}

/// Median and spread of some values.
pub fn spread(values: impl IntoIterator<Item = f64>) -> Spread {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (share * (sorted.len().max(1) - 1) as f64).round() as usize;
        sorted.get(index).copied().unwrap_or(f64::NAN)
    };
    Spread { median: at(0.5), low: at(0.1), high: at(0.9) }
}

/// The same of ratios, round by round.
pub fn ratios(pairs: &[(f64, f64)]) -> Spread {
    spread(pairs.iter().map(|(project, limit)| project / limit))
}
