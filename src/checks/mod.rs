//! Checks: what the numbers of a report have to keep to, and whether they do.

mod baseline;
mod judge;
mod parse;
mod room;
mod schema;
mod verdict;

pub use judge::{Judged, judge};
pub use parse::parse;
pub use schema::schema;
pub use verdict::{State, Verdict};

use crate::config::Place;
use crate::metrics::{Metric, Unit};
use crate::report::Count;

/// What is looked at: a metric, or a count.
#[derive(Debug, Clone, Copy)]
pub enum Measure {
    /// A metric.
    Metric(&'static Metric),
    /// A count.
    Count(&'static Count),
}

impl Measure {
    /// Its id in a configuration.
    pub fn id(self) -> &'static str {
        match self {
            Self::Metric(metric) => metric.id,
            Self::Count(count) => count.id,
        }
    }

    /// Its column in a report.
    pub fn column(self) -> &'static str {
        match self {
            Self::Metric(metric) => metric.column,
            Self::Count(count) => count.id,
        }
    }

    /// Whether it stands for the end of a period, and needs the history before that.
    pub fn is_of_the_end(self) -> bool {
        self.id() == "closing"
    }

    /// Whether it needs the activity window's history before the period.
    pub fn needs_history(self) -> bool {
        match self {
            Self::Metric(metric) => metric.needs_history,
            Self::Count(count) => !count.of_orders,
        }
    }
}

/// The periods a check looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Periods {
    /// Each of the last so many complete ones.
    Last(usize),
    /// The one with this label, and where that stands.
    Named(String, Place),
}

/// By how much a number may move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// By so many of its units: percentage points where it is a percentage.
    Absolute(f64),
    /// By this share of what it was, 0.05 for 5 %.
    Relative(f64),
}

/// What a number is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The period before.
    Previous,
    /// The same period a year earlier.
    LastYear,
    /// A report kept in a file: the same period of it, else its last one.
    Baseline,
}

impl Against {
    /// All of them, as a configuration says them.
    pub const ALL: [Self; 3] = [Self::Previous, Self::LastYear, Self::Baseline];

    /// What a configuration says.
    pub fn key(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::LastYear => "last-year",
            Self::Baseline => "baseline",
        }
    }
}

/// A threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// The number is at least this.
    Min(f64),
    /// The number is at most this.
    Max(f64),
    /// It is at most so much lower than what it is compared with.
    Drop(Change, Against),
    /// It is at most so much higher.
    Rise(Change, Against),
}

/// What breaks a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The number.
    Point,
    /// Its whole interval.
    Interval,
}

/// A segment: its columns, and the value of each; `None` for every value.
pub type Selector = Vec<(String, Option<String>)>;

/// A check of the configuration.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its name, as given or made of what it says.
    pub name: String,
    /// What is looked at.
    pub measure: Measure,
    /// Of whom; of all customers where there is no column.
    pub segment: Selector,
    /// When.
    pub periods: Periods,
    /// The thresholds, each with the place that sets it.
    pub bounds: Vec<(Bound, Place)>,
    /// The file of [`Against::Baseline`].
    pub baseline: Option<String>,
    /// Segments whose number rests on fewer customers are not judged.
    pub min_customers: u64,
    /// What breaks it.
    pub evidence: Evidence,
    /// A number that is not there breaks nothing.
    pub allow_missing: bool,
    /// Where it stands.
    pub place: Place,
}

impl Check {
    /// Thresholds that are most likely slips: a fraction where percent are meant.
    pub fn slips(&self) -> Vec<(Place, String)> {
        let is_percent = matches!(self.measure, Measure::Metric(metric) if metric.unit == Unit::Percent);
        let slip = |(bound, place): &(Bound, Place)| {
            // A move by a part of a point is nothing unusual.
            let (Bound::Min(size) | Bound::Max(size)) = bound else { return None };
            let other = Change::Relative(*size);
            let what = format!("{} is in percent: {size} is {size} %, not {other}", self.measure.id());
            (is_percent && *size > 0.0 && *size < 1.0).then_some((*place, what))
        };
        self.bounds.iter().filter_map(slip).collect()
    }

    /// The breakdown that it needs, as `--by` takes it; `None` for all customers.
    pub fn by(&self) -> Option<String> {
        let columns: Vec<&str> = self.segment.iter().map(|(column, _)| column.as_str()).collect();
        (!columns.is_empty()).then(|| columns.join(","))
    }
}
