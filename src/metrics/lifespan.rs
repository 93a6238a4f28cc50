//! Average customer lifespan, in periods.

use super::{Assumptions, Metric, Unit};
use crate::stats::{Confidence, Interval, wilson};
use crate::tally::Tally;

/// CS / CC = 1 / churn: the mean of a geometric lifetime with the period's churn. `--lifespan`
/// replaces it by an assumption.
pub(super) const METRIC: Metric = Metric {
    id: "lifespan",
    column: "lifespan_periods",
    title: "Lifespan",
    name: "average customer lifespan (durchschnittliche Kundenlebensdauer)",
    formula: "opening / lost = 1 / churn, in periods",
    empty_when: "opening = 0, lost = 0",
    interval_method: "1 / bound of churn's Wilson interval",
    source: "the textbook's average customer lifespan, 1 / churn rate",
    base: ("opening", |tally| tally.opening),
    unit: Unit::Periods,
    needs_history: true,
    default: true,
    value,
    interval,
};

pub(super) fn value(tally: &Tally, assumptions: &Assumptions) -> Option<f64> {
    assumptions
        .lifespan
        .or_else(|| (tally.opening > 0 && tally.lost > 0).then(|| tally.opening as f64 / tally.lost as f64))
}

fn interval(tally: &Tally, assumptions: &Assumptions, confidence: Confidence) -> Option<Interval> {
    if assumptions.lifespan.is_some() || tally.lost == 0 {
        return None;
    }
    wilson(tally.lost, tally.opening, confidence)
        .map(|churn| Interval { lo: 1.0 / churn.hi, hi: 1.0 / churn.lo })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Churn 1/29 has the Wilson interval .0061–.1718 (Newcombe 1998).
    #[test]
    fn the_reciprocal_of_churn() {
        let tally = Tally { opening: 29, lost: 1, ..Tally::default() };
        let confidence = Confidence::new(95.0).expect("valid");
        assert_eq!(value(&tally, &Assumptions::default()), Some(29.0));
        let got = interval(&tally, &Assumptions::default(), confidence).expect("defined");
        assert!((1.0 / got.lo - 0.1718).abs() < 0.5e-4 && (1.0 / got.hi - 0.0061).abs() < 0.5e-4, "{got:?}");
        let nobody_left = Tally { opening: 29, ..Tally::default() };
        assert_eq!(value(&nobody_left, &Assumptions::default()), None);
    }
}
