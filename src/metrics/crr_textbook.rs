//! The retention rate as textbooks print it, for comparison.

use super::{Metric, Unit};

/// (CE − CN) / CS × 100. Exceeds 100 % where lapsed customers come back, so it is no proportion
/// and has no interval.
pub(super) const METRIC: Metric = Metric {
    id: "crr_textbook",
    column: "crr_textbook_pct",
    title: "CRR text",
    name: "customer retention rate as textbooks print it",
    formula: "(closing − new) / opening × 100",
    empty_when: "opening = 0",
    interval_method: "none: it is no proportion",
    source: "textbooks on customer retention; counts customers who came back as retained",
    base: ("opening", |tally| tally.opening),
    unit: Unit::Percent,
    needs_history: true,
    default: false,
    value: |tally, _| {
        (tally.opening > 0).then(|| 100.0 * (tally.closing - tally.new) as f64 / tally.opening as f64)
    },
    interval: |_, _, _| None,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Assumptions;
    use crate::tally::Tally;

    /// CDNOW, March 1998, one-month window: (211 − 0)/157 = 134 %.
    #[test]
    fn cdnow_march_1998() {
        let tally = Tally { opening: 157, reactivated: 156, lost: 102, closing: 211, ..Tally::default() };
        let value = (METRIC.value)(&tally, &Assumptions::default()).expect("defined");
        assert!((value - 134.394_904).abs() < 1e-6);
    }
}
