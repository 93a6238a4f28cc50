//! What became of a check.

use std::fmt;

use super::{Against, Bound, Change};
use crate::config::Place;
use crate::stats::Interval;

/// Whether a threshold is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is broken.
    Broken,
    /// There is no number to judge, which counts as broken.
    Missing,
    /// The interval lies on both sides of it.
    Undecided,
    /// It is kept.
    Held,
    /// It is not judged: there are too few customers, or there is no number and none is needed.
    Skipped,
}

impl State {
    /// All of them, the worst first; behind them what was not judged at all.
    pub const ALL: [Self; 5] = [Self::Broken, Self::Missing, Self::Undecided, Self::Held, Self::Skipped];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Missing => "missing",
            Self::Undecided => "undecided",
            Self::Skipped => "skipped",
            Self::Held => "held",
        }
    }

    /// Whether it fails a run; `strict`: what is undecided does too.
    pub fn fails(self, strict: bool) -> bool {
        matches!(self, Self::Broken | Self::Missing) || (strict && self == Self::Undecided)
    }
}

/// One threshold, for one period and segment.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Which check it is of.
    pub check: usize,
    /// The threshold.
    pub bound: Bound,
    /// Where it is set.
    pub place: Place,
    /// The period, as far as there is one.
    pub period: String,
    /// The segment: columns and values.
    pub segment: Vec<(String, String)>,
    /// What became of it.
    pub state: State,
    /// The number.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
    /// What it is compared with: the period, the number and its interval.
    pub reference: Option<(String, f64, Option<Interval>)>,
    /// The interval of the difference to that.
    pub difference: Option<Interval>,
    /// How far the number is within the threshold, and the interval of that: below 0 it is beyond. In the metric's units.
    pub room: Option<(f64, Option<Interval>)>,
    /// How many customers the number rests on, and which.
    pub base: Option<(&'static str, u64)>,
    /// Why there is no number, or nothing is judged.
    pub why: Option<String>,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Min(min) => write!(f, "at least {min}"),
            Self::Max(max) => write!(f, "at most {max}"),
            Self::Drop(change, against) => write!(f, "at most {change} below {against}"),
            Self::Rise(change, against) => write!(f, "at most {change} above {against}"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(size) => write!(f, "{size}"),
            // Rounded to what was written: 0.05 × 100 is 5.000000000000001.
            Self::Relative(share) => write!(f, "{} %", (share * 1e8).round() / 1e6),
        }
    }
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Previous => "the period before",
            Self::LastYear => "the year before",
            Self::Baseline => "the baseline",
        })
    }
}
