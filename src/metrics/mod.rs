//! The metrics: one file each, and the list of them.
//!
//! A metric is a pure function of a [`Tally`] and the report's [`Assumptions`]. `--help`, the
//! README's table, the header of a report and the JSON definitions are made from [`METRICS`].

mod aov;
mod churn;
mod clv;
mod crr;
mod crr_textbook;
mod lifespan;
mod purchase_frequency;
mod repeat_rate;
mod returning_rate;

pub use clv::Horizon;

use crate::error::{Error, Result, nearest};
use crate::stats::{Confidence, Interval, wilson};
use crate::tally::Tally;

/// What a metric's number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 0 to 100.
    Percent,
    /// The currency of the orders.
    Money,
    /// Purchases.
    Purchases,
    /// Periods of the report.
    Periods,
}

/// What the report assumes beyond the data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    /// The share of revenue that is profit (`--margin`), 1 by default.
    pub margin: f64,
    /// The discount per period, 0 by default.
    pub discount: f64,
    /// How many periods the lifetime value looks ahead.
    pub horizon: Horizon,
    /// An assumed lifespan in periods (`--lifespan`) in place of the measured one.
    pub lifespan: Option<f64>,
    /// Whether the orders have amounts.
    pub amounts: bool,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self { margin: 1.0, discount: 0.0, horizon: Horizon::Infinite, lifespan: None, amounts: true }
    }
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name in `--metrics` and in JSON.
    pub id: &'static str,
    /// Its column in CSV; the unit is in the name where it is not plain.
    pub column: &'static str,
    /// Its name in tables.
    pub title: &'static str,
    /// Its full name, English and German.
    pub name: &'static str,
    /// The formula over the columns of a row.
    pub formula: &'static str,
    /// When there is no number, beside a partial history where it needs one.
    pub empty_when: &'static str,
    /// How its interval is made (`--ci`).
    pub interval_method: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
    /// The customers it rests on: the column, and how many they are.
    pub base: (&'static str, fn(&Tally) -> u64),
    /// What it counts.
    pub unit: Unit,
    /// Whether it needs the activity window's history before the period.
    pub needs_history: bool,
    /// Whether it is shown unless asked for otherwise.
    pub default: bool,
    /// The number; `None` where it is not defined.
    pub value: fn(&Tally, &Assumptions) -> Option<f64>,
    /// Its interval; `None` where it is not defined.
    pub interval: fn(&Tally, &Assumptions, Confidence) -> Option<Interval>,
}

impl Metric {
    /// Whether it ever has an interval.
    pub fn has_interval(&self) -> bool {
        !self.interval_method.starts_with("none")
    }

    /// When there is no number, in full.
    pub fn when_empty(&self) -> String {
        let history = if self.needs_history { ", or the history before the period is partial" } else { "" };
        format!("{}{history}", self.empty_when)
    }
}

/// All metrics, in the order of the report's columns.
pub const METRICS: &[&Metric] = &[
    &crr::METRIC,
    &churn::METRIC,
    &repeat_rate::METRIC,
    &returning_rate::METRIC,
    &purchase_frequency::METRIC,
    &aov::METRIC,
    &lifespan::METRIC,
    &clv::METRIC,
    &crr_textbook::METRIC,
];

/// The metrics shown by default.
pub fn defaults() -> Vec<&'static Metric> {
    METRICS.iter().copied().filter(|metric| metric.default).collect()
}

/// Finds metrics by id, in the order asked for.
///
/// # Errors
/// An id is unknown or repeated.
pub fn select(ids: &[String]) -> Result<Vec<&'static Metric>> {
    let mut selected: Vec<&'static Metric> = Vec::new();
    for id in ids {
        let Some(metric) = METRICS.iter().find(|metric| metric.id == id) else {
            let ids = METRICS.iter().map(|metric| metric.id);
            let hint = match nearest(id, ids.clone()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the metrics are {}", ids.collect::<Vec<_>>().join(", ")),
            };
            return Err(Error::usage(format!("there is no metric \"{id}\"")).hint(hint));
        };
        if selected.iter().any(|known| known.id == metric.id) {
            return Err(Error::usage(format!("the metric {id} is named twice")));
        }
        selected.push(metric);
    }
    Ok(selected)
}

/// 100 × part ÷ whole, rounded once; `None` for a whole of 0.
fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

/// Wilson's interval of a share, in percent.
fn percent_interval(part: u64, whole: u64, confidence: Confidence) -> Option<Interval> {
    wilson(part, whole, confidence).map(|interval| interval.map(|share| 100.0 * share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_complete_and_its_names_are_unique() {
        for pick in [|m: &Metric| m.id, |m: &Metric| m.column, |m: &Metric| m.title, |m: &Metric| m.name] {
            let mut names: Vec<_> = METRICS.iter().map(|metric| pick(metric)).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), METRICS.len());
        }
        for metric in METRICS {
            for text in [metric.formula, metric.empty_when, metric.interval_method, metric.source] {
                assert!(!text.is_empty(), "{}", metric.id);
            }
            assert!(metric.title.chars().count() <= 9, "{} is too wide for a table", metric.title);
            let percent = metric.unit == Unit::Percent;
            assert_eq!(percent, metric.column.ends_with("_pct"), "{}", metric.column);
        }
    }

    /// A period without customers and orders has no metrics, whatever is assumed.
    #[test]
    fn nothing_has_no_metrics() {
        let assumed =
            Assumptions { lifespan: Some(12.0), horizon: Horizon::Periods(6), ..Assumptions::default() };
        let confidence = Confidence::new(95.0).expect("valid");
        for metric in METRICS {
            for assumptions in [Assumptions::default(), assumed] {
                let expected = (metric.id == "lifespan").then_some(assumptions.lifespan).flatten();
                assert_eq!((metric.value)(&Tally::default(), &assumptions), expected, "{}", metric.id);
                assert_eq!(
                    (metric.interval)(&Tally::default(), &assumptions, confidence),
                    None,
                    "{}",
                    metric.id
                );
            }
        }
    }
}
